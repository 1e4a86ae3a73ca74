//! OAuth clients and their tokens.

use chrono::TimeDelta;
use countersign::engine::clients::ClientFault;
use serde_json::{Value, json};

use crate::support::clients::{TOKEN_PATH, call, gated, oauth, required, till};
use crate::support::{On, fixture, journeys};

journeys![
    a_token_for_key_and_secret_lets_a_call_through,
    an_expired_token_is_told_since_when,
    key_and_secret_are_read_strictly,
    an_org_has_fifteen_oauth_clients_at_most,
];

async fn a_token_for_key_and_secret_lets_a_call_through(on: On) {
    let client = oauth("app.one");
    let app = gated(on, required(), &[&client]).await;
    let mut answer = client.ask_token(&app).await.expect(200);
    let mut expected = fixture("auth/oauth-token.200.response.json");
    let token = answer["data"]["accessToken"].take();
    assert_eq!(answer["data"]["ttlSeconds"].take(), json!(3600));
    expected["data"]["accessToken"] = Value::Null;
    expected["data"]["ttlSeconds"] = Value::Null;
    assert_eq!(answer, expected);
    let submit = call(&app, "POST", "/ISSUE-BADGE").json(&app.badge());
    let data = submit.header("x-cap-api-oauth-token", token.as_str().unwrap()).send().await.data();
    assert_eq!(data["state"], "AdminTask");
    let mut wrong = client.clone();
    wrong.secret = till("x").secret;
    assert_eq!(wrong.ask_token(&app).await.expect(401), fixture("auth/oauth-token.invalid.response.json"));
    // Key and secret themselves open nothing.
    call(&app, "GET", "/requests").header("authorization", &client.basic()).send().await.expect(401);
}

async fn an_expired_token_is_told_since_when(on: On) {
    let client = oauth("app.one");
    let options = required().set("gateway.token_ttl_seconds", 120).set("server.utc_offset", "\"+05:30\"");
    let app = gated(on, options, &[&client]).await;
    let token = client.token(&app).await;
    let list = || call(&app, "GET", "/requests").header("x-cap-api-oauth-token", &token);
    app.clock.advance(TimeDelta::seconds(119));
    list().send().await.expect(200);
    app.clock.advance(TimeDelta::seconds(1));
    let mut expected = fixture("auth/v1.1-expired-token.498.json");
    expected["response"]["status"]["message"] = "Token expired at 2026-03-01T17:32:00.123+0530".into();
    assert_eq!(list().send().await.expect(498), expected);
    // A day later the next token makes it forgotten; a server that has seen it may still remember.
    app.clock.advance(TimeDelta::days(1) + TimeDelta::seconds(1));
    client.token(&app).await;
    assert_eq!(app.count("SELECT count(*) AS number FROM client_tokens"), 1);
}

async fn key_and_secret_are_read_strictly(on: On) {
    let app = gated(on, required(), &[]).await;
    for body in [
        json!({}),
        json!({ "key": "a" }),
        json!({ "key": "a", "secret": 1 }),
        json!({ "key": "a", "secret": "b", "c": 1 }),
    ] {
        app.call("POST", TOKEN_PATH).json(&body).send().await.refused(400, "payload_invalid");
    }
    app.call("POST", TOKEN_PATH).raw("text/plain", b"{}").send().await.refused(415, "unsupported_media_type");
}

async fn an_org_has_fifteen_oauth_clients_at_most(on: On) {
    let app = gated(on, required(), &[]).await;
    let mut conn = app.database();
    for number in 1..=15 {
        oauth(&format!("app.{number}")).add(&mut conn).unwrap();
    }
    let refused = oauth("app.16").add(&mut conn).unwrap_err();
    assert!(matches!(&refused, ClientFault::TooManyOfOrg(org) if org == "90001"), "{refused}");
    oauth("app.16").of_org("90002").add(&mut conn).unwrap();
    till("till.one").add(&mut conn).unwrap();
    let refused = till("app.1").add(&mut conn).unwrap_err();
    assert!(matches!(refused, ClientFault::NameTaken(_)), "{refused}");
    oauth("app.1").revoke(&app);
    oauth("app.17").add(&mut conn).unwrap();
    assert!(matches!(oauth("app.1").add(&mut conn), Err(ClientFault::NameTaken(_))), "a name is used once");
}
