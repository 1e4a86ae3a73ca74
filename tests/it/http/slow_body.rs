//! Bodies that come slowly or not at all, and answers to clients that still send.

use crate::support::app::{App, AppOptions};
use crate::support::people::Actor;
use crate::support::sending::Sending;
use crate::support::{On, journeys};
use crate::web::{deciders, signed_in};

journeys![
    a_body_without_a_token_is_refused_before_it_is_read,
    a_refused_client_that_sends_everything_reads_its_answer,
    a_refused_body_in_chunks_does_not_hold_its_connection,
    what_is_read_of_a_refused_body_has_a_limit,
    an_answer_without_a_body_reaches_a_client_that_still_sends,
    a_submission_without_permission_is_kept_without_its_body,
    a_slow_body_is_refused_and_kept_as_a_refusal,
    forms_of_pages_are_read_after_the_session_was_checked,
];

const SUBMISSION: &str = "/api_gateway/v2/request-workflow/ISSUE-BADGE";

/// The headers of a call by this person.
fn token(app: &App, actor: &Actor<'_>) -> String {
    crate::support::people::sign(&actor.person.claims(app.clock.now()))
}

async fn a_body_without_a_token_is_refused_before_it_is_read(on: On) {
    let app = App::start(on).await;
    let mut open = Vec::new();
    for _ in 0..80 {
        let mut sending = Sending::half(&app, SUBMISSION, &[("content-type", "application/json")]).await;
        let answer = sending.reads("token_invalid").await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
        open.push(sending);
    }
    app.maker().submitted(&app.badge()).await;
    assert_eq!(open.len(), 80, "all of them are still connected");
}

async fn a_refused_client_that_sends_everything_reads_its_answer(on: On) {
    let app = App::start(on).await;
    let large = vec![b' '; 256 * 1024];
    for _ in 0..20 {
        let anonymous = app.call("POST", SUBMISSION).raw("application/json", &large);
        anonymous.send().await.refused(401, "token_invalid");
        let checker = app.checker();
        let without = checker.call("POST", "/ISSUE-BADGE").raw("application/json", &large);
        without.send().await.refused(403, "permission_missing");
        let twice = [large.as_slice(), &large].concat();
        let too_large = app.maker().call("POST", "/ISSUE-BADGE").raw("application/json", &twice);
        too_large.send().await.refused(413, "body_too_large");
    }
}

async fn a_refused_body_in_chunks_does_not_hold_its_connection(on: On) {
    let app = App::start(on).await;
    let mut sending = Sending::head(&app, SUBMISSION, &[], "transfer-encoding: chunked").await;
    sending.send(b"5\r\n{\"a\":\r\n").await;
    let answer = sending.reads_to_the_end().await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

async fn what_is_read_of_a_refused_body_has_a_limit(on: On) {
    let app = App::with(on, AppOptions::stepped().set("server.body_timeout_ms", 300)).await;
    let maker = app.maker();
    let token = token(&app, &maker);
    let own = [
        ("x-cap-ui-auth-token", token.as_str()),
        ("x-cap-api-auth-org-id", &maker.person.org),
        ("content-type", "application/json"),
    ];
    // More than is read, and what the system holds for both ends of a connection.
    let endless = 256 * 1024 * 1024;
    for (path, headers, status) in [
        (SUBMISSION, [].as_slice(), "401"),
        (SUBMISSION, own.as_slice(), "413"),
        ("/nothing", [].as_slice(), "404"),
        ("/metrics", [].as_slice(), "405"),
    ] {
        for framing in ["transfer-encoding: chunked", &format!("content-length: {endless}")] {
            let sending = Sending::head(&app, path, headers, framing).await;
            let (sent, answer) = sending.floods(endless, framing.starts_with('t')).await;
            assert!(sent < endless / 2, "{path} {framing}: {sent} bytes were taken");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {framing}: {answer}");
        }
    }
}

async fn an_answer_without_a_body_reaches_a_client_that_still_sends(on: On) {
    let app = App::with(on, AppOptions::stepped().set("server.body_timeout_ms", 100)).await;
    let mut sending = Sending::head(&app, "/ui", &[], "content-length: 1000").await;
    sending.send(b"half").await;
    let answer = sending.reads_to_the_end().await;
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert!(answer.contains("\r\n\r\n"), "{answer}");
}

async fn a_submission_without_permission_is_kept_without_its_body(on: On) {
    let app = App::start(on).await;
    let checker = app.checker();
    let token = token(&app, &checker);
    let headers = [("x-cap-ui-auth-token", token.as_str()), ("x-cap-api-auth-org-id", &checker.person.org)];
    let mut sending = Sending::half(&app, SUBMISSION, &headers).await;
    let answer = sending.reads("permission_missing").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let kept = app.auditor().get("/refusals").await.data();
    assert_eq!(kept[0]["codes"], serde_json::json!(["permission_missing"]));
    assert_eq!(kept[0]["digest"], serde_json::Value::Null);
}

async fn a_slow_body_is_refused_and_kept_as_a_refusal(on: On) {
    let app = App::with(on, AppOptions::stepped().set("server.body_timeout_ms", 100)).await;
    let maker = app.maker();
    let token = token(&app, &maker);
    let headers = [
        ("x-cap-ui-auth-token", token.as_str()),
        ("x-cap-api-auth-org-id", &maker.person.org),
        ("content-type", "application/json"),
    ];
    let answer = Sending::half(&app, SUBMISSION, &headers).await.reads_to_the_end().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"body_too_slow\""), "{answer}");
    let kept = app.auditor().get("/refusals").await.data();
    assert_eq!(kept[0]["codes"], serde_json::json!(["body_too_slow"]));
    assert_eq!(kept[0]["digest"], serde_json::Value::Null);
    assert_eq!(app.auditor().lists("").await, [] as [&str; 0]);
}

async fn forms_of_pages_are_read_after_the_session_was_checked(on: On) {
    let options = AppOptions::stepped().set("server.body_timeout_ms", 100);
    let app = App::with(on, options.with_pages(&deciders())).await;
    let browser = signed_in(&app, "400002").await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let cookies: Vec<String> =
        browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = cookies.join("; ");
    for path in [
        &format!("/ui/requests/{id}/decide"),
        &format!("/ui/requests/{id}/withdraw"),
        "/ui/bulk",
        "/ui/new/ISSUE-BADGE",
        "/ui/theme",
        "/ui/org",
        "/ui/sign-in/again",
    ] {
        let mut anonymous = Sending::half(&app, path, &[form]).await;
        let answer = anonymous.reads("You were signed out").await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
        let own = ("origin", browser.origin());
        let slow = Sending::half(&app, path, &[form, ("cookie", &cookies), (own.0, &own.1)]).await;
        let answer = slow.reads_to_the_end().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
    }
    let mut stranger = Sending::half(&app, "/ui/sign-in/demo", &[form]).await;
    let answer = stranger.reads("did not send this site").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}
