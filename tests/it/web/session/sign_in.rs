//! Signing in, signing in again, and where it leads.

use chrono::TimeDelta;
use serde_json::json;

use super::{people, start};
use crate::support::app::{App, AppOptions};
use crate::support::browser::SESSION;
use crate::support::pay_out::{FRESH_SIGN_IN, body, type_file};
use crate::support::{On, journeys};

journeys![
    a_sign_in_makes_a_new_secret_and_adopts_none,
    a_sign_in_leads_to_our_own_pages_only,
    after_signing_in_a_person_returns_to_the_page_they_wanted,
    signing_in_again_makes_the_sign_in_fresh,
    without_a_way_to_sign_in_there_are_no_pages,
];

const CHECKER: &str = "400002";
const SESSIONS: &str = "SELECT count(*) AS number FROM sessions";
const LIVE: &str = "SELECT count(*) AS number FROM sessions WHERE ended_at IS NULL";

async fn a_sign_in_makes_a_new_secret_and_adopts_none(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    // An attacker knows this secret and waits until someone signs in with it.
    let fixed = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    browser.plant(SESSION, fixed);
    assert!(!browser.is_signed_in().await);
    assert_eq!(browser.sign_in(CHECKER).await.leads_to(), "/ui");
    let first = browser.cookie(SESSION).unwrap();
    assert_ne!(first, fixed);
    assert!(browser.is_signed_in().await);

    let other = app.browser();
    other.plant(SESSION, fixed);
    assert!(!other.is_signed_in().await);

    // Signing in again makes a new secret, too, and ends the old session.
    let csrf = browser.csrf().await;
    browser.post("/ui/sign-in/again", &[("csrf", &csrf), ("to", "/ui/needs-me")]).await.leads_to();
    let second = browser.cookie(SESSION).unwrap();
    assert_ne!(second, first);
    assert_ne!(browser.csrf().await, csrf);
    other.plant(SESSION, &first);
    assert!(!other.is_signed_in().await);
    assert_eq!((app.count(SESSIONS), app.count(LIVE)), (2, 1));
}

async fn a_sign_in_leads_to_our_own_pages_only(on: On) {
    let app = start(on).await;
    let rows = [
        ("/ui/needs-me", "/ui/needs-me"),
        ("/ui/history?states=AdminTask&subject=a%20b", "/ui/history?states=AdminTask&subject=a%20b"),
        ("https://evil.example/", "/ui"),
        ("//evil.example/ui", "/ui"),
        ("/\\evil.example", "/ui"),
        ("/ui/..//evil.example", "/ui"),
        ("/ui\r\nlocation: https://evil.example", "/ui"),
        ("javascript:alert(1)", "/ui"),
        ("/api_gateway/v2/request-workflow/requests", "/ui"),
        ("/ui/sign-out", "/ui"),
        ("", "/ui"),
    ];
    let browser = app.browser();
    for (to, wanted) in rows {
        // By the form, by the page of a person who is signed in already, and by signing in again.
        assert_eq!(browser.sign_in_to(CHECKER, to).await.leads_to(), wanted, "{to:?}");
        let escaped: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        assert_eq!(browser.get(&format!("/ui/sign-in?to={escaped}")).await.leads_to(), wanted, "{to:?}");
        let page = browser.get(&format!("/ui/sign-in/again?to={escaped}")).await;
        assert_eq!(page.field("to"), wanted, "{to:?}");
        let csrf = page.field("csrf");
        let again = browser.post("/ui/sign-in/again", &[("csrf", &csrf), ("to", to)]).await;
        assert_eq!(again.leads_to(), wanted, "{to:?}");
        let csrf = browser.csrf().await;
        browser.post("/ui/sign-out", &[("csrf", &csrf)]).await;
    }
}

async fn after_signing_in_a_person_returns_to_the_page_they_wanted(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    let wanted = "/ui/requests/0190b6f2-7a3c-7cc0-8000-000000000001/approve";
    let reply = browser.get(wanted).await;
    let sign_in = reply.leads_to().to_owned();
    let page = browser.get(&sign_in).await;
    assert_eq!(page.field("to"), wanted);
    assert_eq!(page.page().text_of("#return"), format!("You will come back to {wanted}"));
    let csrf = page.field("csrf");
    let to = page.field("to");
    let reply = browser.post("/ui/sign-in/demo", &[("csrf", &csrf), ("person", CHECKER), ("to", &to)]).await;
    assert_eq!(reply.leads_to(), wanted);
}

async fn signing_in_again_makes_the_sign_in_fresh(on: On) {
    let options = AppOptions::stepped().with_pages(&people()).with_type(&type_file("", FRESH_SIGN_IN));
    let app = App::with(on, options).await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    app.clock.advance(TimeDelta::minutes(11));
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let path = format!("/ui/requests/{id}/approve");
    let step = browser.page(&path).await;
    let (digest, version) = (step.field("digest"), step.field("version"));
    let csrf = step.field("csrf");
    let fields = |csrf: &str| {
        let fields = [("csrf", csrf), ("decision", "approved"), ("digest", &digest), ("version", &version)];
        browser.form(&format!("/ui/requests/{id}/decide"), &fields)
    };
    let refused = browser.send(fields(&csrf)).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(app.auditor().request(&id).await["decisions"], json!([]));
    let again = step.link("Sign in again to sign this").unwrap();
    assert!(again.starts_with("/ui/sign-in/again?to="), "{again}");
    let page = browser.page(&again).await;
    let (csrf, to) = (page.field("csrf"), page.field("to"));
    let reply = browser.post("/ui/sign-in/again", &[("csrf", &csrf), ("to", &to)]).await;
    assert_eq!(reply.leads_to(), path);
    let csrf = browser.get(&path).await.field("csrf");
    browser.send(fields(&csrf)).await.leads_to();
    assert_eq!(app.auditor().request(&id).await["decisions"].as_array().unwrap().len(), 1);
}

async fn without_a_way_to_sign_in_there_are_no_pages(on: On) {
    let app = App::start(on).await;
    for path in ["/ui", "/ui/sign-in", "/ui/needs-me", "/ui/sign-in/again"] {
        let reply = app.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        reply.page().shows(&["web.oidc_issuer"]);
    }
    let browser = app.browser();
    // No configuration key adds people who sign in without proof.
    for path in ["/ui/sign-in/demo", "/ui/sign-in/start"] {
        assert_eq!(browser.post(path, &[("person", CHECKER)]).await.status, 404, "{path}");
    }
    assert_eq!(app.count(SESSIONS), 0);
}
