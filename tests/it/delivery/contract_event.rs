//! The contract's `requestWorkflowEvent`, compared with the contract's examples.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::hook::{subscription, told};
use crate::support::pay_out::{AUTO_APPROVED, PAY_OUT, body, type_file};
use crate::support::people::decision;
use crate::support::target::Target;
use crate::support::{On, fixture, journeys};

const REFERENCE: &str = "00112233445566778899aabbccddeeff";

const EXAMPLES: [&str; 11] = [
    "customer-status-change.pending",
    "customer-status-change.approved",
    "customer-status-change.failed",
    "earn-badge.pending",
    "earn-badge.failed",
    "goodwill-points.pending",
    "goodwill-points.approved",
    "issue-badge.pending",
    "points-redemption.approved",
    "points-redemption.failed",
    "points-redemption.rejected",
];

/// A hook, and a stepped app whose org tells it the contract's events.
async fn start(on: On, options: AppOptions) -> (App, Target) {
    let hook = Target::start().await;
    let text = subscription("feed", &hook, "requestWorkflowEvent", "");
    let app = App::with(on, options.with_targets([hook.address]).with_subscriptions(&text)).await;
    (app, hook)
}

async fn the_events_are_those_of_the_contracts_examples(on: On) {
    let (app, hook) = start(on, AppOptions::stepped()).await;
    for name in EXAMPLES {
        let mut wanted = fixture(&format!("event.{name}.json"));
        let (request_type, end) = name.split_once('.').unwrap();
        let id = submit_as_in(&app, request_type, &wanted).await;
        if end != "pending" {
            let comment = wanted["data"]["comment"].as_str().unwrap();
            let verdict = if end == "rejected" { "rejected" } else { "approved" };
            if end == "failed" {
                app.target.will_answer(400, "application/json", b"{}");
            }
            let call = app.checker().call("PUT", &format!("/{}", request_type.to_uppercase()));
            let call = call.header("x-cap-request-id", REFERENCE).json(&decision(&id, verdict, comment));
            call.send().await.data();
            app.run_due_executions().await;
        }
        app.run_due_deliveries().await;
        let got = told(&hook).pop().unwrap();
        for (own, place) in
            [(&got.event["createdAt"], "/createdAt"), (&got.event["data"]["updateTime"], "/data/updateTime")]
        {
            assert_eq!(own.as_i64(), Some(app.clock.now().timestamp_millis()), "{place}");
            *wanted.pointer_mut(place).unwrap() = own.clone();
        }
        wanted["eventId"] = got.id.as_str().into();
        wanted["refId"] = format!("90001_{id}").into();
        wanted["data"]["requestId"] = id.as_str().into();
        assert_eq!(got.event, wanted, "{name}");
        if end == "pending" {
            app.maker().withdraw(&id, "only an example").await.data();
            app.run_due_deliveries().await;
        }
    }
}

/// Submits what the example's event is about, to the recording target. Returns the request's id.
async fn submit_as_in(app: &App, request_type: &str, event: &Value) -> String {
    let mut body = app.example(&request_type.to_uppercase());
    let attributes = &event["data"]["requestAttributes"];
    let task = task(&mut body);
    task["hostname"] = app.target.url().into();
    task["body"] = attributes["body"].clone();
    if let Some(parameters) = attributes.get("queryParams") {
        task["queryParams"] = parameters.clone();
    }
    let call = app.maker().call("POST", &format!("/{}", request_type.to_uppercase()));
    let data = call.header("x-cap-request-id", REFERENCE).json(&body).send().await.data();
    data["requestId"].as_str().unwrap().to_owned()
}

async fn a_request_that_nobody_had_to_decide_sends_its_end_only(on: On) {
    let options = AppOptions::stepped().with_type(&type_file("", AUTO_APPROVED));
    let (app, hook) = start(on, options).await;
    app.maker().pays(&body(&app, "anna", 5)).await;
    app.run_due_deliveries().await;
    assert!(hook.arrived().is_empty());
    app.run_due_executions().await;
    app.run_due_deliveries().await;
    let told = told(&hook);
    let [end] = told.as_slice() else { panic!("{told:?}") };
    let data = end.event["data"].as_object().unwrap();
    assert_eq!((&data["currentRequestState"], &data["requestType"]), (&json!("approved"), &json!("PAY_OUT")));
    for name in ["checkerId", "comment", "previousRequestState"] {
        assert!(!data.contains_key(name), "{name}: {data:?}");
    }
}

async fn withdrawn_expired_and_unknown_are_states_of_their_own(on: On) {
    let (app, hook) = start(on, AppOptions::stepped()).await;
    let states = async |app: &App| {
        app.run_due_deliveries().await;
        let last = told(&hook).pop().unwrap().event["data"].clone();
        (last["currentRequestState"].clone(), last["previousRequestState"].clone(), last["checkerId"].clone())
    };
    let withdrawn = app.maker().submitted(&app.badge_to_target()).await;
    app.maker().withdraw(&withdrawn.id, "a mistake").await.data();
    assert_eq!(states(&app).await, (json!("withdrawn"), json!("AdminTask"), json!(null)));

    let unknown = app.maker().submitted(&app.badge_to_target()).await;
    app.target.will_hang_up();
    app.checker().approve_async(&unknown.id).await.data();
    app.run_due_executions().await;
    assert_eq!(states(&app).await, (json!("unknown"), json!("AdminTask"), json!(400_002)));

    app.maker().submitted(&app.badge_to_target()).await;
    app.clock.advance(TimeDelta::days(400));
    app.sweep().await;
    assert_eq!(states(&app).await, (json!("expired"), json!("AdminTask"), json!(null)));
}

async fn what_is_hidden_stands_as_dots(on: On) {
    let hidden = type_file("fields = { masked = [\"/body/card\"], secret = [\"/body/pin\"] }", AUTO_APPROVED);
    let (app, hook) = start(on, AppOptions::stepped().with_type(&hidden)).await;
    let mut body = body(&app, "anna", 5);
    task(&mut body)["body"]["card"] = "4111-1111".into();
    task(&mut body)["body"]["pin"] = "9876".into();
    app.maker().submit(PAY_OUT, &body).await.data();
    app.run_due_executions().await;
    app.run_due_deliveries().await;
    let [arrived] = hook.arrived().try_into().unwrap();
    assert!(!arrived.body.contains("4111-1111") && !arrived.body.contains("9876"), "{}", arrived.body);
    let data = &told(&hook)[0].event["data"];
    let sent = &data["requestAttributes"]["body"];
    assert_eq!(
        (&sent["card"], &sent["pin"], &sent["customer"]),
        (&json!("••••"), &json!("••••"), &json!("anna"))
    );
}

journeys! {
    the_events_are_those_of_the_contracts_examples,
    a_request_that_nobody_had_to_decide_sends_its_end_only,
    withdrawn_expired_and_unknown_are_states_of_their_own,
    what_is_hidden_stands_as_dots,
}
