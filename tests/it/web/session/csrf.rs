//! Only a form of our own page, sent in its own session, changes anything.

use super::start;
use crate::support::browser::SESSION;
use crate::support::{On, journeys};

journeys![a_form_that_is_not_ours_changes_nothing, another_site_signs_no_one_in,];

const MAKER: &str = "400001";
const CHECKER: &str = "400002";
const SESSIONS: &str = "SELECT count(*) AS number FROM sessions";
const LIVE: &str = "SELECT count(*) AS number FROM sessions WHERE ended_at IS NULL";

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

    // The same form from our own page is accepted.
    let fields =
        [("csrf", csrf.as_str()), ("decision", "approved"), ("digest", &digest), ("version", &version)];
    browser.post(&decide, &fields).await.leads_to();
    assert_eq!(app.auditor().request(&id).await["state"], "approved");
    app.run_due_executions().await;
}

async fn another_site_signs_no_one_in(on: On) {
    let app = start(on).await;
    // The attacker has their own page and its token; the victim's browser has another token or none.
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
    // A host name of the attacker's that resolves to this address.
    let rebound = form(&victim, &own).without("origin").header("origin", "http://evil.example");
    assert_eq!(victim.send(rebound).await.status, 403);
    assert_eq!(victim.post("/ui/sign-in/demo", &[("csrf", &own), ("person", "1")]).await.status, 404);
    assert_eq!((app.count(SESSIONS), victim.cookie(SESSION)), (0, None));
}
