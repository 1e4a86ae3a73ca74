//! Answers of targets, and what they mean.

use super::*;
use crate::domain::tests::contract_types;

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
