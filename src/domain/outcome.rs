//! How a call ended: judges a target's answer. Nothing read here is stored or sent again.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

use super::request_type::{AnswerRules, Parts};
use super::state::State;
use super::wording::capitalised;

/// Maximum length of a target's own message in a sentence for people.
const WORDS_CHARS_MAX: usize = 200;
const CODE_CHARS_MAX: usize = 32;
const CODES_SHOWN_MAX: usize = 5;

/// A target's HTTP response.
#[derive(Clone, PartialEq, Eq)]
pub struct TargetResponse {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case with their values, repeated headers as often as they came.
    pub headers: Vec<(String, String)>,
    /// The body as it came, not decompressed.
    pub body: Vec<u8>,
    /// Whether the body was longer than the limit; `body` then ends there.
    pub cut: bool,
}

/// Shows sizes only: headers and bodies may contain secrets, and this ends up in logs.
impl fmt::Debug for TargetResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("cut", &self.cut)
            .finish()
    }
}

/// What happened on the wire. A `reason` is a clause without capital and full stop that names the stage
/// and the kind of error, never what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Certainly no byte of the call left.
    NotSent {
        /// Why.
        reason: String,
    },
    /// Bytes left (or may have left), and no full answer came.
    NoFullAnswer {
        /// Why.
        reason: String,
        /// What had come until then, if there was at least a status.
        partial: Option<TargetResponse>,
    },
    /// A full answer came, or one that was cut at the limit.
    Answered(TargetResponse),
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The target did what was asked.
    Executed,
    /// The target did not do it.
    Failed,
    /// Unknown: the call may have been carried out.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Executed, Self::Failed, Self::Unknown];

    /// The state that it leads to.
    pub fn state(self) -> State {
        match self {
            Self::Executed => State::Executed,
            Self::Failed => State::Failed,
            Self::Unknown => State::Unknown,
        }
    }

    /// `executed`, `failed` or `unknown`.
    pub fn name(self) -> &'static str {
        self.state().name()
    }

    /// Reads [`Outcome::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == text)
    }
}

/// One part of an executed call that did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartWarning {
    /// The target's code, such as `1040`; `error` if it gave none.
    pub code: String,
    /// A sentence that names the part and its error.
    pub message: String,
}

/// What an exchange means for the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How the execution ended.
    pub outcome: Outcome,
    /// A sentence for people. It never contains what was sent.
    pub reason: String,
    /// The parts that did not work, when the rest did.
    pub warnings: Vec<PartWarning>,
}

impl Judgement {
    fn new(outcome: Outcome, reason: String) -> Self {
        Self { outcome, reason, warnings: Vec::new() }
    }
}

/// Judges an exchange.
///
/// `executed` needs a full 2xx answer in which nothing that `rules` look at says that it failed. An answer of any other
/// status, cut or not, and a call that certainly never left are `failed`. The rest is `unknown`.
pub fn judge(exchange: &Exchange, rules: &AnswerRules) -> Judgement {
    match exchange {
        Exchange::NotSent { reason } => Judgement::new(Outcome::Failed, format!("No byte left: {reason}.")),
        Exchange::NoFullAnswer { reason, .. } => {
            Judgement::new(Outcome::Unknown, format!("No full answer came: {reason}."))
        }
        Exchange::Answered(answer) => judge_answer(answer, rules),
    }
}

fn judge_answer(answer: &TargetResponse, rules: &AnswerRules) -> Judgement {
    let status = answer.status;
    let told = format!("The target answered {status}.");
    if !(200..300).contains(&status) {
        return Judgement::new(Outcome::Failed, told);
    }
    if answer.cut {
        let bytes = answer.body.len();
        let reason = format!("The target answered {status}, but the answer was cut after {bytes} bytes.");
        return Judgement::new(Outcome::Unknown, reason);
    }
    let text = String::from_utf8_lossy(&answer.body);
    let body = text.trim_start_matches('\u{feff}');
    let failure =
        fail_header(answer, rules).or_else(|| is_false(body, rules)).or_else(|| errors_listed(body, rules));
    if let Some(what) = failure {
        return Judgement::new(Outcome::Failed, format!("The answer says that it failed: {what}."));
    }
    match &rules.parts {
        Some(parts) => judge_parts(told, body, parts),
        None => Judgement::new(Outcome::Executed, told),
    }
}

fn fail_header(answer: &TargetResponse, rules: &AnswerRules) -> Option<String> {
    rules.failed_if_header_above_zero.iter().find_map(|wanted| {
        let values = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let mut counts = values.filter_map(|(_, value)| value.trim().parse::<f64>().ok());
        counts.find(|count| *count > 0.0).map(|count| format!("header {wanted} is {count}"))
    })
}

