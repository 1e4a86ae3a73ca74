//! The pages that prove: an auditor finds, reads a trail, exports; a maker sees what is his own; types are read.

use serde_json::Value;

use crate::support::app::{App, Wishes};
use crate::support::browser::Browser;
use crate::support::pay_out::{RISK_THEN_FINANCE, TWO_CHECKERS, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    an_auditor_filters_by_links_that_can_be_sent_to_somebody_else,
    an_auditor_pages_through_history_and_back,
    an_auditor_finds_a_request_by_its_id_the_beginning_of_it_and_its_subject,
    a_wrong_filter_is_told_at_its_field,
    the_export_of_the_page_is_the_export_of_the_api,
    a_maker_sees_only_his_own_in_history_and_exports_nothing,
    an_auditor_reads_a_trail_to_its_end,
    what_is_hostile_is_harmless_in_history_and_trail,
    a_trail_of_somebody_else_does_not_exist,
    types_are_drawn_as_they_are_in_force,
];

const MARA: &str = "400001";
const ADA: &str = "400003";
const LEE: &str = "400006";
const STRANGER: &str = "400009";

/// Rows on a page of history.
const ROWS: usize = 50;

fn people() -> Vec<Person> {
    vec![
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_003, "auditor@example.com", &["CanAuditRequest"]),
        Person::new(400_006, "lee@example.com", &["CanMakeRequest"]),
        Person::new(400_009, "stranger@example.com", &["CanAuditRequest"]).of_org("90009"),
    ]
}

async fn start(on: On) -> App {
    let wishes = Wishes::stepped().with_type(&type_file("", TWO_CHECKERS));
    App::with(on, wishes.with_pages(&people())).await
}

async fn signed_in<'a>(app: &'a App, user_id: &str) -> Browser<'a> {
    let browser = app.browser();
    browser.sign_in(user_id).await.leads_to();
    browser
}

/// The ids of the requests on a page, in their order.
fn ids(page: &str) -> Vec<String> {
    let rows = page.split("<td role=\"cell\" class=\"s\"><a href=\"/ui/requests/").skip(1);
    rows.map(|row| row[..row.find('"').unwrap()].to_owned()).collect()
}

/// The address behind a link with these words.
fn link(page: &str, words: &str) -> Option<String> {
    let before = &page[..page.find(words)?];
    let href = &before[before.rfind("href=\"")? + 6..];
    Some(href[..href.find('"')?].replace("&#38;", "&").replace("&amp;", "&"))
}

async fn an_auditor_filters_by_links_that_can_be_sent_to_somebody_else(on: On) {
    let app = start(on).await;
    let first = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let second = app.maker().pays(&body(&app, "c-2", 1_200)).await.id;
    app.checker().says(&second, "rejected").await;
    let other = app.other_maker().pays(&body(&app, "c-3", 30)).await.id;
    let ada = signed_in(&app, ADA).await;
    let all = ada.get("/ui/history").await;
    assert_eq!(ids(&all.text), [other.clone(), second.clone(), first.clone()]);
    assert!(all.text.contains("1\u{2009}200"), "the amount: {}", all.text);

    let rejected = ada.get(&link(&all.text, ">Rejected</a>").unwrap()).await;
    assert_eq!(ids(&rejected.text), std::slice::from_ref(&second));
    assert!(rejected.text.contains("aria-current=\"true\">Rejected</a>"), "{}", rejected.text);
    for told in ["checker@example.com", "POST <b>", "/pay", "Clear"] {
        assert!(rejected.text.contains(told), "{told}: {}", rejected.text);
    }

    let by_maker = ada.get("/ui/history?userId=400004&states=AdminTask&requestType=PAY-OUT").await;
    assert_eq!(ids(&by_maker.text), [other]);
    // The form keeps what the links chose.
    assert!(by_maker.text.contains("name=\"states\" value=\"AdminTask\""), "{}", by_maker.text);
    let oldest = ada.get(&link(&all.text, ">Oldest first</a>").unwrap()).await;
    assert_eq!(ids(&oldest.text).first(), Some(&first));
    let nothing = ada.get("/ui/history?states=expired&userId=400004").await;
    assert!(nothing.text.contains("No request fits"), "{}", nothing.text);
}

