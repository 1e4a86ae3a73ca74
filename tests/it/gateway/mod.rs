//! The gate: through which clients API calls come, and what it answers to all others.

mod changes;
mod groups;
mod guessing;
mod oauth;

use countersign::api;
use serde_json::{Value, json};

use crate::support::app::{App, task};
use crate::support::clients::{call, gated, required, till};
use crate::support::people::{BASE, Person, sign};
use crate::support::{On, fixture, journeys};

journeys![
    off_means_that_nobody_asks_for_a_client,
    the_seed_s_own_request_goes_through,
    every_route_under_the_base_path_asks_for_a_client,
    a_call_without_a_client_is_refused_as_the_contract_says,
    the_persons_token_is_not_taken_from_authorization,
    the_gate_answers_before_the_token_and_the_body_are_looked_at,
    history_and_pages_name_the_client,
    the_uses_of_a_client_are_counted,
];

/// The request of the contract's page for ISSUE-BADGE, for the sandbox.
fn seed(app: &App) -> Value {
    let mut body = app.example("ISSUE-BADGE");
    task(&mut body).as_object_mut().unwrap().shift_remove("queryParams");
    task(&mut body)["body"] = json!({
        "triggeredBy": { "ownerType": "Goodwill_Module", "referenceId": "134" },
        "customers": 113_460_811,
        "requestId": "e7requestd62c5ec5d115a2859228cefd9ee8cgh",
        "badgeMetaId": "658de01c823d1b70aabcfaae"
    });
    task(&mut body)["headers"] = json!({
        "Authorization": "Basic YWIxMjQ6MjVkNTVhZDI4M2FhNDAwYWY0NjRjNzZkNzEzYzA3YWQ=",
        "content-type": "application/json"
    });
    body
}

async fn off_means_that_nobody_asks_for_a_client(on: On) {
    let app = App::start(on).await;
    call(&app, "GET", "/requests").send().await.expect(200);
    let bearer = format!("Bearer {}", sign(&app.checker().person.claims(app.clock.now())));
    app.call("GET", &format!("{BASE}/requests")).header("authorization", &bearer).send().await.expect(200);
    let body = json!({ "key": "a", "secret": "b" });
    app.call("POST", api::TOKEN_PATH).json(&body).send().await.refused(404, "not_found");
    assert!(app.server().api().gate.is_none());
}

async fn the_seed_s_own_request_goes_through(on: On) {
    let till = till("till.one");
    let app = gated(on, required(), &[&till]).await;
    let submit = || call(&app, "POST", "/ISSUE-BADGE").json(&seed(&app));
    let data = submit().header("authorization", &till.basic()).send().await.data();
    assert_eq!(data["state"], "AdminTask");
    let unauthorized = fixture("auth/v1.1-invalid-token.401.json");
    assert_eq!(submit().send().await.expect(401), unauthorized);
    let without = |name: &str| submit().header("authorization", &till.basic()).without(name);
    without("x-cap-ui-auth-token").send().await.refused(401, "token_invalid");
    without("x-cap-api-auth-org-id").send().await.refused(403, "org_not_granted");
    let ids = app.count("SELECT count(*) AS number FROM requests");
    assert_eq!(ids, 1);
    let id = data["requestId"].as_str().unwrap();
    // By the person's own token, which the till only carries.
    let reason = json!({ "reason": "Only a test." });
    let withdraw = call(&app, "POST", &format!("/requests/{id}/withdraw")).json(&reason);
    withdraw.header("authorization", &till.basic()).send().await.expect(200);
}

async fn every_route_under_the_base_path_asks_for_a_client(on: On) {
    let app = gated(on, required(), &[&till("till.one")]).await;
    let mut asked = 0;
    for (path, methods) in api::table() {
        let path = path.replace("{requestType}", "ISSUE-BADGE").replace("{requestId}", "x");
        for (method, _) in methods {
            let reply = app.call(method.as_str(), &path).send().await;
            if path.starts_with(BASE) {
                assert_eq!(reply.expect(401), fixture("auth/v1.1-invalid-token.401.json"), "{method} {path}");
                asked += 1;
            } else {
                assert_ne!(reply.status, 401, "{method} {path}");
            }
        }
    }
    assert_eq!(asked, 21);
    for path in ["/no/such/path", "/requests/x/y/z", ""] {
        app.get(&format!("{BASE}{path}")).await.expect(401);
    }
    app.get("/api_gateway/v2/request%2Dworkflow/requests").await.expect(401);
    app.get("/ui").await;
}

