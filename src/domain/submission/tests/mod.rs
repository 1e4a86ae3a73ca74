//! The contract's examples, and every way to be refused.
//!
//! Longer than 400 lines because each member of a submission has its own refusals.

mod bodies;
mod credentials;
mod headers;
mod paths;
mod query;

use proptest::prelude::*;
use serde_json::json;

use super::super::allowed_targets::Scheme;
use super::super::call::{ENGINE_HEADERS, HEADER_BLOCK_BYTES_MAX, URL_BYTES_MAX};
use super::*;
use crate::domain::pointer::unescaped;
use crate::domain::tests::contract_types::{self, find};

macro_rules! example {
    ($name:literal) => {
        (
            include_str!(concat!("../../../../tests/it/fixtures/contract/", $name, ".request.json")),
            include_str!(concat!("../../../../tests/it/fixtures/contract/", $name, ".response.json")),
        )
    };
}

const EXAMPLES: [(&str, (&str, &str)); 6] = [
    ("ISSUE-BADGE", example!("issue-badge")),
    ("EARN-BADGE", example!("earn-badge")),
    ("CUSTOMER-STATUS-CHANGE", example!("customer-status-change")),
    ("POINTS-REDEMPTION", example!("points-redemption")),
    ("GOODWILL-POINTS", example!("goodwill-points")),
    ("RETRO-TRANSACTION", example!("retro-transaction")),
];

fn targets() -> Targets {
    let target = |scheme, host: &str, port, label: &str| Target {
        scheme,
        host: host.into(),
        ports: vec![port],
        label: label.into(),
        allow_cidrs: vec![],
        ca_file: None,
    };
    Targets::of(vec![
        target(Scheme::Https, "api.example.com", 443, "Production"),
        target(Scheme::Http, "internal-intouch-api.example", 1900, "Internal"),
    ])
}

fn id() -> RequestId {
    RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000001").unwrap()
}

fn typed(definition: Value) -> RequestType {
    RequestType::from_definition(&definition).unwrap()
}

fn read(text: &str) -> Value {
    json::read(text.as_bytes()).unwrap()
}

fn sent(name: &str) -> Value {
    let (_, (request, _)) = EXAMPLES.iter().find(|(example, _)| *example == name).unwrap();
    read(request)
}

fn submit(name: &str, body: &Value) -> Result<Submission, Vec<Fault>> {
    validate(&find(name), &targets(), id(), json::write(body).as_bytes())
}

fn pointers(result: Result<Submission, Vec<Fault>>) -> Vec<String> {
    let faults = result.unwrap_err();
    assert!(faults.iter().all(|fault| fault.code().name() == "payload_invalid"), "{faults:?}");
    faults.into_iter().map(|fault| fault.field).collect()
}

/// The example of a type with one value put in: the pointers of its faults.
fn faults_with(name: &str, pointer: &str, value: Value) -> Vec<String> {
    pointers(submit(name, &with(name, pointer, value)))
}

fn with(name: &str, pointer: &str, value: Value) -> Value {
    let mut body = sent(name);
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let member = unescaped(member);
    body.pointer_mut(parent).unwrap()[member] = value;
    body
}

fn without(name: &str, pointer: &str) -> Value {
    let mut body = sent(name);
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(member).unwrap();
    body
}

fn task(rest: &str) -> String {
    format!("{TASK}{rest}")
}

#[test]
fn every_example_is_stored_as_the_contract_shows() {
    for (name, (request, response)) in EXAMPLES {
        let submission = validate(&find(name), &targets(), id(), request.as_bytes()).unwrap();
        let echo = &read(response)["data"]["details"]["IntouchAPITask-Payload"];
        assert_eq!(json::write(&submission.task), json::write(echo), "{name}");
        assert_eq!(submission.digest, submission.call.digest());
        assert_eq!(submission.entity.till_id, "70000001");
        assert_eq!(submission.entity.concept_id, "70000004");
    }
}

