//! Two people settle an unknown outcome on its page.

use super::signed_in;
use crate::support::app::{App, AppOptions};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    two_people_settle_an_unknown_outcome_on_its_page,
    a_form_without_evidence_comes_back_with_what_was_written,
    words_about_an_older_version_are_kept_and_not_recorded,
    the_maker_reads_what_was_said_and_has_no_form,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";
const DANA: &str = "400005";

async fn start(on: On) -> App {
    let check = ["CanCheckRequest"];
    let people = [
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_002, "checker@example.com", &check),
        Person::new(400_005, "second.checker@example.com", &check),
    ];
    App::with(on, AppOptions::stepped().with_pages(&people)).await
}

async fn unknown(app: &App) -> String {
    app.target.will_hang_up();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    app.run_due_executions().await;
    id
}

async fn two_people_settle_an_unknown_outcome_on_its_page(on: On) {
    let app = start(on).await;
    let id = unknown(&app).await;
    let url = format!("/ui/requests/{id}");
    let said = format!("{url}?said=how-it-ended");
    let chen = signed_in(&app, CHEN).await;
    let page = chen.page(&url).await;
    page.shows(&["The one attempt", "Attempt 1 began", "Sent at", "2026-03-01T12:00:00.123Z", "Settle it"]);
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    let form = |csrf: &str, version: &str, words: &str| {
        let fields = [("csrf", csrf), ("version", version), ("outcome", "executed"), ("message", words)];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let send = async |browser: &crate::support::browser::Browser<'_>, fields: [(String, String); 4]| {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post(&format!("{url}/settle"), &fields).await.leads_to().to_owned()
    };
    assert_eq!(send(&chen, form(&csrf, &version, "Their log has it.")).await, said);
    let page = chen.page(&said).await;
    page.shows(&["Your word is recorded.", "It happened", "says checker@example.com", "Their log has it."]);
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");

    let dana = signed_in(&app, DANA).await;
    let page = dana.page(&url).await;
    page.shows(&["says checker@example.com", "Their log has it."]);
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    assert_eq!(send(&dana, form(&csrf, &version, "I called them.")).await, said);
    let page = dana.page(&said).await;
    page.shows(&["the outcome is settled", "Done: two people say that it happened.", "What people said"]);
    assert!(!page.has("form[action$='/settle']"));
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    assert_eq!(app.checker().lists("states=executed").await, [id]);
}

async fn a_form_without_evidence_comes_back_with_what_was_written(on: On) {
    let app = start(on).await;
    let id = unknown(&app).await;
    let url = format!("/ui/requests/{id}");
    let chen = signed_in(&app, CHEN).await;
    let page = chen.page(&url).await;
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    let form = |outcome, words| {
        [("csrf", csrf.as_str()), ("version", &version), ("outcome", outcome), ("message", words)]
    };
    let reply = chen.post(&format!("{url}/settle"), &form("failed", " \u{200b}")).await;
    assert_eq!(reply.status, 422);
    let page = reply.page();
    assert!(page.title().starts_with("Error: "), "{}", page.title());
    page.shows(&["There is a problem", "Write how you know it"]);
    assert!(page.has("input[name=outcome][value=failed][checked]"));
    let reply = chen.post(&format!("{url}/settle"), &form("", "It is not in their list.")).await;
    assert_eq!(reply.status, 422);
    reply.page().shows(&["Say what happened."]);
    assert_eq!(reply.page().field("message"), "It is not in their list.");
    // Not from another site, and not without the session's own token.
    let forged = [("csrf", "x"), ("version", &version), ("outcome", "failed"), ("message", "no")];
    assert_eq!(chen.post(&format!("{url}/settle"), &forged).await.status, 403);
    assert!(app.auditor().request(&id).await.get("settlement").is_none());
}

async fn words_about_an_older_version_are_kept_and_not_recorded(on: On) {
    let app = start(on).await;
    let id = unknown(&app).await;
    let url = format!("/ui/requests/{id}");
    let chen = signed_in(&app, CHEN).await;
    let page = chen.page(&url).await;
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    app.other_checker().settles(&id, "failed", "It is not in their list.").await.data();
    let form =
        [("csrf", csrf.as_str()), ("version", &version), ("outcome", "failed"), ("message", "Nor in mine.")];
    let reply = chen.post(&format!("{url}/settle"), &form).await;
    assert_eq!(reply.status, 409);
    let page = reply.page();
    page.shows(&["This was not recorded.", "says second.checker@example.com"]);
    assert_eq!(page.field("message"), "Nor in mine.");
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
}

async fn the_maker_reads_what_was_said_and_has_no_form(on: On) {
    let app = start(on).await;
    let id = unknown(&app).await;
    app.checker().settles(&id, "failed", "It is not in <b>their</b> list.").await.data();
    let mara = signed_in(&app, MARA).await;
    let page = mara.page(&format!("/ui/requests/{id}")).await;
    page.shows(&[
        "says checker@example.com",
        "It is not in <b>their</b> list.",
        "another person must say the same",
    ]);
    assert!(!page.has("form[action$='/settle']"));
    assert!(mara.page("/ui/unknown").await.links_to(&format!("/ui/requests/{id}?from=unknown")));
    app.other_checker().settles(&id, "failed", "Nor do I find it.").await.data();
    let page = mara.page(&format!("/ui/requests/{id}")).await;
    page.shows(&["Failed: two people say that it did not happen.", "Nor do I find it."]);
}
