//! The history page: an auditor finds and exports requests, a maker sees their own.

use super::{follow, signed_in, start_with_readers};
use crate::support::page::Page;
use crate::support::pay_out::body;
use crate::support::people::decision;
use crate::support::{On, journeys};

journeys![
    an_auditor_filters_by_links_that_can_be_shared,
    an_auditor_pages_through_history_and_back,
    an_auditor_finds_a_request_by_its_id_the_beginning_of_it_and_its_subject,
    a_wrong_filter_is_reported_at_its_field,
    the_export_of_the_page_is_the_export_of_the_api,
    a_maker_sees_only_their_own_requests_in_history_and_exports_nothing,
    hostile_values_are_harmless_in_history_and_trail,
];

const MARA: &str = "400001";
const ADA: &str = "400003";
const STRANGER: &str = "400009";

/// Rows on a page of history.
const ROWS: usize = 50;

/// The ids of the requests on a page of history, in their order.
fn ids(page: &Page) -> Vec<String> {
    let links = page.attributes("table.found td.s > a", "href");
    let id = |link: &String| {
        let (id, back) = link.strip_prefix("/ui/requests/").unwrap().split_once('?').unwrap();
        assert!(back.starts_with("from=history"), "{back}");
        id.to_owned()
    };
    links.iter().map(id).collect()
}

async fn an_auditor_filters_by_links_that_can_be_shared(on: On) {
    let app = start_with_readers(on).await;
    let first = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let second = app.maker().pays(&body(&app, "c-2", 1_200)).await.id;
    app.checker().says(&second, "rejected").await;
    let other = app.other_maker().pays(&body(&app, "c-3", 30)).await.id;
    let ada = signed_in(&app, ADA).await;
    let all = ada.page("/ui/history").await;
    assert_eq!(ids(&all), [other.clone(), second.clone(), first.clone()]);
    assert_eq!(all.texts("td.num"), ["30", "1\u{2009}200", "10"]);

    let rejected = follow(&ada, &all, "Rejected").await;
    assert_eq!(ids(&rejected), std::slice::from_ref(&second));
    assert_eq!(rejected.texts("a[aria-current='true']"), ["Rejected"]);
    let host = app.target.url().replace("http://", "");
    rejected.shows(&["checker@example.com", &format!("POST {host}/pay")]);
    assert_eq!(rejected.link("Clear").as_deref(), Some("/ui/history"));

    let by_maker = ada.page("/ui/history?userId=400004&states=AdminTask&requestType=PAY-OUT").await;
    assert_eq!(ids(&by_maker), [other]);
    // The form keeps what the links chose.
    assert_eq!(by_maker.fields("states"), ["AdminTask"]);
    let oldest = follow(&ada, &all, "Oldest first").await;
    assert_eq!(ids(&oldest).first(), Some(&first));
    let nothing = ada.page("/ui/history?states=expired&userId=400004").await;
    nothing.shows(&["No request fits"]);
}

async fn an_auditor_pages_through_history_and_back(on: On) {
    let app = start_with_readers(on).await;
    let mut all = Vec::new();
    for number in 0..(2 * ROWS + 3) {
        all.push(app.maker().pays(&body(&app, &format!("c-{number}"), 1)).await.id);
    }
    all.reverse();
    let ada = signed_in(&app, ADA).await;
    let first = ada.page("/ui/history?userId=400001").await;
    assert_eq!(ids(&first), all[..ROWS]);
    assert_eq!(first.link("Newer"), None);
    let second = follow(&ada, &first, "Older").await;
    assert_eq!(ids(&second), all[ROWS..2 * ROWS]);
    let last = follow(&ada, &second, "Older").await;
    assert_eq!(ids(&last), all[2 * ROWS..]);
    assert_eq!(last.link("Older"), None);

    let back = follow(&ada, &last, "Newer").await;
    assert_eq!(ids(&back), all[ROWS..2 * ROWS]);
    let start = follow(&ada, &back, "Newer").await;
    assert_eq!(ids(&start), all[..ROWS]);
    assert_eq!(start.link("Newer"), None);
    // A cursor belongs to its filters.
    let older = first.link("Older").unwrap();
    let cursor = older.split("after=").nth(1).unwrap();
    assert_eq!(ada.get(&format!("/ui/history?after={cursor}")).await.status, 400);
}

async fn an_auditor_finds_a_request_by_its_id_the_beginning_of_it_and_its_subject(on: On) {
    let app = start_with_readers(on).await;
    let one = app.maker().pays(&body(&app, "order 77-1", 1)).await.id;
    let two = app.maker().pays(&body(&app, "order 77-2", 1)).await.id;
    let ada = signed_in(&app, ADA).await;
    let found = ada.get(&format!("/ui/history?q={one}")).await;
    assert_eq!(found.leads_to(), format!("/ui/requests/{one}"));
    let spaced = format!("/ui/history?q=%20{}", one.to_uppercase());
    assert_eq!(ada.get(&spaced).await.leads_to(), format!("/ui/requests/{one}"));

    // Both were made in one minute, and their ids begin alike.
    let both = ada.page(&format!("/ui/history?q={}", &one[..8])).await;
    let mut seen = ids(&both);
    seen.sort();
    let mut expected = [one.clone(), two.clone()];
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(ids(&ada.page("/ui/history?q=order+77-2").await), std::slice::from_ref(&two));
    assert_eq!(ids(&ada.page("/ui/history?subject=order+77-2").await), [two]);

    // An id that is unknown, or another org's, finds nothing.
    let stranger = signed_in(&app, STRANGER).await;
    for (browser, sought) in [(&ada, "0190b6f2-7a3c-7cc0-8000-000000000001"), (&stranger, one.as_str())] {
        browser.page(&format!("/ui/history?q={sought}")).await.shows(&["No request fits"]);
    }
}