#[test]
fn the_call_is_resolved_and_labelled() {
    let status = submit("CUSTOMER-STATUS-CHANGE", &sent("CUSTOMER-STATUS-CHANGE")).unwrap();
    let url = "https://api.example.com/v2/customers/lookup/status?source=INSTORE&accountId=&use_async=false\
               &identifierName=mobile&identifierValue=910000000001";
    assert_eq!((status.call.method.as_str(), status.call.url.as_str()), ("PUT", url));
    assert_eq!(status.call.body, br#"{"reason":"testing","label":"Suspended"}"#);
    let names: Vec<&str> = status.call.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["authorization", "content-type"]);
    assert_eq!(status.label, "Production");
    let goodwill = submit("GOODWILL-POINTS", &sent("GOODWILL-POINTS")).unwrap();
    assert_eq!(goodwill.call.url, "http://internal-intouch-api.example:1900/internal/goodwill/");
    assert_eq!(goodwill.label, "Internal");
}

#[test]
fn an_owner_type_in_upper_case_is_stored_as_the_target_spells_it() {
    for name in ["ISSUE-BADGE", "EARN-BADGE"] {
        let pointer = task("/body/triggeredBy/ownerType");
        let body = with(name, &pointer, json!("HISTORICAL_IMPORT"));
        let stored = submit(name, &body).unwrap().task;
        assert_eq!(stored["body"]["triggeredBy"]["ownerType"], "Historical_Import");
        assert_eq!(faults_with(name, &pointer, json!("goodwill_module")), [pointer.as_str()]);
    }
}

#[test]
fn customers_are_one_number_or_a_list_of_at_least_one() {
    let pointer = task("/body/customers");
    let listed = with("ISSUE-BADGE", &pointer, json!([1, 2]));
    assert_eq!(submit("ISSUE-BADGE", &listed).unwrap().task["body"]["customers"], json!([1, 2]));
    for wrong in [json!([]), json!("1"), json!(null), json!({}), json!(true)] {
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, wrong), [pointer.as_str()]);
    }
    assert_eq!(
        faults_with("ISSUE-BADGE", &pointer, json!([1, "2", [3]])),
        [format!("{pointer}/1"), format!("{pointer}/2")]
    );
}

#[test]
fn numbers_keep_their_digits_and_either_kind_stays_what_it_is() {
    let big = r#"{"n":123456789012345678901234567890.10}"#;
    let body = with("ISSUE-BADGE", &task("/body/requestId"), read(big)["n"].clone());
    let submission = submit("ISSUE-BADGE", &body).unwrap();
    let call = String::from_utf8(submission.call.body).unwrap();
    assert!(call.contains(r#""requestId":123456789012345678901234567890.10"#), "{call}");
    for customer in [json!("100"), json!(100)] {
        let body = with("EARN-BADGE", &task("/body/customerId"), customer.clone());
        assert_eq!(submit("EARN-BADGE", &body).unwrap().task["body"]["customerId"], customer);
    }
}

#[test]
fn what_is_not_documented_passes_and_custom_fields_hold_anything() {
    let body = with("RETRO-TRANSACTION", &task("/body/anything"), json!([{"a": null}]));
    assert!(submit("RETRO-TRANSACTION", &body).is_ok());
    for name in ["customFields", "extendedFields"] {
        let pointer = task(&format!("/body/{name}"));
        let any = with("RETRO-TRANSACTION", &pointer, json!({"a": [1, {"b": null}]}));
        assert!(submit("RETRO-TRANSACTION", &any).is_ok());
        assert_eq!(faults_with("RETRO-TRANSACTION", &pointer, json!([])), [pointer]);
    }
}

#[test]
fn an_absent_query_stays_absent_and_an_empty_one_empty() {
    assert!(submit("ISSUE-BADGE", &sent("ISSUE-BADGE")).unwrap().task.get("queryParams").is_none());
    let goodwill = submit("GOODWILL-POINTS", &sent("GOODWILL-POINTS")).unwrap();
    assert_eq!(goodwill.task["queryParams"], json!({}));
    assert!(submit("GOODWILL-POINTS", &without("GOODWILL-POINTS", &task("/queryParams"))).is_ok());
    assert!(submit("GOODWILL-POINTS", &without("GOODWILL-POINTS", &task("/pathParams"))).is_ok());
}

#[test]
fn a_body_that_is_no_json_or_no_object_is_refused() {
    let unreadable = validate(&find("ISSUE-BADGE"), &targets(), id(), b"{").unwrap_err();
    assert_eq!((unreadable.len(), unreadable[0].code().name()), (1, "unreadable"));
    assert_eq!(pointers(submit("ISSUE-BADGE", &json!([]))), [""]);
    assert_eq!(pointers(submit("ISSUE-BADGE", &json!({}))), [PAYLOAD, ENTITY]);
    assert_eq!(faults_with("ISSUE-BADGE", PAYLOAD, json!({})), [TASK]);
    assert_eq!(faults_with("ISSUE-BADGE", TASK, json!("call")), [TASK]);
}

#[test]
fn unknown_members_are_refused_wherever_the_contract_is_closed() {
    for parent in ["", ENTITY, PAYLOAD, TASK] {
        let pointer = format!("{parent}/ex~1tra");
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!(1)), [pointer]);
    }
}

