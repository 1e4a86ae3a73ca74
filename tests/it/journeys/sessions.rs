//! Signing in to the pages, staying signed in, and who may send a form.

use chrono::TimeDelta;
use countersign::store::{sessions, to_micros};
use serde_json::json;

use crate::support::app::{App, Wishes};
use crate::support::browser::SESSION;
use crate::support::pay_out::{FRESH_SIGN_IN, body, type_file};
use crate::support::people::Person;
use crate::support::{On, eventually, journeys};

journeys![
    a_sign_in_makes_a_new_secret_and_adopts_none,
    cookies_are_out_of_everybody_elses_reach,
    who_does_nothing_is_signed_out,
    who_works_is_signed_out_at_the_end_of_the_day,
    a_session_that_operators_end_is_over_at_once,
    signing_out_ends_the_session_and_not_only_the_cookie,
    a_form_that_is_not_ours_changes_nothing,
    nobody_is_signed_in_by_another_site,
    a_sign_in_leads_to_our_own_pages_only,
    who_comes_without_a_session_returns_to_the_page_that_was_wanted,
    a_person_works_in_the_orgs_that_were_granted,
    who_signs_in_again_may_sign_what_needs_a_fresh_sign_in,
    reading_changes_no_session,
    without_a_way_to_sign_in_there_are_no_pages,
];

const MAKER: &str = "400001";
const CHECKER: &str = "400002";
const IDLE: TimeDelta = TimeDelta::minutes(30);
const MAX: TimeDelta = TimeDelta::hours(8);

fn people() -> Vec<Person> {
    let mut chen = Person::new(400_002, "checker@example.com", &["CanCheckRequest"]);
    chen.orgs = json!(["90001", "90002"]);
    vec![Person::new(400_001, "maker@example.com", &["CanMakeRequest"]), chen]
}

async fn start(on: On) -> App {
    App::with(on, Wishes::stepped().with_pages(&people())).await
}

const SESSIONS: &str = "SELECT count(*) AS number FROM sessions";
const LIVE: &str = "SELECT count(*) AS number FROM sessions WHERE ended_at IS NULL";

async fn a_sign_in_makes_a_new_secret_and_adopts_none(on: On) {
    let app = start(on).await;
    let browser = app.browser();
    // Somebody else knows this secret and waits for it to become good.
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

    // Whoever is signed in and signs in anew gets a new one, too, and the old one is over.
    let csrf = browser.csrf().await;
    browser.post("/ui/sign-in/again", &[("csrf", &csrf), ("to", "/ui/needs-me")]).await.leads_to();
    let second = browser.cookie(SESSION).unwrap();
    assert_ne!(second, first);
    assert_ne!(browser.csrf().await, csrf);
    other.plant(SESSION, &first);
    assert!(!other.is_signed_in().await);
    assert_eq!((app.count(SESSIONS), app.count(LIVE)), (2, 1));
}

