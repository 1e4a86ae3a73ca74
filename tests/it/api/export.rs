//! Exports as CSV and as JSON lines.

use serde_json::Value;

use crate::support::app::App;
use crate::support::{On, journeys, without_explanation};

journeys![
    an_export_in_csv_has_a_row_per_request,
    an_export_in_jsonl_has_the_requests_as_they_are_read,
    an_export_continues_past_its_first_page,
    an_export_is_for_auditors,
];

async fn an_export_in_csv_has_a_row_per_request(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().reject(&id, "=HYPERLINK(\"x\"), no").await.data();
    let executed = app.maker().submitted(&app.badge()).await;
    app.checker().approve(&executed.id).await.data();
    let reply = app.auditor().get("/requests/export?format=csv&sortOrder=asc").await;
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"requests.csv\""));
    let lines: Vec<&str> = reply.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", reply.text);
    assert_eq!(lines[0], countersign::http::export::CSV_COLUMNS.join(","));
    assert!(lines[1].starts_with(&format!("{id},ISSUE-BADGE,rejected,400001,maker@example.com,")));
    assert!(lines[1].contains(",\"'=HYPERLINK(\"\"x\"\"), no\","), "{}", lines[1]);
    assert!(lines[2].contains(&format!(",{},approved,400002,checker@example.com,", executed.digest)));
    assert!(lines[2].ends_with(",agreed,200,"), "{}", lines[2]);
}

async fn an_export_in_jsonl_has_the_requests_as_they_are_read(on: On) {
    let app = App::start(on).await;
    let first = app.maker().submitted(&app.badge()).await.id;
    app.checker().approve(&first).await.data();
    let second = app.maker().submitted(&app.badge()).await.id;
    let reply = app.auditor().get("/requests/export?format=jsonl&sortOrder=asc").await;
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    let rows: Vec<Value> = reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let read = [app.auditor().request(&first).await, app.auditor().request(&second).await];
    let read = read.map(without_explanation);
    assert_eq!(rows, read);
    let filtered = app.auditor().get("/requests/export?format=jsonl&states=AdminTask").await.text;
    assert_eq!(filtered.lines().count(), 1);
}

async fn an_export_continues_past_its_first_page(on: On) {
    let app = App::start(on).await;
    let (maker, bodies) = (app.maker(), (0..230).map(|_| app.badge()).collect::<Vec<_>>());
    let submissions = bodies.iter().map(|body| maker.submitted(body));
    let submitted = futures_util::future::join_all(submissions).await;
    let text = app.auditor().get("/requests/export?format=jsonl&sortOrder=asc").await.text;
    let ids: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["requestId"].as_str().unwrap().to_owned())
        .collect();
    let mut expected: Vec<String> = submitted.into_iter().map(|one| one.id).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    let csv = app.auditor().get("/requests/export?format=csv").await.text;
    assert_eq!(csv.lines().count(), 231);
}

async fn an_export_is_for_auditors(on: On) {
    let app = App::start(on).await;
    app.maker().get("/requests/export?format=csv").await.refused(403, "permission_missing");
    app.checker().get("/requests/export?format=csv").await.refused(403, "permission_missing");
    for query in ["", "?format=xml", "?format="] {
        let body = app.auditor().get(&format!("/requests/export{query}")).await;
        assert_eq!(body.refused(400, "parameter_invalid")["errors"][0]["field"], "format");
    }
}
