//! Exports as CSV and as JSON lines.

use serde_json::{Value, json};

use super::{fay, finn, rita, staged};
use crate::support::app::App;
use crate::support::pay_out::body;
use crate::support::people::decision;
use crate::support::{On, journeys, without_explanation};

journeys![
    an_export_in_csv_has_a_row_per_request,
    an_export_in_jsonl_has_the_requests_as_they_are_read,
    an_export_continues_past_its_first_page,
    an_export_is_for_auditors,
    a_row_has_the_whole_truth_in_both_formats,
    no_cell_is_a_formula_whatever_separates_cells,
];

async fn an_export_in_csv_has_a_row_per_request(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().reject(&id, "=HYPERLINK(\"x\"), no").await.data();
    let executed = app.maker().submitted(&app.badge()).await;
    app.checker().approve(&executed.id).await.data();
    let reply = app.auditor().get("/requests/export?format=csv&sortOrder=asc").await;
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
    let day = app.clock.now().format("%F");
    let name = format!("attachment; filename=\"requests-90001-{day}.csv\"");
    assert_eq!(reply.header("content-disposition"), Some(name.as_str()));
    let lines: Vec<&str> = reply.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", reply.text);
    let quoted = |cells: &[&str]| format!("\"{}\"", cells.join("\",\""));
    assert_eq!(lines[0], quoted(&countersign::http::export::CSV_COLUMNS));
    assert!(
        lines[1]
            .starts_with(&quoted(&[&id, "ISSUE-BADGE", "rejected", "400001", "maker@example.com", ""])[..60])
    );
    assert!(lines[1].contains(",\"'=HYPERLINK(\"\"x\"\"), no\","), "{}", lines[1]);
    assert!(lines[2].contains(&quoted(&[&executed.digest, "approved", "400002", "checker@example.com"])));
    assert!(lines[2].contains(&quoted(&["agreed", "200", ""])), "{}", lines[2]);
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
    // Every member that the request has, as it is read.
    for (row, read) in rows.iter().zip(&read) {
        for (name, value) in read.as_object().unwrap() {
            assert_eq!(row[name], *value, "{name}");
        }
    }
    assert_eq!(rows[0]["outcome"], "executed");
    assert_eq!(rows[1]["outcome"], Value::Null);
    assert_eq!(rows[0]["history"], Value::Array(app.auditor().history(&first).await));
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

/// The rows of a CSV file by the names of their columns.
fn rows_of(text: &str) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

async fn a_row_has_the_whole_truth_in_both_formats(on: On) {
    let app = staged(on).await;
    let (rita, fay, finn) = (app.actor(rita()), app.actor(fay()), app.actor(finn()));
    let request = app.maker().pays(&body(&app, "c-1", 10)).await;
    rita.says(&request.id, "approved").await.data();
    rita.saying(&decision(&request.id, "rejected", "On second thoughts"))
        .send()
        .await
        .refused(409, "already_decided_by_you");
    fay.says(&request.id, "approved").await.data();
    finn.says(&request.id, "approved").await.data();
    app.run_due_executions().await;
    let csv = app.auditor().get("/requests/export?format=csv&bom=true").await.text;
    let rows = rows_of(csv.strip_prefix('\u{feff}').expect("it begins with a byte order mark"));
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let cell = |name: &str| row[name].as_str();
    assert_eq!((cell("subject"), cell("amount"), cell("outcome")), ("c-1", "10", "executed"));
    assert_eq!((cell("rule"), cell("risk")), ("risk then finance", "high"));
    assert_eq!(cell("summary"), request.data["summary"]);
    assert!(cell("typeVersion").starts_with("sha256:"));
    let list =
        |name: &str| serde_json::from_str::<Value>(cell(name)).unwrap_or_else(|_| panic!("{}", cell(name)));
    let names: Vec<Value> =
        list("decisions").as_array().unwrap().iter().map(|one| one["actor"]["userName"].clone()).collect();
    assert_eq!(names, ["rita@example.com", "fay@example.com", "finn@example.com"]);
    assert_eq!(list("stages")[0], json!({ "name": "Risk", "decidedBy": ["rita@example.com"] }));
    assert_eq!(list("attempts").as_array().unwrap().len(), 2, "{}", cell("attempts"));
    assert_eq!(list("attempts")[1]["attemptOutcome"], "executed");
    assert_eq!(list("refusedAttempts")[0]["code"], "already_decided_by_you");
    assert_eq!(list("refusedAttempts")[0]["tried"]["message"], "On second thoughts");
    assert_eq!(cell("historyOmitted"), "false");

    let line = app.auditor().get("/requests/export?format=jsonl").await.text;
    let row: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&row["amount"], &row["outcome"]), (&json!("10"), &json!("executed")));
    assert_eq!(row["stages"][1]["decidedBy"], json!(["fay@example.com", "finn@example.com"]));
    assert_eq!(row["history"], Value::Array(app.auditor().history(&request.id).await));
    assert_eq!(row["historyOmitted"], false);
    for query in ["format=jsonl&bom=true", "format=csv&bom=yes", "format=csv&bom=1"] {
        let refused = app.auditor().get(&format!("/requests/export?{query}")).await;
        assert_eq!(refused.refused(400, "parameter_invalid")["errors"][0]["field"], "bom", "{query}");
    }
    assert!(!app.auditor().get("/requests/export?format=csv&bom=false").await.text.starts_with('\u{feff}'));
}

async fn no_cell_is_a_formula_whatever_separates_cells(on: On) {
    let app = App::start(on).await;
    let words = [
        "see;=1+1;@SUM(1)",
        "=HYPERLINK(\"x\"), no",
        "a\t+1\r\n-2\n\"=3",
        ";;;=cmd|' /C calc'!A0",
        "\"\",\"=1",
        "x, \u{3000}＝1",
    ];
    for words in words {
        let request = app.maker().submitted(&app.badge_without_id()).await;
        app.checker().reject(&request.id, words).await.data();
    }
    let text = app.auditor().get("/requests/export?format=csv").await.text;
    let mut cells = 0;
    for separator in [b',', b';', b'\t'] {
        for is_quoting in [true, false] {
            let mut reader = csv::ReaderBuilder::new();
            reader.has_headers(false).flexible(true).quoting(is_quoting).delimiter(separator);
            for record in reader.from_reader(text.as_bytes()).records() {
                for cell in &record.unwrap() {
                    let bare = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
                    assert!(
                        !bare.starts_with(['=', '+', '-', '@', '＝']),
                        "{separator} {is_quoting} {cell:?}"
                    );
                    cells += 1;
                }
            }
        }
    }
    assert!(cells > words.len() * 30, "{cells}");
    assert_eq!(rows_of(&text).len(), words.len());
    // JSON Lines are exact.
    let lines = app.auditor().get("/requests/export?format=jsonl&sortOrder=asc").await.text;
    let said = |line: &str| serde_json::from_str::<Value>(line).unwrap()["decisions"][0]["message"].clone();
    let said: Vec<Value> = lines.lines().map(said).collect();
    assert_eq!(said, words.map(|words| json!(words.replace("\r\n", "\n"))));
}