#[test]
fn an_entity_needs_its_four_ids() {
    for name in ENTITY_MEMBERS {
        let pointer = pointer_to(ENTITY, name);
        assert_eq!(pointers(submit("ISSUE-BADGE", &without("ISSUE-BADGE", &pointer))), [pointer.as_str()]);
        let long = "é".repeat(ENTITY_ID_CHARS_MAX + 1);
        for wrong in [json!(1), json!(""), json!(null), json!("a\u{0}"), json!("a\u{85}"), json!(long)] {
            assert_eq!(faults_with("ISSUE-BADGE", &pointer, wrong), [pointer.as_str()]);
        }
        let full = json!("é".repeat(ENTITY_ID_CHARS_MAX));
        assert!(submit("ISSUE-BADGE", &with("ISSUE-BADGE", &pointer, full)).is_ok());
    }
}

#[test]
fn the_task_needs_its_five_members() {
    for name in ["hostname", "path", "method"] {
        let pointer = pointer_to(TASK, name);
        assert_eq!(pointers(submit("ISSUE-BADGE", &without("ISSUE-BADGE", &pointer))), [pointer.as_str()]);
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!(1)), [pointer]);
    }
    for name in ["headers", "body"] {
        let pointer = pointer_to(TASK, name);
        assert_eq!(pointers(submit("ISSUE-BADGE", &without("ISSUE-BADGE", &pointer))), [pointer.as_str()]);
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!([])), [pointer]);
    }
    for name in ["pathParams", "queryParams"] {
        let pointer = pointer_to(TASK, name);
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!(null)), [pointer]);
    }
}

#[test]
fn path_and_method_are_the_types_own() {
    let path = task("/path");
    for wrong in ["/internal/goodwill", "/internal/goodwill/?a=b", "/v1/other"] {
        assert_eq!(faults_with("GOODWILL-POINTS", &path, json!(wrong)), [path.as_str()]);
    }
    let method = task("/method");
    for wrong in ["post", "PUT", "POST "] {
        assert_eq!(faults_with("GOODWILL-POINTS", &method, json!(wrong)), [method.as_str()]);
    }
}

#[test]
fn only_a_listed_target_may_be_called() {
    let pointer = task("/hostname");
    for other in ["https://api.example.org", "http://api.example.com", "https://api.example.com:8443"] {
        let faults = submit("ISSUE-BADGE", &with("ISSUE-BADGE", &pointer, json!(other))).unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| (fault.code().name(), fault.field.as_str())).collect();
        assert_eq!(found, [("target_not_allowed", pointer.as_str())]);
    }
    for wrong in ["api.example.com", "https://api.example.com/a", "ftp://api.example.com", ""] {
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!(wrong)), [pointer.as_str()]);
    }
}

#[test]
fn path_params_fill_placeholders_and_nothing_else() {
    let pointer = task("/pathParams/badgeId");
    assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!("1")), [pointer.as_str()]);
    let claim = typed(json!({"name": "CLAIM", "call": {"method": "PUT", "path": "/badges/{badgeId}/claim"}}));
    let submit_claim = |params: Value| {
        let mut body = sent("ISSUE-BADGE");
        body["payload"]["IntouchAPITask-Payload"]["path"] = json!("/badges/{badgeId}/claim");
        body["payload"]["IntouchAPITask-Payload"]["method"] = json!("PUT");
        body["payload"]["IntouchAPITask-Payload"]["pathParams"] = params;
        validate(&claim, &targets(), id(), json::write(&body).as_bytes())
    };
    let call = submit_claim(json!({"badgeId": "a+b"})).unwrap().call;
    assert_eq!(call.url, "https://api.example.com/badges/a%2Bb/claim");
    for wrong in [json!({}), json!({"badgeId": 1}), json!({"badgeId": ""}), json!({"badgeId": ".."})] {
        assert_eq!(pointers(submit_claim(wrong)), [pointer.as_str()]);
    }
}

