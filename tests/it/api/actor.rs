//! Who is calling the API, and which check comes first.

use serde_json::{Map, Value, json};

use crate::support::app::App;
use crate::support::client::Call;
use crate::support::people::{BASE, ORG, Person, decision, sign};
use crate::support::{On, journeys};

journeys![
    without_a_token_nothing_is_answered,
    a_token_may_be_sent_in_either_header,
    a_token_with_a_wrong_claim_is_refused,
    a_wrong_claim_of_a_token_of_this_issuer_is_named,
    claims_that_grant_nothing_refuse_no_token,
    a_token_may_have_64_kib,
    a_token_that_is_forged_is_refused,
    the_org_must_be_named_and_granted,
    reads_may_omit_the_only_org,
    each_api_call_needs_its_permission,
    the_first_failing_check_is_the_one_reported,
];

async fn without_a_token_nothing_is_answered(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    for (method, path) in [
        ("POST", "/ISSUE-BADGE".to_owned()),
        ("PUT", "/ISSUE-BADGE".to_owned()),
        ("POST", "/NO-SUCH-TYPE".to_owned()),
        ("GET", "/requests".to_owned()),
        ("GET", format!("/requests/{id}")),
        ("GET", format!("/requests/{id}/history")),
        ("POST", format!("/requests/{id}/withdraw")),
        ("GET", "/requests/export?format=csv".to_owned()),
        ("GET", "/refusals".to_owned()),
    ] {
        let reply = app.call(method, &format!("{BASE}{path}")).header("x-cap-api-auth-org-id", ORG);
        let reply = reply.send().await;
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{method} {path}");
        let body = reply.refused(401, "token_invalid");
        assert_eq!(body["errors"][0]["field"], "X-CAP-UI-AUTH-TOKEN");
    }
}

async fn a_token_may_be_sent_in_either_header(on: On) {
    let app = App::start(on).await;
    let token = sign(&app.checker().person.claims(app.clock.now()));
    let call = || app.call("GET", &format!("{BASE}/requests"));
    let bearer = format!("Bearer {token}");
    let good: [Call; 4] = [
        call().header("x-cap-ui-auth-token", &token),
        call().header("authorization", &bearer),
        call().header("x-cap-ui-auth-token", "").header("authorization", &bearer),
        call().header("x-cap-ui-auth-token", &token).header("authorization", "Basic eA=="),
    ];
    for call in good {
        call.send().await.expect(200);
    }
    let bad: [Call; 5] = [
        call().header("authorization", &format!("Basic {token}")),
        call().header("authorization", &token),
        call().header("x-cap-ui-auth-token", "nonsense").header("authorization", &bearer),
        call().header("x-cap-ui-auth-token", &token).header("x-cap-ui-auth-token", &token),
        call().header("x-cap-ui-auth-token", &bearer),
    ];
    for call in bad {
        call.send().await.refused(401, "token_invalid");
    }
}

async fn with_claims(app: &App, claims: &Map<String, Value>) -> crate::support::client::Reply {
    let call = app.call("GET", &format!("{BASE}/requests")).header("x-cap-ui-auth-token", &sign(claims));
    call.header("x-cap-api-auth-org-id", ORG).send().await
}

async fn a_token_with_a_wrong_claim_is_refused(on: On) {
    let app = App::start(on).await;
    let now = app.clock.now().timestamp();
    let good = app.checker().person.claims(app.clock.now());
    with_claims(&app, &good).await.expect(200);
    let wrong: [(&str, Value); 13] = [
        ("exp", json!(now - 31)),
        ("exp", json!(now + 4_000)),
        ("exp", json!("tomorrow")),
        ("iat", json!(now + 60)),
        ("nbf", json!(now + 60)),
        ("iss", json!("https://somebody.else")),
        ("aud", json!("another service")),
        ("aud", json!([])),
        ("sub", json!(7)),
        ("orgId", json!([])),
        ("orgId", json!({ "id": ORG })),
        ("permissions", json!({ "CanCheckRequest": true })),
        ("userId", json!(" ")),
    ];
    for (name, value) in wrong {
        let mut claims = good.clone();
        claims.insert(name.to_owned(), value.clone());
        let body = with_claims(&app, &claims).await;
        let message = body.refused(401, "token_invalid")["errors"][0]["message"].clone();
        // Whoever holds a token of another issuer, or for another service, does not learn more.
        let is_others = ["iss", "aud"].contains(&name);
        let says_nothing = message == "The token was not accepted. Sign in again and send the new token.";
        assert_eq!(says_nothing, is_others, "{name} {value}: {message}");
        assert!(is_others || message.as_str().unwrap().contains(name), "{name} {value}: {message}");
    }
    for name in ["iss", "aud", "exp", "iat", "sub", "orgId"] {
        let mut claims = good.clone();
        claims.shift_remove(name);
        with_claims(&app, &claims).await.refused(401, "token_invalid");
    }
    // Without the claim nothing is granted.
    let mut claims = good.clone();
    claims.shift_remove("permissions");
    with_claims(&app, &claims).await.refused(403, "permission_missing");
}

