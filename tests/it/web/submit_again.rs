//! *Submit again* on the pages: offered where the API allows it, one step that shows the stored call, one button.

use serde_json::Value;

use super::{follow, signed_in};
use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{AUTO_APPROVED, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_rejected_request_is_submitted_again_in_two_steps,
    the_step_shows_the_stored_call_with_hidden_fields_hidden_and_edits_nothing,
    another_id_is_taken_or_told_what_is_wrong_with_it,
    the_same_form_sent_twice_is_one_request,
    it_is_offered_to_the_maker_only_and_only_once,
    what_the_rules_forbid_now_is_said_on_the_step,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";

fn people() -> Vec<Person> {
    vec![
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_002, "checker@example.com", &["CanMakeRequest", "CanCheckRequest"]),
    ]
}

async fn started(on: On, more: &str) -> App {
    let file = type_file("", more);
    App::with(on, AppOptions::stepped().with_type(&file).with_pages(&people())).await
}

async fn rejected(app: &App, body: &Value) -> String {
    let id = app.maker().pays(body).await.id;
    app.checker().says(&id, "rejected").await.data();
    id
}

async fn rejected_badge(app: &App) -> String {
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().reject(&id, "no").await.data();
    id
}

fn step_of(id: &str) -> String {
    format!("/ui/requests/{id}/submit-again")
}

async fn a_rejected_request_is_submitted_again_in_two_steps(on: On) {
    let app = started(on, "").await;
    let old = rejected(&app, &body(&app, "c-1", 10)).await;
    let browser = signed_in(&app, MARA).await;
    let page = browser.page(&format!("/ui/requests/{old}")).await;
    let step = follow(&browser, &page, "Submit again…").await;
    step.shows(&["Submit again", "Pay 10 to c-1", "Nothing is sent before people have agreed", "Go back"]);
    let form = [("csrf", step.field("csrf")), ("key", step.field("key"))];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let to = browser.post(&step_of(&old), &form).await.leads_to_page().to_owned();
    let new = browser.page(&to).await;
    new.shows(&["Pay 10 to c-1", "submitted again"]);
    // Each leads to the other.
    let back = follow(&browser, &new, "an earlier request").await;
    back.shows(&["It was submitted again", "submitted it again, as request"]);
    follow(&browser, &back, "the newer request").await.shows(&[&format!("submitted request {old} again")]);
    assert_eq!(app.maker().request(&old).await["repeatedBy"], to["/ui/requests/".len()..]);
}

async fn the_step_shows_the_stored_call_with_hidden_fields_hidden_and_edits_nothing(on: On) {
    let app = started(on, "[fields]\nmasked = [\"/body/card\"]\nsecret = [\"/body/pin\"]\n").await;
    let mut body = body(&app, "c-1", 10);
    task(&mut body)["headers"]["authorization"] = "Basic c2VjcmV0".into();
    task(&mut body)["body"]["card"] = "4711-0815".into();
    task(&mut body)["body"]["pin"] = "9876".into();
    let old = rejected(&app, &body).await;
    let browser = signed_in(&app, MARA).await;
    let reply = browser.get(&step_of(&old)).await;
    for hidden in ["c2VjcmV0", "4711-0815", "9876"] {
        assert!(!reply.text.contains(hidden), "{hidden}: {}", reply.text);
    }
    let page = reply.page();
    page.shows(&["c-1", "authorization: Basic ••••"]);
    // Only why it is submitted again.
    let fields = "form.card input:not([type=hidden]), form.card textarea:not(#reason), form.card select";
    assert!(page.select(fields).is_empty());
    assert!(!page.select("form.card textarea#reason").is_empty());
}

async fn another_id_is_taken_or_told_what_is_wrong_with_it(on: On) {
    let app = started(on, "").await;
    let old = rejected_badge(&app).await;
    let browser = signed_in(&app, MARA).await;
    let page = browser.page(&step_of(&old)).await;
    page.shows(&["New id", "recognises a repeat by the id journey-1"]);
    let csrf = page.field("csrf");
    let send = async |key: &str, new_id: &str| {
        let form = [("csrf", csrf.as_str()), ("key", key), ("newId", new_id)];
        browser.post(&step_of(&old), &form).await
    };
    let key = page.field("key");
    let long = "x".repeat(257);
    let reply = send(&key, &long).await;
    assert_eq!(reply.status, 400);
    let page = reply.page();
    page.shows(&["It was not submitted", "1 to 256 characters"]);
    assert_eq!((page.field("newId"), page.field("key")), (long, key.clone()));
    let taken = app.maker().submitted(&app.badge()).await.data["details"]["IntouchAPITask-Payload"]["body"]
        ["requestId"]
        .as_str()
        .unwrap()
        .to_owned();
    let reply = send(&key, &taken).await;
    assert_eq!(reply.status, 409);
    reply.page().shows(&["another open request"]);
    let to = send(&key, "R-2").await.leads_to_page().to_owned();
    browser.page(&to).await.shows(&["R-2"]);
}

