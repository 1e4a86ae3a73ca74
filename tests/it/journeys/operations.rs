//! What operators see: health, metrics, references, and what unknown paths get.

use serde_json::json;

use crate::support::app::{App, Wishes};
use crate::support::people::BASE;
use crate::support::{On, eventually, journeys};

journeys![
    a_running_server_is_live_and_ready,
    a_server_whose_executor_does_not_run_is_not_ready,
    a_database_of_an_older_version_is_not_ready,
    metrics_count_what_happened_and_name_nobody,
    a_reference_is_kept_and_answered,
    a_reference_that_is_no_word_is_replaced,
    a_traceparent_is_kept_and_answered,
    unknown_paths_and_methods_get_the_same_shape,
    the_bare_address_leads_to_the_pages,
    the_openapi_document_is_served,
];

async fn a_running_server_is_live_and_ready(on: On) {
    let app = App::start(on).await;
    assert_eq!(app.get("/health/live").await.expect(200), json!({ "status": "ok" }));
    let ready = eventually("the server is ready", async || {
        let reply = app.get("/health/ready").await;
        (reply.status == 200).then_some(reply.body)
    })
    .await;
    let checks = json!({ "database": "ok", "migrations": "ok", "executor": "ok", "rules": "ok" });
    assert_eq!(ready, json!({ "status": "ok", "checks": checks }));
}

async fn a_server_whose_executor_does_not_run_is_not_ready(on: On) {
    let app = App::with(on, Wishes::stepped()).await;
    let checks = json!({ "database": "ok", "migrations": "ok", "executor": "failing", "rules": "ok" });
    let body = app.get("/health/ready").await.expect(503);
    assert_eq!(body, json!({ "status": "failing", "checks": checks }));
    app.get("/health/live").await.expect(200);
}

async fn a_database_of_an_older_version_is_not_ready(on: On) {
    let app = App::with(on, Wishes::stepped()).await;
    app.tamper("DELETE FROM __diesel_schema_migrations");
    let checks = json!({ "database": "ok", "migrations": "failing", "executor": "failing", "rules": "ok" });
    assert_eq!(app.get("/health/ready").await.expect(503)["checks"], checks);
}

async fn metrics_count_what_happened_and_name_nobody(on: On) {
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

async fn a_reference_is_kept_and_answered(on: On) {
    let app = App::start(on).await;
    let call =
        app.maker().call("GET", "/requests/nothing").header("x-cap-request-id", "support-case.1:a-b_c");
    let reply = call.send().await;
    assert_eq!(reply.header("x-cap-request-id"), Some("support-case.1:a-b_c"));
    let body = reply.refused(404, "not_found");
    assert_eq!(body["errors"][0]["reference"], "support-case.1:a-b_c");
}

async fn a_reference_that_is_no_word_is_replaced(on: On) {
    let app = App::start(on).await;
    for sent in ["", "with space", "\"quoted\"", &"x".repeat(129)] {
        let reply = app.call("GET", "/health/live").header("x-cap-request-id", sent).send().await;
        let own = reply.header("x-cap-request-id").unwrap();
        assert!(own.len() == 32 && own.bytes().all(|byte| byte.is_ascii_hexdigit()), "{own}");
    }
}

async fn a_traceparent_is_kept_and_answered(on: On) {
    let app = App::start(on).await;
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let reply = app.call("GET", "/health/live").header("traceparent", good).send().await;
    assert_eq!(reply.header("traceparent"), Some(good));
    let reply = app.call("GET", "/health/live").header("traceparent", "nonsense").send().await;
    assert_eq!(reply.header("traceparent"), None);
}

async fn unknown_paths_and_methods_get_the_same_shape(on: On) {
    let app = App::start(on).await;
    let base = |path: &str| format!("{BASE}{path}");
    for path in ["/nothing", &base("/requests/a/b/c"), &base("/ISSUE-BADGE/more")] {
        app.get(path).await.refused(404, "not_found");
    }
    for (method, path, allow) in [
        ("DELETE", base("/ISSUE-BADGE"), "POST, PUT"),
        ("GET", base("/ISSUE-BADGE"), "POST, PUT"),
        ("POST", base("/requests"), "GET"),
        ("DELETE", base("/requests/019d0000-0000-7000-8000-000000000000"), "GET"),
        ("GET", base("/requests/019d0000-0000-7000-8000-000000000000/withdraw"), "POST"),
        ("POST", "/health/live".to_owned(), "GET"),
        ("POST", "/".to_owned(), "GET"),
    ] {
        let reply = app.call(method, &path).send().await;
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        reply.refused(405, "method_not_allowed");
    }
}

async fn the_bare_address_leads_to_the_pages(on: On) {
    let app = App::start(on).await;
    let reply = app.get("/").await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/ui")));
}

async fn the_openapi_document_is_served(on: On) {
    let app = App::start(on).await;
    let document = app.get("/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, countersign::api::openapi::document(&countersign::catalog::embedded()));
}