async fn an_auditor_pages_through_history_and_back(on: On) {
    let app = start(on).await;
    let mut all = Vec::new();
    for number in 0..(2 * ROWS + 3) {
        all.push(app.maker().pays(&body(&app, &format!("c-{number}"), 1)).await.id);
    }
    all.reverse();
    let ada = signed_in(&app, ADA).await;
    let first = ada.get("/ui/history?userId=400001").await;
    assert_eq!(ids(&first.text), all[..ROWS]);
    assert_eq!(link(&first.text, "Newer</a>"), None);
    let second = ada.get(&link(&first.text, "Older <svg").unwrap()).await;
    assert_eq!(ids(&second.text), all[ROWS..2 * ROWS]);
    let last = ada.get(&link(&second.text, "Older <svg").unwrap()).await;
    assert_eq!(ids(&last.text), all[2 * ROWS..]);
    assert_eq!(link(&last.text, "Older <svg"), None);

    let back = ada.get(&link(&last.text, "Newer</a>").unwrap()).await;
    assert_eq!(ids(&back.text), all[ROWS..2 * ROWS]);
    let start = ada.get(&link(&back.text, "Newer</a>").unwrap()).await;
    assert_eq!(ids(&start.text), all[..ROWS]);
    assert_eq!(link(&start.text, "Newer</a>"), None);
    // Rows that begin and end elsewhere are no page of this list.
    let cursor = link(&first.text, "Older <svg").unwrap();
    let cursor = cursor.split("after=").nth(1).unwrap();
    assert_eq!(ada.get(&format!("/ui/history?after={cursor}")).await.status, 400);
}

async fn an_auditor_finds_a_request_by_its_id_the_beginning_of_it_and_its_subject(on: On) {
    let app = start(on).await;
    let one = app.maker().pays(&body(&app, "order 77-1", 1)).await.id;
    let two = app.maker().pays(&body(&app, "order 77-2", 1)).await.id;
    let ada = signed_in(&app, ADA).await;
    let found = ada.get(&format!("/ui/history?q={one}")).await;
    assert_eq!(found.leads_to(), format!("/ui/requests/{one}"));
    let spaced = format!("/ui/history?q=%20{}", one.to_uppercase());
    assert_eq!(ada.get(&spaced).await.leads_to(), format!("/ui/requests/{one}"));

    // Both were made in one minute, and their ids begin alike.
    let both = ada.get(&format!("/ui/history?q={}", &one[..8])).await;
    let mut seen = ids(&both.text);
    seen.sort();
    let mut expected = [one.clone(), two.clone()];
    expected.sort();
    assert_eq!(seen, expected, "{}", both.text);
    let by_subject = ada.get("/ui/history?q=order+77-2").await;
    assert_eq!(ids(&by_subject.text), std::slice::from_ref(&two));
    assert_eq!(ids(&ada.get("/ui/history?subject=order+77-2").await.text), [two]);

    // An id of nobody's, or of another org's, is nothing.
    let stranger = signed_in(&app, STRANGER).await;
    for (browser, sought) in [(&ada, "0190b6f2-7a3c-7cc0-8000-000000000001"), (&stranger, one.as_str())] {
        let page = browser.get(&format!("/ui/history?q={sought}")).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("No request fits"), "{}", page.text);
    }
}

async fn a_wrong_filter_is_told_at_its_field(on: On) {
    let app = start(on).await;
    app.maker().pays(&body(&app, "c-1", 10)).await;
    let ada = signed_in(&app, ADA).await;
    let page = ada.get("/ui/history?startDate=yesterday&userId=400001&states=nonsense").await;
    assert_eq!(page.status, 400);
    for told in [
        "<title>Error: History",
        "<a href=\"#f-startDate\">Write a date as YYYY-MM-DD.</a>",
        "aria-invalid=\"true\"",
        "states: Write a list of these",
        "value=\"400001\"",
    ] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    assert!(ids(&page.text).is_empty());
    assert_eq!(ada.get("/ui/history?nonsense=1").await.status, 400);
}

