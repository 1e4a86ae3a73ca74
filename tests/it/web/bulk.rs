//! Many requests decided together on the pages.

use crate::support::app::{App, AppOptions};
use crate::support::browser::Browser;
use crate::support::client::Reply;
use crate::support::page::Page;
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::{Person, Submitted};
use crate::support::{On, journeys};

journeys![
    of_four_two_are_left_out_and_the_page_says_why,
    what_was_decided_elsewhere_is_reported_and_the_rest_is_recorded,
    a_rejection_without_a_message_keeps_what_was_ticked,
    the_buttons_say_whether_the_calls_are_sent,
    a_form_that_is_not_ours_decides_nothing,
];

const CHEN: &str = "400002";

fn people() -> Vec<Person> {
    let both = ["CanMakeRequest", "CanCheckRequest"];
    vec![Person::new(400_002, "chen@example.com", &both)]
}

async fn start(on: On, policy: &str) -> App {
    let type_file = type_file("bulk = true", policy);
    App::with(on, AppOptions::stepped().with_pages(&people()).with_type(&type_file)).await
}

async fn chen(app: &App) -> Browser<'_> {
    let browser = app.browser();
    browser.sign_in(CHEN).await.leads_to();
    browser
}

async fn paid(app: &App, maker: Person, points: i64) -> Submitted {
    app.actor(maker).pays(&body(app, &format!("c-{points}"), points)).await
}

fn review(ids: &[&str]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("id={id}")).collect();
    format!("/ui/bulk?{}", ids.join("&"))
}

/// The review's form as a browser would send it, with these items ticked.
async fn send(browser: &Browser<'_>, page: &Page, items: &[String], said: (&str, &str)) -> Reply {
    let (csrf, shown) = (page.field("csrf"), page.fields("shown"));
    let mut form = vec![("csrf", csrf.as_str()), ("decision", said.0), ("message", said.1)];
    form.extend(shown.iter().map(|id| ("shown", id.as_str())));
    form.extend(items.iter().map(|item| ("item", item.as_str())));
    browser.post("/ui/bulk", &form).await
}

async fn state(app: &App, id: &str) -> String {
    app.auditor().request(id).await["state"].as_str().unwrap().to_owned()
}

async fn of_four_two_are_left_out_and_the_page_says_why(on: On) {
    let app = start(on, "").await;
    let browser = chen(&app).await;
    let first = paid(&app, app.maker().person, 1).await;
    let second = paid(&app, app.maker().person, 2).await;
    let own = paid(&app, people().remove(0), 3).await;
    let badge = app.maker().submitted(&app.badge()).await;
    let inbox = browser.page("/ui/needs-me").await;
    assert_eq!(inbox.fields("id"), [first.id.as_str(), &second.id], "only these can be ticked");
    let page = browser.page(&review(&[&first.id, &second.id, &own.id, &badge.id])).await;
    page.shows(&[
        "Review 4 together",
        "You submitted this request",
        "decided alone, on its own page",
        "2 requests, 1 maker, 1 host",
    ]);
    let items = page.fields("item");
    let wanted =
        [&first, &second].map(|read| format!("{} {} {}", read.id, read.data["version"], read.digest));
    assert_eq!(items, wanted);
    let host = app.target.url().replace("http://", "");
    let button = page.text_of("button[value='approved']");
    assert_eq!(button, format!("Approve the ticked ones and send to {host}"));
    // The same form twice is one decision each.
    for _ in 0..2 {
        let result = send(&browser, &page, &items, ("approved", "As listed.")).await;
        assert_eq!(result.status, 200, "{}", result.text);
        assert_eq!(result.page().text_of("h1"), "2 approved, 0 not decided");
    }
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 2);
    for (read, expected) in
        [(&first, "executed"), (&second, "executed"), (&own, "AdminTask"), (&badge, "AdminTask")]
    {
        assert_eq!(state(&app, &read.id).await, expected);
    }
}

