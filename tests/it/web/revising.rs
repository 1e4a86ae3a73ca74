//! Comments, sending back and resubmitting on the pages, without script.

use scraper::{ElementRef, Selector};
use serde_json::{Value, json};

use super::{deciders, follow, signed_in};
use crate::support::app::{App, AppOptions, task};
use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::pay_out::{body, type_file};
use crate::support::{On, journeys};

journeys![
    a_wrong_amount_is_sent_back_corrected_and_approved,
    the_makers_form_has_what_they_sent_but_for_what_is_hidden,
    what_a_checker_wants_changed_is_kept_until_it_can_be_recorded,
    a_comment_is_shown_to_every_reader_and_its_words_are_kept,
    nobody_but_its_maker_gets_the_form_and_only_while_it_is_sent_back,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";
const CARL: &str = "400004";
const POINTS: &str = "/payload/IntouchAPITask-Payload/body/points";

async fn started(on: On, more: &str) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file(more, "")).with_pages(&deciders())).await
}

async fn pays(app: &App, body: &Value) -> String {
    app.maker().pays(body).await.id
}

fn url_of(id: &str) -> String {
    format!("/ui/requests/{id}")
}

/// Posts the form of the step that sends back.
async fn sends_back(
    browser: &Browser<'_>,
    id: &str,
    message: &str,
    fields: &[&str],
) -> crate::support::client::Reply {
    let step = format!("{}/send-back", url_of(id));
    let page = browser.get(&step).await;
    let hidden = ["csrf", "digest", "version"].map(|name| (name, page.field(name)));
    let mut form: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.push(("message", message));
    form.extend(fields.iter().map(|field| ("field", *field)));
    browser.post(&step, &form).await
}

/// What a browser would send of the page's form, with these values instead.
fn filled(page: &Page, wish: &str, other: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut form: Vec<(String, String)> = Vec::new();
    let fields = "input:not([type=radio]):not([type=checkbox]), input[checked], textarea, option[selected]";
    for element in page.select("form[action$=resubmit]")[0].select(&Selector::parse(fields).unwrap()) {
        let select = element.parent().and_then(ElementRef::wrap);
        let name = element.attr("name").or_else(|| select?.attr("name")).unwrap().to_owned();
        let value = element.attr("value").map_or_else(|| element.text().collect(), str::to_owned);
        form.push((name, value));
    }
    for (name, value) in other {
        let at = form.iter_mut().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no field {name}"));
        (*value).clone_into(&mut at.1);
    }
    form.push(("do".to_owned(), wish.to_owned()));
    form
}

async fn posts(
    browser: &Browser<'_>,
    path: &str,
    form: &[(String, String)],
) -> crate::support::client::Reply {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &form).await
}

