//! Each example, each error code and each fault, against a server that really runs.
//!
//! Longer than 400 lines because the targets share one state: each documented code is one short case here.

mod client;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use client::{DEMO, Running, SEED, example, issue_badge_page};

const ISSUE: &str = "/api_gateway/v1/badges/badgeMeta/customer/issueBulk";
const EARN: &str = "/api_gateway/v1/badges/customer/earn";
const REDEEM: &str = "/v1.1/points/redeem";
const GOODWILL: &str = "/internal/goodwill/";
const RETRO: &str = "/v2/transactions/retro";
const STATUS: &str =
    "/v2/customers/lookup/status?source=INSTORE&identifierName=mobile&identifierValue=910000000001";

const BADGE: &str = "650000000000000000000001";
const EARN_BADGE: &str = "650000000000000000000002";
const ISSUE_EARN_BADGE: &str = "650000000000000000000003";
const INACTIVE_BADGE: &str = "650000000000000000000004";
const PAST_BADGE: &str = "650000000000000000000005";
const FOREIGN_BADGE: &str = "650000000000000000000009";

fn issue(request_id: &str, customers: &Value) -> Value {
    json!({
        "badgeMetaId": BADGE,
        "customers": customers,
        "requestId": request_id,
        "triggeredBy": {"ownerType": "Loyalty", "referenceId": "123694"},
    })
}

fn earn(request_id: &str, badge: &str) -> Value {
    json!({
        "badgeMetaId": badge,
        "customerId": 100_200_301,
        "requestId": request_id,
        "triggeredBy": {"ownerType": "Loyalty", "referenceId": "123"},
    })
}

/// `body` with one member set, or taken away by null.
fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn badge_error(name: &str) -> Value {
    example(&format!("targets/badge-error.{name}.json"))
}

#[test]
fn every_example_of_a_wrapped_call_does_its_work_once() {
    for (name, status, list) in [
        ("issue-badge", 200, "enrolments"),
        ("earn-badge", 200, "earned"),
        ("customer-status-change", 200, "statuses"),
        ("points-redemption", 200, "redemptions"),
        ("goodwill-points", 201, "goodwill"),
        ("retro-transaction", 201, "retro"),
    ] {
        let sandbox = Running::start();
        let before = sandbox.holds()[list].as_array().unwrap().len();
        let answer = sandbox.replay(&example(&format!("{name}.request.json")));
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_ne!(answer.header("fail"), ["1"], "{name}");
        let holds = sandbox.holds();
        assert_eq!(holds[list].as_array().unwrap().len(), before + 1, "{name}");
        assert_eq!(holds["calls"]["workDone"], 1, "{name}");
    }
}

#[test]
fn every_example_of_a_badge_call_is_answered_with_success() {
    for (name, path) in [
        ("issueBulk.single", ISSUE),
        ("issueBulk.multiple", ISSUE),
        ("issueBulk.iso-dates", ISSUE),
        ("earn", EARN),
    ] {
        let sandbox = Running::start();
        let answer = sandbox.call("POST", path, &example(&format!("targets/{name}.request.json")));
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        assert_eq!(answer.json()["errors"], json!([]), "{name}");
    }
}

#[test]
fn the_issue_badge_page_s_own_example_enrols_its_customer() {
    let sandbox = Running::start();
    assert_eq!(sandbox.replay(&issue_badge_page()).status, 200);
    let holds = sandbox.holds();
    let enrolment = holds["enrolments"].as_array().unwrap().last().unwrap();
    assert_eq!(enrolment["customerId"], 113_460_811);
    assert_eq!(enrolment["badgeMetaId"], "658de01c823d1b70aabcfaae");
    assert_eq!(enrolment["requestId"], "e7requestd62c5ec5d115a2859228cefd9ee8cgh");
}

