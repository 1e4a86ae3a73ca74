//! What operators see: health and metrics.

use serde_json::json;

use crate::support::app::{App, AppOptions};
use crate::support::{On, eventually, journeys};

journeys![
    a_running_server_is_live_and_ready,
    a_server_whose_executor_does_not_run_is_not_ready,
    a_database_of_an_older_version_is_not_ready,
    metrics_count_what_happened_and_name_no_one,
];

async fn a_running_server_is_live_and_ready(on: On) {
    let app = App::start(on).await;
    assert_eq!(app.get("/health/live").await.expect(200), json!({ "status": "ok" }));
    let ready = eventually("the server is ready", async || {
        let reply = app.get("/health/ready").await;
        (reply.status == 200).then_some(reply.body)
    })
    .await;
    let checks = json!({
        "database": "ok", "writes": "ok", "migrations": "ok", "executor": "ok", "subscriptions": "ok", "rules": "ok",
    });
    assert_eq!((&ready["status"], &ready["checks"]), (&json!("ok"), &checks));
    assert!(ready["lastWriteAgeMs"].is_u64() && ready["lastTurnAgeMs"].is_u64(), "{ready}");
}

async fn a_server_whose_executor_does_not_run_is_not_ready(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let checks = json!({
        "database": "ok", "writes": "ok", "migrations": "ok", "executor": "failing", "subscriptions": "ok",
        "rules": "ok",
    });
    let body = app.get("/health/ready").await.expect(503);
    assert_eq!((&body["status"], &body["checks"]), (&json!("failing"), &checks));
    assert!(body["lastWriteAgeMs"].is_u64() && body["lastTurnAgeMs"].is_null(), "{body}");
    app.get("/health/live").await.expect(200);
}

async fn a_database_of_an_older_version_is_not_ready(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    app.tamper("DELETE FROM __diesel_schema_migrations");
    let checks = json!({
        "database": "ok", "writes": "ok", "migrations": "failing", "executor": "failing",
        "subscriptions": "ok", "rules": "ok",
    });
    assert_eq!(app.get("/health/ready").await.expect(503)["checks"], checks);
}

async fn metrics_count_what_happened_and_name_no_one(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().approve(&id).await.data();
    app.checker().approve(&id).await.data();
    let rejected = app.maker().submitted(&app.badge()).await.id;
    app.checker().reject(&rejected, "no").await.data();
    app.maker().submit("ISSUE-BADGE", &json!({})).await.refused(400, "payload_invalid");
    let count = async |name: &str| app.metric(name).await;
    let one = Some("1".to_owned());
    assert_eq!(count("countersign_submissions_total{type=\"ISSUE-BADGE\"}").await, Some("2".to_owned()));
    let decisions = "countersign_decisions_total{type=\"ISSUE-BADGE\",verdict";
    assert_eq!(count(&format!("{decisions}=\"approved\"}}")).await, one);
    assert_eq!(count(&format!("{decisions}=\"rejected\"}}")).await, one);
    let executions = "countersign_executions_total{type=\"ISSUE-BADGE\",outcome=\"executed\"}";
    assert_eq!(count(executions).await, one);
    assert!(count("countersign_refusals_total{code=\"payload_invalid\"}").await.is_some());
    assert_eq!(count("countersign_unknown_now").await, Some("0".to_owned()));
    let reply = app.get("/metrics").await;
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for secret in [id.as_str(), "maker@example.com", "400001", "90001", "Basic"] {
        assert!(!reply.text.contains(secret), "{secret}");
    }
}
