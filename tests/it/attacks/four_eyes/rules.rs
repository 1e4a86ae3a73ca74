//! The rules themselves are relaxed or bypassed.

use serde_json::{Value, json};

use super::{alice, app, app_of_two, bob, carol, is_not_run, kept_out, made, says, status_of_all};
use crate::support::On;
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::people::decision;

pub async fn eyes_037_someone_turns_four_eyes_off(on: On, _: Value) -> String {
    let app = app(on).await;
    let relaxed = json!({ "policy": [{ "name": "nobody", "auto_approve": true }] });
    // The path of a type can only be submitted to and decided on.
    let type_path = || format!("/{PAY_OUT}");
    let verbs = ["PATCH", "DELETE", "GET"].map(|method| (method, type_path()));
    let status = status_of_all(&app, &verbs, &relaxed).await;
    for path in ["/policies", "/types", "/settings"] {
        let calls = ["POST", "PUT", "PATCH", "DELETE"].map(|method| (method, path.to_owned()));
        assert_eq!(status_of_all(&app, &calls, &relaxed).await, "404");
    }
    let id = made(&app, alice()).await;
    let reply = says(&app, alice(), &id, "approved").await;
    kept_out(&app, (&id, reply), "maker_is_checker").await;
    status
}

pub async fn eyes_038_a_policy_is_relaxed_while_requests_wait(on: On, input: Value) -> String {
    let app = app_of_two(on).await;
    let mut waiting = Vec::new();
    for _ in 0..input["pendingRequests"].as_u64().unwrap() {
        waiting.push(made(&app, alice()).await);
    }
    app.change_type(&type_file("", "")).await;
    let new = made(&app, alice()).await;
    assert_eq!(says(&app, bob(), &new, "approved").await.data()["state"], "approved");
    for id in &waiting {
        assert_eq!(says(&app, bob(), id, "approved").await.data()["state"], "AdminTask");
    }
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1, "only what was submitted under the new policy");
    assert_eq!(says(&app, carol(), &waiting[0], "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    "old_policy_or_stricter".to_owned()
}

pub async fn eyes_040_someone_breaks_the_glass(on: On, input: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let status = status_of_all(&app, &[("POST", format!("/requests/{id}"))], &input).await;
    for verb in ["execute", "approve", "break-glass", "override"] {
        let calls = ["POST", "PUT"].map(|method| (method, format!("/requests/{id}/{verb}")));
        assert_eq!(status_of_all(&app, &calls, &input).await, "404");
    }
    let mut marked = body(&app, "c-1", 10);
    marked["breakGlass"] = true.into();
    app.actor(alice()).submit(PAY_OUT, &marked).await.refused(400, "payload_invalid");
    let mut own = decision(&id, "approved", "an emergency");
    own["breakGlass"] = true.into();
    app.actor(alice()).saying(&own).send().await.refused(400, "payload_invalid");
    is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
    status
}