async fn what_was_decided_elsewhere_is_reported_and_the_rest_is_recorded(on: On) {
    let app = start(on, TWO_CHECKERS).await;
    let browser = chen(&app).await;
    let (moved, still) = (paid(&app, app.maker().person, 1).await, paid(&app, app.maker().person, 2).await);
    let page = browser.page(&review(&[&moved.id, &still.id])).await;
    app.other_checker().says(&moved.id, "approved").await.data();
    let result = send(&browser, &page, &page.fields("item"), ("approved", "")).await;
    result.page().shows(&[
        "1 approved, 1 not decided",
        "Not decided",
        "Something had happened since it was read.",
    ]);
    let decisions = |data: &serde_json::Value| data["decisions"].as_array().unwrap().len();
    assert_eq!(decisions(&app.auditor().request(&moved.id).await), 1);
    assert_eq!(decisions(&app.auditor().request(&still.id).await), 1);
}

async fn a_rejection_without_a_message_keeps_what_was_ticked(on: On) {
    let app = start(on, "").await;
    let browser = chen(&app).await;
    let (first, second) = (paid(&app, app.maker().person, 1).await, paid(&app, app.maker().person, 2).await);
    let page = browser.page(&review(&[&first.id, &second.id])).await;
    let items = page.fields("item");
    let wrong = send(&browser, &page, &items[1..], ("rejected", " ")).await;
    assert_eq!(wrong.status, 422);
    let wrong = wrong.page();
    assert!(wrong.title().starts_with("Error:"), "{}", wrong.title());
    wrong.shows(&["Write why you reject it."]);
    let button = wrong.text_of("button[value='rejected']");
    assert_eq!(button, "Reject the ticked ones, send nothing", "a number is only true with a script");
    assert_eq!(wrong.fields("item"), items);
    assert_eq!(wrong.attributes("[name='item'][checked]", "value"), items[1..]);
    let none = send(&browser, &page, &[], ("approved", "")).await;
    assert_eq!(none.status, 422);
    none.page().shows(&["Tick at least one request."]);
    send(&browser, &wrong, &items[1..], ("rejected", "Not on the list.")).await;
    assert_eq!(
        (state(&app, &first.id).await.as_str(), state(&app, &second.id).await.as_str()),
        ("AdminTask", "rejected")
    );
}

async fn the_buttons_say_whether_the_calls_are_sent(on: On) {
    let app = start(on, TWO_CHECKERS).await;
    let browser = chen(&app).await;
    let read = paid(&app, app.maker().person, 1).await;
    let approve = async || browser.page(&review(&[&read.id])).await.text_of("button[value='approved']");
    let first = approve().await;
    assert!(first.contains("send nothing yet"), "{first}");
    app.other_checker().says(&read.id, "approved").await.data();
    let last = approve().await;
    assert!(last.contains("and send to 127.0.0.1"), "{last}");
}

async fn a_form_that_is_not_ours_decides_nothing(on: On) {
    let app = start(on, "").await;
    let browser = chen(&app).await;
    let read = paid(&app, app.maker().person, 1).await;
    let page = browser.page(&review(&[&read.id])).await;
    let (csrf, item) = (page.field("csrf"), page.field("item"));
    let id = read.id.as_str();
    for (form, status) in [
        (vec![("csrf", "x"), ("decision", "approved"), ("message", ""), ("item", &item)], 403),
        (vec![("csrf", &csrf), ("decision", "maybe"), ("message", ""), ("item", &item)], 400),
        (vec![("csrf", &csrf), ("decision", "approved"), ("message", ""), ("item", id)], 400),
        (vec![("csrf", &csrf), ("decision", "approved"), ("item", &item), ("item", &item)], 400),
        (vec![("csrf", &csrf), ("decision", "approved"), ("item", &item), ("more", "1")], 400),
    ] {
        let form: Vec<(&str, &str)> = form;
        assert_eq!(browser.post("/ui/bulk", &form).await.status, status, "{form:?}");
    }
    for (path, status) in
        [("/ui/bulk", 400), ("/ui/bulk?id=x", 400), (&review(&["019d0000-0000-7000-8000-000000000000"]), 404)]
    {
        assert_eq!(browser.get(path).await.status, status, "{path}");
    }
    assert_eq!(app.auditor().happened(&read.id).await.len(), 3, "nothing was decided, and nothing tried");
}