/// A submission of a type of our own to `/points/{id}`, with these members of the task put in.
fn submit_points(more: Value, members: Value) -> Result<Submission, Vec<Fault>> {
    let mut definition = json!({"name": "POINTS", "call": {"method": "POST", "path": "/points/{id}"}});
    for (name, value) in more.as_object().unwrap() {
        definition[name] = value.clone();
    }
    let mut body = sent("ISSUE-BADGE");
    let task = &mut body["payload"]["IntouchAPITask-Payload"];
    *task = json!({
        "hostname": "https://api.example.com", "path": "/points/{id}", "method": "POST",
        "pathParams": {"id": "7"}, "headers": {},
    });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    validate(&typed(definition), &targets(), id(), json::write(&body).as_bytes())
}

#[test]
fn a_key_header_gets_the_requests_id_in_the_task_the_call_and_the_digest() {
    let rules = json!({"repeat": {"key_header": "Idempotency-Key"}});
    let headers = json!({"headers": {"Accept": "b"}});
    let taken = submit_points(rules.clone(), headers.clone()).unwrap();
    assert_eq!(taken.task["headers"], json!({"Accept": "b", "Idempotency-Key": id().to_string()}));
    assert_eq!(taken.call.headers[1], ("idempotency-key".to_owned(), id().to_string()));
    assert_eq!(taken.call, Call::from_task(&taken.task).unwrap());
    assert_eq!(taken.digest, taken.call.digest());
    let plain = submit_points(json!({}), headers).unwrap();
    assert_eq!(plain.task["headers"], json!({"Accept": "b"}));
    assert_ne!(plain.digest, taken.digest);
}

#[test]
fn a_makers_own_key_header_is_refused_where_the_engine_fills_it() {
    let rules = json!({"repeat": {"key_header": "Idempotency-Key"}});
    for name in ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"] {
        let headers = json!({"headers": {name: id().to_string()}});
        let faults = submit_points(rules.clone(), headers.clone()).unwrap_err();
        assert_eq!(faults, [Fault::new(task(&format!("/headers/{name}")), FaultKind::HeaderOfRepeats)]);
        assert_eq!(faults[0].code().name(), "payload_invalid");
        let named = json!({"headers": {"properties": {"idempotency-KEY": {}}}});
        assert!(submit_points(named, headers).is_ok());
    }
}

#[test]
fn an_id_by_which_the_target_recognises_a_repeat_may_have_256_characters() {
    let pointer = task("/body/requestId");
    let sentence = |id: Value| {
        let faults = submit("ISSUE-BADGE", &with("ISSUE-BADGE", &pointer, id)).unwrap_err();
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, pointer.as_str()));
        faults[0].sentence()
    };
    let longest = "é".repeat(REPEAT_ID_CHARS_MAX);
    let taken = submit("ISSUE-BADGE", &with("ISSUE-BADGE", &pointer, json!(longest))).unwrap();
    assert_eq!(find("ISSUE-BADGE").repeat_key(&taken.task), Some(longest.clone()));
    assert_eq!(sentence(json!(format!("{longest}x"))), "Write at most 256 characters.");
    assert_eq!(sentence(read(&"1".repeat(REPEAT_ID_CHARS_MAX + 1))), "Write at most 256 characters.");
}

fn is_recognised(request_type: &RequestType, task: &Value) -> bool {
    request_type.recognises_repeat(request_type.repeat_key(task).as_deref())
}

