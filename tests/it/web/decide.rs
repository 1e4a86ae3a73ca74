//! Deciding on the pages: the same rules as on the API, and nothing typed is lost.

use super::{signed_in, start_with_deciders};
use crate::support::app::{App, AppOptions};
use crate::support::browser::Browser;
use crate::support::client::Reply;
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_checker_reads_approves_and_sees_it_done,
    a_rejection_without_a_message_is_reported_at_its_field,
    a_decision_on_an_old_page_is_not_recorded_and_keeps_its_message,
    a_decision_about_another_call_is_not_recorded,
    a_form_without_the_digest_or_the_version_decides_nothing,
    a_maker_sees_no_button_and_a_hand_made_form_is_refused,
    a_maker_in_another_spelling_decides_nothing_on_the_pages_either,
    a_maker_withdraws_with_a_reason,
    the_same_form_twice_is_one_decision,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";
const CARL: &str = "400004";

/// The button that approves.
const APPROVE: &str = "button[name='decision'][value='approved']";

/// The step's form as a browser would send it, with what the page holds.
async fn filled(browser: &Browser<'_>, id: &str, step: &str, message: &str) -> Vec<(&'static str, String)> {
    let page = browser.page(&format!("/ui/requests/{id}/{step}")).await;
    let verdict = if step == "reject" { "rejected" } else { "approved" };
    vec![
        ("csrf", page.field("csrf")),
        ("digest", page.field("digest")),
        ("version", page.field("version")),
        ("decision", verdict.to_owned()),
        ("message", message.to_owned()),
    ]
}

async fn send(browser: &Browser<'_>, id: &str, fields: &[(&'static str, String)]) -> Reply {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(&format!("/ui/requests/{id}/decide"), &fields).await
}

async fn state(app: &App, id: &str) -> String {
    app.auditor().request(id).await["state"].as_str().unwrap().to_owned()
}

async fn a_checker_reads_approves_and_sees_it_done(on: On) {
    let app = start_with_deciders(on, AppOptions::default()).await;
    let request = app.maker().submitted(&app.badge()).await;
    let chen = signed_in(&app, CHEN).await;
    let path = format!("/ui/requests/{}", request.id);
    assert_eq!(chen.page("/ui/needs-me").await.attributes(".rows .t > a", "href"), [path.as_str()]);
    let page = chen.page(&path).await;
    let plain = request.digest.trim_start_matches("sha256:");
    page.shows(&[&plain[..4], &plain[60..], "You may decide", "issueBulk"]);
    for step in ["approve", "reject"] {
        assert!(page.links_to(&format!("{path}/{step}")), "{step}: {}", page.text());
    }
    let form = filled(&chen, &request.id, "approve", "Agreed with the campaign team.").await;
    let after = send(&chen, &request.id, &form).await;
    assert_eq!(after.leads_to(), format!("{path}?said=approved"));
    let done = chen.page(after.leads_to()).await;
    done.shows(&["Your approval is recorded.", "Done: the target answered 200."]);
    assert_eq!(done.texts("#trail q"), ["Agreed with the campaign team."]);
    assert_eq!(state(&app, &request.id).await, "executed");
}

async fn a_rejection_without_a_message_is_reported_at_its_field(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let chen = signed_in(&app, CHEN).await;
    let mut form = filled(&chen, &id, "reject", " \n").await;
    let reply = send(&chen, &id, &form).await;
    assert_eq!(reply.status, 422);
    let page = reply.page();
    assert!(page.title().starts_with("Error:"), "{}", page.title());
    let fault = page.text_of(".errsum a[href='#message']");
    assert!(fault.starts_with("Write why you reject it."), "{fault}");
    assert_eq!(page.attributes("[aria-invalid='true']", "id"), ["message"]);
    assert_eq!(state(&app, &id).await, "AdminTask");
    form[4].1 = "Wrong customer, see case 55-1207.".to_owned();
    send(&chen, &id, &form).await.leads_to();
    assert_eq!(state(&app, &id).await, "rejected");
    chen.page(&format!("/ui/requests/{id}")).await.shows(&["Wrong customer, see case 55-1207."]);
}

async fn a_decision_on_an_old_page_is_not_recorded_and_keeps_its_message(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS))).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let (chen, carl) = (signed_in(&app, CHEN).await, signed_in(&app, CARL).await);
    let old = filled(&carl, &id, "approve", "Compared with the list <by hand>.").await;
    let form = filled(&chen, &id, "approve", "fine").await;
    send(&chen, &id, &form).await.leads_to();

    // It still waits for Carl, but it is not what they read: the step comes back with their message.
    let moved = send(&carl, &id, &old).await;
    assert_eq!(moved.status, 409, "{}", moved.text);
    let page = moved.page();
    page.shows(&[
        "was not recorded",
        "Since you read it, chen@example.com approved it as a checker: “fine”.",
    ]);
    assert_eq!(page.field("message"), "Compared with the list <by hand>.");
    assert!(page.has(APPROVE), "the new version can be signed: {}", moved.text);
    assert_eq!(state(&app, &id).await, "AdminTask");

    // Once it is rejected there is nothing left to sign; the message is shown so that it can be copied.
    app.actor(Person::new(400_007, "third@example.com", &["CanCheckRequest"])).says(&id, "rejected").await;
    let over = send(&carl, &id, &old).await;
    assert_eq!(over.status, 409);
    let page = over.page();
    page.shows(&["third@example.com rejected it", "Your message is kept here", "<by hand>"]);
    assert!(!page.has(APPROVE), "{}", over.text);
    assert_eq!(app.target.arrived().len(), 0);
}

