//! The page of one request: who sees it, and what it hides.

use super::{signed_in, start_with_deciders};
use crate::support::app::AppOptions;
use crate::support::pay_out::{RISK_THEN_FINANCE, TWO_CHECKERS, body, type_file};
use crate::support::{On, journeys};

journeys![
    the_page_says_why_a_person_may_not_decide,
    whoever_is_not_needed_to_approve_can_still_reject,
    reading_every_page_changes_no_request,
    a_page_shows_neither_credentials_nor_fields_that_are_hidden,
    a_page_of_another_org_does_not_exist,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";
const CARL: &str = "400004";

async fn the_page_says_why_a_person_may_not_decide(on: On) {
    let app =
        start_with_deciders(on, AppOptions::stepped().with_type(&type_file("", RISK_THEN_FINANCE))).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let chen = signed_in(&app, CHEN).await;
    let page = chen.page(&format!("/ui/requests/{id}")).await;
    page.shows(&["You can read this, but not decide it", "It waits for Risk.", "High", "Waits for Risk"]);
    assert!(!page.has("a[href$='/approve']"), "{}", page.text());
    assert!(!chen.get("/ui/needs-me").await.text.contains(&id));
}

/// A checker, and somebody of a group that nobody here is in.
const A_CHECKER_AND_TREASURY: &str = r#"
[[policy]]
name = "both"
[[policy.stages]]
name = "Both"
[[policy.stages.seats]]
permission = "CanCheckRequest"
[[policy.stages.seats]]
group = "Treasury"
"#;

async fn whoever_is_not_needed_to_approve_can_still_reject(on: On) {
    let app =
        start_with_deciders(on, AppOptions::stepped().with_type(&type_file("", A_CHECKER_AND_TREASURY)))
            .await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.checker().says(&id, "approved").await.data();
    let carl = signed_in(&app, CARL).await;
    let page = carl.page(&format!("/ui/requests/{id}")).await;
    page.shows(&[
        "Nobody else of the checkers is needed to approve it. You can still reject it.",
        "Waits for Treasury",
    ]);
    assert!(!page.has("a[href$='/approve']"), "{}", page.text());
    assert!(page.has("a[href$='/reject']"), "{}", page.text());
    let step = carl.page(&format!("/ui/requests/{id}/reject")).await;
    step.shows(&["You sign as", "as a checker"]);
    let own = ["csrf", "digest", "version"].map(|name| (name, step.field(name)));
    let mut form: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.extend([("decision", "rejected"), ("message", "Wrong customer.")]);
    carl.post(&format!("/ui/requests/{id}/decide"), &form).await.leads_to();
    assert_eq!(app.auditor().request(&id).await["state"], "rejected");
}

async fn reading_every_page_changes_no_request(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    // A sign-in is an event of its own.
    let events = "SELECT count(*) AS number FROM events WHERE request_id IS NOT NULL";
    let before = (app.count(events), app.auditor().request(&id).await);
    for user_id in [CHEN, MARA] {
        let browser = signed_in(&app, user_id).await;
        let mut paths: Vec<String> =
            ["", "/approve", "/reject", "/withdraw", "/body", "/body/file", "/curl", "/trail"]
                .map(|step| format!("/ui/requests/{id}{step}"))
                .into();
        let lists = ["needs-me", "my-groups", "decided", "mine", "unknown", "history", "types", "new"];
        paths.extend(lists.map(|list| format!("/ui/{list}")));
        for path in paths {
            let status = browser.get(&path).await.status;
            assert!(status == 200 || (user_id == CHEN && path == "/ui/new"), "{user_id} {path}: {status}");
            assert_ne!(browser.send(browser.call("HEAD", &path)).await.status, 500, "{path}");
        }
        let decide = format!("/ui/requests/{id}/decide?decision=approved");
        assert_eq!(browser.get(&decide).await.status, 404, "a decision is never a link");
    }
    assert_eq!((app.count(events), app.auditor().request(&id).await), before);
}

async fn a_page_shows_neither_credentials_nor_fields_that_are_hidden(on: On) {
    let classes = "[fields]\nmasked = [\"/body/card\"]\nsecret = [\"/body/pin\"]\n";
    let app =
        start_with_deciders(on, AppOptions::stepped().with_type(&type_file(classes, TWO_CHECKERS))).await;
    let mut task = body(&app, "c-1", 10);
    let wrapped = &mut task["payload"]["IntouchAPITask-Payload"];
    wrapped["headers"]["Authorization"] = "Basic Y2FuYXJ5LWNyZWRlbnRpYWw=".into();
    wrapped["body"]["card"] = "canary-card".into();
    wrapped["body"]["pin"] = "canary-pin".into();
    let id = app.maker().pays(&task).await.id;
    let (chen, mara) = (signed_in(&app, CHEN).await, signed_in(&app, MARA).await);
    let paths = ["", "/approve", "/body", "/body/file", "/curl", "/trail"]
        .map(|step| format!("/ui/requests/{id}{step}"));
    let lists = ["/ui/needs-me", "/ui/mine", "/ui/history", "/ui/history/export"].map(str::to_owned);
    for path in paths.iter().chain(&lists) {
        for (browser, sees_masked) in [(&chen, true), (&mara, false)] {
            let text = browser.get(path).await.text;
            assert!(!text.contains("Y2FuYXJ5"), "{path}: {text}");
            assert!(!text.contains("canary-pin"), "{path}: {text}");
            assert!(sees_masked || !text.contains("canary-card"), "{path}: {text}");
        }
    }
    // A checker sees fields that are masked for others.
    chen.page(&format!("/ui/requests/{id}")).await.shows(&["canary-card"]);
}

async fn a_page_of_another_org_does_not_exist(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let stranger = signed_in(&app, "400009").await;
    for step in ["", "/approve", "/body", "/body/file", "/curl", "/trail"] {
        assert_eq!(stranger.get(&format!("/ui/requests/{id}{step}")).await.status, 404, "{step}");
    }
    assert!(!stranger.get("/ui/history").await.text.contains(&id));
    for nonsense in ["/ui/requests/not-an-id", "/ui/nowhere", "/ui/assets/style.css"] {
        assert_eq!(stranger.get(nonsense).await.status, 404, "{nonsense}");
    }
}