#[test]
fn the_built_in_types_recognise_a_repeat_by_the_id_that_the_call_carries() {
    for (name, pointer, id) in [
        ("ISSUE-BADGE", "/body/requestId", json!("req-1")),
        ("EARN-BADGE", "/body/requestId", json!(17)),
        ("POINTS-REDEMPTION", "/body/root/redeem/external_reference_number", json!("ref-1")),
    ] {
        let request_type = find(name);
        let carries = submit(name, &with(name, &task(pointer), id.clone())).unwrap();
        assert!(is_recognised(&request_type, &carries.task), "{name}");
        assert_eq!(
            request_type.repeat_key(&carries.task),
            Some(id.as_str().map_or("17".to_owned(), str::to_owned))
        );
        let mut lacks = carries.task;
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        lacks.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(member).unwrap();
        assert!(!is_recognised(&request_type, &lacks), "{name}");
    }
    for name in ["CUSTOMER-STATUS-CHANGE", "GOODWILL-POINTS", "RETRO-TRANSACTION"] {
        let task = submit(name, &sent(name)).unwrap().task;
        assert!(!is_recognised(&find(name), &task), "{name}");
    }
}

#[test]
fn a_type_without_a_body_of_its_own_needs_none() {
    let call = submit_points(json!({}), json!({})).unwrap().call;
    assert_eq!((call.url.as_str(), call.body.len()), ("https://api.example.com/points/7", 0));
    let any = submit_points(json!({}), json!({"body": {"any": [1]}})).unwrap().call;
    assert_eq!(any.body, br#"{"any":[1]}"#);
    assert_eq!(pointers(submit_points(json!({}), json!({"body": 1}))), [task("/body")]);
}

#[test]
fn a_type_may_name_its_only_target() {
    let pinned = |target: &str| {
        let call = json!({"method": "POST", "path": "/points/{id}", "target": target});
        submit_points(json!({ "call": call }), json!({}))
    };
    assert!(pinned("https://API.example.com:443").is_ok());
    let faults = pinned("http://internal-intouch-api.example:1900").unwrap_err();
    assert_eq!(
        (faults[0].code().name(), faults[0].field.as_str()),
        ("target_not_allowed", &*task("/hostname"))
    );
    assert!(faults[0].sentence().starts_with("Write http://internal-intouch-api.example:1900,"));
}

#[test]
fn path_and_query_are_held_against_their_schemas() {
    let more = json!({
        "path_params": {"properties": {"id": {"pattern": "^[0-9]+$"}}},
        "query": {"required": ["page"], "properties": {"page": {"type": "integer"}, "all": {"type": "boolean"}}},
    });
    let with = |members: Value| submit_points(more.clone(), members);
    let call = with(json!({"queryParams": {"page": 2, "all": true, "other": "a"}})).unwrap().call;
    assert_eq!(call.url, "https://api.example.com/points/7?page=2&all=true&other=a");
    assert_eq!(pointers(with(json!({}))), [task("/queryParams/page")]);
    assert_eq!(pointers(with(json!({"queryParams": {"page": "2"}}))), [task("/queryParams/page")]);
    let path = with(json!({"queryParams": {"page": 2}, "pathParams": {"id": "x"}}));
    assert_eq!(pointers(path), [task("/pathParams/id")]);
    let missing = with(json!({"queryParams": {"page": 2}, "pathParams": {}}));
    assert_eq!(pointers(missing), [task("/pathParams/id")]);
}

#[test]
fn subject_amount_and_summary_are_read_from_the_task() {
    let more = json!({
        "subject": "/pathParams/id", "amount": "/body/sum", "duplicates": "block",
        "summary": "Give {sum} to {id}, pin {pin}", "fields": {"secret": ["/body/pin"]},
    });
    let with = |body: Value| submit_points(more.clone(), json!({ "body": body }));
    let submission = with(json!({"sum": "10.50", "pin": "1234"})).unwrap();
    assert_eq!(submission.subject.as_deref(), Some("7"));
    assert_eq!(submission.amount.unwrap().to_string(), "10.5");
    assert_eq!(submission.summary, "Give 10.50 to 7, pin ••••");
    assert_eq!(submission.task["body"]["pin"], "1234");
    assert_eq!(with(json!({})).unwrap().amount, None);
    for wrong in [json!("ten"), json!(null), json!([1]), json!("1e3")] {
        assert_eq!(pointers(with(json!({ "sum": wrong }))), [task("/body/sum")]);
    }
}

#[test]
fn what_an_amount_counts_is_read_from_the_task_and_refused_if_nobody_could_read_it() {
    let more = json!({ "amount": "/body/sum", "unit": "/body/currency" });
    let with = |body: Value| submit_points(more.clone(), json!({ "body": body }));
    assert_eq!(with(json!({"sum": 5, "currency": "EUR"})).unwrap().unit.unwrap().as_str(), "EUR");
    for body in [json!({"sum": 5}), json!({"sum": 5, "currency": null}), json!({"currency": "EUR"})] {
        assert_eq!(with(body.clone()).unwrap().unit, None, "{body}");
    }
    for wrong in
        [json!(""), json!(978), json!(" EUR"), json!("€"), json!("0"), json!("x".repeat(17)), json!(["EUR"])]
    {
        assert_eq!(pointers(with(json!({ "sum": 5, "currency": wrong }))), [task("/body/currency")]);
    }
}

#[test]
fn a_request_about_nothing_does_not_slip_past_a_limit() {
    for limited in [
        json!({"subject": "/body/id", "duplicates": "block"}),
        json!({"subject": "/body/id", "usage": [{"name": "day", "by": "subject", "window": "1d"}]}),
    ] {
        for body in [json!({}), json!({"id": null}), json!({"id": [1]})] {
            let found = pointers(submit_points(limited.clone(), json!({ "body": body })));
            assert_eq!(found, [task("/body/id")]);
        }
    }
    assert!(submit_points(json!({"subject": "/body/id"}), json!({"body": {}})).is_ok());
}

#[test]
fn query_values_are_strings_and_documented_ones_are_typed() {
    let name = "CUSTOMER-STATUS-CHANGE";
    for (member, wrong) in [
        ("other", json!(1)),
        ("other", json!(["a"])),
        ("source", json!(null)),
        ("identifierName", json!("MOBILE")),
        ("identifierName", json!(1)),
        ("use_async", json!(false)),
    ] {
        let pointer = task(&format!("/queryParams/{member}"));
        assert_eq!(faults_with(name, &pointer, wrong), [pointer]);
    }
    assert!(submit(name, &with(name, &task("/queryParams/other"), json!(""))).is_ok());
}

#[test]
fn headers_of_the_connection_and_of_the_engine_cannot_be_set() {
    let connection = [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Content-Length",
        "Content-Encoding",
        "Expect",
        "TraceState",
    ];
    for name in connection.into_iter().chain(ENGINE_HEADERS) {
        let pointer = task(&format!("/headers/{name}"));
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!("1")), [pointer]);
    }
}

