//! Countersign's own format.

use serde_json::json;

use crate::support::app::{App, AppOptions, SIGNING_SECRETS};
use crate::support::hook::{subscription, told, verified};
use crate::support::pay_out::{PAY_OUT, TWO_CHECKERS, body, type_file};
use crate::support::target::Target;
use crate::support::{On, journeys};

async fn every_change_is_told_in_its_order_with_digest_stage_and_actor(on: On) {
    let hook = Target::start().await;
    let text = subscription("own", &hook, "countersign", "types = [\"PAY-OUT\"]");
    let options = AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS)).with_targets([hook.address]);
    let app = App::with(on, options.with_subscriptions(&text)).await;
    let request = app.maker().pays(&body(&app, "anna", 5)).await;
    // Of another type, and of another org.
    app.maker().submitted(&app.badge()).await;
    app.checker().says(&request.id, "approved").await.data();
    app.other_checker().says(&request.id, "approved").await.data();
    app.run_due_executions().await;
    app.run_due_deliveries().await;
    let told = told(&hook);
    let line = |told: &crate::support::hook::Told| {
        let data = &told.event["data"];
        assert_eq!(data["digest"], request.digest.as_str());
        assert_eq!((&data["requestId"], &data["requestType"]), (&json!(request.id), &json!(PAY_OUT)));
        assert_eq!(data["eventId"], told.id.as_str());
        let text = |name: &str| data[name].as_str().unwrap_or("-").to_owned();
        let actor = data["actor"]["userName"].as_str().unwrap().to_owned();
        let event_type = told.event["type"].as_str().unwrap().to_owned();
        [event_type, text("previousState"), text("state"), text("stage"), actor].join(" ")
    };
    assert_eq!(
        told.iter().map(line).collect::<Vec<_>>(),
        [
            "submitted - AdminTask - maker@example.com",
            "approval_given AdminTask AdminTask Checkers checker@example.com",
            "approved AdminTask approved Checkers second.checker@example.com",
            "executed approved executed - system",
        ]
    );
    assert!(hook.arrived().iter().all(|arrived| !arrived.body.contains("anna")), "no payload");
}

async fn what_is_submitted_again_is_told_with_both_ends_of_the_link(on: On) {
    let hook = Target::start().await;
    let text = subscription("own", &hook, "countersign", "types = [\"PAY-OUT\"]");
    let options = AppOptions::stepped().with_type(&type_file("", "")).with_targets([hook.address]);
    let app = App::with(on, options.with_subscriptions(&text)).await;
    let old = app.maker().pays(&body(&app, "anna", 5)).await.id;
    app.checker().says(&old, "rejected").await.data();
    let again = app.maker().call("POST", &format!("/requests/{old}/submit-again")).text("{}");
    let new = again.send().await.data()["requestId"].clone();
    app.run_due_deliveries().await;
    let told = told(&hook);
    let of = |id: &serde_json::Value| -> Vec<(serde_json::Value, serde_json::Value, serde_json::Value)> {
        let own = told.iter().map(|told| &told.event).filter(|event| event["data"]["requestId"] == *id);
        own.map(|event| {
            let data = &event["data"];
            (event["type"].clone(), data["repeatOf"].clone(), data["repeatedBy"].clone())
        })
        .collect()
    };
    let none = || serde_json::Value::Null;
    assert_eq!(
        of(&json!(old)),
        [
            (json!("submitted"), none(), none()),
            (json!("rejected"), none(), none()),
            (json!("submitted_again"), none(), new.clone()),
        ]
    );
    assert_eq!(of(&new), [(json!("submitted"), json!(old), none())]);
}

async fn two_secrets_sign_while_one_is_replaced(on: On) {
    let hook = Target::start().await;
    let both = "secrets = [{ file = \"first.secret\" }, { file = \"second.secret\" }]";
    let text = subscription("own", &hook, "countersign", both);
    let options = AppOptions::stepped().with_targets([hook.address]).with_subscriptions(&text);
    let app = App::with(on, options).await;
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    verified(&hook.arrived()[0], &SIGNING_SECRETS);
    app.change_subscriptions(&subscription(
        "own",
        &hook,
        "countersign",
        "secrets = [{ file = \"second.secret\" }]",
    ))
    .await;
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    verified(&hook.arrived()[1], &SIGNING_SECRETS[1..]);
}

journeys! {
    every_change_is_told_in_its_order_with_digest_stage_and_actor,
    what_is_submitted_again_is_told_with_both_ends_of_the_link,
    two_secrets_sign_while_one_is_replaced,
}
