//! A session's cookie, its end, and its org.

use chrono::TimeDelta;
use countersign::engine::sessions::end_sessions_of;

use super::{people, start};
use crate::support::app::{App, AppOptions};
use crate::support::browser::SESSION;
use crate::support::{On, eventually, journeys};

journeys![
    cookies_are_out_of_reach_of_scripts_and_other_sites,
    an_idle_person_is_signed_out,
    a_session_ends_at_its_maximum_age,
    a_session_ended_by_operators_is_over_at_once,
    signing_out_ends_the_session_and_not_only_the_cookie,
    a_person_works_in_the_orgs_that_were_granted,
    reading_changes_no_session,
];

const MAKER: &str = "400001";
const CHECKER: &str = "400002";
const IDLE: TimeDelta = TimeDelta::minutes(30);
const MAX: TimeDelta = TimeDelta::hours(8);
const SESSIONS: &str = "SELECT count(*) AS number FROM sessions";
const LIVE: &str = "SELECT count(*) AS number FROM sessions WHERE ended_at IS NULL";

async fn cookies_are_out_of_reach_of_scripts_and_other_sites(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    let page = browser.get("/ui/sign-in").await;
    let signed_in = browser.sign_in(CHECKER).await;
    let csrf = browser.csrf().await;
    let signed_out = browser.post("/ui/sign-out", &[("csrf", &csrf)]).await;
    let mut seen = 0;
    for reply in [&page, &signed_in, &signed_out] {
        for value in reply.headers.get_all("set-cookie") {
            let text = value.to_str().unwrap();
            assert!(text.starts_with("__Host-"), "{text}");
            for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(text.contains(attribute), "{text}");
            }
            assert!(!text.contains("Domain"), "{text}");
            seen += 1;
        }
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert!(seen >= 4, "{seen}");
    // The secret is in the cookie and nowhere else: not in a page, not in the database.
    browser.sign_in(CHECKER).await;
    let secret = browser.cookie(SESSION).unwrap();
    assert!(!browser.get("/ui/needs-me").await.text.contains(&secret));
    let kept = format!("SELECT count(*) AS number FROM sessions WHERE session_id LIKE '%{secret}%'");
    assert_eq!(app.count(&kept), 0);
}

async fn an_idle_person_is_signed_out(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    app.clock.advance(IDLE - TimeDelta::seconds(1));
    assert!(browser.is_signed_in().await);
    let now = app.clock.now().timestamp_micros();
    let seen = format!("SELECT count(*) AS number FROM sessions WHERE last_seen_at = {now}");
    eventually("the use is noted", async || (app.count(&seen) == 1).then_some(())).await;
    app.clock.advance(IDLE - TimeDelta::seconds(1));
    assert!(browser.is_signed_in().await);
    let now = app.clock.now().timestamp_micros();
    let seen = format!("SELECT count(*) AS number FROM sessions WHERE last_seen_at = {now}");
    eventually("the use is noted", async || (app.count(&seen) == 1).then_some(())).await;
    app.clock.advance(IDLE);
    assert!(!browser.is_signed_in().await);
    assert!(!browser.is_signed_in().await, "it does not come back");
}

async fn a_session_ends_at_its_maximum_age(on: On) {
    let app =
        App::with(on, AppOptions::stepped().with_pages(&people()).set("web.session_idle_seconds", 86_400))
            .await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    app.clock.advance(MAX - TimeDelta::seconds(1));
    assert!(browser.is_signed_in().await);
    app.clock.advance(TimeDelta::seconds(1));
    assert!(!browser.is_signed_in().await);
}

async fn a_session_ended_by_operators_is_over_at_once(on: On) {
    let app = start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let (browser, other) = (app.browser(), app.browser());
    browser.sign_in(CHECKER).await;
    other.sign_in(MAKER).await;
    let step = browser.get(&format!("/ui/requests/{id}/approve")).await;
    assert_eq!(end_sessions_of(&mut app.database(), CHECKER, &app.clock).unwrap(), 1);
    let fields = ["csrf", "digest", "version"].map(|name| (name, step.field(name)));
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("decision", "approved"));
    let reply = browser.post(&format!("/ui/requests/{id}/decide"), &fields).await;
    assert_eq!(reply.status, 401, "{}", reply.text);
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
    assert!(!browser.is_signed_in().await);
    assert!(other.is_signed_in().await);
}

async fn signing_out_ends_the_session_and_not_only_the_cookie(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    let secret = browser.cookie(SESSION).unwrap();
    let csrf = browser.csrf().await;
    assert_eq!(browser.post("/ui/sign-out", &[("csrf", &csrf)]).await.leads_to(), "/ui/sign-in?out=1");
    assert_eq!(browser.cookie(SESSION), None);
    browser.plant(SESSION, &secret);
    assert!(!browser.is_signed_in().await);
    // Signing out again is not an error.
    assert_eq!(browser.post("/ui/sign-out", &[("csrf", "")]).await.leads_to(), "/ui/sign-in?out=1");
}

async fn a_person_works_in_the_orgs_that_were_granted(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    let csrf = browser.csrf().await;
    let orgs = browser.page("/ui/needs-me").await.texts("form[action='/ui/org'] button");
    assert_eq!(orgs, ["Go to org 90002"]);
    assert_eq!(browser.post("/ui/org", &[("csrf", &csrf), ("org", "90002")]).await.leads_to(), "/ui");
    let org = "SELECT count(*) AS number FROM sessions WHERE ended_at IS NULL AND org_id = '90002'";
    assert_eq!(app.count(org), 1);
    for org in ["90003", "", "90001 "] {
        assert_eq!(browser.post("/ui/org", &[("csrf", &csrf), ("org", org)]).await.status, 404, "{org:?}");
    }
    // Signing in again keeps the org.
    browser.post("/ui/sign-in/again", &[("csrf", &csrf)]).await.leads_to();
    assert_eq!(app.count(org), 1);
}

async fn reading_changes_no_session(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    let before = browser.cookies();
    for path in ["/ui/sign-out", "/ui/org?org=90002", "/ui/sign-in/demo?person=400001", "/ui/sign-in/start"] {
        for method in ["GET", "HEAD"] {
            let reply = browser.send(browser.call(method, path)).await;
            assert!([404, 405].contains(&reply.status), "{method} {path}: {}", reply.status);
        }
    }
    assert_eq!(browser.get("/ui/sign-in/callback?code=a&state=b").await.status, 404);
    assert_eq!(browser.cookies(), before);
    assert!(browser.is_signed_in().await);
    assert_eq!((app.count(SESSIONS), app.count(LIVE)), (1, 1));
}