fn is_false(body: &str, rules: &AnswerRules) -> Option<String> {
    let says_false = |steps: &&Vec<String>| {
        let text = find(body, steps).and_then(scalar);
        text.is_some_and(|text| text.eq_ignore_ascii_case("false"))
    };
    let steps = rules.failed_if_false.iter().find(says_false)?;
    Some(format!("{} is false", steps.join(".")))
}

fn errors_listed(body: &str, rules: &AnswerRules) -> Option<String> {
    rules.failed_if_not_empty.iter().find_map(|steps| {
        let errors = items(find(body, steps)?);
        let codes = codes_of(errors.iter().map(|error| error.get()));
        (!errors.is_empty()).then(|| format!("it lists {}{codes}", steps.join(".")))
    })
}

/// An answer that reports for each part: one that worked for some is executed, with warnings.
fn judge_parts(told: String, body: &str, parts: &Parts) -> Judgement {
    let items = find(body, &parts.items).map(items).unwrap_or_default();
    let failed: Vec<(&str, &str)> =
        items.iter().filter_map(|item| Some((item.get(), part_error(item.get(), parts)?))).collect();
    if !failed.is_empty() && failed.len() == items.len() {
        let codes = codes_of(failed.iter().map(|(_, error)| *error));
        let called = &parts.called;
        let reason = format!("The answer says that it failed: every {called} carries an error{codes}.");
        return Judgement::new(Outcome::Failed, reason);
    }
    let warnings = failed.into_iter().map(|(item, error)| part_warning(item, error, parts)).collect();
    Judgement { outcome: Outcome::Executed, reason: told, warnings }
}

/// The error that a part carries; only an object counts.
fn part_error<'a>(item: &'a str, parts: &Parts) -> Option<&'a str> {
    find(item, &parts.error).filter(|error| error.starts_with('{'))
}

fn part_warning(item: &str, error: &str, parts: &Parts) -> PartWarning {
    let name = parts.name.as_ref().and_then(|steps| find(item, steps)).and_then(scalar);
    let name = name.map(|name| shorten(&name, CODE_CHARS_MAX)).unwrap_or_else(|| "without a name".to_owned());
    let called = capitalised(&parts.called);
    let message = find(error, &["message"]).and_then(scalar).map(|text| shorten(&text, WORDS_CHARS_MAX));
    let message = message.unwrap_or_else(|| "the target gave no message".to_owned());
    match code(error) {
        Some(code) => {
            PartWarning { message: format!("{called} {name} carries error {code}: {message}"), code }
        }
        None => PartWarning {
            message: format!("{called} {name} carries an error: {message}"),
            code: "error".to_owned(),
        },
    }
}

/// ` (809, 810)`: the different codes of some errors, or nothing if they have none.
fn codes_of<'a>(errors: impl Iterator<Item = &'a str>) -> String {
    let mut codes: Vec<String> = Vec::new();
    for code in errors.filter_map(code) {
        if codes.len() < CODES_SHOWN_MAX && !codes.contains(&code) {
            codes.push(code);
        }
    }
    if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) }
}

fn code(error: &str) -> Option<String> {
    let code = scalar(find(error, &["code"])?)?;
    let is_word = (1..=CODE_CHARS_MAX).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_word.then_some(code)
}

/// The JSON text of the member at `path`, or nothing if the text has no such member.
///
/// Each level is read into raw texts. A whole `Value` would read members of certain reserved names as
/// something else, and one invalid member deep inside would hide all others.
fn find<'a>(mut json: &'a str, path: &[impl AsRef<str>]) -> Option<&'a str> {
    for name in path {
        let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(json).ok()?;
        json = members.get(name.as_ref())?.get();
    }
    Some(json)
}

/// The items of a JSON array; anything else has none.
fn items(json: &str) -> Vec<&RawValue> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The text of a JSON string, or a number or boolean as it is written.
fn scalar(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok();
    }
    (!json.starts_with(['{', '[']) && json != "null").then(|| json.to_owned())
}

