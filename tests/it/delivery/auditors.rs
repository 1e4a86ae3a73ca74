//! Auditors read what was sent to whom, and have it sent again.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::hook::{subscription, told};
use crate::support::target::Target;
use crate::support::{On, eventually, journeys};

async fn start(on: On, options: AppOptions) -> (App, Target) {
    let hook = Target::start().await;
    let text = subscription("own", &hook, "countersign", "");
    let options = options.with_targets([hook.address]).with_subscriptions(&text);
    (App::with(on, options).await, hook)
}

async fn deliveries(app: &App, query: &str) -> Vec<Value> {
    app.auditor().get(&format!("/deliveries{query}")).await.data().as_array().cloned().unwrap()
}

async fn an_auditor_reads_deliveries_with_their_attempts_and_answers(on: On) {
    let (app, hook) = start(on, AppOptions::stepped()).await;
    hook.will_answer(503, "text/plain", format!("not now{}", "!".repeat(5_000)).as_bytes());
    let request = app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    let found = deliveries(&app, "").await;
    let [waiting] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&waiting["state"], &waiting["endedAt"]), (&json!("waiting"), &json!(null)));
    assert_eq!(waiting["change"], json!({ "seq": 3, "type": "submitted", "from": null, "to": "AdminTask" }));
    assert!(waiting["nextAttemptAt"].is_string());
    let attempt = &waiting["attempts"][0];
    assert_eq!((&attempt["attempt"], &attempt["status"]), (&json!(1), &json!(503)));
    let answer = attempt["answer"].as_str().unwrap();
    assert!(answer.starts_with("not now!") && answer.len() == 1_024, "{}", answer.len());

    app.clock.advance(TimeDelta::seconds(6));
    app.run_due_deliveries().await;
    let found =
        deliveries(&app, &format!("?requestId={}&state=delivered&subscription=own", request.id)).await;
    assert_eq!(found[0]["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&found[0]["requestId"], &found[0]["deliveryId"]),
        (&json!(request.id), &waiting["deliveryId"])
    );
    assert!(found[0].get("nextAttemptAt").is_none());
    assert!(deliveries(&app, "?state=given_up").await.is_empty());
    assert!(deliveries(&app, "?subscription=other").await.is_empty());
}

async fn pages_of_deliveries_are_linked(on: On) {
    let (app, _hook) = start(on, AppOptions::stepped()).await;
    let mut wanted = Vec::new();
    for _ in 0..5 {
        wanted.insert(0, app.maker().submitted(&app.badge()).await.id);
        app.run_due_deliveries().await;
    }
    let (mut got, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.auditor().get(&format!("/deliveries?limit=2&after={after}")).await.body;
        let ids = page["data"].as_array().unwrap().iter();
        got.extend(ids.map(|one| one["requestId"].as_str().unwrap().to_owned()));
        match page["pagination"]["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(got, wanted);
    let moved = app.auditor().get(&format!("/deliveries?limit=2&state=waiting&after={after}")).await;
    assert_eq!(moved.status, 400, "{}", moved.text);
}

async fn only_auditors_of_the_org_read_and_send_again(on: On) {
    let (app, hook) = start(on, AppOptions::stepped()).await;
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    let id = deliveries(&app, "").await[0]["deliveryId"].as_str().unwrap().to_owned();
    let again = format!("/deliveries/{id}/redeliver");
    for person in [app.maker(), app.checker()] {
        assert_eq!(person.get("/deliveries").await.status, 403);
        assert_eq!(person.call("POST", &again).send().await.status, 403);
    }
    assert_eq!(app.stranger().call("POST", &again).send().await.status, 404);
    assert_eq!(app.stranger().get("/deliveries").await.data(), json!([]));
    for unknown in ["nothing", "00000000-0000-7000-8000-000000000000", "%00"] {
        let call = app.auditor().call("POST", &format!("/deliveries/{unknown}/redeliver"));
        assert_eq!(call.send().await.status, 404, "{unknown}");
    }
    app.run_due_deliveries().await;
    assert_eq!(hook.arrived().len(), 1);
}

async fn an_ended_delivery_is_sent_again_under_its_id_and_an_open_one_is_left(on: On) {
    let (app, hook) = start(on, AppOptions::stepped()).await;
    hook.will_answer(503, "text/plain", b"not now");
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    let before = deliveries(&app, "").await.remove(0);
    let again = format!("/deliveries/{}/redeliver", before["deliveryId"].as_str().unwrap());
    let open = app.auditor().call("POST", &again).send().await.data();
    assert_eq!(open, before, "it is still on its way");
    app.clock.advance(TimeDelta::seconds(6));
    app.run_due_deliveries().await;
    let sent_again = app.auditor().call("POST", &again).send().await.data();
    assert_eq!(sent_again["state"], "waiting");
    app.run_due_deliveries().await;
    let ids: Vec<String> = told(&hook).into_iter().map(|told| told.id).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(deliveries(&app, "").await[0]["attempts"].as_array().unwrap().len(), 3);
}

async fn a_subscription_that_fails_for_a_day_is_said_on_the_readiness_check(on: On) {
    let (app, hook) = start(on, AppOptions::default().set("executor.decision_wait_ms", 0)).await;
    let ready = async || app.get("/health/ready").await;
    hook.goes_away().await;
    app.maker().submitted(&app.badge()).await;
    eventually("it fails", async || {
        let failing = app.metric("countersign_subscription_failing_seconds{subscription=\"own\"}").await;
        failing.is_some().then_some(())
    })
    .await;
    assert_eq!(ready().await.body["failingSubscriptions"], json!([]), "not for long yet");
    app.clock.advance(TimeDelta::days(1));
    eventually("it is said", async || {
        let body = ready().await.body;
        (body["failingSubscriptions"] == json!(["own"])).then_some(())
    })
    .await;
    let told = ready().await;
    assert_eq!((told.status, &told.body["checks"]["subscriptions"]), (200, &json!("failing")));
    hook.comes_back().await;
    eventually("it takes events again", async || {
        app.clock.advance(TimeDelta::hours(1));
        (ready().await.body["checks"]["subscriptions"] == json!("ok")).then_some(())
    })
    .await;
}

journeys! {
    an_auditor_reads_deliveries_with_their_attempts_and_answers,
    pages_of_deliveries_are_linked,
    only_auditors_of_the_org_read_and_send_again,
    an_ended_delivery_is_sent_again_under_its_id_and_an_open_one_is_left,
    a_subscription_that_fails_for_a_day_is_said_on_the_readiness_check,
}