async fn cookies_are_out_of_everybody_elses_reach(on: On) {
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

async fn who_does_nothing_is_signed_out(on: On) {
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

async fn who_works_is_signed_out_at_the_end_of_the_day(on: On) {
    let app =
        App::with(on, Wishes::stepped().with_pages(&people()).set("web.session_idle_seconds", 86_400)).await;
    let browser = app.browser();
    browser.sign_in(CHECKER).await;
    app.clock.advance(MAX - TimeDelta::seconds(1));
    assert!(browser.is_signed_in().await);
    app.clock.advance(TimeDelta::seconds(1));
    assert!(!browser.is_signed_in().await);
}

async fn a_session_that_operators_end_is_over_at_once(on: On) {
    let app = start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let (browser, other) = (app.browser(), app.browser());
    browser.sign_in(CHECKER).await;
    other.sign_in(MAKER).await;
    let step = browser.get(&format!("/ui/requests/{id}/approve")).await;
    let now = to_micros(app.clock.now());
    assert_eq!(sessions::end_all_of(&mut app.database(), CHECKER, now).unwrap(), 1);
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
    // Once more is no fault.
    assert_eq!(browser.post("/ui/sign-out", &[("csrf", "")]).await.leads_to(), "/ui/sign-in?out=1");
}

async fn a_form_that_is_not_ours_changes_nothing(on: On) {
    let app = start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let (browser, other) = (app.browser(), app.browser());
    browser.sign_in(CHECKER).await;
    other.sign_in(CHECKER).await;
    let step = browser.get(&format!("/ui/requests/{id}/approve")).await;
    let (csrf, digest, version) = (step.field("csrf"), step.field("digest"), step.field("version"));
    let others = other.csrf().await;
    let before = app.auditor().history(&id).await;
    let decide = format!("/ui/requests/{id}/decide");
    let withdraw = format!("/ui/requests/{id}/withdraw");
    for path in [decide.as_str(), &withdraw, "/ui/sign-out", "/ui/org", "/ui/sign-in/again"] {
        let fields = |csrf: &str| {
            let fields = [
                ("csrf", csrf),
                ("decision", "approved"),
                ("digest", &digest),
                ("version", &version),
                ("org", "90002"),
            ];
            browser.form(path, &fields)
        };
        let host = browser.origin().replace("http://", "");
        let rows = [
            ("no token", fields("")),
            ("a wrong token", fields(&csrf.replace("sha256:", "sha255:"))),
            ("another session's token", fields(&others)),
            ("the cookie as token", fields(&browser.cookie(SESSION).unwrap())),
            ("another site", fields(&csrf).without("origin").header("origin", "https://evil.example")),
            ("another port", fields(&csrf).without("origin").header("origin", "http://127.0.0.1:1")),
            (
                "https of the same",
                fields(&csrf).without("origin").header("origin", &format!("https://{host}x")),
            ),
            ("a page without origin", fields(&csrf).without("origin").header("origin", "null")),
            ("cross-site", fields(&csrf).without("sec-fetch-site").header("sec-fetch-site", "cross-site")),
            ("same-site", fields(&csrf).without("sec-fetch-site").header("sec-fetch-site", "same-site")),
            ("nothing that says where from", fields(&csrf).without("origin").without("sec-fetch-site")),
        ];
        for (what, call) in rows {
            let reply = browser.send(call).await;
            assert_eq!(reply.status, 403, "{path}, {what}: {}", reply.text);
        }
    }
    assert_eq!(app.auditor().history(&id).await, before);
    assert_eq!((app.count(SESSIONS), app.count(LIVE)), (2, 2));
    let moved = "SELECT count(*) AS number FROM sessions WHERE org_id <> '90001'";
    assert_eq!(app.count(moved), 0);

    // The same form from our own page counts.
    let fields =
        [("csrf", csrf.as_str()), ("decision", "approved"), ("digest", &digest), ("version", &version)];
    browser.post(&decide, &fields).await.leads_to();
    assert_eq!(app.auditor().request(&id).await["state"], "approved");
    app.run_due_executions().await;
}

async fn nobody_is_signed_in_by_another_site(on: On) {
    let app = start(on).await;
    // The attacker has a page of his own with its token; the victim's browser has another one or none.
    let attackers = app.browser().get("/ui/sign-in").await.field("csrf");
    let fresh = app.browser();
    let fields = |csrf: &str| [("csrf", csrf.to_owned()), ("person", MAKER.to_owned())];
    let form = |browser: &crate::support::browser::Browser<'_>, csrf: &str| {
        let fields = fields(csrf);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.form("/ui/sign-in/demo", &fields)
    };
    assert_eq!(fresh.send(form(&fresh, &attackers)).await.status, 403);
    let victim = app.browser();
    let own = victim.get("/ui/sign-in").await.field("csrf");
    assert_eq!(victim.send(form(&victim, &attackers)).await.status, 403);
    let foreign = form(&victim, &own).without("origin").header("origin", "https://evil.example");
    assert_eq!(victim.send(foreign).await.status, 403);
    let foreign = form(&victim, &own).without("sec-fetch-site").header("sec-fetch-site", "cross-site");
    assert_eq!(victim.send(foreign).await.status, 403);
    // A name that somebody else leads to this address.
    let rebound = form(&victim, &own).without("origin").header("origin", "http://evil.example");
    assert_eq!(victim.send(rebound).await.status, 403);
    assert_eq!(victim.post("/ui/sign-in/demo", &[("csrf", &own), ("person", "1")]).await.status, 404);
    assert_eq!((app.count(SESSIONS), victim.cookie(SESSION)), (0, None));
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
        // By the form, by the page of somebody who is signed in already, and by signing in again.
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

async fn who_comes_without_a_session_returns_to_the_page_that_was_wanted(on: On) {
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
    // Who signs in again stays where the work is.
    browser.post("/ui/sign-in/again", &[("csrf", &csrf)]).await.leads_to();
    assert_eq!(app.count(org), 1);
}

async fn who_signs_in_again_may_sign_what_needs_a_fresh_sign_in(on: On) {
    let wishes = Wishes::stepped().with_pages(&people()).with_type(&type_file("", FRESH_SIGN_IN));
    let app = App::with(on, wishes).await;
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

async fn without_a_way_to_sign_in_there_are_no_pages(on: On) {
    let app = App::start(on).await;
    for path in ["/ui", "/ui/sign-in", "/ui/needs-me", "/ui/sign-in/again"] {
        let reply = app.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        reply.page().shows(&["web.oidc_issuer"]);
    }
    let browser = app.browser();
    // No configuration key makes people who sign in without proof.
    for path in ["/ui/sign-in/demo", "/ui/sign-in/start"] {
        assert_eq!(browser.post(path, &[("person", CHECKER)]).await.status, 404, "{path}");
    }
    assert_eq!(app.count(SESSIONS), 0);
}
