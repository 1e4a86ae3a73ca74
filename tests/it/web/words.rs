//! What people write counts the same through every door, and is shown again whatever goes wrong.

use super::{signed_in, start_with_deciders};
use crate::support::app::{App, AppOptions};
use crate::support::browser::Browser;
use crate::support::client::Reply;
use crate::support::page::Page;
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::{bulk, decision};
use crate::support::{On, journeys};

journeys![
    four_thousand_characters_of_any_script_pass_every_door,
    four_thousand_characters_pass_the_api_and_one_more_is_refused_where_it_is,
    a_line_break_is_one_character_and_the_same_one_through_every_door,
    what_no_one_can_see_is_no_reason,
    words_that_are_refused_are_shown_again_whole,
    words_are_shown_again_when_the_session_is_over_and_not_to_another_site,
    a_submission_is_shown_again_without_what_is_not_public,
    a_submission_that_is_too_large_is_shown_again,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";
const CHARS_MAX: usize = 4_000;

async fn start(on: On) -> App {
    start_with_deciders(on, AppOptions::stepped().with_type(&type_file("bulk = true", TWO_CHECKERS))).await
}

async fn paid(app: &App, customer: &str) -> String {
    app.maker().pays(&body(app, customer, 10)).await.id
}

/// The step's form as a browser would send it, with these words.
async fn step(browser: &Browser<'_>, id: &str, step: &str, words: &str) -> Vec<(String, String)> {
    let page = browser.page(&format!("/ui/requests/{id}/{step}")).await;
    assert!(
        page.attributes("textarea", "maxlength").is_empty(),
        "a browser would cut what it counts as long"
    );
    let verdict = if step == "approve" { "approved" } else { "rejected" };
    let own = ["csrf", "digest", "version"].map(|name| (name.to_owned(), page.field(name)));
    let typed = [("decision", verdict), ("message", words)].map(|(name, text)| (name.into(), text.into()));
    own.into_iter().chain(typed).collect()
}

async fn send(browser: &Browser<'_>, path: &str, fields: &[(String, String)]) -> Reply {
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

async fn said(browser: &Browser<'_>, id: &str, words: &str) -> Reply {
    let form = step(browser, id, "reject", words).await;
    send(browser, &format!("/ui/requests/{id}/decide"), &form).await
}

/// The same through the API.
async fn rejects(app: &App, id: &str, words: &str) -> Reply {
    app.checker().saying(&decision(id, "rejected", words)).send().await
}

async fn recorded(app: &App, id: &str) -> String {
    let history = app.auditor().history(id).await;
    let last = history.last().unwrap();
    assert_eq!(last["type"], "rejected");
    last["message"].as_str().unwrap().to_owned()
}

async fn four_thousand_characters_of_any_script_pass_every_door(on: On) {
    let app = start(on).await;
    let (mara, chen) = (signed_in(&app, MARA).await, signed_in(&app, CHEN).await);
    for (number, c) in ["語", "🎉", "\u{e000}x"].into_iter().enumerate() {
        let words: String = c.chars().cycle().take(CHARS_MAX).collect();
        let id = paid(&app, &format!("c-{number}")).await;
        said(&chen, &id, &words).await.leads_to();
        assert!(recorded(&app, &id).await == words, "{c}");
        let id = paid(&app, &format!("a-{number}")).await;
        rejects(&app, &id, &words).await.expect(200);
        assert!(recorded(&app, &id).await == words, "{c}");
    }
    let words = "🎉".repeat(CHARS_MAX);
    let id = paid(&app, "w").await;
    let mut form = step(&mara, &id, "withdraw", &words).await;
    form.retain(|(name, _)| name != "decision");
    send(&mara, &format!("/ui/requests/{id}/withdraw"), &form).await.leads_to();
    let id = paid(&app, "b").await;
    let page = chen.page(&format!("/ui/bulk?id={id}")).await;
    assert!(page.attributes("textarea", "maxlength").is_empty());
    assert_eq!(all_rejected(&chen, &page, &words).await.status, 200);
    assert!(recorded(&app, &id).await == words);
}

async fn four_thousand_characters_pass_the_api_and_one_more_is_refused_where_it_is(on: On) {
    let app = start(on).await;
    let (most, more) = ("🎉".repeat(CHARS_MAX), "語".repeat(CHARS_MAX + 1));
    let withdrawn = paid(&app, "w").await;
    let refused = app.maker().withdraw(&withdrawn, &more).await.refused(400, "payload_invalid");
    assert_eq!(refused["errors"][0]["field"], "/reason", "{refused}");
    app.maker().withdraw(&withdrawn, &most).await.data();
    let last = app.auditor().history(&withdrawn).await.pop().unwrap();
    assert_eq!((&last["type"], last["message"].as_str()), (&"withdrawn".into(), Some(most.as_str())));

    let decided = app.maker().pays(&body(&app, "b", 10)).await;
    let mut many = bulk("rejected", &[&decided]);
    many["message"] = more.as_str().into();
    let refused = app.checker().put_many(&many).await.refused(400, "payload_invalid");
    assert_eq!(refused["errors"][0]["field"], "/message", "{refused}");
    many["message"] = most.as_str().into();
    assert_eq!(app.checker().put_many(&many).await.data()[0]["outcome"], "recorded");
    assert!(recorded(&app, &decided.id).await == most);
}

async fn all_rejected(browser: &Browser<'_>, page: &Page, words: &str) -> Reply {
    let own = ["csrf", "shown", "item"].map(|name| (name, page.field(name)));
    let mut form: Vec<(String, String)> = own.into_iter().map(|(name, value)| (name.into(), value)).collect();
    form.extend([("decision".into(), "rejected".into()), ("message".into(), words.into())]);
    send(browser, "/ui/bulk", &form).await
}

async fn a_line_break_is_one_character_and_the_same_one_through_every_door(on: On) {
    let app = start(on).await;
    let chen = signed_in(&app, CHEN).await;
    // As a browser counts them, these are exactly as many as allowed; it sends each break as two.
    let lines = format!("{}x", "no\n".repeat(CHARS_MAX / 3));
    assert_eq!(lines.chars().count(), CHARS_MAX);
    let sent = lines.replace('\n', "\r\n");
    let (page, api, alone) = (paid(&app, "1").await, paid(&app, "2").await, paid(&app, "3").await);
    said(&chen, &page, &sent).await.leads_to();
    rejects(&app, &api, &sent).await.expect(200);
    rejects(&app, &alone, &lines.replace('\n', "\r")).await.expect(200);
    for id in [&page, &api, &alone] {
        assert!(recorded(&app, id).await == lines);
    }
    // The same words again, broken otherwise, are the same decision.
    rejects(&app, &api, &lines).await.expect(200);
    assert_eq!(app.auditor().history(&api).await.len(), 4);
}

async fn what_no_one_can_see_is_no_reason(on: On) {
    let app = start(on).await;
    let chen = signed_in(&app, CHEN).await;
    let submitted = app.maker().pays(&body(&app, "c-1", 10)).await;
    let id = submitted.id.as_str();
    for unseen in ["\u{200b}", "\u{2800} \u{2800}", "\u{3164}\r\n", "\u{feff}", "\u{ad}\u{2066}"] {
        let reply = said(&chen, id, unseen).await;
        assert_eq!(reply.status, 422, "{unseen:?}");
        let fault = reply.page().text_of(".errsum a[href='#message']");
        assert!(fault.starts_with("Write why you reject it."), "{unseen:?}: {fault}");
        let refused = rejects(&app, id, unseen).await.refused(400, "payload_invalid");
        assert_eq!(refused["errors"][0]["field"], "/payload/AdminTask-Payload/actionMessage", "{refused}");
        let mut many = bulk("rejected", &[&submitted]);
        many["message"] = unseen.into();
        let refused = app.checker().put_many(&many).await.refused(400, "payload_invalid");
        assert_eq!(refused["errors"][0]["field"], "/message", "{refused}");
    }
    assert_eq!(app.auditor().request(id).await["state"], "AdminTask");
}

async fn words_that_are_refused_are_shown_again_whole(on: On) {
    let app = start(on).await;
    let (mara, chen) = (signed_in(&app, MARA).await, signed_in(&app, CHEN).await);
    let id = paid(&app, "c-1").await;
    for words in ["語".repeat(CHARS_MAX + 1), "x".repeat(60_000), "語".repeat(100_000)] {
        let reply = said(&chen, &id, &words).await;
        assert_eq!(reply.status, 422);
        assert!(reply.page().field("message") == words, "{}", words.len());
        let mut form = step(&mara, &id, "withdraw", &words).await;
        form.retain(|(name, _)| name != "decision");
        let reply = send(&mara, &format!("/ui/requests/{id}/withdraw"), &form).await;
        assert_eq!(reply.status, 422);
        assert!(reply.page().field("message") == words, "{}", words.len());
        let page = chen.page(&format!("/ui/bulk?id={id}")).await;
        let reply = all_rejected(&chen, &page, &words).await;
        assert_eq!(reply.status, 422);
        assert!(reply.page().field("message") == words, "{}", words.len());
    }
    // A form that is not whole, or about no request.
    for (path, left_out) in
        [(format!("/ui/requests/{id}/decide"), "digest"), ("/ui/requests/x/decide".into(), "")]
    {
        let mut form = step(&chen, &id, "reject", "Wrong <customer>\u{200b}.").await;
        form.retain(|(name, _)| name != left_out);
        let reply = send(&chen, &path, &form).await;
        assert!([400, 404].contains(&reply.status), "{}", reply.status);
        assert_eq!(kept(&reply), ["Wrong <customer>\u{200b}."]);
    }
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
}

/// What an error's page shows of the form.
fn kept(reply: &Reply) -> Vec<String> {
    let page = reply.page();
    let shown = page.select("textarea[readonly]");
    shown.into_iter().map(|area| area.text().collect::<String>()).collect()
}

async fn words_are_shown_again_when_the_session_is_over_and_not_to_another_site(on: On) {
    let app = start(on).await;
    let chen = signed_in(&app, CHEN).await;
    let id = paid(&app, "c-1").await;
    let path = format!("/ui/requests/{id}/decide");
    let form = step(&chen, &id, "reject", "See case 55.\r\nTwice.").await;
    let fields: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();

    // They signed in again: the form is of a session that is over.
    let again = signed_in(&app, CHEN).await;
    let reply = again.post(&path, &fields).await;
    assert_eq!(reply.status, 403);
    assert_eq!(kept(&reply).join("").replace("\r\n", "\n"), "See case 55.\nTwice.");

    let foreign = chen.form(&path, &fields).without("origin").header("origin", "https://evil.example");
    let reply = chen.send(foreign).await;
    assert_eq!((reply.status, kept(&reply)), (403, Vec::new()));

    let csrf = chen.csrf().await;
    chen.post("/ui/sign-out", &[("csrf", &csrf)]).await.leads_to();
    for path in [path.as_str(), &format!("/ui/requests/{id}/withdraw"), "/ui/bulk"] {
        let reply = chen.post(path, &fields).await;
        assert_eq!(reply.status, 401, "{path}");
        assert_eq!(kept(&reply).len(), 1, "{path}: {}", reply.text);
        let foreign = chen.form(path, &fields).without("origin").header("origin", "https://evil.example");
        let reply = chen.send(foreign).await;
        assert_eq!((reply.status, kept(&reply)), (401, Vec::new()), "{path}");
    }
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
}

async fn a_submission_is_shown_again_without_what_is_not_public(on: On) {
    let text = type_file("", &format!("[fields]\nsecret = [\"/body/card\"]\n{TWO_CHECKERS}"));
    let app = start_with_deciders(on, AppOptions::stepped().with_type(&text)).await;
    let browser = app.browser();
    let fields = [
        ("csrf", "of-before"),
        ("do", "submit"),
        ("/body/customer", "c-1 <Meier>"),
        ("/body/points", "10"),
        ("/body/card", "4111-1111"),
        ("/entityInfo/tillId", "70000001"),
    ];
    for status in [401, 403] {
        let reply = browser.post("/ui/new/PAY-OUT", &fields).await;
        assert_eq!(reply.status, status);
        let words = match status {
            401 => kept(&reply),
            // A session is there: the form itself is shown again.
            _ => ["/body/customer", "/body/points", "/entityInfo/tillId"]
                .map(|name| reply.field(name))
                .to_vec(),
        };
        assert_eq!(words, ["c-1 <Meier>", "10", "70000001"]);
        assert!(!reply.text.contains("4111"), "{}", reply.text);
        if status == 401 {
            browser.sign_in(MARA).await.leads_to();
        }
    }
    // One text that may hold it is not shown either.
    let fields = [("csrf", ""), ("as", "json"), ("/body", "{\"card\": \"4111-1111\"}")];
    let reply = browser.post("/ui/new/PAY-OUT", &fields).await;
    assert_eq!((reply.status, kept(&reply)), (403, Vec::new()));
    assert!(!reply.text.contains("4111"), "{}", reply.text);
}

async fn a_submission_that_is_too_large_is_shown_again(on: On) {
    let app = start(on).await;
    let mara = signed_in(&app, MARA).await;
    let page = mara.page("/ui/new/PAY-OUT").await;
    // 300 KiB of text; 3 times as many bytes of a form.
    let customer = "語".repeat(100 * 1024);
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("key", &key),
        ("do", "submit"),
        ("/body/customer", &customer),
        ("/body/points", "1"),
    ];
    let reply = mara.post("/ui/new/PAY-OUT", &fields).await;
    assert_eq!(reply.status, 400);
    let page = reply.page();
    page.shows(&["a submission has at most 256 KiB"]);
    assert!(page.field("/body/customer") == customer);
    assert_eq!(app.auditor().lists("").await, Vec::<String>::new());
}