/// Cuts a target's words to a length, on one line.
fn shorten(text: &str, chars_max: usize) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = printable.take(chars_max).collect();
    if text.chars().nth(chars_max).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contract_types;

    /// Judges by the rules that the contract's types have.
    fn judge(exchange: &Exchange) -> Judgement {
        super::judge(exchange, &contract_types::find("ISSUE-BADGE").answer)
    }

    #[test]
    fn a_type_without_rules_of_its_own_looks_at_the_status_only() {
        let body = r#"{"errors": [1], "response": {"status": {"success": false}}}"#;
        let said = answer(200, &[("fail", "1")], body);
        assert_eq!(super::judge(&said, &AnswerRules::default()).outcome, Outcome::Executed);
        assert_eq!(super::judge(&answer(404, &[], ""), &AnswerRules::default()).outcome, Outcome::Failed);
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Exchange::Answered(TargetResponse { status, headers, body: body.as_bytes().to_vec(), cut: false })
    }

    fn fixture(name: &str) -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/contract/targets");
        std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
    }

    fn in_touch(
        code: &'static str,
        success: &'static str,
        fail: &'static str,
    ) -> Vec<(&'static str, &'static str)> {
        vec![("status_code", code), ("success", success), ("fail", fail)]
    }

    #[test]
    fn every_sample_of_the_contract_is_judged_as_the_contract_shows_it() {
        let points = fixture("points-redeem.failed.200.response.json");
        let badge = r#"{"data": {"badgeMetaId": "1"}, "errors": [], "warnings": []}"#;
        for (name, status, headers, body, outcome) in [
            ("status change", 200, in_touch("200", "1", "0"), r#"{"warnings":[]}"#, Outcome::Executed),
            ("points", 200, in_touch("744", "0", "1"), points.as_str(), Outcome::Failed),
            ("goodwill", 201, in_touch("", "0", "0"), r#"{"createdId":1,"warnings":[]}"#, Outcome::Executed),
            ("badge", 200, vec![], badge, Outcome::Executed),
            (
                "retro",
                201,
                in_touch("200", "1", "0"),
                r#"{"createdId":1,"warnings":[],"errors":[]}"#,
                Outcome::Executed,
            ),
        ] {
            assert_eq!(judge(&answer(status, &headers, body)).outcome, outcome, "{name}");
        }
    }

    #[test]
    fn the_answers_of_the_targets_are_judged_by_their_bodies_alone() {
        for (name, status, outcome, reason) in [
            ("customer-status.200.response.json", 200, Outcome::Executed, "The target answered 200."),
            ("goodwill.201.response.json", 201, Outcome::Executed, "The target answered 201."),
            ("retro.201.response.json", 201, Outcome::Executed, "The target answered 201."),
            ("earn.200.response.json", 200, Outcome::Executed, "The target answered 200."),
            ("issueBulk.single.200.response.json", 200, Outcome::Executed, "The target answered 200."),
            ("issueBulk.newer.200.response.json", 200, Outcome::Executed, "The target answered 200."),
            ("issueBulk.multiple.200.response.json", 200, Outcome::Executed, "The target answered 200."),
            (
                "issueBulk.per-customer-error.200.response.json",
                200,
                Outcome::Failed,
                "The answer says that it failed: every customer carries an error (1040).",
            ),
            (
                "points-redeem.failed.200.response.json",
                200,
                Outcome::Failed,
                "The answer says that it failed: response.status.success is false.",
            ),
            (
                "badge-error.400.multiple.json",
                200,
                Outcome::Failed,
                "The answer says that it failed: it lists errors (728, 725, 722).",
            ),
            (
                "v2-error.8015.json",
                200,
                Outcome::Failed,
                "The answer says that it failed: it lists errors (8015).",
            ),
            ("badge-error.400.809.json", 400, Outcome::Failed, "The target answered 400."),
            ("badge-error.500.999999.json", 500, Outcome::Failed, "The target answered 500."),
        ] {
            let judged = judge(&answer(status, &[], &fixture(name)));
            assert_eq!((judged.outcome, judged.reason.as_str()), (outcome, reason), "{name}");
            assert_eq!(judged.warnings, [], "{name}");
        }
    }

    #[test]
    fn a_header_fail_above_zero_means_failed() {
        for (value, outcome) in [
            ("1", Outcome::Failed),
            (" 12 ", Outcome::Failed),
            ("0", Outcome::Executed),
            ("", Outcome::Executed),
            ("-1", Outcome::Executed),
            ("no", Outcome::Executed),
            ("nan", Outcome::Executed),
        ] {
            assert_eq!(judge(&answer(200, &[("fail", value)], "{}")).outcome, outcome, "{value:?}");
        }
        let judged = judge(&answer(200, &[("Fail", "1")], ""));
        assert_eq!(judged.reason, "The answer says that it failed: header fail is 1.");
    }

    #[test]
    fn a_rule_that_finds_nothing_to_read_does_not_apply() {
        for body in [
            "",
            "no json",
            "[]",
            "null",
            "{",
            "<html/>",
            r#"{"errors": null}"#,
            r#"{"errors": "none"}"#,
            r#"{"errors": {}}"#,
            r#"{"response": {"status": "false"}}"#,
            r#"{"response": {"status": {"success": "true"}}}"#,
            r#"{"response": {"status": {"success": true}}}"#,
            r#"{"data": {"errors": [1]}}"#,
            r#"{"data": {"issuedBadges": []}}"#,
            r#"{"data": {"issuedBadges": [{"customerId": 1, "error": null}]}}"#,
            r#"{"data": {"issuedBadges": 7}}"#,
        ] {
            assert_eq!(judge(&answer(200, &[], body)).outcome, Outcome::Executed, "{body}");
        }
    }

    #[test]
    fn a_body_that_says_it_failed_is_heard_whatever_else_it_holds() {
        let deep = format!(r#"{{"x": {}{}, "errors": [1]}}"#, "[".repeat(50_000), "]".repeat(50_000));
        for body in [
            r#"{"response": {"status": {"success": false}}}"#,
            r#"{"response": {"status": {"success": "False"}}}"#,
            r#"{"errors": ["x"]}"#,
            "\u{feff}{\"errors\": [1]}",
            r#"{"errors": [1], "x": {"$serde_json::private::RawValue": "{"}}"#,
            r#"{"errors": [1], "x": {"$serde_json::private::Number": "one"}}"#,
            r#"{"errors": [1], "x": 1e999999}"#,
            &deep,
        ] {
            let outcome = judge(&answer(200, &[], body)).outcome;
            assert_eq!(outcome, Outcome::Failed, "{}", &body[..body.len().min(80)]);
        }
        let latin1 = TargetResponse {
            status: 200,
            headers: vec![],
            body: b"{\"errors\": [\"\xe9\"]}".to_vec(),
            cut: false,
        };
        assert_eq!(judge(&Exchange::Answered(latin1)).outcome, Outcome::Failed);
    }

    #[test]
    fn customers_that_carry_an_error_among_others_become_warnings() {
        let body = r#"{"data": {"issuedBadges": [
            {"customerId": 1, "issuedId": "a", "error": null},
            {"customerId": 11115, "error": {"code": 1040, "message": "An active issue exists."}},
            {"customerId": "x", "error": {}}
        ]}, "errors": []}"#;
        let judged = judge(&answer(200, &[], body));
        assert_eq!(judged.outcome, Outcome::Executed);
        assert_eq!(judged.reason, "The target answered 200.");
        let warnings: Vec<(&str, &str)> =
            judged.warnings.iter().map(|warning| (warning.code.as_str(), warning.message.as_str())).collect();
        assert_eq!(
            warnings,
            [
                ("1040", "Customer 11115 carries error 1040: An active issue exists."),
                ("error", "Customer x carries an error: the target gave no message"),
            ]
        );
    }

    #[test]
    fn a_cut_answer_is_unknown_if_it_is_2xx_and_failed_otherwise() {
        let cut = |status| {
            judge(&Exchange::Answered(TargetResponse {
                status,
                headers: vec![],
                body: b"{\"er".to_vec(),
                cut: true,
            }))
        };
        assert_eq!(cut(200).outcome, Outcome::Unknown);
        assert_eq!(cut(200).reason, "The target answered 200, but the answer was cut after 4 bytes.");
        assert_eq!(cut(500).outcome, Outcome::Failed);
    }

    #[test]
    fn statuses_other_than_2xx_mean_failed() {
        for status in [101, 199, 300, 302, 400, 401, 404, 409, 429, 500, 503, 999] {
            assert_eq!(judge(&answer(status, &[], "{}")).outcome, Outcome::Failed, "{status}");
        }
    }

    #[test]
    fn what_never_left_is_failed_and_what_was_never_answered_is_unknown() {
        let never = judge(&Exchange::NotSent { reason: "connection refused by 10.0.0.1:443".to_owned() });
        assert_eq!(never.outcome, Outcome::Failed);
        assert_eq!(never.reason, "No byte left: connection refused by 10.0.0.1:443.");
        let partial = Some(TargetResponse { status: 500, headers: vec![], body: vec![], cut: false });
        let lost = Exchange::NoFullAnswer { reason: "the connection was closed".to_owned(), partial };
        assert_eq!(judge(&lost).outcome, Outcome::Unknown);
        assert_eq!(judge(&lost).reason, "No full answer came: the connection was closed.");
    }

    #[test]
    fn an_answer_in_a_log_shows_neither_headers_nor_body() {
        let shown = format!("{:?}", answer(200, &[("x-api-key", "secret")], "secret"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