async fn the_export_of_the_page_is_the_export_of_the_api(on: On) {
    let app = start(on).await;
    let rejected = app.maker().pays(&body(&app, "=1+1", 10)).await.id;
    app.checker().says(&rejected, "rejected").await;
    app.maker().pays(&body(&app, "c-2", 20)).await;
    let ada = signed_in(&app, ADA).await;
    let page = ada.get("/ui/history?states=rejected&q=%3D1%2B1").await;
    for (words, format, media_type) in
        [("Export as CSV", "csv", "text/csv; charset=utf-8"), ("JSON lines", "jsonl", "application/x-ndjson")]
    {
        let file = ada.get(&link(&page.text, words).unwrap()).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(media_type)));
        assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
        let query = format!("/requests/export?states=rejected&subject=%3D1%2B1&format={format}");
        assert_eq!(file.text, app.auditor().get(&query).await.text);
        assert!(file.text.contains(&rejected), "{}", file.text);
    }
}

async fn a_maker_sees_only_his_own_in_history_and_exports_nothing(on: On) {
    let app = start(on).await;
    let own = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let other = app.other_maker().pays(&body(&app, "c-1", 10)).await.id;
    let mara = signed_in(&app, MARA).await;
    let page = mara.get("/ui/history").await;
    assert_eq!(ids(&page.text), std::slice::from_ref(&own));
    assert!(page.text.contains("What you submitted.") && !page.text.contains("Export"), "{}", page.text);
    assert!(ids(&mara.get("/ui/history?userId=400004").await.text).is_empty());
    assert!(mara.get(&format!("/ui/history?q={other}")).await.text.contains("No request fits"));
    assert_eq!(
        mara.get(&format!("/ui/history?q={}", &other[..8])).await.leads_to(),
        format!("/ui/requests/{own}")
    );
    assert_eq!(mara.get("/ui/history/export?format=csv").await.status, 403);
    let nobody = app.browser().get("/ui/history").await;
    assert!(nobody.leads_to().starts_with("/ui/sign-in?to="));
}