async fn the_same_form_sent_twice_is_one_request(on: On) {
    let app = started(on, "").await;
    let old = rejected_badge(&app).await;
    let browser = signed_in(&app, MARA).await;
    let page = browser.page(&step_of(&old)).await;
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let form = [("csrf", csrf.as_str()), ("key", key.as_str()), ("newId", "")];
    let first = browser.post(&step_of(&old), &form).await.leads_to_page().to_owned();
    assert_eq!(browser.post(&step_of(&old), &form).await.leads_to_page(), first);
    // An older tab has another form: it finds out.
    let other = [("csrf", csrf.as_str()), ("key", "form-0190b6f2-7a3c-7cc0-8000-000000000001")];
    let reply = browser.post(&step_of(&old), &other).await;
    assert_eq!(reply.status, 409);
    reply.page().shows(&["It was not submitted", "submitted again before", "the newer request"]);
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 2);
    // Without the session's own secret nothing happens.
    app.checker().reject(&first["/ui/requests/".len()..], "no").await.data();
    let newer = step_of(&first["/ui/requests/".len()..]);
    for csrf in ["", "another"] {
        assert_eq!(browser.post(&newer, &[("csrf", csrf)]).await.status, 403);
    }
    let foreign =
        browser.form(&newer, &[("csrf", &csrf)]).without("origin").header("origin", "https://evil.example");
    assert_eq!(browser.send(foreign).await.status, 403);
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 2);
}

async fn it_is_offered_to_the_maker_only_and_only_once(on: On) {
    let app = started(on, "").await;
    let old = rejected_badge(&app).await;
    let waiting = app.maker().submitted(&app.badge()).await.id;
    let (mara, chen) = (signed_in(&app, MARA).await, signed_in(&app, CHEN).await);
    for (browser, id, is_offered) in
        [(&mara, &old, true), (&mara, &waiting, false), (&chen, &old, false), (&chen, &waiting, false)]
    {
        let page = browser.page(&format!("/ui/requests/{id}")).await;
        assert_eq!(page.link("Submit again…").is_some(), is_offered, "{}", page.text());
        // The step itself shows the request where there is nothing to do.
        let step = browser.page(&step_of(id)).await;
        assert_eq!(step.text().contains("Go back"), is_offered);
    }
    app.maker().call("POST", &format!("/requests/{old}/submit-again")).text("{}").send().await.data();
    let page = mara.page(&format!("/ui/requests/{old}")).await;
    assert!(page.link("Submit again…").is_none());
    page.shows(&["It was submitted again"]);
}

async fn what_the_rules_forbid_now_is_said_on_the_step(on: On) {
    let app = started(on, "").await;
    let old = rejected(&app, &body(&app, "c-1", 10)).await;
    let browser = signed_in(&app, MARA).await;
    let page = browser.page(&step_of(&old)).await;
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let form = [("csrf", csrf.as_str()), ("key", key.as_str())];
    let refuses = "[[policy]]\nname = \"never\"\nrefuse = \"Ask the treasury.\"\n";
    app.change_type(&type_file("", refuses)).await;
    let reply = browser.post(&step_of(&old), &form).await;
    assert_eq!(reply.status, 403);
    reply.page().shows(&[
        "It was not submitted",
        "Ask the treasury.",
        "Nothing is sent before people have agreed",
    ]);
    let strict =
        type_file("", "").replace("[\"customer\", \"points\"]", "[\"customer\", \"points\", \"card\"]");
    app.change_type(&strict).await;
    let reply = browser.post(&step_of(&old), &form).await;
    assert_eq!(reply.status, 400);
    reply.page().shows(&["Add this member", "/body/card"]);
    app.change_type(&type_file("", AUTO_APPROVED)).await;
    browser.page(&step_of(&old)).await.shows(&["unless a rule asks for no one"]);
    app.remove_type().await;
    let reply = browser.post(&step_of(&old), &form).await;
    assert_eq!(reply.status, 409);
    reply.page().shows(&["no longer in force"]);
    app.change_type(&type_file("", "")).await;
    browser.post(&step_of(&old), &form).await.leads_to();
    assert_eq!(app.auditor().get("/refusals").await.data().as_array().unwrap().len(), 3);
}
