//! What every answer has: a reference, a trace, and one shape for unknown paths and methods.

use crate::support::app::App;
use crate::support::people::BASE;
use crate::support::{On, journeys};

journeys![
    a_reference_is_kept_and_answered,
    a_malformed_reference_is_replaced,
    a_traceparent_is_kept_and_answered,
    unknown_paths_and_methods_get_the_same_shape,
    the_bare_address_leads_to_the_pages,
    no_answer_is_taken_for_another_media_type,
];

async fn a_reference_is_kept_and_answered(on: On) {
    let app = App::start(on).await;
    let call =
        app.maker().call("GET", "/requests/nothing").header("x-cap-request-id", "support-case.1:a-b_c");
    let reply = call.send().await;
    assert_eq!(reply.header("x-cap-request-id"), Some("support-case.1:a-b_c"));
    let body = reply.refused(404, "not_found");
    assert_eq!(body["errors"][0]["reference"], "support-case.1:a-b_c");
}

async fn a_malformed_reference_is_replaced(on: On) {
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

async fn no_answer_is_taken_for_another_media_type(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let auditor = app.auditor();
    for path in [
        &format!("/requests/{id}"),
        "/requests/export?format=csv",
        "/requests/export?format=jsonl",
        "/requests?limit=0",
        "/refusals",
    ] {
        let reply = auditor.call("GET", path).send().await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    for path in ["/health/live", "/metrics", "/openapi.json", "/nothing", "/"] {
        let reply = app.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}