async fn an_auditor_reads_a_trail_to_its_end(on: On) {
    let app = start(on).await;
    let request = app.maker().pays(&body(&app, "c-1", 10)).await;
    app.target.will_answer(201, "application/json", br#"{"id": 1.50, "note": "<i>ok</i>"}"#);
    app.checker().says(&request.id, "approved").await;
    app.maker().says(&request.id, "approved").await;
    app.other_checker().says(&request.id, "approved").await;
    app.run_due_executions().await;
    let ada = signed_in(&app, ADA).await;
    let page = ada.get(&format!("/ui/requests/{}/trail", request.id)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let history = app.auditor().history(&request.id).await;
    for event in &history {
        let seq = format!("<td role=\"cell\" class=\"seq\">{}</td>", event["seq"]);
        assert!(page.text.contains(&seq), "{seq}: {}", page.text);
        let reference = event["reference"].as_str().unwrap();
        assert!(page.text.contains(reference), "{reference}");
    }
    assert_eq!(page.text.matches("class=\"seq\"").count(), history.len());
    for told in [
        "One digest all the way",
        "Approved by checker@example.com",
        "Approved by second.checker@example.com",
        "Sent in attempt 1",
        "approved for a checker; it waits on",
        "“as agreed”",
        "<b>AdminTask</b>",
        "any two of all checkers",
        "201, 33 bytes",
        "1.50",
        "&lt;i&gt;ok&lt;/i&gt;",
        "Event trail printed by auditor@example.com",
    ] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    let plain = request.digest.trim_start_matches("sha256:").as_bytes();
    let middle: Vec<&str> = plain[8..56].chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect();
    // The request's own, worked out anew, two approvals, one attempt, the call, and each event.
    assert_eq!(page.text.matches(&middle.join(" ")).count(), 6 + history.len());
    assert!(!page.text.contains("differs"), "{}", page.text);
}

async fn what_is_hostile_is_harmless_in_history_and_trail(on: On) {
    let app = start(on).await;
    let hostile = "<img src=x onerror=alert(1)>\u{202e}\u{200b}";
    let id = app.maker().pays(&body(&app, hostile, 10)).await.id;
    app.target.will_answer(200, "text/html", "<script>alert(2)</script>\u{202e}".as_bytes());
    for checker in [app.checker(), app.other_checker()] {
        let ballot =
            crate::support::people::decision(&id, "approved", "</td><script>alert(3)</script>\u{2066}");
        assert_eq!(checker.saying(&ballot).send().await.status, 200);
    }
    app.run_due_executions().await;
    let ada = signed_in(&app, ADA).await;
    for address in
        ["/ui/history".to_owned(), format!("/ui/requests/{id}/trail"), format!("/ui/requests/{id}")]
    {
        let page = ada.get(&address).await;
        assert_eq!(page.status, 200, "{}", page.text);
        for raw in ["<img", "<script>alert", "\u{202e}", "\u{200b}", "\u{2066}"] {
            assert!(!page.text.contains(raw), "{raw:?} at {address}");
        }
        assert!(page.text.contains("&lt;img src=x onerror=alert(1)&gt;"), "{address}: {}", page.text);
    }
    let trail = ada.get(&format!("/ui/requests/{id}/trail")).await.text;
    for drawn in ["U+202E right-to-left override", "U+2066 left-to-right isolate", "&lt;script&gt;alert(2)"] {
        assert!(trail.contains(drawn), "{drawn}: {trail}");
    }
}

async fn a_trail_of_somebody_else_does_not_exist(on: On) {
    let app = start(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    for user_id in [LEE, STRANGER] {
        let browser = signed_in(&app, user_id).await;
        for address in [format!("/ui/requests/{id}/trail"), "/ui/requests/nonsense/trail".to_owned()] {
            assert_eq!(browser.get(&address).await.status, 404, "{user_id} {address}");
        }
    }
    let before = app.count("SELECT COUNT(*) AS number FROM events");
    let mara = signed_in(&app, MARA).await;
    assert_eq!(mara.get(&format!("/ui/requests/{id}/trail")).await.status, 200);
    assert_eq!(app.count("SELECT COUNT(*) AS number FROM events"), before, "reading writes nothing");
}

async fn types_are_drawn_as_they_are_in_force(on: On) {
    let more = "duplicates = \"block\"\npending_ttl = \"3d\"\n[fields]\nmasked = [\"/body/card\"]\nsecret = [\"/body/pin\"]\n";
    let wishes = Wishes::stepped().with_type(&type_file(more, RISK_THEN_FINANCE));
    let app = App::with(on, wishes.with_pages(&people())).await;
    let mara = signed_in(&app, MARA).await;
    let list = mara.get("/ui/types").await;
    for told in
        ["<h1>Types and policies</h1>", "Pay out", "One of Risk, then two of Finance", "One checker", "/pay"]
    {
        assert!(list.text.contains(told), "{told}: {}", list.text);
    }
    let page = mara.get(&link(&list.text, "Pay out</a>").unwrap()).await;
    assert_eq!(page.status, 200);
    for told in [
        "<b>1. Risk</b><small>one of Risk</small>",
        "<b>2. Finance</b><small>two of Finance</small>",
        "Waits at most 3 days for its decisions",
        "A second open request on the same subject: refused",
        "/body/pin</td><td role=\"cell\" class=\"s\">text</td><td role=\"cell\" class=\"s\">nobody, once it is submitted",
        "those who decide; masked for all others",
        "number, needed",
        "It should be decided within 4 hours",
        "/ui/new/PAY%2DOUT",
    ] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    let version = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    let version: Value = app.auditor().history(&version).await[0]["typeVersion"].clone();
    let digits = version.as_str().unwrap().trim_start_matches("sha256:").to_owned();
    assert!(page.text.contains(&format!("{} {}", &digits[..4], &digits[4..8])), "{}", page.text);
    assert_eq!(mara.get("/ui/types/NO-SUCH-TYPE").await.status, 404);
    let ada = signed_in(&app, ADA).await;
    assert!(!ada.get("/ui/types/PAY-OUT").await.text.contains("/ui/new/"));
}