async fn a_wrong_claim_of_a_token_of_this_issuer_is_named(on: On) {
    let app = App::start(on).await;
    let good = app.checker().person.claims(app.clock.now());
    for (name, value) in [
        ("sub", "u-alice\u{200b}"),
        ("userId", "4000\u{202e}02"),
        ("userName", "Chen\u{2066}"),
        ("orgId", "90001\u{feff}"),
        ("sub", "\u{a0}u-alice"),
        ("userId", "\u{e000}"),
    ] {
        let mut claims = good.clone();
        claims.insert(name.to_owned(), json!(value));
        let body = with_claims(&app, &claims).await.refused(401, "token_invalid");
        let message = body["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("Its claim {name} is not usable: expected is ")), "{message}");
    }
}

async fn claims_that_grant_nothing_refuse_no_token(on: On) {
    let app = App::start(on).await;
    let good = app.checker().person.claims(app.clock.now());
    for (name, value) in [
        ("groups", json!("Finance")),
        ("groups", json!(["g".repeat(129), "Finance"])),
        ("groups", json!(["Finance", 7, null])),
        ("groups", json!({ "Finance": true })),
        ("auth_time", json!("2026-03-01T09:00:00+01:00")),
        ("auth_time", json!("this morning")),
        ("auth_time", json!(-1)),
        ("jti", json!(7)),
        ("userName", json!("n".repeat(3_000))),
        ("permissions", json!("CanCheckRequest")),
        ("orgId", json!([ORG])),
    ] {
        let mut claims = good.clone();
        claims.insert(name.to_owned(), value);
        with_claims(&app, &claims).await.expect(200);
    }
}

async fn a_token_may_have_64_kib(on: On) {
    let app = App::start(on).await;
    let mut claims = app.checker().person.claims(app.clock.now());
    // Base64 makes four letters of three bytes.
    let token_of = |claims: &mut Map<String, Value>, groups: usize| {
        let groups: Vec<String> =
            (0..groups).map(|number| format!("cn=group-{number:05},ou=people")).collect();
        claims.insert("groups".to_owned(), json!(groups));
        sign(claims)
    };
    let longest = token_of(&mut claims, 1_700);
    assert!((60_000..65_536).contains(&longest.len()), "{}", longest.len());
    for header in [("x-cap-ui-auth-token", longest.clone()), ("authorization", format!("Bearer {longest}"))] {
        let call = app.call("GET", &format!("{BASE}/requests?view=needs_me")).header(header.0, &header.1);
        call.header("x-cap-api-auth-org-id", ORG).send().await.expect(200);
    }
    let longer = token_of(&mut claims, 2_000);
    assert!(longer.len() > 65_536);
    let call = app.call("GET", &format!("{BASE}/requests")).header("x-cap-ui-auth-token", &longer);
    call.header("x-cap-api-auth-org-id", ORG).send().await.refused(401, "token_invalid");
}

async fn a_token_that_is_forged_is_refused(on: On) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let app = App::start(on).await;
    let token = sign(&app.checker().person.claims(app.clock.now()));
    let parts: Vec<&str> = token.split('.').collect();
    let unsigned = BASE64.encode(br#"{"alg":"none","typ":"JWT"}"#);
    let mut claims = app.checker().person.claims(app.clock.now());
    claims.insert("permissions".into(), json!(["CanAuditRequest"]));
    let other_claims = BASE64.encode(Value::Object(claims).to_string());
    for forged in [
        format!("{unsigned}.{}.", parts[1]),
        format!("{unsigned}.{}.{}", parts[1], parts[2]),
        format!("{}.{other_claims}.{}", parts[0], parts[2]),
        format!("{}.{}.{}A", parts[0], parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        "x".repeat(8_193),
    ] {
        let call = app.call("GET", &format!("{BASE}/requests")).header("x-cap-ui-auth-token", &forged);
        call.header("x-cap-api-auth-org-id", ORG).send().await.refused(401, "token_invalid");
    }
}

async fn the_org_must_be_named_and_granted(on: On) {
    let app = App::start(on).await;
    let body = app.badge();
    let unnamed = app.maker().call("POST", "/ISSUE-BADGE").without("x-cap-api-auth-org-id").json(&body);
    let refused = unnamed.send().await.refused(403, "org_not_granted");
    assert_eq!(refused["errors"][0]["field"], "X-CAP-API-AUTH-ORG-ID");
    for org in ["90002", "090001", "90001 90002", "0"] {
        let person = Person { org: org.to_owned(), ..app.maker().person };
        app.actor(person).submit("ISSUE-BADGE", &body).await.refused(403, "org_not_granted");
    }
    // Also where it may be omitted: a repeated header is not an absent one.
    let twice = app.maker().call("GET", "/requests").header("x-cap-api-auth-org-id", ORG);
    twice.send().await.refused(403, "org_not_granted");
    let of_two = Person { orgs: json!([90_001, "90002"]), ..app.maker().person };
    app.actor(of_two).submitted(&body).await;
}

async fn reads_may_omit_the_only_org(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let unnamed = |orgs: Value| Person { orgs, org: String::new(), ..app.auditor().person };
    for orgs in [json!(ORG), json!([ORG]), json!(90_001)] {
        let auditor = app.actor(unnamed(orgs));
        assert_eq!(auditor.lists("").await, std::slice::from_ref(&id));
        auditor.history(&id).await;
    }
    let of_two = app.actor(unnamed(json!([ORG, "90002"])));
    of_two.get("/requests").await.refused(403, "org_not_granted");
    let checker = Person { org: String::new(), ..app.checker().person };
    app.actor(checker).approve(&id).await.refused(403, "org_not_granted");
}

async fn each_api_call_needs_its_permission(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let with = |right: &'static str| app.actor(Person::new(400_009, "nine@example.com", &[right]));
    for right in ["CanCheckRequest", "CanAuditRequest", "canmakerequest", "CanMakeRequest "] {
        with(right).submit("ISSUE-BADGE", &app.badge()).await.refused(403, "permission_missing");
    }
    for right in ["CanMakeRequest", "CanAuditRequest"] {
        with(right).approve(&id).await.refused(403, "permission_missing");
    }
    for path in ["/requests".to_owned(), format!("/requests/{id}"), format!("/requests/{id}/history")] {
        with("CanDoNothing").get(&path).await.refused(403, "permission_missing");
        with("CanCheckRequest").get(&path).await.expect(200);
        with("CanAuditRequest").get(&path).await.expect(200);
    }
}

/// Each call has every fault of the next one, and one more that is reported first.
async fn the_first_failing_check_is_the_one_reported(on: On) {
    let app = App::start(on).await;
    let both = Person::new(400_001, "maker@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    let mine = app.actor(both.clone()).submitted(&app.badge()).await.id;
    app.checker().reject(&mine, "no").await.data();
    let unreadable = "{";
    let huge = vec![b' '; 256 * 1024 + 1];
    let put = |person: &Person| app.actor(person.clone()).call("PUT", "/ISSUE-BADGE");
    let elsewhere = Person { org: "90002".into(), permissions: vec![], ..both.clone() };
    let rightless = Person { permissions: vec![], ..both.clone() };
    let tokenless = put(&elsewhere).without("x-cap-ui-auth-token").raw("text/plain", &huge);
    tokenless.send().await.refused(401, "token_invalid");
    put(&elsewhere).raw("text/plain", &huge).send().await.refused(403, "org_not_granted");
    put(&rightless).raw("text/plain", &huge).send().await.refused(403, "permission_missing");
    put(&both).raw("text/plain", &huge).send().await.refused(413, "body_too_large");
    let wrong_type = put(&both).raw("text/plain", unreadable.as_bytes());
    wrong_type.send().await.refused(415, "unsupported_media_type");
    put(&both).text(unreadable).send().await.refused(400, "unreadable");
    let nowhere = decision("019d0000-0000-7000-8000-000000000000", "approved", "");
    put(&both).json(&nowhere).send().await.refused(404, "not_found");
    let mut of_mine = decision(&mine, "approved", "");
    of_mine["payload"]["AdminTask-Payload"]["digest"] = "another".into();
    put(&both).json(&of_mine).send().await.refused(403, "maker_is_checker");
    // A repeat of one's own decision is recognised before the state and the digest are checked.
    let mut repeat = decision(&mine, "rejected", "no");
    repeat["payload"]["AdminTask-Payload"]["digest"] = "another".into();
    put(&app.checker().person).json(&repeat).send().await.expect(200);
    put(&app.other_checker().person).json(&of_mine).send().await.refused(409, "already_decided");
    let waits = app.maker().submitted(&app.badge()).await.id;
    of_mine["requestId"] = waits.into();
    put(&app.checker().person).json(&of_mine).send().await.refused(409, "digest_mismatch");
}
