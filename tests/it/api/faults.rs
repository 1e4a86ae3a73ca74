//! Every fault of a submission or a decision is reported at once, with a pointer, and nothing is stored.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::app::{App, task};
use crate::support::people::decision;
use crate::support::{On, journeys};

journeys![
    every_fault_of_a_submission_is_reported_at_once,
    duplicate_members_are_refused_at_any_depth,
    nesting_ends_at_a_depth_of_32,
    headers_that_the_maker_may_not_set_are_refused,
    a_host_is_scheme_host_and_port_and_nothing_else,
    path_and_method_are_the_types_own,
    a_decision_names_each_of_its_faults,
    what_the_contract_leaves_open_is_accepted,
];

/// The pointers that a refused submission names.
async fn fields(app: &App, body: &str) -> BTreeSet<String> {
    let reply = app.maker().call("POST", "/ISSUE-BADGE").text(body).send().await;
    let body = reply.expect(400);
    let errors = body["errors"].as_array().unwrap().clone();
    errors.into_iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

const TASK: &str = "/payload/IntouchAPITask-Payload";

fn set(pointers: &[&str]) -> BTreeSet<String> {
    pointers.iter().map(|pointer| pointer.replace('~', TASK)).collect()
}

async fn every_fault_of_a_submission_is_reported_at_once(on: On) {
    let app = App::start(on).await;
    let mut body = app.badge();
    body["unknown"] = 1.into();
    body["entityInfo"]["tillId"] = 7.into();
    body["entityInfo"]["more"] = "x".into();
    body["payload"]["another"] = json!({});
    let wrong = task(&mut body);
    wrong["surplus"] = true.into();
    wrong["queryParams"] = json!({ "n": 1 });
    wrong["pathParams"] = json!({ "id": "1" });
    wrong["body"]["customers"] = json!([1, "2"]);
    wrong["body"]["triggeredBy"]["ownerType"] = "Nobody".into();
    wrong["headers"]["x-number"] = 1.into();
    let found = fields(&app, &body.to_string()).await;
    let expected = set(&[
        "/unknown",
        "/entityInfo/tillId",
        "/entityInfo/more",
        "/payload/another",
        "~/surplus",
        "~/queryParams/n",
        "~/pathParams/id",
        "~/body/customers/1",
        "~/body/triggeredBy/ownerType",
        "~/headers/x-number",
    ]);
    assert_eq!(found, expected);
    let missing = fields(&app, "{}").await;
    assert!(missing.contains("/entityInfo") && missing.contains("/payload"), "{missing:?}");
    assert_eq!(app.checker().lists("").await, [] as [&str; 0]);
}

async fn duplicate_members_are_refused_at_any_depth(on: On) {
    let app = App::start(on).await;
    let text = app.badge().to_string();
    let twice = text.replacen("\"referenceId\":", "\"referenceId\":\"1\",\"referenceId\":", 1);
    assert_eq!(fields(&app, &twice).await, set(&["~/body/triggeredBy/referenceId"]));
    let escaped = text.replacen("{\"entityInfo\":", "{\"entity\\u0049nfo\":{},\"entityInfo\":", 1);
    assert!(fields(&app, &escaped).await.contains("/entityInfo"));
}

async fn nesting_ends_at_a_depth_of_32(on: On) {
    let app = App::start(on).await;
    // The body's members are four deep, so 28 more lists reach the limit.
    let nested = |lists: usize| {
        let mut body = app.badge();
        let deep = format!("{}1{}", "[".repeat(lists), "]".repeat(lists));
        task(&mut body)["body"]["deep"] = serde_json::from_str(&deep).unwrap();
        body
    };
    app.maker().submitted(&nested(28)).await;
    assert_eq!(fields(&app, &nested(29).to_string()).await.len(), 1);
}

async fn headers_that_the_maker_may_not_set_are_refused(on: On) {
    let app = App::start(on).await;
    for name in [
        "Host",
        "content-length",
        "User-Agent",
        "traceparent",
        "X-Countersign-Request-Id",
        "Connection",
        "Transfer-Encoding",
        "TE",
        "Upgrade",
        "bad name",
        "AUTHORIZATION",
    ] {
        let mut body = app.badge();
        task(&mut body)["headers"][name] = "x".into();
        let found = fields(&app, &body.to_string()).await;
        assert_eq!(found, set(&[&format!("~/headers/{name}")]), "{name}");
    }
    for value in ["a\r\nx-injected: 1", "nul\0", " padded", "tab\t"] {
        let mut body = app.badge();
        task(&mut body)["headers"]["accept"] = value.into();
        assert_eq!(fields(&app, &body.to_string()).await, set(&["~/headers/accept"]), "{value:?}");
    }
}

async fn a_host_is_scheme_host_and_port_and_nothing_else(on: On) {
    let app = App::start(on).await;
    let port = app.sandbox.address.port();
    for hostname in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/path"),
        format!("http://user@127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}?x"),
        format!("http://127.0.0.1:{port}#x"),
        format!("127.0.0.1:{port}"),
        format!("ftp://127.0.0.1:{port}"),
        // Not on the list, although some are the same machine.
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://127.1:{port}"),
        format!("http://2130706433:{port}"),
        "http://127.0.0.1".to_owned(),
        "http://169.254.169.254".to_owned(),
    ] {
        let mut body = app.badge();
        task(&mut body)["hostname"] = hostname.as_str().into();
        assert_eq!(fields(&app, &body.to_string()).await, set(&["~/hostname"]), "{hostname}");
    }
}