async fn a_wrong_amount_is_sent_back_corrected_and_approved(on: On) {
    let app = started(on, "").await;
    let id = pays(&app, &body(&app, "c-1", 7)).await;
    let (chen, mara, carl) =
        (signed_in(&app, CHEN).await, signed_in(&app, MARA).await, signed_in(&app, CARL).await);
    let page = chen.page(&url_of(&id)).await;
    let step = follow(&chen, &page, "Send back for changes… s").await;
    step.shows(&["Send back", "nobody can decide it until its maker has changed it", "body › points 7"]);
    let to = sends_back(&chen, &id, "The receipt says 70.", &[POINTS]).await.leads_to().to_owned();
    chen.page(&to).await.shows(&["You sent it back.", "Sent back for changes", "“The receipt says 70.”"]);

    let page = mara.page(&url_of(&id)).await;
    page.shows(&["It came back to you.", "It is about: body › points.", "Expires"]);
    let form = follow(&mara, &page, "Change and resubmit…").await;
    form.shows(&["Change and resubmit: Pay out", "“The receipt says 70.”", "Resubmit for approval"]);
    let path = format!("{}/resubmit", url_of(&id));
    let checked = posts(&mara, &path, &filled(&form, "check", &[("/body/points", "70")])).await;
    checked.page().shows(&["Nothing forbids it.", "Pay 70 to c-1"]);
    let sent = posts(&mara, &path, &filled(&checked.page(), "submit", &[])).await;
    assert_eq!(sent.leads_to(), format!("{}?said=submitted", url_of(&id)));

    let page = carl.page(&url_of(&id)).await;
    page.shows(&["This is revision 2.", "What changed since revision 1", "body › points before: 7 now: 70"]);
    let earlier = follow(&carl, &page, "Read revision 1").await;
    earlier.shows(&[
        "Revision 1 of 2",
        "It is not what is decided or sent.",
        "Pay 7 to c-1",
        "This was never sent:",
    ]);
    carl.page(&format!("{}/revisions/1/body", url_of(&id)))
        .await
        .shows(&["\"points\": 7", "Back to the revision"]);
    let raw = carl.get(&format!("{}/revisions/1/body/file", url_of(&id))).await;
    assert_eq!(raw.text, r#"{"customer":"c-1","points":7}"#);
    assert_eq!(carl.get(&format!("{}/revisions/2", url_of(&id))).await.leads_to(), url_of(&id));
    carl.page("/ui/needs-me").await.shows(&["Pay 70 to c-1", "Revision 2"]);
    let step = carl.page(&format!("{}/approve", url_of(&id))).await;
    step.shows(&["What changed since revision 1", "body › points before: 7 now: 70"]);
    let hidden = ["csrf", "digest", "version"].map(|name| (name, step.field(name)));
    let mut form: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.push(("decision", "approved"));
    carl.post(&format!("{}/decide", url_of(&id)), &form).await.leads_to();
    app.run_due_executions().await;
    let trail = carl.page(&format!("{}/trail", url_of(&id))).await;
    trail.shows(&[
        "chen@example.com sent back it",
        "maker@example.com resubmitted it",
        "carl@example.com approved it",
        "One digest all the way.",
        "sent it back for changes in body › points, as a checker",
        "Only the last one is decided and sent.",
    ]);
    assert_eq!(app.target.arrived().len(), 1);
}

async fn the_makers_form_has_what_they_sent_but_for_what_is_hidden(on: On) {
    let app = started(on, "[fields]\nmasked = [\"/body/card\"]\nsecret = [\"/body/pin\"]\n").await;
    let mut sent = body(&app, "c-1", 7);
    sent["reason"] = "Ticket 4711.".into();
    task(&mut sent)["headers"]["authorization"] = "Basic c2VjcmV0".into();
    task(&mut sent)["body"]["card"] = "4711-0815".into();
    task(&mut sent)["body"]["pin"] = "9876".into();
    let id = pays(&app, &sent).await;
    app.checker()
        .call("POST", &format!("/requests/{id}/send-back"))
        .json(&json!({ "message": "Hm." }))
        .send()
        .await
        .data();
    let mara = signed_in(&app, MARA).await;
    let path = format!("{}/resubmit", url_of(&id));
    let reply = mara.get(&path).await;
    for hidden in ["c2VjcmV0", "4711-0815", "9876"] {
        assert!(!reply.text.contains(hidden), "{hidden}");
    }
    let form = reply.page();
    form.shows(&["What is not public is empty here.", "Ticket 4711."]);
    let entity =
        ["tillId", "storeId", "zoneId", "conceptId"].map(|name| form.field(&format!("/entityInfo/{name}")));
    assert_eq!(entity, ["1", "2", "3", "4"]);
    assert_eq!(
        (form.field("/body/customer"), form.field("/body/points")),
        ("c-1".to_owned(), "7".to_owned())
    );
    // As JSON, too.
    let json = posts(&mara, &path, &filled(&form, "json", &[])).await.page();
    assert!(json.has("input[name=as]"), "{}", json.text());
    let form = posts(&mara, &path, &filled(&json, "fields", &[])).await.page();
    // What was sent and is not shown again is missed, until it is typed again or left out on purpose.
    let typed = [("/body/card", "4711-0816"), ("/headers/Authorization", "Basic bmV3")];
    let missed = posts(&mara, &path, &filled(&form, "submit", &typed)).await;
    assert_eq!(missed.status, 400);
    missed.page().shows(&["You had filled this in.", "Leave it out: Pin"]);
    let mut form = filled(&form, "submit", &typed);
    form.push(("leave:/body/pin".to_owned(), "yes".to_owned()));
    posts(&mara, &path, &form).await.leads_to();
    let read = app.checker().request(&id).await;
    let task = &read["details"]["IntouchAPITask-Payload"];
    assert_eq!((&task["body"]["card"], &task["body"]["pin"]), (&json!("4711-0816"), &Value::Null));
    assert_eq!((&read["revision"], &read["reason"]), (&json!(2), &json!("Ticket 4711.")));
    let page = signed_in(&app, MARA).await.page(&url_of(&id)).await;
    page.shows(&["body › card Changed. Its values are hidden from you."]);
}

async fn what_a_checker_wants_changed_is_kept_until_it_can_be_recorded(on: On) {
    let app = started(on, "").await;
    let id = pays(&app, &body(&app, "c-1", 7)).await;
    let (chen, carl) = (signed_in(&app, CHEN).await, signed_in(&app, CARL).await);
    let blank = sends_back(&chen, &id, " ", &[POINTS]).await;
    assert_eq!(blank.status, 422);
    let page = blank.page();
    page.shows(&["There is a problem", "Write what is to be changed."]);
    assert_eq!(page.attributes("input[name=field][checked]", "value"), [POINTS]);
    sends_back(&chen, &id, "x", &["/body/points"]).await.page().shows(&["can’t be read"]);
    assert_eq!(app.maker().request(&id).await["state"], "AdminTask");

    // Carl has it open when Chen is quicker.
    let step = format!("{}/send-back", url_of(&id));
    let open = carl.get(&step).await;
    sends_back(&chen, &id, "The receipt says 70.", &[]).await.leads_to();
    let hidden = ["csrf", "digest", "version"].map(|name| (name, open.field(name)));
    let mut form: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.push(("message", "Wrong customer."));
    let late = carl.post(&step, &form).await;
    assert_eq!(late.status, 409);
    late.page().shows(&["This was not recorded.", "was sent back to its maker", "Wrong customer."]);
}

async fn a_comment_is_shown_to_every_reader_and_its_words_are_kept(on: On) {
    let app = started(on, "").await;
    let id = pays(&app, &body(&app, "c-1", 7)).await;
    let (chen, mara) = (signed_in(&app, CHEN).await, signed_in(&app, MARA).await);
    let csrf = chen.get(&url_of(&id)).await.field("csrf");
    let path = format!("{}/comments", url_of(&id));
    let says = async |words: &str| chen.post(&path, &[("csrf", &csrf), ("message", words)]).await;
    let blank = says(" ").await;
    assert_eq!(blank.status, 422);
    blank.page().shows(&["There is a problem", "Write a comment that can be read."]);
    let hostile = "Which receipt? <script>alert(1)</script>";
    let to = says(hostile).await.leads_to().to_owned();
    assert_eq!(to, format!("{}?said=commented#comments", url_of(&id)));
    chen.page(to.split('#').next().unwrap()).await.shows(&["Your comment is recorded.", hostile]);
    assert!(!mara.get(&url_of(&id)).await.text.contains("<script>alert"));
    mara.page(&url_of(&id)).await.shows(&["chen@example.com", hostile]);
    chen.page(&format!("{}/approve", url_of(&id))).await.shows(&["Comments", hostile]);
    app.maker().withdraw(&id, "no").await.data();
    let late = says("Too late.").await;
    assert_eq!(late.status, 409);
    late.page().shows(&["This was not recorded.", "Too late."]);
    assert!(!chen.page(&url_of(&id)).await.has("#comment"));
}

async fn nobody_but_its_maker_gets_the_form_and_only_while_it_is_sent_back(on: On) {
    let app = started(on, "").await;
    let id = pays(&app, &body(&app, "c-1", 7)).await;
    let (chen, mara) = (signed_in(&app, CHEN).await, signed_in(&app, MARA).await);
    let (page, path) = (url_of(&id), format!("{}/resubmit", url_of(&id)));
    for browser in [&chen, &mara] {
        assert!(browser.page(&page).await.link("Change and resubmit…").is_none());
    }
    assert!(mara.page(&page).await.link("Send back for changes… s").is_none());
    mara.page(&path).await.shows(&["Waits for a checker"]);
    sends_back(&chen, &id, "Hm.", &[]).await.leads_to();
    assert_eq!(chen.get(&path).await.status, 403);
    let form = mara.page(&path).await;
    app.maker().withdraw(&id, "no").await.data();
    let late = posts(&mara, &path, &filled(&form, "submit", &[("/body/points", "71")])).await;
    assert_eq!(late.status, 409);
    late.page().shows(&["is withdrawn", "71"]);
}
