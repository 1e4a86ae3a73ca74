//! How a call ended: judges a target's answer. Nothing read here is stored or sent again.

mod raw_json;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use self::raw_json::{find, items, scalar};
use super::attempt::AttemptOutcome;
use super::request_type::{AnswerRules, Parts, RepeatRules};
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
    /// What the attempt came to.
    pub outcome: AttemptOutcome,
    /// A sentence for people. It never contains what was sent.
    pub reason: String,
    /// The parts that did not work, when the rest did.
    pub warnings: Vec<PartWarning>,
    /// How long the target asks to be left alone (`Retry-After`), if it says so.
    pub retry_after: Option<TimeDelta>,
}

impl Judgement {
    fn new(outcome: AttemptOutcome, reason: String) -> Self {
        Self { outcome, reason, warnings: Vec::new(), retry_after: None }
    }
}

/// Judges an exchange.
///
/// `executed` needs a full 2xx answer in which nothing that `rules` look at says that it failed. An answer of any other
/// status, cut or not, and a call that certainly never left are `failed`. The rest is `unknown`.
pub fn judge(
    exchange: &Exchange,
    rules: &AnswerRules,
    repeat: Option<&RepeatRules>,
    now: DateTime<Utc>,
) -> Judgement {
    let _ = (repeat, now);
    match exchange {
        Exchange::NotSent { reason } => {
            Judgement::new(AttemptOutcome::NotSent, format!("No byte left: {reason}."))
        }
        Exchange::NoFullAnswer { reason, .. } => {
            Judgement::new(AttemptOutcome::Ambiguous, format!("No full answer came: {reason}."))
        }
        Exchange::Answered(answer) => judge_answer(answer, rules),
    }
}

fn judge_answer(answer: &TargetResponse, rules: &AnswerRules) -> Judgement {
    let status = answer.status;
    let told = format!("The target answered {status}.");
    if !(200..300).contains(&status) {
        return Judgement::new(AttemptOutcome::Failed, told);
    }
    if answer.cut {
        let bytes = answer.body.len();
        let reason = format!("The target answered {status}, but the answer was cut after {bytes} bytes.");
        return Judgement::new(AttemptOutcome::Ambiguous, reason);
    }
    let text = String::from_utf8_lossy(&answer.body);
    let body = text.trim_start_matches('\u{feff}');
    let failure =
        fail_header(answer, rules).or_else(|| is_false(body, rules)).or_else(|| errors_listed(body, rules));
    if let Some(what) = failure {
        return Judgement::new(AttemptOutcome::Failed, format!("The answer says that it failed: {what}."));
    }
    match &rules.parts {
        Some(parts) => judge_parts(told, body, parts),
        None => Judgement::new(AttemptOutcome::Executed, told),
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
        return Judgement::new(AttemptOutcome::Failed, reason);
    }
    let warnings = failed.into_iter().map(|(item, error)| part_warning(item, error, parts)).collect();
    Judgement { outcome: AttemptOutcome::Executed, reason: told, warnings, retry_after: None }
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

/// Cuts a target's words to a length, on one line.
fn shorten(text: &str, chars_max: usize) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = printable.take(chars_max).collect();
    if text.chars().nth(chars_max).is_some() {
        short.push('…');
    }
    short
}