async fn a_decision_about_another_call_is_not_recorded(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let one = app.maker().submitted(&app.badge()).await;
    let other = app.maker().submitted(&app.badge()).await;
    let chen = signed_in(&app, CHEN).await;
    let mut form = filled(&chen, &one.id, "approve", "").await;
    form[1].1 = other.digest;
    let reply = send(&chen, &one.id, &form).await;
    assert_eq!(reply.status, 409, "{}", reply.text);
    reply.page().shows(&["was not recorded"]);
    assert_eq!(state(&app, &one.id).await, "AdminTask");
}

async fn a_form_without_the_digest_or_the_version_decides_nothing(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let chen = signed_in(&app, CHEN).await;
    let whole = filled(&chen, &id, "approve", "").await;
    for missing in ["digest", "version", "decision"] {
        let form: Vec<_> = whole.iter().filter(|(name, _)| *name != missing).cloned().collect();
        assert_eq!(send(&chen, &id, &form).await.status, 400, "{missing}");
    }
    assert_eq!(state(&app, &id).await, "AdminTask");
}

async fn a_maker_sees_no_button_and_a_hand_made_form_is_refused(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let request = app.maker().submitted(&app.badge()).await;
    let mara = signed_in(&app, MARA).await;
    let page = mara.page(&format!("/ui/requests/{}", request.id)).await;
    page.shows(&["You submitted this"]);
    assert!(!page.has("a[href$='/approve'], a[href$='/reject']"), "{}", page.text());
    let step = mara.get(&format!("/ui/requests/{}/approve", request.id)).await;
    assert!(!step.page().has(APPROVE), "{}", step.text);
    let form = [
        ("csrf", page.field("csrf")),
        ("digest", request.digest.clone()),
        ("version", request.data["version"].to_string()),
        ("decision", "approved".to_owned()),
    ];
    let reply = send(&mara, &request.id, &form).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    reply.page().shows(&["You submitted this"]);
    assert_eq!(state(&app, &request.id).await, "AdminTask");
    let refused = app.auditor().history(&request.id).await;
    assert_eq!(refused.last().unwrap()["code"], "maker_is_checker", "what was tried is in the trail");
}

async fn a_maker_in_another_spelling_decides_nothing_on_the_pages_either(on: On) {
    let both = ["CanMakeRequest", "CanCheckRequest"];
    let known_as = |id: &str| {
        let plain = Person::new(400_001, id, &both);
        Person { sub: id.to_owned(), user_id: serde_json::json!(id), ..plain }
    };
    let (maker, other) = ("Mara.Lind@Example.com", "mara.lind@example.com");
    let options = AppOptions::stepped().with_pages(&[known_as(maker), known_as(other)]);
    let app = App::with(on, options).await;
    let request = app.actor(known_as(maker)).submitted(&app.badge()).await;
    let mara = signed_in(&app, other).await;
    let page = mara.page(&format!("/ui/requests/{}", request.id)).await;
    page.shows(&["You submitted this"]);
    assert!(!page.has("a[href$='/approve'], a[href$='/reject']"), "{}", page.text());
    let form = [
        ("csrf", page.field("csrf")),
        ("digest", request.digest.clone()),
        ("version", request.data["version"].to_string()),
        ("decision", "approved".to_owned()),
    ];
    assert_eq!(send(&mara, &request.id, &form).await.status, 403);
    assert_eq!(state(&app, &request.id).await, "AdminTask");
    assert!(!mara.page("/ui/needs-me").await.text().contains(&request.id));
}

async fn a_maker_withdraws_with_a_reason(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let mara = signed_in(&app, MARA).await;
    let page = mara.get(&format!("/ui/requests/{id}/withdraw")).await;
    let csrf = page.field("csrf");
    let path = format!("/ui/requests/{id}/withdraw");
    mara.post(&path, &[("csrf", &csrf), ("message", "Sent twice by mistake")]).await.leads_to();
    assert_eq!(state(&app, &id).await, "withdrawn");
    let page = mara.page(&format!("/ui/requests/{id}")).await;
    page.shows(&["withdrew it. Nothing was sent.", "Sent twice by mistake"]);
    // No one else can withdraw it.
    let other = app.maker().submitted(&app.badge()).await.id;
    let chen = signed_in(&app, CHEN).await;
    let csrf = chen.csrf().await;
    let reply = chen.post(&format!("/ui/requests/{other}/withdraw"), &[("csrf", &csrf)]).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    assert_eq!(state(&app, &other).await, "AdminTask");
}

async fn the_same_form_twice_is_one_decision(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let chen = signed_in(&app, CHEN).await;
    let form = filled(&chen, &id, "approve", "once").await;
    for _ in 0..2 {
        send(&chen, &id, &form).await.leads_to();
    }
    let decided = app.auditor().history(&id).await;
    assert_eq!(decided.iter().filter(|entry| entry["type"] == "approved").count(), 1, "{decided:?}");
    app.run_due_executions().await;
}
