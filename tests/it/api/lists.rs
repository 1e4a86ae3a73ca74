//! Lists: filters, order, pages, cursors.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{self, type_file};
use crate::support::{On, journeys};

journeys![
    newest_first_is_the_usual_order,
    every_filter_narrows_the_list,
    an_empty_parameter_means_not_given,
    dates_are_whole_days_in_the_configured_offset,
    open_requests_come_last_in_both_directions,
    numbered_pages_have_totals,
    a_cursor_walks_over_everything_once,
    a_cursor_walks_by_end_time_as_well,
    a_cursor_is_bound_to_its_filters_and_its_order,
    wrong_parameters_are_refused_all_at_once,
    a_large_answer_is_left_out_of_lists_and_marked,
    times_are_shown_in_the_configured_offset,
    large_requests_come_in_several_bounded_pages_and_each_is_whole,
    a_numbered_page_keeps_its_requests_and_leaves_out_details_without_room,
    an_inbox_and_ones_own_decisions_come_in_bounded_pages,
    an_export_of_large_requests_has_all_of_them_whole,
];

async fn newest_first_is_the_usual_order(on: On) {
    let app = App::start(on).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(app.maker().submitted(&app.badge()).await.id);
    }
    app.clock.advance(TimeDelta::seconds(1));
    ids.push(app.maker().submitted(&app.badge()).await.id);
    assert_eq!(app.checker().lists("sortOrder=asc&sortBy=startDate").await, ids);
    ids.reverse();
    // Three of them began in the same microsecond: their ids decide.
    assert_eq!(app.checker().lists("").await, ids);
}

async fn every_filter_narrows_the_list(on: On) {
    let app = App::start(on).await;
    let mut body = app.badge();
    body["entityInfo"] = json!({ "tillId": "t1", "storeId": "s1", "zoneId": "z1", "conceptId": "c1" });
    let one = app.maker().submitted(&body).await.id;
    let other = app.other_maker().submit("GOODWILL-POINTS", &app.example("GOODWILL-POINTS")).await.data();
    let other = other["requestId"].as_str().unwrap().to_owned();
    app.checker().reject(&one, "no").await.data();
    let checker = app.checker();
    for (query, expected) in [
        ("userId=400001", &one),
        ("userId=400004", &other),
        ("tillId=t1", &one),
        ("storeId=s1", &one),
        ("zoneId=z1", &one),
        ("conceptId=c1", &one),
        ("tillId=70000001", &other),
        ("states=rejected", &one),
        ("states=AdminTask,approved,failed", &other),
        ("requestType=ISSUE-BADGE", &one),
        ("requestType=GOODWILL-POINTS", &other),
        ("requestType=GOODWILL-POINTS&userId=400004&states=AdminTask&storeId=70000002", &other),
    ] {
        assert_eq!(checker.lists(query).await, std::slice::from_ref(expected), "{query}");
    }
    for query in ["userId=1", "tillId=t1&storeId=s2", "states=executed", "userId=400001&states=AdminTask"] {
        assert_eq!(checker.lists(query).await, [] as [&str; 0], "{query}");
    }
}

async fn an_empty_parameter_means_not_given(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let query = "userId=&sortBy=&sortOrder=&conceptId=&zoneId=&storeId=&tillId=&startDate=&endDate=&states=\
                 &limit=&PageNo=&requestType=&after=";
    assert_eq!(app.checker().lists(query).await, [id]);
}