#[test]
fn a_header_has_a_token_for_a_name_and_visible_ascii_for_a_value() {
    for name in ["", "a b", "a:b", "é", "a\u{0}", "a\r\nb", "(a)"] {
        let pointer = task(&format!("/headers/{name}"));
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!("1")), [pointer]);
    }
    let pointer = task("/headers/Accept");
    let texts = ["a\r\nb: c", "a\u{0}", "\u{7f}", "é", " a", "a ", "\ta", "a\t", " "];
    for wrong in texts.map(Value::from).into_iter().chain([json!(1), json!(null), json!(["a"])]) {
        assert_eq!(faults_with("ISSUE-BADGE", &pointer, wrong), [pointer.as_str()]);
    }
    for good in ["", "a", "a \t b", "!~"] {
        assert!(submit("ISSUE-BADGE", &with("ISSUE-BADGE", &pointer, json!(good))).is_ok(), "{good}");
    }
}

#[test]
fn a_header_is_written_once_whatever_its_case() {
    let pointer = task("/headers/AUTHORIZATION");
    assert_eq!(faults_with("ISSUE-BADGE", &pointer, json!("Basic eA==")), [pointer]);
}

#[test]
fn every_required_member_is_missed_by_name() {
    let required = [
        ("ISSUE-BADGE", "badgeMetaId customers"),
        ("EARN-BADGE", "customerId requestId triggeredBy/ownerType triggeredBy/referenceId"),
        ("CUSTOMER-STATUS-CHANGE", "reason label"),
        ("POINTS-REDEMPTION", "root/redeem/points_redeemed root/redeem/customer"),
        (
            "GOODWILL-POINTS",
            "referenceId reason baseType programId awardingTillId earningEntityType earningEntityId points",
        ),
    ];
    for (name, members) in required {
        for member in members.split(' ') {
            let pointer = task(&format!("/body/{member}"));
            assert_eq!(pointers(submit(name, &without(name, &pointer))), [pointer.as_str()]);
            assert_eq!(faults_with(name, &pointer, json!(true)), [pointer]);
        }
    }
    assert!(submit("RETRO-TRANSACTION", &with("RETRO-TRANSACTION", &task("/body"), json!({}))).is_ok());
}

