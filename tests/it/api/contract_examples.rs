//! The contract's own examples, from the maker's call to the target's answer, in the documented shapes.

use serde_json::{Value, json};

use crate::support::app::{App, task};
use crate::support::people::decision;
use crate::support::{On, fixture, journeys, without_explanation};

journeys![
    issue_badge_runs_as_documented,
    earn_badge_runs_as_documented,
    customer_status_change_runs_as_documented,
    points_redemption_runs_as_documented,
    a_repeated_points_redemption_fails_as_documented,
    goodwill_points_run_as_documented,
    retro_transaction_runs_as_documented,
    the_body_of_the_issue_badge_page_runs,
    a_rejection_has_the_documented_shape,
    one_request_and_a_list_have_the_documented_shapes,
];

/// Asserts that everything documented is there, of the documented type. More members may be there.
#[track_caller]
fn assert_shape(documented: &Value, actual: &Value, at: &str) {
    // The contract does not fix which headers a target sends, only that each is a list of texts.
    if at.ends_with("IntouchAPITask_Output/headers") {
        let headers = actual.as_object().unwrap_or_else(|| panic!("{at}: {actual}"));
        let is_texts = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
        assert!(headers.values().all(is_texts), "{at}: {actual}");
        return;
    }
    match (documented, actual) {
        (Value::Object(documented), Value::Object(actual)) => {
            for (name, value) in documented {
                let found = actual.get(name).unwrap_or_else(|| panic!("{at} lacks {name}"));
                assert_shape(value, found, &format!("{at}/{name}"));
            }
        }
        (Value::Array(documented), Value::Array(actual)) => {
            if let Some(first) = documented.first() {
                assert!(!actual.is_empty(), "{at} is empty");
                actual.iter().for_each(|item| assert_shape(first, item, &format!("{at}[]")));
            }
        }
        _ => assert_eq!(kind(documented), kind(actual), "{at}: {documented} became {actual}"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// The task of a documented answer, as this run should show it.
fn documented_task(documented: &Value, sent: &Value) -> Value {
    let mut task = documented["data"]["details"]["IntouchAPITask-Payload"].clone();
    task["hostname"] = sent["payload"]["IntouchAPITask-Payload"]["hostname"].clone();
    task
}

fn masked(mut task: Value) -> Value {
    task["headers"]["Authorization"] = "Basic ••••".into();
    task
}

/// Submits an example and compares the answer with the documented one.
async fn submit_as_documented(app: &App, request_type: &str) -> (String, Value) {
    let sent = app.example(request_type);
    let answer = app.maker().submit(request_type, &sent).await.expect(200);
    let documented = fixture(&format!("{}.response.json", request_type.to_lowercase()));
    assert_shape(&documented, &answer, "");
    let data = &answer["data"];
    assert_eq!(data["state"], "AdminTask");
    assert_eq!(data["endTime"], Value::Null);
    assert_eq!(data["userId"], 400_001);
    assert_eq!(data["userName"], "maker@example.com");
    assert_eq!(data["requestType"], request_type.to_lowercase());
    assert_eq!(data["startTime"], "2026-03-01T12:00:00");
    assert_eq!(data["details"]["ValidateMakerAccess_Output"], true);
    assert_eq!(data["details"]["ValidatePayload_Output"], true);
    assert_eq!(data["details"]["IntouchAPITask-Payload"], documented_task(&documented, &sent));
    (data["requestId"].as_str().unwrap().to_owned(), documented_task(&documented, &sent))
}

/// Approves it and compares with the documented answer; `executed` replaces what the contract's
/// examples call `approved`.
async fn approve_as_documented(app: &App, request_type: &str, id: &str, file: &str) -> Value {
    let message = fixture("approve.request.json");
    let mut body = message.clone();
    body["requestId"] = id.into();
    let answer = app.checker().decide(request_type, &body).await.expect(200);
    let documented = fixture(file);
    assert_shape(&documented, &answer, "");
    let data = &answer["data"];
    let state = documented["data"]["state"].as_str().unwrap();
    assert_eq!(data["state"], if state == "approved" { "executed" } else { state }, "{data}");
    assert_eq!(data["details"]["AdminTask_Output"], "approved");
    assert_eq!(data["details"]["AdminTask-Payload"], message["payload"]["AdminTask-Payload"]);
    assert_eq!(data["details"]["ValidateCheckerAccess_Output"], true);
    assert_eq!(data["endTime"], "2026-03-01T12:00:00");
    assert_eq!(without_explanation(app.auditor().request(id).await), *data);
    data.clone()
}

async fn runs_as_documented(on: On, request_type: &str) -> Value {
    let app = App::start(on).await;
    let (id, task) = submit_as_documented(&app, request_type).await;
    let file = format!("approve.{}.approved.response.json", request_type.to_lowercase());
    let data = approve_as_documented(&app, request_type, &id, &file).await;
    assert_eq!(data["details"]["IntouchAPITask-Payload"], masked(task));
    assert_eq!(app.sandbox.calls().await["workDone"], 1);
    data
}

async fn issue_badge_runs_as_documented(on: On) {
    let data = runs_as_documented(on, "ISSUE-BADGE").await;
    assert_eq!(data["details"]["IntouchAPITask-Payload"]["body"]["customers"], json!([100_200_300]));
    assert!(data["details"]["IntouchAPITask-Payload"].get("queryParams").is_none());
    // Nine decimals, each of which reaches the client.
    let expires = data["details"]["IntouchAPITask_Output"]["body"]["data"]["expiresOn"].to_string();
    assert_eq!(expires, "1926235957.000000000");
}

async fn earn_badge_runs_as_documented(on: On) {
    runs_as_documented(on, "EARN-BADGE").await;
}

async fn customer_status_change_runs_as_documented(on: On) {
    let data = runs_as_documented(on, "CUSTOMER-STATUS-CHANGE").await;
    let url = data["call"]["url"].as_str().unwrap();
    let query =
        "source=INSTORE&accountId=&use_async=false&identifierName=mobile&identifierValue=910000000001";
    assert!(url.ends_with(&format!("/v2/customers/lookup/status?{query}")), "{url}");
}

async fn points_redemption_runs_as_documented(on: On) {
    let app = App::start(on).await;
    let (id, _) = submit_as_documented(&app, "POINTS-REDEMPTION").await;
    let data = app.checker().decide("POINTS-REDEMPTION", &decision(&id, "approved", "")).await.data();
    assert_eq!(data["state"], "executed");
    assert_eq!(app.sandbox.holds().await["redemptions"][0]["points"], 100);
}

async fn a_repeated_points_redemption_fails_as_documented(on: On) {
    let app = App::start(on).await;
    let (first, _) = submit_as_documented(&app, "POINTS-REDEMPTION").await;
    app.checker().decide("POINTS-REDEMPTION", &decision(&first, "approved", "")).await.data();
    let (second, _) = submit_as_documented(&app, "POINTS-REDEMPTION").await;
    let file = "approve.points-redemption.failed.response.json";
    let data = approve_as_documented(&app, "POINTS-REDEMPTION", &second, file).await;
    assert_eq!(data["details"]["IntouchAPITask_Output"]["status"], 200);
    assert_eq!(app.sandbox.calls().await["workDone"], 1);
}

async fn goodwill_points_run_as_documented(on: On) {
    let data = runs_as_documented(on, "GOODWILL-POINTS").await;
    assert_eq!(data["details"]["IntouchAPITask_Output"]["status"], 201);
    assert_eq!(data["details"]["IntouchAPITask-Payload"]["queryParams"], json!({}));
}

async fn retro_transaction_runs_as_documented(on: On) {
    let app = App::start(on).await;
    let (id, _) = submit_as_documented(&app, "RETRO-TRANSACTION").await;
    let file = "retro-transaction.auto-approved.response.json";
    let data = approve_as_documented(&app, "RETRO-TRANSACTION", &id, file).await;
    assert_eq!(data["details"]["IntouchAPITask_Output"]["status"], 201);
}

/// The body of the contract's page on issuing a badge, with another hostname.
fn seed_body(app: &App) -> Value {
    json!({
        "entityInfo": {
            "tillId": "50682289", "storeId": "50682288", "zoneId": "50682286", "conceptId": "50678331",
        },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": app.sandbox.url(),
            "path": "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
            "method": "POST",
            "pathParams": {},
            "body": {
                "triggeredBy": { "ownerType": "Goodwill_Module", "referenceId": "134" },
                "customers": 113_460_811,
                "requestId": "e7requestd62c5ec5d115a2859228cefd9ee8cgh",
                "badgeMetaId": "658de01c823d1b70aabcfaae",
            },
            "headers": {
                "Authorization": "Basic YWIxMjQ6MjVkNTVhZDI4M2FhNDAwYWY0NjRjNzZkNzEzYzA3YWQ=",
                "content-type": "application/json",
            },
        } },
    })
}

async fn the_body_of_the_issue_badge_page_runs(on: On) {
    let app = App::start(on).await;
    let mut sent = seed_body(&app);
    let submitted = app.maker().submitted(&sent).await;
    task(&mut sent)["body"]["customers"] = json!([113_460_811]);
    assert_eq!(submitted.data["details"]["IntouchAPITask-Payload"], *task(&mut sent));
    assert_shape(&fixture("issue-badge.response.json")["data"], &submitted.data, "data");
    let data = app.checker().approve(&submitted.id).await.data();
    assert_eq!(data["state"], "executed", "{data}");
    let held = app.sandbox.holds().await;
    let is_ours = |one: &&Value| one["customerId"] == 113_460_811;
    assert_eq!(held["enrolments"].as_array().unwrap().iter().filter(is_ours).count(), 1);
    let entity = &app.auditor().history(&submitted.id).await[0]["entityInfo"];
    assert_eq!(*entity, sent["entityInfo"]);
}

async fn a_rejection_has_the_documented_shape(on: On) {
    let app = App::start(on).await;
    let (id, _) = submit_as_documented(&app, "POINTS-REDEMPTION").await;
    let mut body = fixture("reject.request.json");
    body["requestId"] = id.into();
    let answer = app.checker().decide("POINTS-REDEMPTION", &body).await.expect(200);
    assert_shape(&fixture("inferred/reject.points-redemption.response.json"), &answer, "");
    assert_eq!(answer["data"]["state"], "rejected");
    assert_eq!(answer["data"]["details"]["AdminTask_Output"], "rejected");
    assert!(answer["data"]["details"].get("IntouchAPITask_Output").is_none());
    assert_eq!(app.sandbox.calls().await["count"], 0);
}

async fn one_request_and_a_list_have_the_documented_shapes(on: On) {
    let app = App::start(on).await;
    let submitted = app.maker().submitted(&app.badge()).await;
    let one = app.checker().get(&format!("/requests/{}", submitted.id)).await.expect(200);
    let documented = fixture("get-request-info.response.json");
    let mut shown = documented.clone();
    // The documented one is of another type; what it wraps is compared above.
    shown["data"]["details"]["IntouchAPITask-Payload"] = json!({});
    assert_shape(&shown, &one, "");
    let list = app.checker().get("/requests?limit=5&PageNo=&conceptId=&sortOrder=asc").await.expect(200);
    let documented = fixture("get-all-requests.response.json");
    assert_shape(&documented["pagination"], &list["pagination"], "pagination");
    for row in documented["data"].as_array().unwrap() {
        for name in row.as_object().unwrap().keys().filter(|name| *name != "details") {
            assert!(list["data"][0].get(name).is_some(), "{name}");
        }
    }
    let states = "/requests?states=AdminTask,failed,approved";
    assert_eq!(app.auditor().get(states).await.data()[0], without_explanation(one["data"].clone()));
}