#[test]
fn an_issue_is_answered_as_in_the_example_to_the_last_decimal() {
    let sandbox = Running::start();
    let answer = sandbox.call("POST", ISSUE, &example("targets/issueBulk.single.request.json"));
    assert!(answer.text.contains("\"expiresOn\":1926235957.000000000,"), "{}", answer.text);
    let mut body = answer.json();
    let issued_id = body["data"]["issuedBadges"][0]["issuedId"].take();
    assert!(issued_id.as_str().unwrap().chars().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(issued_id.as_str().unwrap().len(), 24);
    body["data"]["issuedBadges"][0]["issuedId"] = json!("650000000000000000000011");
    assert_eq!(body.to_string(), example("targets/issueBulk.single.200.response.json").to_string());
}

#[test]
fn badge_answers_come_in_chunks_and_with_the_caller_s_request_id() {
    let sandbox = Running::start();
    let headers = [("Authorization", DEMO), ("X-CAP-REQUEST-ID", "given-1")];
    let answer = sandbox.send("POST", ISSUE, &headers, &issue("a", &json!([1])).to_string()).unwrap();
    assert_eq!(answer.header("transfer-encoding"), ["chunked"]);
    assert_eq!(answer.header("content-type"), ["application/json"]);
    assert_eq!(answer.header("x-cap-request-id"), ["given-1"]);
    assert_eq!(answer.header("x-frame-options"), ["SAMEORIGIN", "SAMEORIGIN"]);
    assert!(answer.header("fail").is_empty());
}

#[test]
fn a_badge_request_id_is_used_up_by_an_accepted_call_only() {
    let sandbox = Running::start();
    let refused = with(issue("a", &json!([1])), "issueEventDate", json!(1_000_000_000));
    assert_eq!(sandbox.call("POST", ISSUE, &refused).error(), (400, 816));
    assert_eq!(sandbox.call("POST", ISSUE, &issue("a", &json!([1]))).status, 200);
    let again = sandbox.call("POST", ISSUE, &issue("a", &json!([2])));
    assert_eq!((again.status, again.json()), (400, badge_error("400.809")));
    assert_eq!(sandbox.holds()["calls"]["workDone"], 1);
}

#[test]
fn one_request_id_may_issue_once_and_earn_once() {
    let sandbox = Running::start();
    assert_eq!(sandbox.call("POST", ISSUE, &issue("a", &json!([1]))).status, 200);
    assert_eq!(sandbox.call("POST", EARN, &earn("a", EARN_BADGE)).status, 200);
    assert_eq!(sandbox.call("POST", EARN, &earn("a", EARN_BADGE)).error(), (400, 809));
}

#[test]
fn an_event_date_is_read_as_seconds_milliseconds_or_iso_and_iso_wins() {
    let sandbox = Running::start();
    let inside = [
        json!(1_713_860_055),
        json!(1_713_860_055_000_i64),
        json!("1713860055"),
        json!("2024-04-23T08:14:15Z"),
    ];
    for (customer, date) in inside.into_iter().enumerate() {
        let body = issue(&format!("in-{customer}"), &json!([customer]));
        let answer = sandbox.call("POST", ISSUE, &with(body, "issueEventDate", date));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let holds = sandbox.holds();
    let dates: Vec<&Value> =
        holds["enrolments"].as_array().unwrap()[2..].iter().map(|enrolment| &enrolment["issuedOn"]).collect();
    assert_eq!(dates, [&json!("2024-04-23T08:14:15Z"); 4]);
    let both = with(issue("iso", &json!([9])), "issueEventDate", json!(1_713_860_055));
    let both = with(both, "issueEventDateISO", json!("2019-01-01T00:00:00Z"));
    assert_eq!(sandbox.call("POST", ISSUE, &both).error(), (400, 816));
    let never = with(issue("never", &json!([9])), "issueEventDate", json!("yesterday"));
    assert_eq!(sandbox.call("POST", ISSUE, &never).error(), (400, 400));
}

#[test]
fn without_an_event_date_now_must_be_within_the_badge_s_duration() {
    let sandbox = Running::start();
    let past = with(issue("a", &json!([1])), "badgeMetaId", json!(PAST_BADGE));
    let refused = sandbox.call("POST", ISSUE, &past);
    let message = "Event date is not in duration of badge meta. Pass the issue event date.";
    assert_eq!(refused.json()["errors"][0]["message"], message);
    assert_eq!(refused.error(), (400, 816));
    let retro = with(past, "issueEventDateISO", json!("2020-06-01T00:00:00Z"));
    assert_eq!(sandbox.call("POST", ISSUE, &retro).status, 200);
    sandbox.clock.advance(TimeDelta::days(365 * 6));
    assert_eq!(sandbox.call("POST", ISSUE, &issue("b", &json!([1]))).error(), (400, 816));
}

#[test]
fn an_unknown_badge_and_a_badge_of_another_org_are_not_found() {
    let sandbox = Running::start();
    for badge in ["650000000000000000000777", FOREIGN_BADGE] {
        let issued = sandbox.call("POST", ISSUE, &with(issue("a", &json!([1])), "badgeMetaId", json!(badge)));
        assert_eq!((issued.status, issued.json()), (404, badge_error("404.404")));
        assert_eq!(sandbox.call("POST", EARN, &earn("a", badge)).error(), (404, 404));
    }
}

#[test]
fn a_customer_with_an_active_issue_gets_1040_and_the_others_get_the_badge() {
    let sandbox = Running::start();
    let answer = sandbox.call("POST", ISSUE, &issue("a", &json!([11115, 5, 5])));
    assert_eq!(answer.status, 200);
    let issued = &answer.json()["data"]["issuedBadges"];
    let documented = example("targets/issueBulk.per-customer-error.200.response.json");
    let documented = with(documented["data"]["issuedBadges"][0].clone(), "status", json!("ACTIVE"));
    assert_eq!(issued[0].to_string(), documented.to_string());
    assert_eq!(issued[1]["error"], Value::Null);
    assert_eq!(issued[2]["error"]["code"], 1040);
    assert_eq!(issued[2]["issuedId"], issued[1]["issuedId"]);
}

#[test]
fn a_call_in_which_every_customer_fails_is_accepted_and_does_nothing() {
    let sandbox = Running::start();
    assert_eq!(sandbox.call("POST", ISSUE, &issue("a", &json!([11115]))).status, 200);
    assert_eq!(sandbox.holds()["calls"]["workDone"], 0);
    assert_eq!(sandbox.call("POST", ISSUE, &issue("a", &json!([1]))).error(), (400, 809));
}

#[test]
fn owner_types_are_known_in_mixed_case_only() {
    let sandbox = Running::start();
    let upper = json!({"ownerType": "LOYALTY", "referenceId": "1"});
    let expected = "Invalid enum value: 'LOYALTY' for the field: 'ownerType'. The value must be one of: [Loyalty, \
                    Loyalty_Promotion, Referral_Campaigns, Journeys, Audience_Campaigns, Rewards_Catalog, \
                    Goodwill_Module, Milestones, Historical_Import].";
    for (path, body) in [(ISSUE, issue("a", &json!([1]))), (EARN, earn("a", EARN_BADGE))] {
        let answer = sandbox.call("POST", path, &with(body, "triggeredBy", upper.clone()));
        assert_eq!(answer.error(), (400, 400));
        let documented = badge_error("400.400-enum")["errors"][0]["message"].as_str().unwrap().to_owned();
        assert_eq!(documented.split('[').next(), expected.split('[').next());
        assert_eq!(answer.json()["errors"][0]["message"], expected);
    }
}

#[test]
fn unreadable_json_is_code_400_in_each_target_s_shape() {
    let sandbox = Running::start();
    for (method, path) in
        [("POST", ISSUE), ("POST", EARN), ("PUT", STATUS), ("POST", GOODWILL), ("PUT", RETRO)]
    {
        for body in ["{", "[]", ""] {
            let answer = sandbox.send(method, path, &[("Authorization", DEMO)], body).unwrap();
            assert_eq!(answer.error(), (400, 400), "{path}");
        }
    }
    let answer = sandbox.send("POST", REDEEM, &[("Authorization", DEMO)], "{").unwrap();
    assert_eq!((answer.status, &answer.json()["response"]["status"]["code"]), (400, &json!(400)));
}

#[test]
fn members_that_an_issue_needs_are_missed_by_their_own_codes() {
    let sandbox = Running::start();
    for (member, value, code) in [
        ("badgeMetaId", Value::Null, 715),
        ("customers", Value::Null, 812),
        ("customers", json!([]), 812),
        ("customers", json!(["abc"]), 400),
    ] {
        let answer = sandbox.call("POST", ISSUE, &with(issue("a", &json!([1])), member, value));
        assert_eq!(answer.error(), (400, code), "{member}");
    }
    let unnamed = with(issue("a", &json!([1])), "requestId", Value::Null);
    assert_eq!(sandbox.call("POST", ISSUE, &unnamed).json()["data"]["requestId"], Value::Null);
}

#[test]
fn an_earn_is_answered_as_in_the_example() {
    let sandbox = Running::start();
    let answer = sandbox.call("POST", EARN, &example("targets/earn.request.json"));
    assert!(answer.text.contains("\"expiresOn\":1926235957.000000000,"), "{}", answer.text);
    let body = answer.json();
    let mut documented = example("targets/earn.200.response.json");
    for member in ["earnedBadgeId", "expiresOn", "expiresOnISO"] {
        documented["data"][member] = body["data"][member].clone();
    }
    assert_eq!(body.to_string(), documented.to_string());
}

#[test]
fn a_badge_must_be_claimed_by_the_trigger_before_it_is_earned() {
    let sandbox = Running::start();
    let foreign = json!({"ownerType": "Loyalty", "referenceId": "other"});
    let answer = sandbox.call("POST", EARN, &with(earn("a", EARN_BADGE), "triggeredBy", foreign));
    assert_eq!((answer.status, answer.json()), (409, badge_error("409.810")));
    assert_eq!(sandbox.call("POST", EARN, &earn("a", BADGE)).error(), (409, 810));
}

#[test]
fn an_issue_earn_badge_is_earned_only_during_an_enrolment() {
    let sandbox = Running::start();
    let enrolled = sandbox.call("POST", EARN, &earn("a", ISSUE_EARN_BADGE));
    assert_eq!(enrolled.json()["data"]["issuedId"], "650000000000000000000016");
    let stranger = with(earn("b", ISSUE_EARN_BADGE), "customerId", json!("5"));
    let answer = sandbox.call("POST", EARN, &stranger);
    assert_eq!((answer.status, answer.json()), (409, badge_error("409.811")));
    let body = with(issue("b", &json!([5])), "badgeMetaId", json!(ISSUE_EARN_BADGE));
    assert_eq!(sandbox.call("POST", ISSUE, &body).status, 200);
    let too_early = with(stranger.clone(), "earnEventDate", json!("2025-01-01T00:00:00Z"));
    assert_eq!(sandbox.call("POST", EARN, &too_early).error(), (409, 811));
    assert_eq!(sandbox.call("POST", EARN, &stranger).status, 200);
}

#[test]
fn members_that_an_earn_needs_are_missed_by_their_own_codes() {
    let sandbox = Running::start();
    for (member, value, code) in [
        ("badgeMetaId", Value::Null, 715),
        ("customerId", Value::Null, 812),
        ("customerId", json!("abc"), 400),
        ("requestId", Value::Null, 804),
        ("triggeredBy", Value::Null, 716),
        ("triggeredBy", json!({"ownerType": "Loyalty"}), 717),
        ("badgeMetaId", json!(INACTIVE_BADGE), 815),
        ("earnEventDate", json!("2019-01-01T00:00:00Z"), 815),
        ("earnEventDate", json!("2025-12-04T00:00:00Z"), 750),
    ] {
        let answer = sandbox.call("POST", EARN, &with(earn("a", EARN_BADGE), member, value));
        assert_eq!(answer.error(), (400, code), "{member}");
    }
    let inactive = with(issue("a", &json!([1])), "badgeMetaId", json!(INACTIVE_BADGE));
    assert_eq!(sandbox.call("POST", ISSUE, &inactive).error(), (400, 815));
}

#[test]
fn a_status_change_is_answered_as_in_the_example() {
    let sandbox = Running::start();
    let answer = sandbox.call("PUT", STATUS, &json!({"reason": "testing", "label": "Suspended"}));
    assert_eq!(answer.json(), example("targets/customer-status.200.response.json"));
    let documented = example("approve.customer-status-change.approved.response.json");
    let headers = documented["data"]["details"]["IntouchAPITask_Output"]["headers"].as_object().unwrap();
    for (name, values) in headers {
        let own = answer.header(&name.to_lowercase());
        assert_eq!(own.len(), values.as_array().unwrap().len(), "{name}");
        if !matches!(
            name.as_str(),
            "Date" | "Content-Length" | "Connection" | "X-CAP-REQUEST-ID" | "X-Cap-RequestID"
        ) {
            assert_eq!(own[0], values[0], "{name}");
        }
    }
    assert_eq!(sandbox.holds()["statuses"][0]["label"], "Suspended");
}

#[test]
fn a_status_change_names_what_is_wrong_with_its_query() {
    let sandbox = Running::start();
    let body = json!({"reason": "testing", "label": "Suspended"});
    let invalid = sandbox.call("PUT", &STATUS.replace("INSTORE", "NOWHERE"), &body);
    assert_eq!((invalid.status, invalid.json()), (400, example("targets/v2-error.8003.json")));
    assert_eq!(invalid.header("fail"), ["1"]);
    let unknown = sandbox.call("PUT", &STATUS.replace("910000000001", "919999999999"), &body);
    assert_eq!((unknown.status, unknown.json()), (404, example("targets/v2-error.8015.json")));
    assert_eq!(sandbox.call("PUT", &STATUS.replace("mobile", "shoe"), &body).error(), (400, 8013));
    assert_eq!(sandbox.call("PUT", STATUS, &json!({"reason": "x"})).error(), (400, 400));
}

#[test]
fn a_redemption_succeeds_as_an_object_and_as_a_list_of_one() {
    let sandbox = Running::start();
    let object =
        example("points-redemption.request.json")["payload"]["IntouchAPITask-Payload"]["body"].clone();
    let answer = sandbox.call("POST", REDEEM, &object);
    let headers = [answer.header("status_code"), answer.header("success"), answer.header("fail")];
    assert_eq!(headers, [["800"], ["1"], ["0"]]);
    let item = &answer.json()["response"]["responses"]["points"]["item_status"];
    assert_eq!((&item["success"], &item["code"]), (&json!("true"), &json!(800)));
    let list =
        json!({"root": {"redeem": [{"points_redeemed": 5, "customer": {"email": "customer@example.com"}}]}});
    assert_eq!(sandbox.call("POST", REDEEM, &list).header("fail"), ["0"]);
    let two = json!({"root": {"redeem": [{}, {}]}});
    assert_eq!(sandbox.call("POST", REDEEM, &two).status, 400);
    assert_eq!(sandbox.holds()["redemptions"][1]["points"], 5);
}

#[test]
fn a_repeated_reference_or_transaction_number_fails_with_744_and_http_200() {
    let sandbox = Running::start();
    let first =
        example("points-redemption.request.json")["payload"]["IntouchAPITask-Payload"]["body"].clone();
    assert_eq!(sandbox.call("POST", REDEEM, &first).header("fail"), ["0"]);
    for kept in ["external_reference_number", "transaction_number"] {
        let mut again = first.clone();
        for number in ["external_reference_number", "transaction_number"] {
            if number != kept {
                again["root"]["redeem"][number] = json!("another");
            }
        }
        let answer = sandbox.call("POST", REDEEM, &again);
        assert_eq!(answer.status, 200);
        let headers = [answer.header("status_code"), answer.header("success"), answer.header("fail")];
        assert_eq!(headers, [["744"], ["0"], ["1"]]);
        assert_eq!(
            answer.json().to_string(),
            example("targets/points-redeem.failed.200.response.json").to_string()
        );
    }
    assert_eq!(sandbox.holds()["redemptions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_redemption_for_an_unknown_customer_fails_with_816_and_http_200() {
    let sandbox = Running::start();
    let body = json!({"root": {"redeem": {"points_redeemed": "1", "customer": {"mobile": "1"}}}});
    let answer = sandbox.call("POST", REDEEM, &body);
    assert_eq!((answer.status, answer.header("status_code")), (200, vec!["816"]));
}

#[test]
fn goodwill_is_answered_as_in_the_example_with_headers_that_count_nothing() {
    let sandbox = Running::start();
    let answer = sandbox.replay(&example("goodwill-points.request.json"));
    assert_eq!((answer.status, answer.json()), (201, example("targets/goodwill.201.response.json")));
    let headers = [answer.header("status_code"), answer.header("success"), answer.header("fail")];
    assert_eq!(headers, [[""], ["0"], ["0"]]);
    assert_eq!(answer.header("uri_path"), ["/internal/goodwill"]);
    let incomplete = sandbox.call("POST", GOODWILL, &json!({"referenceId": "r"}));
    assert_eq!(incomplete.error(), (400, 400));
}

#[test]
fn a_retro_claim_is_answered_as_in_the_example() {
    let sandbox = Running::start();
    let answer = sandbox.replay(&example("retro-transaction.request.json"));
    assert_eq!((answer.status, answer.json()), (201, example("targets/retro.201.response.json")));
    let headers = [answer.header("status_code"), answer.header("success"), answer.header("line_items_count")];
    assert_eq!(headers, [["200"], ["1"], ["1"]]);
    let body = json!({"oldType": "REGULAR", "newType": "REGULAR", "transactionId": 1, "customerId": 1});
    assert_eq!(sandbox.call("PUT", RETRO, &body).error(), (400, 400));
    assert_eq!(sandbox.call("PUT", RETRO, &json!({})).error(), (400, 400));
}

#[test]
fn what_no_till_sends_is_refused_in_one_shape() {
    let sandbox = Running::start();
    // Another scheme, no credentials, not base64, no colon, no name; no hash, and one in capitals.
    let broken = [
        "Bearer abc",
        "Basic",
        "Basic %%%",
        "Basic ZGVtbw==",
        "Basic OjEyMw==",
        "Basic ZGVtby50aWxsOjAwMDA=",
    ];
    let capitals = format!("Basic {}", STANDARD.encode("demo.till:62CC2D8B4BF2D8728120D052163A77DF"));
    let all = broken.into_iter().chain([capitals.as_str()]);
    let headers = all.map(|value| vec![("Authorization", value)]);
    for headers in headers.chain([vec![]]) {
        for (method, path) in [("POST", ISSUE), ("PUT", STATUS), ("POST", REDEEM), ("POST", GOODWILL)] {
            let answer = sandbox.send(method, path, &headers, "{}").unwrap();
            let expected = example("auth/v1.1-invalid-token.401.json");
            assert_eq!((answer.status, answer.json()), (401, expected), "{path} {headers:?}");
        }
    }
}

#[test]
fn calls_without_a_known_till_are_refused_in_the_target_s_shape() {
    let sandbox = Running::start();
    for credentials in
        ["demo.till:c1e4417d5f5966b07e3f010958cde94b", "nobody:62cc2d8b4bf2d8728120d052163a77df"]
    {
        let authorization = format!("Basic {}", STANDARD.encode(credentials));
        let answer = sandbox.send("POST", ISSUE, &[("Authorization", &authorization)], "{}").unwrap();
        assert_eq!(answer.error(), (401, 401), "{credentials}");
    }
}

#[test]
fn an_org_header_must_be_the_till_s_org() {
    let sandbox = Running::start();
    let body = issue("a", &json!([1])).to_string();
    for (org, status) in [("90002", 403), ("0", 403), ("90001", 200)] {
        let headers = [("Authorization", SEED), ("X-CAP-API-AUTH-ORG-ID", org)];
        assert_eq!(sandbox.send("POST", ISSUE, &headers, &body).unwrap().status, status, "{org}");
    }
    let headers = [("Authorization", DEMO), ("X-CAP-API-AUTH-ORG-ID", "1")];
    let answer = sandbox.send("POST", REDEEM, &headers, "{}").unwrap();
    assert_eq!((answer.status, answer.json()), (403, example("auth/v1.1-no-resource-access.403.json")));
}

#[test]
fn an_unknown_path_is_404_and_a_wrong_method_405() {
    let sandbox = Running::start();
    assert_eq!(sandbox.call("POST", "/nowhere", &json!({})).error(), (404, 404));
    assert_eq!(sandbox.call("PUT", ISSUE, &json!({})).error(), (405, 405));
    assert_eq!(sandbox.holds()["calls"]["count"], 2);
}

#[test]
fn the_ledger_tells_who_called_what_and_whether_work_was_done() {
    let sandbox = Running::start();
    let headers = [("Authorization", DEMO), ("X-Countersign-Request-Id", "0198-x")];
    sandbox.send("POST", ISSUE, &headers, &issue("a", &json!([1])).to_string()).unwrap();
    sandbox.send("POST", ISSUE, &headers, &issue("a", &json!([1])).to_string()).unwrap();
    let calls = &sandbox.holds()["calls"];
    assert_eq!((&calls["count"], &calls["workDone"]), (&json!(2), &json!(1)));
    let first = &calls["received"][0];
    assert_eq!(first["countersignRequestId"], "0198-x");
    assert_eq!(first["path"], ISSUE);
    assert_eq!(first["requestId"], "a");
    assert_eq!((&first["status"], &first["workDone"]), (&json!(200), &json!(true)));
    let second = &calls["received"][1];
    assert_eq!((&second["status"], &second["workDone"]), (&json!(400), &json!(false)));
}

#[test]
fn a_connection_closed_before_the_work_shows_no_byte_and_leaves_no_trace() {
    let sandbox = Running::start();
    assert_eq!(sandbox.set_fault(&json!({"close": "before"})).status, 201);
    let body = issue("a", &json!([1]));
    assert!(sandbox.send("POST", ISSUE, &[("Authorization", DEMO)], &body.to_string()).is_none());
    let holds = sandbox.holds();
    assert_eq!(holds["enrolments"].as_array().unwrap().len(), 2);
    assert_eq!(holds["calls"]["received"][0]["status"], Value::Null);
    assert_eq!(holds["calls"]["received"][0]["workDone"], false);
    assert_eq!(sandbox.call("POST", ISSUE, &body).status, 200);
}

#[test]
fn a_connection_closed_after_the_work_shows_no_byte_and_the_work_is_done() {
    let sandbox = Running::start();
    for (method, path, body) in [
        ("POST", ISSUE, issue("a", &json!([1]))),
        ("PUT", STATUS, json!({"reason": "testing", "label": "Suspended"})),
    ] {
        sandbox.set_fault(&json!({"close": "after"}));
        assert!(sandbox.send(method, path, &[("Authorization", DEMO)], &body.to_string()).is_none());
    }
    let holds = sandbox.holds();
    assert_eq!(holds["enrolments"].as_array().unwrap().len(), 3);
    assert_eq!(holds["statuses"].as_array().unwrap().len(), 1);
    assert_eq!(holds["calls"]["workDone"], 2);
    assert_eq!(sandbox.call("POST", ISSUE, &issue("a", &json!([1]))).error(), (400, 809));
}

#[test]
fn a_status_fault_answers_without_doing_the_work_as_often_as_it_was_asked() {
    let sandbox = Running::start();
    sandbox.set_fault(&json!({"path": ISSUE, "times": 2, "status": 503}));
    let body = issue("a", &json!([1]));
    assert_eq!(sandbox.call("POST", EARN, &earn("a", EARN_BADGE)).status, 200);
    assert_eq!(sandbox.call("POST", ISSUE, &body).error(), (503, 503));
    assert_eq!(sandbox.holds()["faults"][0]["times"], 1);
    assert_eq!(sandbox.call("POST", ISSUE, &body).status, 503);
    assert_eq!(sandbox.call("POST", ISSUE, &body).status, 200);
    for status in [200, 204, 302] {
        sandbox.set_fault(&json!({"status": status}));
        assert_eq!(sandbox.call("POST", ISSUE, &body).status, status);
    }
}

#[test]
fn a_delayed_answer_is_held_back_after_the_work_was_done() {
    let sandbox = Running::start();
    sandbox.set_fault(&json!({"delay_ms": 50}));
    let started = std::time::Instant::now();
    assert_eq!(sandbox.call("POST", ISSUE, &issue("a", &json!([1]))).status, 200);
    assert!(started.elapsed().as_millis() >= 50);
}

#[test]
fn faults_are_listed_and_cleared() {
    let sandbox = Running::start();
    sandbox.set_fault(&json!({"path": "/v1.1", "close": "after"}));
    let listed = sandbox.send("GET", "/sandbox/faults", &[], "").unwrap();
    assert_eq!(listed.json(), json!({"faults": [{"path": "/v1.1", "times": 1, "close": "after"}]}));
    assert_eq!(sandbox.send("DELETE", "/sandbox/faults", &[], "").unwrap().status, 204);
    assert_eq!(sandbox.holds()["faults"], json!([]));
}

#[test]
fn a_fault_that_makes_no_sense_is_refused() {
    let sandbox = Running::start();
    for fault in [
        json!({}),
        json!({"status": 503, "times": 0}),
        json!({"status": 503, "close": "after"}),
        json!({"status": 99}),
        json!({"delay_ms": 600_001}),
        json!({"close": "sometimes"}),
        json!({"delay": 1}),
    ] {
        let answer = sandbox.set_fault(&fault);
        assert_eq!(answer.status, 400, "{fault}");
        assert!(answer.json()["error"].is_string());
    }
}

#[test]
fn a_reset_brings_back_the_start() {
    let sandbox = Running::start();
    let at_start = sandbox.holds();
    sandbox.replay(&example("issue-badge.request.json"));
    sandbox.set_fault(&json!({"status": 503}));
    assert_eq!(sandbox.send("POST", "/sandbox/reset", &[], "").unwrap().status, 204);
    assert_eq!(sandbox.holds(), at_start);
    assert_eq!(sandbox.replay(&example("issue-badge.request.json")).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_as_a_task_of_a_tokio_runtime() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = super::start(listener, crate::clock::Clock::system()).unwrap();
    let handle = server.handle();
    let running = tokio::spawn(server);
    assert!(tokio::net::TcpStream::connect(address).await.is_ok());
    handle.stop(true).await;
    running.await.unwrap().unwrap();
}
