//! Credentials are shown once, in the answer to the submission, and masked everywhere else.

use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{body, type_file};
use crate::support::{On, journeys};

journeys![only_the_answer_to_the_submission_shows_credentials, every_kind_of_credential_is_masked,];

/// The credentials of the contract's examples.
const CREDENTIALS: &str = "ZGVtby50aWxsOjYyY2MyZDhiNGJmMmQ4NzI4MTIwZDA1MjE2M2E3N2Rm";

async fn only_the_answer_to_the_submission_shows_credentials(on: On) {
    let app = App::start(on).await;
    let submitted = app.maker().submitted(&app.badge()).await;
    assert!(submitted.data.to_string().contains(CREDENTIALS));
    let id = &submitted.id;
    let withdrawn = app.maker().submitted(&app.badge()).await.id;
    let answers = [
        app.maker().get(&format!("/requests/{id}")).await,
        app.checker().approve(id).await,
        app.checker().approve(id).await,
        app.maker().withdraw(&withdrawn, "masked, too").await,
        app.checker().get("/requests").await,
        app.auditor().get(&format!("/requests/{id}")).await,
        app.auditor().get(&format!("/requests/{id}/history")).await,
        app.auditor().get("/requests/export?format=jsonl").await,
        app.auditor().get("/requests/export?format=csv").await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(!answer.text.contains(CREDENTIALS), "{}", answer.text);
    }
    let shown = app.auditor().request(id).await;
    let headers = &shown["details"]["IntouchAPITask-Payload"]["headers"];
    assert_eq!(headers["Authorization"], "Basic ••••");
    assert_eq!(headers["content-type"], "application/json");
}

async fn every_kind_of_credential_is_masked(on: On) {
    let named = "[headers.properties]\nproxy-authorization = {}\ncookie = {}\nx-api-key = {}\nx-other = {}\n";
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", named))).await;
    let mut body = body(&app, "c-1", 10);
    let headers = &mut task(&mut body)["headers"];
    for (name, value) in [
        ("authorization", "Bearer secret-1"),
        ("Proxy-Authorization", "secret-2"),
        ("COOKIE", "session=secret-3"),
        ("X-Api-Key", "secret-4"),
        ("X-Other", "plain"),
    ] {
        headers[name] = value.into();
    }
    let id = app.maker().pays(&body).await.id;
    let shown = app.checker().request(&id).await;
    assert!(!shown.to_string().contains("secret"), "{shown}");
    let headers = &shown["details"]["IntouchAPITask-Payload"]["headers"];
    assert_eq!(headers["authorization"], "Bearer ••••");
    for name in ["Proxy-Authorization", "COOKIE", "X-Api-Key"] {
        assert_eq!(headers[name], "••••", "{name}");
    }
    assert_eq!(headers["X-Other"], "plain");
}