async fn a_wrong_filter_is_reported_at_its_field(on: On) {
    let app = start_with_readers(on).await;
    app.maker().pays(&body(&app, "c-1", 10)).await;
    let ada = signed_in(&app, ADA).await;
    let reply = ada.get("/ui/history?startDate=yesterday&userId=400001&states=nonsense").await;
    assert_eq!(reply.status, 400);
    let page = reply.page();
    assert!(page.title().starts_with("Error: History"), "{}", page.title());
    let summary = page.texts(".errsum li");
    assert!(summary.iter().any(|line| line.starts_with("states: Write a list of these")), "{summary:?}");
    assert_eq!(page.text_of(".errsum a[href='#f-startDate']"), "Write a date as YYYY-MM-DD.");
    assert_eq!(page.attributes("[aria-invalid='true']", "name"), ["startDate"]);
    assert_eq!(page.field("userId"), "400001");
    assert!(ids(&page).is_empty());
    assert_eq!(ada.get("/ui/history?nonsense=1").await.status, 400);
}

async fn the_export_of_the_page_is_the_export_of_the_api(on: On) {
    let app = start_with_readers(on).await;
    let rejected = app.maker().pays(&body(&app, "=1+1", 10)).await.id;
    app.checker().says(&rejected, "rejected").await;
    app.maker().pays(&body(&app, "c-2", 20)).await;
    let ada = signed_in(&app, ADA).await;
    let page = ada.page("/ui/history?states=rejected&q=%3D1%2B1").await;
    for (words, format, media_type) in
        [("Export as CSV", "csv", "text/csv; charset=utf-8"), ("JSON lines", "jsonl", "application/x-ndjson")]
    {
        let file = ada.get(&page.link(words).unwrap()).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(media_type)));
        assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
        let query = format!("/requests/export?states=rejected&subject=%3D1%2B1&format={format}");
        assert_eq!(file.text, app.auditor().get(&query).await.text);
        assert!(file.text.contains(&rejected), "{}", file.text);
    }
}

async fn a_maker_sees_only_their_own_requests_in_history_and_exports_nothing(on: On) {
    let app = start_with_readers(on).await;
    let own = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let other = app.other_maker().pays(&body(&app, "c-1", 10)).await.id;
    let mara = signed_in(&app, MARA).await;
    let page = mara.page("/ui/history").await;
    assert_eq!(ids(&page), std::slice::from_ref(&own));
    page.shows(&["What you submitted."]);
    page.does_not_show(&["Export"]);
    assert!(!page.has("a[download]"));
    assert!(ids(&mara.page("/ui/history?userId=400004").await).is_empty());
    mara.page(&format!("/ui/history?q={other}")).await.shows(&["No request fits"]);
    assert_eq!(
        mara.get(&format!("/ui/history?q={}", &other[..8])).await.leads_to(),
        format!("/ui/requests/{own}")
    );
    assert_eq!(mara.get("/ui/history/export?format=csv").await.status, 403);
    let anonymous = app.browser().get("/ui/history").await;
    assert!(anonymous.leads_to().starts_with("/ui/sign-in?to="));
}

async fn hostile_values_are_harmless_in_history_and_trail(on: On) {
    let app = start_with_readers(on).await;
    let hostile = "<img src=x onerror=alert(1)>\u{202e}\u{200b}";
    let id = app.maker().pays(&body(&app, hostile, 10)).await.id;
    app.target.will_answer(200, "text/html", "<script>alert(2)</script>\u{202e}".as_bytes());
    for checker in [app.checker(), app.other_checker()] {
        let ballot = decision(&id, "approved", "</td><script>alert(3)</script>\u{2066}");
        assert_eq!(checker.saying(&ballot).send().await.status, 200);
    }
    app.run_due_executions().await;
    let ada = signed_in(&app, ADA).await;
    let trail = format!("/ui/requests/{id}/trail");
    for path in ["/ui/history", &trail, &format!("/ui/requests/{id}")] {
        let reply = ada.get(path).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        for drawn in ['\u{202e}', '\u{200b}', '\u{2066}'] {
            assert!(!reply.text.contains(drawn), "{drawn:?} at {path}");
        }
        let page = reply.page();
        assert_eq!((page.count("img"), page.count("[onerror]")), (0, 0), "{path}");
        // The only script is our own file.
        assert_eq!((page.count("script"), page.count("script[src^='/ui/assets/']")), (1, 1), "{path}");
        page.shows(&["<img src=x onerror=alert(1)>"]);
    }
    ada.page(&trail).await.shows(&[
        "U+202E right-to-left override",
        "U+2066 left-to-right isolate",
        "<script>alert(2)</script>",
        "</td><script>alert(3)</script>",
    ]);
}