async fn a_call_without_a_client_is_refused_as_the_contract_says(on: On) {
    let till = till("till.one");
    let app = gated(on, required(), &[&till]).await;
    let mut wrong = till.clone();
    wrong.secret = countersign::gateway::credentials::ClientSecret::chosen("wrong").md5();
    let unknown = crate::support::clients::till("till.two");
    let refused = [
        call(&app, "GET", "/requests"),
        call(&app, "GET", "/requests").header("authorization", ""),
        call(&app, "GET", "/requests").header("authorization", &wrong.basic()),
        call(&app, "GET", "/requests").header("authorization", &unknown.basic()),
        call(&app, "GET", "/requests").header("authorization", "Basic nonsense"),
        call(&app, "GET", "/requests").header("x-cap-api-oauth-token", "nonsense"),
    ];
    for call in refused {
        let reply = call.send().await;
        assert_eq!(reply.header("www-authenticate"), Some("Basic realm=\"countersign\""));
        assert!(reply.header("x-cap-request-id").is_some_and(|reference| !reference.is_empty()));
        assert_eq!(reply.expect(401), fixture("auth/v1.1-invalid-token.401.json"));
    }
    let missing = "countersign_refusals_total{code=\"client_missing\"}";
    assert_eq!(app.metric(missing).await.as_deref(), Some("2"));
    let invalid = "countersign_refusals_total{code=\"client_invalid\"}";
    assert_eq!(app.metric(invalid).await.as_deref(), Some("4"));
}

async fn the_persons_token_is_not_taken_from_authorization(on: On) {
    let till = till("till.one");
    let app = gated(on, required(), &[&till]).await;
    let token = sign(&app.checker().person.claims(app.clock.now()));
    let bearer = format!("Bearer {token}");
    let list = || app.call("GET", &format!("{BASE}/requests"));
    list().header("authorization", &bearer).send().await.expect(401);
    let both = list().header("authorization", &till.basic()).header("authorization", &bearer);
    both.send().await.expect(401);
    list().header("authorization", &till.basic()).send().await.refused(401, "token_invalid");
    let good = list().header("authorization", &till.basic()).header("x-cap-ui-auth-token", &token);
    good.send().await.expect(200);
}

async fn the_gate_answers_before_the_token_and_the_body_are_looked_at(on: On) {
    let app = gated(on, required(), &[]).await;
    let nonsense = app.call("POST", &format!("{BASE}/ISSUE-BADGE")).header("x-cap-ui-auth-token", "nonsense");
    nonsense.raw("text/plain", b"nonsense").send().await.expect(401);
    let refused = "countersign_refusals_total{code=\"client_missing\"}";
    assert_eq!(app.metric(refused).await.as_deref(), Some("1"));
    assert_eq!(app.metric("countersign_refusals_total{code=\"token_invalid\"}").await, None);
}

async fn history_and_pages_name_the_client(on: On) {
    let till = till("till.one");
    let ada = Person::new(400_003, "auditor@example.com", &["CanAuditRequest"]);
    let options = required().with_pages(&[ada]);
    let app = gated(on, options, &[&till]).await;
    let submit = call(&app, "POST", "/ISSUE-BADGE").json(&seed(&app));
    let data = submit.header("authorization", &till.basic()).send().await.data();
    let id = data["requestId"].as_str().unwrap();
    let history = call(&app, "GET", &format!("/requests/{id}/history"));
    let history = history.header("authorization", &till.basic()).send().await.data();
    let via: Vec<&Value> = history.as_array().unwrap().iter().map(|entry| &entry["via"]).collect();
    assert_eq!(via, ["till.one", "till.one", "till.one"]);
    let browser = app.browser();
    browser.sign_in("400003").await;
    browser.page(&format!("/ui/requests/{id}/trail")).await.shows(&["via till.one"]);
    let reason = json!({ "reason": "Only a test." });
    let withdraw = call(&app, "POST", &format!("/requests/{id}/withdraw")).json(&reason);
    withdraw.header("authorization", &till.basic()).send().await.expect(200);
}

async fn the_uses_of_a_client_are_counted(on: On) {
    let till = till("till.one").in_groups(&["none"]);
    let good = crate::support::clients::till("till.two");
    let mut app = gated(on, required(), &[&till, &good]).await;
    for _ in 0..3 {
        call(&app, "GET", "/requests").header("authorization", &till.basic()).send().await.expect(403);
        call(&app, "GET", "/requests").header("authorization", &good.basic()).send().await.expect(200);
    }
    // A stop writes what is not written yet.
    app.stop_server().await;
    let of = |name: &str, what: &str| {
        app.count(&format!("SELECT {what} AS number FROM clients WHERE name = '{name}'"))
    };
    assert_eq!((of("till.one", "refusals"), of("till.two", "refusals")), (3, 0));
    assert_eq!(of("till.two", "last_used_at"), app.clock.now().timestamp_micros());
    assert_eq!(app.count("SELECT count(*) AS number FROM clients WHERE last_used_at IS NULL"), 1);
}