async fn dates_are_whole_days_in_the_configured_offset(on: On) {
    let app = App::with(on, AppOptions::stepped().set("server.utc_offset", "\"+05:30\"")).await;
    // 12:00 UTC is 17:30 there; 6.5 hours later the next day begins.
    let today = app.maker().submitted(&app.badge()).await.id;
    app.clock.advance(TimeDelta::minutes(6 * 60 + 30));
    let tomorrow = app.maker().submitted(&app.badge()).await.id;
    let auditor = app.auditor();
    assert_eq!(auditor.request(&tomorrow).await["startTime"], "2026-03-02T00:00:00");
    for (query, expected) in [
        ("startDate=2026-03-01&endDate=2026-03-01", vec![&today]),
        ("startDate=2026-03-02", vec![&tomorrow]),
        ("endDate=2026-03-01", vec![&today]),
        ("startDate=2026-03-01&endDate=2026-03-02&sortOrder=asc", vec![&today, &tomorrow]),
        ("startDate=2026-03-03", vec![]),
    ] {
        assert_eq!(auditor.lists(query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

/// Five requests; the second and the fourth have ended, a second apart.
async fn some_that_ended(app: &App) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(app.maker().submitted(&app.badge()).await.id);
    }
    for at in [1, 3] {
        app.clock.advance(TimeDelta::seconds(1));
        app.checker().reject(&ids[at], "no").await.data();
    }
    ids
}

async fn open_requests_come_last_in_both_directions(on: On) {
    let app = App::start(on).await;
    let ids = some_that_ended(&app).await;
    let at = |order: [usize; 5]| order.map(|at| ids[at].clone());
    assert_eq!(app.checker().lists("sortBy=endDate&sortOrder=asc").await, at([1, 3, 0, 2, 4]));
    assert_eq!(app.checker().lists("sortBy=endDate&sortOrder=desc").await, at([3, 1, 4, 2, 0]));
}

async fn numbered_pages_have_totals(on: On) {
    let app = App::start(on).await;
    for _ in 0..5 {
        app.maker().submitted(&app.badge()).await;
    }
    let page = async |query: &str| app.checker().get(&format!("/requests?{query}")).await.expect(200);
    let first = page("limit=2").await["pagination"].take();
    let totals = |number: i64, elements: i64, next: &Value| {
        json!({
            "totalElements": 5, "totalPages": 3, "numberOfElements": elements, "number": number, "next": next,
        })
    };
    assert!(first["next"].is_string());
    assert_eq!(first, totals(0, 2, &first["next"]));
    let last = page("limit=2&PageNo=2").await;
    assert_eq!(last["pagination"], totals(2, 1, &Value::Null));
    assert_eq!(last["data"].as_array().unwrap().len(), 1);
    assert_eq!(page("limit=2&PageNo=3").await["pagination"], totals(3, 0, &Value::Null));
    assert_eq!(page("limit=500&PageNo=2147483647").await["data"], json!([]));
    let all = page("limit=5").await["pagination"].take();
    assert_eq!((&all["totalPages"], &all["next"]), (&json!(1), &Value::Null));
}

/// Every id that the cursor leads to, page by page.
async fn walk(app: &App, query: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut path = format!("/requests?{query}");
    loop {
        let page = app.checker().get(&path).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        ids.extend(rows.iter().map(|row| row["requestId"].as_str().unwrap().to_owned()));
        let pagination = page["pagination"].as_object().unwrap();
        if path.contains("after=") {
            let mut names: Vec<&String> = pagination.keys().collect();
            names.sort_unstable();
            assert_eq!(names, ["next", "numberOfElements"], "no totals with a cursor");
        }
        let Some(next) = pagination["next"].as_str() else { return ids };
        path = format!("/requests?{query}&after={next}");
        assert!(ids.len() < 100, "the walk does not end");
    }
}

async fn a_cursor_walks_over_everything_once(on: On) {
    let app = App::start(on).await;
    for _ in 0..7 {
        app.maker().submitted(&app.badge()).await;
    }
    app.clock.advance(TimeDelta::seconds(1));
    for _ in 0..2 {
        app.maker().submitted(&app.badge()).await;
    }
    for query in ["limit=2", "limit=3&sortOrder=asc", "limit=3&states=AdminTask"] {
        let whole = app.checker().lists(&query.replace("limit=2", "").replace("limit=3", "")).await;
        assert_eq!(walk(&app, query).await, whole, "{query}");
        assert_eq!(whole.len(), 9);
    }
}

async fn a_cursor_walks_by_end_time_as_well(on: On) {
    let app = App::start(on).await;
    some_that_ended(&app).await;
    for order in ["asc", "desc"] {
        let whole = app.checker().lists(&format!("sortBy=endDate&sortOrder={order}")).await;
        for limit in [1, 2, 3, 4] {
            let walked = walk(&app, &format!("sortBy=endDate&sortOrder={order}&limit={limit}")).await;
            assert_eq!(walked, whole, "{order} by {limit}");
        }
    }
}

async fn a_cursor_is_bound_to_its_filters_and_its_order(on: On) {
    let app = App::start(on).await;
    for _ in 0..3 {
        app.maker().submitted(&app.badge()).await;
    }
    let checker = app.checker();
    let first = checker.get("/requests?limit=1&states=AdminTask").await.body;
    let next = first["pagination"]["next"].as_str().unwrap().to_owned();
    // Another page size is the same list.
    checker.get(&format!("/requests?limit=2&states=AdminTask&after={next}")).await.expect(200);
    for query in ["limit=1", "limit=1&states=rejected", "limit=1&states=AdminTask&sortOrder=asc"] {
        let reply = checker.get(&format!("/requests?{query}&after={next}")).await;
        assert_eq!(reply.refused(400, "cursor_invalid")["errors"][0]["field"], "after");
    }
    // The maker's list is another one: it has only their own requests.
    let own = app.maker().get(&format!("/requests?limit=1&states=AdminTask&after={next}")).await;
    own.refused(400, "cursor_invalid");
    let both = checker.get(&format!("/requests?PageNo=0&limit=1&states=AdminTask&after={next}")).await;
    assert_eq!(both.refused(400, "parameter_invalid")["errors"][0]["field"], "after");
    checker.get("/requests?after=nonsense").await.refused(400, "cursor_invalid");
}

async fn wrong_parameters_are_refused_all_at_once(on: On) {
    let app = App::start(on).await;
    let query = "states=AdminTask,Pending&limit=501&PageNo=-1&startDate=2026-02-30&endDate=2026-3-1\
                 &requestType=issue-badge&sortBy=state&sortOrder=up&q=1&userId=1&userId=2";
    let body = app.checker().get(&format!("/requests?{query}")).await.refused(400, "parameter_invalid");
    let mut fields: Vec<&str> = Vec::new();
    for error in body["errors"].as_array().unwrap() {
        assert_eq!(error["code"], "parameter_invalid");
        fields.push(error["field"].as_str().unwrap());
    }
    fields.sort_unstable();
    let mut expected = [
        "states",
        "limit",
        "PageNo",
        "startDate",
        "endDate",
        "requestType",
        "sortBy",
        "sortOrder",
        "q",
        "userId",
    ];
    expected.sort_unstable();
    assert_eq!(fields, expected);
    for query in ["limit=0", "limit=x", "states=admintask", "pageno=1", "PageNo=1.5"] {
        app.checker().get(&format!("/requests?{query}")).await.refused(400, "parameter_invalid");
    }
    assert_eq!(app.checker().get("/requests?limit=1").await.status, 200);
    assert_eq!(app.checker().get("/requests?limit=500").await.status, 200);
}

async fn a_large_answer_is_left_out_of_lists_and_marked(on: On) {
    let app = App::start(on).await;
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let mut ids = Vec::new();
    for bytes in [16 * 1024, 16 * 1024 + 1] {
        app.target.will_answer(200, "application/json", text(bytes).as_bytes());
        let id = app.maker().submitted(&app.badge_to_target()).await.id;
        app.checker().approve(&id).await.data();
        ids.push(id);
    }
    let listed = app.checker().get("/requests?sortOrder=asc").await.data();
    let exported = app.auditor().get("/requests/export?format=jsonl&sortOrder=asc").await.text;
    let exported: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for rows in [listed.as_array().unwrap(), &exported] {
        let output = |at: usize| &rows[at]["details"]["IntouchAPITask_Output"];
        assert_eq!(output(0)["body"].as_str().unwrap().len(), 16 * 1024 - 2);
        assert!(output(0).get("bodyOmitted").is_none());
        assert_eq!((&output(1)["body"], &output(1)["bodyOmitted"]), (&Value::Null, &json!(true)));
        assert_eq!(output(1)["bodyBytes"], 16 * 1024 + 1);
        assert_eq!(output(1)["status"], 200);
    }
    let whole = app.checker().request(&ids[1]).await;
    let body = whole["details"]["IntouchAPITask_Output"]["body"].as_str().unwrap();
    assert_eq!(body.len(), 16 * 1024 - 1);
}

async fn times_are_shown_in_the_configured_offset(on: On) {
    let app = App::with(on, AppOptions::default().set("server.utc_offset", "\"-03:00\"")).await;
    let mut body = app.badge();
    task(&mut body)["body"]["requestId"] = 17.into();
    let submitted = app.maker().submitted(&body).await;
    assert_eq!(submitted.data["startTime"], "2026-03-01T09:00:00");
    assert_eq!(submitted.data["startTimeISO"], "2026-03-01T12:00:00.123456Z");
    app.clock.advance(TimeDelta::milliseconds(1_500));
    let data = app.checker().approve(&submitted.id).await.data();
    assert_eq!(data["endTime"], "2026-03-01T09:00:01");
    assert_eq!(data["endTimeISO"], "2026-03-01T12:00:01.623456Z");
}

/// Bytes of the one large member of a large request; nearly as many as a body may have.
const LARGE_BYTES: usize = 248 * 1024;

/// What a page has at most of calls and their echoes.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

async fn with_large_types(on: On) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file("", ""))).await
}

