//! Answers of targets, and what they mean.
//!
//! Longer than 400 lines because every class of answers has its table.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::attempt::AttemptOutcome::{AlreadyDone, Ambiguous, Executed, Failed, NotDone, NotSent};
use crate::domain::request_type::RequestType;
use crate::domain::tests::contract_types;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

/// Judges by the rules of a type.
fn judge_as(exchange: &Exchange, request_type: &RequestType) -> Judgement {
    super::judge(exchange, &request_type.answer, request_type.repeat.as_ref(), now())
}

/// Judges by the rules that the contract's types have.
fn judge(exchange: &Exchange) -> Judgement {
    judge_as(exchange, &contract_types::find("ISSUE-BADGE"))
}

/// A type with these rules about answers.
fn with_answer(answer: Value) -> RequestType {
    let definition = json!({"name": "A", "call": {"method": "POST", "path": "/a"}, "answer": answer});
    RequestType::from_definition(&definition).unwrap()
}

fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> TargetResponse {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    TargetResponse { status, headers, body: body.to_vec(), cut: false }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    Exchange::Answered(response(status, headers, body.as_bytes()))
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
fn a_type_without_rules_of_its_own_looks_at_the_status_only() {
    let plain = with_answer(json!({}));
    let body = r#"{"errors": [1], "response": {"status": {"success": false}}}"#;
    assert_eq!(judge_as(&answer(200, &[("fail", "1")], body), &plain).outcome, Executed);
    assert_eq!(judge_as(&answer(404, &[], ""), &plain).outcome, Failed);
    for body in [b"<html/>".as_slice(), b"\xff\xfe", b"NaN", b""] {
        let zipped = response(200, &[("content-encoding", "gzip")], body);
        let cut = TargetResponse { cut: true, ..zipped.clone() };
        for said in [zipped, cut] {
            assert_eq!(judge_as(&Exchange::Answered(said), &plain).outcome, Executed);
        }
    }
}

#[test]
fn every_sample_of_the_contract_is_judged_as_the_contract_shows_it() {
    let points = fixture("points-redeem.failed.200.response.json");
    let badge = r#"{"data": {"badgeMetaId": "1"}, "errors": [], "warnings": []}"#;
    for (name, status, headers, body, outcome) in [
        ("status change", 200, in_touch("200", "1", "0"), r#"{"warnings":[]}"#, Executed),
        ("points", 200, in_touch("744", "0", "1"), points.as_str(), Failed),
        ("goodwill", 201, in_touch("", "0", "0"), r#"{"createdId":1,"warnings":[]}"#, Executed),
        ("badge", 200, vec![], badge, Executed),
        ("retro", 201, in_touch("200", "1", "0"), r#"{"createdId":1,"warnings":[],"errors":[]}"#, Executed),
    ] {
        assert_eq!(judge(&answer(status, &headers, body)).outcome, outcome, "{name}");
    }
}

#[test]
fn the_answers_of_the_targets_are_judged_by_their_bodies_alone() {
    let all_failed = "The answer says that it failed: every customer carries an error (1040).";
    for (name, status, outcome, reason) in [
        ("customer-status.200.response.json", 200, Executed, "The target answered 200."),
        ("goodwill.201.response.json", 201, Executed, "The target answered 201."),
        ("retro.201.response.json", 201, Executed, "The target answered 201."),
        ("earn.200.response.json", 200, Executed, "The target answered 200."),
        ("issueBulk.single.200.response.json", 200, Executed, "The target answered 200."),
        ("issueBulk.newer.200.response.json", 200, Executed, "The target answered 200."),
        ("issueBulk.multiple.200.response.json", 200, Executed, "The target answered 200."),
        ("issueBulk.per-customer-error.200.response.json", 200, Failed, all_failed),
        (
            "points-redeem.failed.200.response.json",
            200,
            Failed,
            "The answer says that it failed: response.status.success is false.",
        ),
        (
            "badge-error.400.multiple.json",
            200,
            Failed,
            "The answer says that it failed: it lists errors (728, 725, 722).",
        ),
        ("v2-error.8015.json", 200, Failed, "The answer says that it failed: it lists errors (8015)."),
        ("badge-error.400.multiple.json", 400, Failed, "The target answered 400."),
        ("badge-error.400.809.json", 400, AlreadyDone, "The target answered 400: it had this call already."),
        (
            "badge-error.500.999999.json",
            500,
            Ambiguous,
            "The target answered 500, which does not say whether it carried out the call.",
        ),
    ] {
        let judged = judge(&answer(status, &[], &fixture(name)));
        assert_eq!((judged.outcome, judged.reason.as_str()), (outcome, reason), "{name}");
        assert_eq!((judged.warnings, judged.retry_after), (vec![], None), "{name}");
    }
}

#[test]
fn a_header_fail_above_zero_means_failed() {
    for (value, outcome) in [
        ("1", Failed),
        (" 12 ", Failed),
        ("0", Executed),
        ("", Executed),
        ("-1", Executed),
        ("no", Executed),
        ("nan", Executed),
    ] {
        assert_eq!(judge(&answer(200, &[("fail", value)], "{}")).outcome, outcome, "{value:?}");
    }
    let judged = judge(&answer(200, &[("Fail", "1")], ""));
    assert_eq!(judged.reason, "The answer says that it failed: header fail is 1.");
}

#[test]
fn a_header_counts_wherever_it_is_among_very_many_and_the_first_are_kept() {
    let mut headers = vec![("x", "y"); 5_000];
    headers.push(("fail", "1"));
    let said = response(200, &headers, b"{}");
    assert_eq!(judge(&Exchange::Answered(said.clone())).outcome, Failed);
    let kept = said.with_kept_headers();
    assert_eq!(kept.headers, response(200, &vec![("x", "y"); KEPT_HEADERS_MAX], b"").headers);
    let few = response(200, &[("a", "b")], b"{}");
    assert_eq!(few.clone().with_kept_headers(), few);
}

#[test]
fn a_rule_that_finds_nothing_to_read_does_not_apply() {
    for body in [
        "",
        "[]",
        "null",
        "{}",
        " {} \r\n",
        "\u{feff}{}",
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
        assert_eq!(judge(&answer(200, &[], body)).outcome, Executed, "{body}");
    }
}

#[test]
fn a_success_whose_body_can_t_be_read_is_ambiguous() {
    for (body, clause) in [
        (b"no json".as_slice(), "the answer is not JSON"),
        (b" ", "the answer is not JSON"),
        (b"{", "the answer is not JSON"),
        (b"{} {}", "the answer is not JSON"),
        (b"<html><body>OK</body></html>", "the answer is not JSON"),
        (b"NaN", "the answer is not JSON"),
        (br#"{"ok": Infinity}"#, "the answer is not JSON"),
        (br#"{"errors": [], "x": -NaN}"#, "the answer is not JSON"),
        (br#"{"errors": [], "x": {"y": [tru]}}"#, "the answer is not JSON"),
        (b"{'errors': []}", "the answer is not JSON"),
        (b"{\"errors\": [\"\xe9\"]}", "the answer is not UTF-8"),
        (b"\x1f\x8b\x08\x00", "the answer is not UTF-8"),
        (br#"{"errors": [], "errors": [1]}"#, "the answer has a member twice"),
        (br#"{"errors": [1], "\u0065rrors": []}"#, "the answer has a member twice"),
        (br#"{"response": {}, "response": {"status": {"success": false}}}"#, "the answer has a member twice"),
        (br#"{"data": {"issuedBadges": [{"error": {}, "error": null}]}}"#, "the answer has a member twice"),
        (br#"{"\ud800": 1}"#, "the answer is not JSON"),
        (br#"{"response": {"status": {"success": "\ud800"}}}"#, "the answer is not JSON"),
    ] {
        let judged = judge(&Exchange::Answered(response(200, &[], body)));
        let shown = String::from_utf8_lossy(body);
        assert_eq!(judged.outcome, Ambiguous, "{shown}");
        assert_eq!(judged.reason, format!("The target answered 200, but {clause}."), "{shown}");
    }
}

#[test]
fn a_member_twice_matters_only_where_a_rule_reads_it() {
    assert_eq!(judge(&answer(200, &[], r#"{"errors": [], "x": 1, "x": 2}"#)).outcome, Executed);
    assert_eq!(judge(&answer(200, &[], r#"{"errors": [1], "x": 1, "x": 2}"#)).outcome, Failed);
}

#[test]
fn a_success_with_a_content_encoding_is_ambiguous_unless_it_is_identity() {
    for (encoding, outcome) in [
        ("gzip", Ambiguous),
        ("GZIP", Ambiguous),
        ("identity, br", Ambiguous),
        ("aws-chunked", Ambiguous),
        ("identity", Executed),
        (" Identity ", Executed),
        ("", Executed),
    ] {
        let judged = judge(&answer(200, &[("Content-Encoding", encoding)], "{}"));
        assert_eq!(judged.outcome, outcome, "{encoding}");
    }
    let twice = [("content-encoding", "identity"), ("content-encoding", "gzip")];
    assert_eq!(
        judge(&answer(200, &twice, "{}")).reason,
        "The target answered 200, but the answer has a content encoding."
    );
    assert_eq!(judge(&answer(204, &twice, "")).outcome, Executed);
    assert_eq!(judge(&answer(404, &twice, "{}")).outcome, Failed);
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
        assert_eq!(outcome, Failed, "{}", &body[..body.len().min(80)]);
    }
}

#[test]
fn customers_that_carry_an_error_among_others_become_warnings() {
    let body = r#"{"data": {"issuedBadges": [
        {"customerId": 1, "issuedId": "a", "error": null},
        {"customerId": 11115, "error": {"code": 1040, "message": "An active issue exists."}},
        {"customerId": "x", "error": {}}
    ]}, "errors": []}"#;
    let judged = judge(&answer(200, &[], body));
    assert_eq!(judged.outcome, Executed);
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
fn a_cut_answer_is_ambiguous_if_its_status_does_not_already_say_that_it_failed() {
    let cut = |status| {
        let cut = TargetResponse { cut: true, ..response(status, &[("fail", "1")], b"{\"er") };
        judge(&Exchange::Answered(cut))
    };
    assert_eq!(cut(200).outcome, Ambiguous);
    assert_eq!(cut(200).reason, "The target answered 200, but the answer was cut after 4 bytes.");
    assert_eq!((cut(500).outcome, cut(404).outcome), (Ambiguous, Failed));
}

#[test]
fn a_status_that_may_come_after_the_work_is_ambiguous_and_any_other_is_failed() {
    for status in [408, 425, 500, 502, 503, 504, 507, 520, 524, 599] {
        assert_eq!(judge(&answer(status, &[], "{}")).outcome, Ambiguous, "{status}");
    }
    for status in [0, 99, 101, 199, 300, 302, 307, 400, 401, 404, 409, 421, 429, 451, 499, 501, 505, 600, 999]
    {
        assert_eq!(judge(&answer(status, &[], "{}")).outcome, Failed, "{status}");
    }
}

#[test]
fn the_lists_of_statuses_win_over_everything_else() {
    let listed = with_answer(json!({
        "not_done_if_status": [429, 503, 204], "failed_if_status": [502, 206], "unknown_if_status": [202, 404],
        "failed_if_header_above_zero": ["fail"], "failed_if_not_empty": ["/errors"], "done_if_true": ["/ok"],
    }));
    for body in ["", r#"{"ok": true}"#, r#"{"errors": [1]}"#, "<html>"] {
        for (status, outcome) in [
            (429, NotDone),
            (503, NotDone),
            (204, NotDone),
            (502, Failed),
            (206, Failed),
            (202, Ambiguous),
            (404, Ambiguous),
        ] {
            for fail in ["0", "1"] {
                let judged = judge_as(&answer(status, &[("fail", fail)], body), &listed);
                assert_eq!((judged.outcome, judged.retry_after), (outcome, None), "{status} {body}");
            }
        }
    }
    assert_eq!(judge_as(&answer(200, &[], r#"{"ok": true}"#), &listed).outcome, Executed);
}

#[test]
fn a_target_that_did_nothing_may_ask_for_time() {
    let listed = with_answer(json!({"not_done_if_status": [429]}));
    let busy = judge_as(&answer(429, &[("Retry-After", "7")], ""), &listed);
    assert_eq!(busy.reason, "The target answered 429: it did not carry out the call.");
    assert_eq!((busy.outcome, busy.retry_after), (NotDone, Some(chrono::TimeDelta::seconds(7))));
    for status in [503, 404, 200] {
        assert_eq!(judge_as(&answer(status, &[("retry-after", "7")], ""), &listed).retry_after, None);
    }
}

#[test]
fn proof_is_needed_where_a_type_asks_for_it_and_all_of_it() {
    let strict = json!({
        "done_if_true": ["/ok"], "done_if_present": ["/id"],
        "done_if_equals": [{"at": "/state", "equals": "DONE"}, {"at": "/items/0/code", "equals": 0}],
        "failed_if_not_empty": ["/errors"],
    });
    let whole = json!({"ok": "True", "id": 0, "state": "DONE", "items": [{"code": 0.0}]});
    let with = |name: &str, value: Value| {
        let mut body = whole.clone();
        body[name] = value;
        body.to_string()
    };
    let (lenient, failing) = (with_answer(strict.clone()), {
        let mut rules = strict.clone();
        rules["otherwise"] = "failed".into();
        with_answer(rules)
    });
    assert_eq!(judge_as(&answer(200, &[], &whole.to_string()), &lenient).outcome, Executed);
    for (body, lacking) in [
        (with("ok", json!(false)), "ok is not true"),
        (with("ok", json!(1)), "ok is not true"),
        (with("ok", json!([true])), "ok is not true"),
        (with("id", json!(null)), "id is missing"),
        (with("state", json!("done")), "state is not \"DONE\""),
        (with("state", json!(["DONE"])), "state is not \"DONE\""),
        (with("items", json!([{"code": "0"}])), "items.0.code is not 0"),
        (with("items", json!([])), "items.0.code is not 0"),
        (String::new(), "ok is not true"),
        ("[]".to_owned(), "ok is not true"),
    ] {
        let judged = judge_as(&answer(200, &[], &body), &lenient);
        let reason = format!("The target answered 200 without proof of success: {lacking}.");
        assert_eq!((judged.outcome, judged.reason), (Ambiguous, reason), "{body}");
        assert_eq!(judge_as(&answer(200, &[], &body), &failing).outcome, Failed, "{body}");
    }
    for rules in [&lenient, &failing] {
        assert_eq!(judge_as(&answer(200, &[], "<html>"), rules).outcome, Ambiguous);
        assert_eq!(judge_as(&answer(200, &[], &with("errors", json!([1]))), rules).outcome, Failed);
        assert_eq!(judge_as(&answer(404, &[], &whole.to_string()), rules).outcome, Failed);
    }
}

#[test]
fn a_badge_call_was_done_already_only_if_809_is_where_and_how_the_target_says_it() {
    let error = |code: &str| format!(r#"{{"data": null, "errors": [{{"code": {code}}}], "warnings": null}}"#);
    for (status, body, outcome) in [
        (400, error("809"), AlreadyDone),
        (400, error("809.0"), AlreadyDone),
        (400, error("8.09E2"), AlreadyDone),
        (400, error("\"809\""), Failed),
        (400, error("810"), Failed),
        (409, error("810"), Failed),
        (409, error("811"), Failed),
        (409, error("809"), Failed),
        (200, error("809"), Failed),
        (500, error("809"), Ambiguous),
        (400, error("809, \"code\": 809"), Failed),
        (400, r#"{"errorCode": 809}"#.to_owned(), Failed),
        (400, r#"{"errors": [{"code": 1}, {"code": 809}]}"#.to_owned(), Failed),
        (400, r#"{"errors": {"0": {"code": 809}}}"#.to_owned(), AlreadyDone),
        (400, format!("{} trailing", error("809")), Failed),
        (400, String::new(), Failed),
    ] {
        for name in ["ISSUE-BADGE", "EARN-BADGE"] {
            let judged = judge_as(&answer(status, &[], &body), &contract_types::find(name));
            assert_eq!(judged.outcome, outcome, "{status} {body}");
        }
    }
    let said = response(400, &[], error("809").as_bytes());
    let zipped = response(400, &[("content-encoding", "gzip")], error("809").as_bytes());
    for unproven in [TargetResponse { cut: true, ..said.clone() }, zipped] {
        assert_eq!(judge(&Exchange::Answered(unproven)).outcome, Failed);
    }
    let no_repeat = &contract_types::find("ISSUE-BADGE").answer;
    assert_eq!(super::judge(&Exchange::Answered(said), no_repeat, None, now()).outcome, Failed);
}

#[test]
fn points_were_redeemed_already_if_the_item_says_744_under_a_success() {
    let points = contract_types::find("POINTS-REDEMPTION");
    let body = fixture("points-redeem.failed.200.response.json");
    for headers in [vec![], in_touch("744", "0", "1")] {
        assert_eq!(judge_as(&answer(200, &headers, &body), &points).outcome, AlreadyDone);
        let other = body.replace("744", "809");
        assert_eq!(judge_as(&answer(200, &headers, &other), &points).outcome, Failed);
    }
    assert_eq!(judge_as(&answer(500, &[], &body), &points).outcome, Ambiguous);
}

#[test]
fn what_never_left_is_not_sent_and_what_was_never_answered_is_ambiguous() {
    let never = judge(&Exchange::NotSent { reason: "connection refused by 10.0.0.1:443".to_owned() });
    assert_eq!(never.outcome, NotSent);
    assert_eq!(never.reason, "No byte left: connection refused by 10.0.0.1:443.");
    for status in [200, 400, 404, 503] {
        let partial = Some(response(status, &[], fixture("badge-error.400.809.json").as_bytes()));
        let bytes = WireBytes { sent: 310, whole: 310, received: 0 };
        let lost = Exchange::NoFullAnswer { reason: "the connection was closed".to_owned(), partial, bytes };
        assert_eq!(judge(&lost).outcome, Ambiguous);
        let reason = "No full answer came: the connection was closed. All of its 310 bytes had left, and none came back.";
        assert_eq!(judge(&lost).reason, reason);
    }
}

#[test]
fn how_far_a_call_went_is_said_in_a_sentence() {
    for (sent, received, sentence) in [
        (310, 12, "All of its 310 bytes had left, and 12 came back."),
        (100, 0, "100 of its 310 bytes had left, and none came back."),
        (0, 0, "It is not known how many of its 310 bytes had left, and none came back."),
    ] {
        assert_eq!(WireBytes { sent, whole: 310, received }.to_string(), sentence);
    }
}

#[test]
fn an_answer_in_a_log_shows_neither_headers_nor_body() {
    let shown = format!("{:?}", answer(200, &[("x-api-key", "secret")], "secret"));
    assert!(!shown.contains("secret"), "{shown}");
}

/// Types with rules of every kind.
fn any_type() -> impl Strategy<Value = RequestType> {
    let statuses = prop::collection::btree_set(prop::sample::select(vec![200_u16, 202, 400, 429, 503]), 0..4);
    let proof = any::<(bool, bool, bool)>();
    (statuses, proof, prop::sample::select(vec!["unknown", "failed"])).prop_map(
        |(statuses, proof, otherwise)| {
            let mut rules = json!({"failed_if_false": ["/ok"], "failed_if_not_empty": ["/errors"]});
            for (at, status) in statuses.into_iter().enumerate() {
                let list = ["not_done_if_status", "failed_if_status", "unknown_if_status"][at % 3];
                let mut all = rules.get(list).cloned().unwrap_or_else(|| json!([]));
                all.as_array_mut().unwrap().push(status.into());
                rules[list] = all;
            }
            if proof.0 {
                rules["done_if_true"] = json!(["/ok"]);
            }
            if proof.1 {
                rules["done_if_present"] = json!(["/id"]);
            }
            if proof.2 {
                rules["done_if_equals"] = json!([{"at": "/errors/0/code", "equals": 809}]);
            }
            if proof.0 || proof.1 || proof.2 {
                rules["otherwise"] = otherwise.into();
            }
            with_answer(rules)
        },
    )
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let json = "[{}\\[\\]\":,0-9a-z \\\\]{0,24}".prop_map(String::into_bytes);
    let members = (
        prop::sample::select(vec!["true", "false", "\"true\"", "null", "1", "NaN"]),
        prop::sample::select(vec!["[]", "[1]", "[{\"code\": 809}]", "{}"]),
    );
    let object = members.prop_map(|(ok, errors)| format!(r#"{{"ok": {ok}, "errors": {errors}, "id": 1}}"#));
    prop_oneof![any::<Vec<u8>>(), json, object.prop_map(String::into_bytes)]
}

fn any_response() -> impl Strategy<Value = TargetResponse> {
    let status = prop_oneof![prop::sample::select(vec![200_u16, 202, 400, 429, 503, 504]), any::<u16>()];
    let names = prop::sample::select(vec!["content-encoding", "retry-after", "fail", "x"]);
    let values = prop_oneof![Just("gzip".to_owned()), Just("1".to_owned()), any::<String>()];
    let headers = prop::collection::vec((names.prop_map(str::to_owned), values), 0..4);
    (status, headers, any_body(), any::<bool>()).prop_map(|(status, headers, body, cut)| TargetResponse {
        status,
        headers,
        body,
        cut,
    })
}

proptest! {
    #[test]
    fn only_a_whole_readable_success_that_no_list_names_is_executed(
        request_type in any_type(), said in any_response(),
    ) {
        let judged = judge_as(&Exchange::Answered(said.clone()), &request_type);
        if judged.outcome == Executed {
            prop_assert!((200..300).contains(&said.status) && !said.cut);
            prop_assert!(!request_type.answer.list_status(said.status));
            let is_json = serde_json::from_slice::<&serde_json::value::RawValue>(&said.body).is_ok();
            prop_assert!(said.body.is_empty() || is_json);
            prop_assert!(!said.headers.contains(&("content-encoding".to_owned(), "gzip".to_owned())) || said.body.is_empty());
        }
        prop_assert!(judged.outcome == NotDone || judged.retry_after.is_none());
        prop_assert!(judged.outcome == Executed || judged.warnings.is_empty());
        prop_assert!(judged.reason.ends_with('.'));
    }

    #[test]
    fn a_listed_status_means_what_its_list_says(request_type in any_type(), said in any_response()) {
        let rules = &request_type.answer;
        let outcome = judge_as(&Exchange::Answered(said.clone()), &request_type).outcome;
        for (list, listed) in [
            (&rules.not_done_if_status, NotDone),
            (&rules.failed_if_status, Failed),
            (&rules.unknown_if_status, Ambiguous),
        ] {
            prop_assert!(!list.contains(&said.status) || outcome == listed);
        }
        prop_assert!(outcome != NotDone || rules.not_done_if_status.contains(&said.status));
    }

    #[test]
    fn an_answer_that_proves_nothing_is_never_already_done(said in any_response(), cut: bool) {
        let said = TargetResponse { cut, ..said };
        let judged = judge(&Exchange::Answered(said.clone()));
        if judged.outcome == AlreadyDone {
            prop_assert!(said.status == 400 && !said.cut);
            let code = serde_json::from_slice::<Value>(&said.body).unwrap()["errors"][0]["code"].as_f64();
            prop_assert_eq!(code, Some(809.0));
        }
    }

    #[test]
    fn without_a_full_answer_no_outcome_is_certain_but_not_sent(
        request_type in any_type(), said in any_response(), reason in "[a-z ]{1,20}",
    ) {
        let bytes = WireBytes::default();
        let lost = Exchange::NoFullAnswer { reason: reason.clone(), partial: Some(said), bytes };
        prop_assert_eq!(judge_as(&lost, &request_type).outcome, Ambiguous);
        prop_assert_eq!(judge_as(&Exchange::NotSent { reason }, &request_type).outcome, NotSent);
    }
}