#[test]
fn a_missing_object_is_reported_with_everything_it_must_contain() {
    let found = faults_with("POINTS-REDEMPTION", &task("/body"), json!({}));
    let expected = ["/root", "/root/redeem", "/root/redeem/points_redeemed", "/root/redeem/customer"];
    assert_eq!(found, expected.map(|rest| task(&format!("/body{rest}"))));
}

#[test]
fn a_documented_member_of_the_wrong_kind_is_refused_in_every_type() {
    fn leaves(schema: &Value, pointer: &str) -> Vec<String> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return vec![pointer.to_owned()];
        };
        properties.iter().flat_map(|(name, inner)| leaves(inner, &pointer_to(pointer, name))).collect()
    }
    for request_type in contract_types::all() {
        let schema = request_type.body.as_ref().unwrap().source();
        for pointer in leaves(schema, &task("/body")) {
            let name = request_type.name.as_str();
            assert_eq!(faults_with(name, &pointer, json!(null)), [pointer]);
        }
    }
}

#[test]
fn many_faults_are_reported_at_once() {
    let text = r#"{
        "entityInfo": {"tillId": 1, "storeId": "2", "zoneId": "3", "zoneId": "4", "conceptId": ""},
        "payload": {"IntouchAPITask-Payload": {
            "hostname": "https://elsewhere.example", "path": "/a", "method": "PUT",
            "pathParams": {"a": "b"}, "queryParams": {"c": 1}, "extra": 1,
            "body": {"customers": "all"}, "headers": {"Host": "a", "X-A": "\u0000"}
        }},
        "more": true
    }"#;
    let faults = validate(&find("ISSUE-BADGE"), &targets(), id(), text.as_bytes()).unwrap_err();
    let found: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    let in_task = [
        "/extra",
        "/hostname",
        "/path",
        "/method",
        "/pathParams/a",
        "/queryParams/c",
        "/headers/Host",
        "/headers/X-A",
        "/body/badgeMetaId",
        "/body/customers",
    ];
    let around = ["/entityInfo/zoneId", "/more", "/entityInfo/tillId", "/entityInfo/conceptId"];
    let expected: Vec<String> = around.map(str::to_owned).into_iter().chain(in_task.map(task)).collect();
    assert_eq!(found, expected);
}

#[test]
fn faults_are_reported_up_to_a_limit() {
    let wrong = json!(vec!["1"; 10_000]);
    assert_eq!(faults_with("ISSUE-BADGE", &task("/body/customers"), wrong).len(), FAULTS_MAX);
}

#[test]
fn secrets_in_headers_are_masked_and_known_schemes_stay() {
    let given = [
        ("authorization", "Basic abc", "Basic ••••"),
        ("Proxy-Authorization", "bearer a b", "bearer ••••"),
        ("AUTHORIZATION", "secret more", "••••"),
        ("Authorization", "Basic", "••••"),
        ("Cookie", "Basic abc", "••••"),
        ("x-api-key", "", "••••"),
        ("X-Other", "Basic abc", "Basic abc"),
    ];
    for (name, value, shown) in given {
        let task = json!({"headers": {name: value}, "body": {"Cookie": "kept"}});
        assert_eq!(mask_headers(&task), json!({"headers": {name: shown}, "body": {"Cookie": "kept"}}));
    }
    assert_eq!(mask_headers(&json!({})), json!({}));
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text: String) {
        prop_assert!(validate(&find("ISSUE-BADGE"), &targets(), id(), text.as_bytes()).is_err());
    }

    #[test]
    fn the_stored_echo_gives_the_digest_again(
        note: String, value: String, number in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,9})?"
    ) {
        let name = "CUSTOMER-STATUS-CHANGE";
        let mut body = with(name, &task("/queryParams/identifierValue"), json!(value));
        body.pointer_mut(&task("/body")).unwrap()["note"] = json!({"text": note, "number": read(&number)});
        let submission = submit(name, &body).unwrap();
        let echo = read(&json::write(&submission.task));
        prop_assert_eq!(Call::from_task(&echo).unwrap().digest(), submission.digest);
    }
}
