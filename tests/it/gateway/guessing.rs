//! Guessing: the same work whoever is named, a limit for who is wrong, and no harm to who is right.

use chrono::TimeDelta;
use countersign::gateway::credentials::ClientSecret;

use crate::support::app::App;
use crate::support::clients::{TOKEN_PATH, call, gated, oauth, required, till};
use crate::support::{On, fixture, journeys};

journeys![
    a_wrong_half_and_an_unknown_client_get_the_same_answer_for_the_same_work,
    an_accepted_secret_is_not_checked_again,
    a_guesser_must_wait_and_the_real_till_still_gets_in,
    a_guesser_of_oauth_secrets_must_wait,
    secrets_are_nowhere,
];

/// How many secrets were checked against a hash.
async fn checks(app: &App) -> u64 {
    app.metric("countersign_client_checks_total").await.unwrap().parse().unwrap()
}

async fn a_wrong_half_and_an_unknown_client_get_the_same_answer_for_the_same_work(on: On) {
    let (till, oauth) = (till("till.one"), oauth("app.one"));
    let app = gated(on, required(), &[&till, &oauth]).await;
    let mut wrong_secret = till.clone();
    wrong_secret.secret = ClientSecret::chosen("wrong").md5();
    let unknown = crate::support::clients::till("till.two");
    let mut wrong_kind = oauth.clone();
    wrong_kind.secret = oauth.secret.clone();
    let mut before = checks(&app).await;
    for client in [&wrong_secret, &unknown, &wrong_kind] {
        let reply = call(&app, "GET", "/requests").header("authorization", &client.basic()).send().await;
        assert_eq!(reply.expect(401), fixture("auth/v1.1-invalid-token.401.json"));
        assert_eq!(checks(&app).await, before + 1, "{}", client.client.name);
        before += 1;
    }
    let mut wrong_secret = oauth.clone();
    wrong_secret.secret = ClientSecret::random();
    let unknown = crate::support::clients::oauth("app.two");
    for client in [&wrong_secret, &unknown, &till] {
        let reply = client.ask_token(&app).await;
        assert_eq!(reply.expect(401), fixture("auth/oauth-token.invalid.response.json"));
        assert_eq!(checks(&app).await, before + 1, "{}", client.client.name);
        before += 1;
    }
}

async fn an_accepted_secret_is_not_checked_again(on: On) {
    let till = till("till.one");
    let app = gated(on, required(), &[&till]).await;
    for _ in 0..3 {
        call(&app, "GET", "/requests").header("authorization", &till.basic()).send().await.expect(200);
    }
    assert_eq!(checks(&app).await, 1);
}

async fn a_guesser_must_wait_and_the_real_till_still_gets_in(on: On) {
    let (till, other) = (till("till.one"), till("till.two"));
    let app = gated(on, required(), &[&till, &other]).await;
    let list = |authorization: &str| call(&app, "GET", "/requests").header("authorization", authorization);
    list(&till.basic()).send().await.expect(200);
    let mut guess = till.clone();
    let mut guesses = 0;
    let refused = loop {
        guess.secret = ClientSecret::random().md5();
        let reply = list(&guess.basic()).send().await;
        if reply.status == 429 {
            break reply;
        }
        reply.expect(401);
        guesses += 1;
    };
    assert_eq!(guesses, 10);
    assert_eq!(refused.header("retry-after"), Some("60"));
    let mut expected = fixture("auth/v1.1-invalid-token.401.json");
    expected["response"]["status"]["code"] = "429".into();
    expected["response"]["status"]["message"] = "Too many requests".into();
    assert_eq!(refused.body, expected);
    let before = checks(&app).await;
    // The right secret passes, and no other guess is even checked.
    list(&till.basic()).send().await.expect(200);
    list(&guess.basic()).send().await.expect(429);
    assert_eq!(checks(&app).await, before);
    // Under other names until the address has used up its tries.
    for number in 0..20 {
        guess.client.name = format!("till.{number}x");
        list(&guess.basic()).send().await.expect(401);
    }
    guess.client.name = "till.last".to_owned();
    list(&guess.basic()).send().await.expect(429);
    app.clock.advance(TimeDelta::seconds(60));
    list(&guess.basic()).send().await.expect(401);
    list(&other.basic()).send().await.expect(200);
}

async fn a_guesser_of_oauth_secrets_must_wait(on: On) {
    let oauth = oauth("app.one");
    let app = gated(on, required(), &[&oauth]).await;
    let token = oauth.token(&app).await;
    let mut guess = oauth.clone();
    for _ in 0..10 {
        guess.secret = ClientSecret::random();
        guess.ask_token(&app).await.expect(401);
    }
    let refused = guess.ask_token(&app).await;
    assert_eq!(refused.header("retry-after"), Some("60"));
    refused.expect(429);
    // The client itself passes: its secret was accepted before.
    oauth.ask_token(&app).await.expect(200);
    // Tokens are guessed against the address.
    for number in 0..20 {
        let guessed = format!("guess-{number}");
        call(&app, "GET", "/requests").header("x-cap-api-oauth-token", &guessed).send().await.expect(401);
    }
    call(&app, "GET", "/requests").header("x-cap-api-oauth-token", "guess").send().await.expect(429);
    call(&app, "GET", "/requests").header("x-cap-api-oauth-token", &token).send().await.expect(200);
    assert_eq!(TOKEN_PATH, countersign::api::TOKEN_PATH);
}

async fn secrets_are_nowhere(on: On) {
    let (till, oauth) = (till("till.one"), oauth("app.one"));
    let app = gated(on, required(), &[&till, &oauth]).await;
    let token = oauth.token(&app).await;
    call(&app, "GET", "/requests").header("x-cap-api-oauth-token", &token).send().await.expect(200);
    call(&app, "GET", "/requests").header("authorization", &till.basic()).send().await.expect(200);
    for secret in [till.secret.expose(), oauth.secret.expose(), &token] {
        for (table, columns) in [
            ("clients", "client_id || org_id || name || kind || secret || access_groups"),
            ("client_tokens", "token_digest || client_id"),
        ] {
            let found = app
                .count(&format!("SELECT count(*) AS number FROM {table} WHERE {columns} LIKE '%{secret}%'"));
            assert_eq!(found, 0, "{table}");
        }
    }
    assert_eq!(app.count("SELECT count(*) AS number FROM client_tokens"), 1);
    let hashes = app.count("SELECT count(*) AS number FROM clients WHERE secret LIKE '$argon2id$%'");
    assert_eq!(hashes, 2);
    let shown = format!("{till:?} {:?}", app.server().engine().live_clients().await.unwrap());
    assert!(!shown.contains(till.secret.expose()) && !shown.contains("argon2id"), "{shown}");
}