/// Submits large requests and returns their ids, the newest first.
async fn large_requests(app: &App, count: i64) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let mut body = pay_out::body(app, &format!("c-{number}"), 1);
        task(&mut body)["body"]["card"] = "x".repeat(LARGE_BYTES).into();
        ids.push(app.maker().pays(&body).await.id);
        app.clock.advance(TimeDelta::seconds(1));
    }
    ids.reverse();
    ids
}

fn is_whole(request: &Value) -> bool {
    let card = &request["details"]["IntouchAPITask-Payload"]["body"]["card"];
    card.as_str().is_some_and(|card| card.len() == LARGE_BYTES) && request.get("detailsOmitted").is_none()
}

/// All requests that a walk finds, each of them whole, on pages of bounded size.
async fn walked(app: &App, path: &str) -> (Vec<String>, usize) {
    let (mut ids, mut pages, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = app.checker().get(&format!("{path}&after={after}")).await.expect(200);
        let data = page["data"].as_array().unwrap();
        let whole: Vec<&Value> = data.iter().filter(|request| is_whole(request)).collect();
        let stored: usize = whole.len() * 2 * LARGE_BYTES;
        assert!(!whole.is_empty() && stored <= PAGE_BYTES_MAX, "{} on a page", whole.len());
        ids.extend(whole.iter().map(|request| request["requestId"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["pagination"]["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return (ids, pages),
        }
    }
}

async fn large_requests_come_in_several_bounded_pages_and_each_is_whole(on: On) {
    let app = with_large_types(on).await;
    let ids = large_requests(&app, 60).await;
    let (found, pages) = walked(&app, "/requests?limit=60").await;
    assert_eq!(found, ids);
    assert!(pages > 60 * 2 * LARGE_BYTES / PAGE_BYTES_MAX, "{pages} pages");
}

async fn a_numbered_page_keeps_its_requests_and_leaves_out_details_without_room(on: On) {
    let app = with_large_types(on).await;
    let ids = large_requests(&app, 21).await;
    let page = app.checker().get("/requests?limit=20&PageNo=0").await.expect(200);
    let data = page["data"].as_array().unwrap();
    let listed: Vec<&str> = data.iter().map(|request| request["requestId"].as_str().unwrap()).collect();
    assert_eq!(listed, ids[..20]);
    assert_eq!(page["pagination"]["numberOfElements"], 20);
    assert_eq!(page["pagination"]["totalElements"], 21);
    let whole = data.iter().take_while(|request| is_whole(request)).count();
    assert!((1..20).contains(&whole) && whole * 2 * LARGE_BYTES <= PAGE_BYTES_MAX, "{whole} are whole");
    for request in &data[whole..] {
        assert_eq!(request["detailsOmitted"], true);
        assert!(request["details"].get("IntouchAPITask-Payload").is_none(), "{request}");
        assert_eq!(request["call"]["url"], format!("{}/pay", app.target.url()));
        assert_eq!(
            (&request["call"]["method"], &request["call"]["label"]),
            (&json!("POST"), &json!("Recorder"))
        );
    }
    // What has no room comes again, whole, to those who follow the cursor.
    let next = page["pagination"]["next"].as_str().unwrap();
    let on = app.checker().get(&format!("/requests?limit=1&after={next}")).await.data();
    assert_eq!(on[0]["requestId"], ids[whole]);
    assert!(is_whole(&on[0]));
    let last = app.checker().get("/requests?limit=20&PageNo=1").await.data();
    assert_eq!(last[0]["requestId"], ids[20]);
    assert!(is_whole(&last[0]));
}

async fn an_inbox_and_ones_own_decisions_come_in_bounded_pages(on: On) {
    let app = with_large_types(on).await;
    let mut ids = large_requests(&app, 20).await;
    ids.reverse();
    let (found, pages) = walked(&app, "/requests?view=needs_me&limit=50").await;
    assert_eq!((found.as_slice(), pages > 1), (ids.as_slice(), true));
    for id in &ids {
        app.checker().says(id, "rejected").await.expect(200);
        app.clock.advance(TimeDelta::seconds(1));
    }
    ids.reverse();
    let (found, pages) = walked(&app, "/requests?view=decided_by_me&limit=50").await;
    assert_eq!((found.as_slice(), pages > 1), (ids.as_slice(), true));
}

async fn an_export_of_large_requests_has_all_of_them_whole(on: On) {
    let app = with_large_types(on).await;
    let ids = large_requests(&app, 20).await;
    let exported = app.auditor().get("/requests/export?format=jsonl").await.text;
    let exported: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<&str> = exported.iter().map(|request| request["requestId"].as_str().unwrap()).collect();
    assert_eq!(found, ids);
    assert!(exported.iter().all(is_whole));
}