async fn path_and_method_are_the_types_own(on: On) {
    let app = App::start(on).await;
    let mut body = app.badge();
    task(&mut body)["method"] = "DELETE".into();
    task(&mut body)["path"] = "/api_gateway/v1/badges/../admin".into();
    assert_eq!(fields(&app, &body.to_string()).await, set(&["~/method", "~/path"]));
    let earn = app.example("EARN-BADGE");
    app.maker().submit("ISSUE-BADGE", &earn).await.refused(400, "payload_invalid");
}

async fn a_decision_names_each_of_its_faults(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let faults = async |body: &Value| {
        let body = app.checker().decide("ISSUE-BADGE", body).await.refused(400, "payload_invalid");
        let errors = body["errors"].as_array().unwrap().clone();
        let fields = errors.into_iter().map(|error| error["field"].as_str().unwrap().to_owned());
        fields.collect::<BTreeSet<String>>()
    };
    assert_eq!(faults(&json!({})).await, set(&["/requestId", "/actionName", "/payload"]));
    let mut body = decision(&id, "maybe", "agreed");
    body["more"] = 1.into();
    body["actionName"] = 1.into();
    body["payload"]["AdminTask-Payload"]["digest"] = json!(null);
    let ballot = "/payload/AdminTask-Payload";
    let expected = [format!("{ballot}/actionDecision"), format!("{ballot}/digest")];
    let expected: Vec<&str> = expected.iter().map(String::as_str).chain(["/more", "/actionName"]).collect();
    assert_eq!(faults(&body).await, set(&expected));
    let body = decision("no id", "approved", "");
    app.checker().decide("ISSUE-BADGE", &body).await.refused(404, "not_found");
    assert_eq!(app.maker().request(&id).await["state"], "AdminTask");
}

async fn what_the_contract_leaves_open_is_accepted(on: On) {
    let app = App::start(on).await;
    for owner in ["LOYALTY", "Loyalty_Promotion", "HISTORICAL_IMPORT"] {
        let mut body = app.badge();
        task(&mut body)["body"]["triggeredBy"]["ownerType"] = owner.into();
        let shown = app.maker().submitted(&body).await.data;
        let stored = &shown["details"]["IntouchAPITask-Payload"]["body"]["triggeredBy"]["ownerType"];
        assert!(stored.as_str().unwrap().chars().any(char::is_lowercase), "{owner} became {stored}");
    }
    let mut body = app.badge();
    task(&mut body)["body"]["requestId"] = serde_json::from_str("12345678901234567890").unwrap();
    task(&mut body)["body"]["undocumented"] = json!({ "passes": [1, null] });
    task(&mut body)["queryParams"] = json!({});
    let shown = app.maker().submitted(&body).await.data;
    let shown = &shown["details"]["IntouchAPITask-Payload"];
    assert_eq!(shown["body"]["requestId"].to_string(), "12345678901234567890");
    assert_eq!(shown["body"]["undocumented"], json!({ "passes": [1, null] }));
    assert_eq!(shown["queryParams"], json!({}));
    let mut retro = app.example("RETRO-TRANSACTION");
    task(&mut retro)["body"]["customFields"] = json!({ "any": { "thing": [1.50] } });
    app.maker().submit("RETRO-TRANSACTION", &retro).await.expect(200);
}
