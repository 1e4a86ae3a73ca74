//! The page of a request's trail: every event, to its end.

use super::{signed_in, start_with_readers};
use crate::support::pay_out::body;
use crate::support::{On, journeys};

journeys![an_auditor_reads_a_trail_to_its_end, a_trail_of_somebody_else_does_not_exist,];

const MARA: &str = "400001";
const ADA: &str = "400003";
const LEE: &str = "400006";
const STRANGER: &str = "400009";

async fn an_auditor_reads_a_trail_to_its_end(on: On) {
    let app = start_with_readers(on).await;
    let request = app.maker().pays(&body(&app, "c-1", 10)).await;
    app.target.will_answer(201, "application/json", br#"{"id": 1.50, "note": "<i>ok</i>"}"#);
    app.checker().says(&request.id, "approved").await;
    app.maker().says(&request.id, "approved").await;
    app.other_checker().says(&request.id, "approved").await;
    app.run_due_executions().await;
    let ada = signed_in(&app, ADA).await;
    let page = ada.page(&format!("/ui/requests/{}/trail", request.id)).await;
    let history = app.auditor().history(&request.id).await;
    let numbers: Vec<String> = history.iter().map(|event| event["seq"].to_string()).collect();
    assert_eq!(page.texts("#events td.seq"), numbers);
    for event in &history {
        page.shows(&[event["reference"].as_str().unwrap()]);
    }
    page.shows(&[
        "One digest all the way",
        "Approved by checker@example.com",
        "Approved by second.checker@example.com",
        "Sent in attempt 1",
        "approved it as a checker; it now waits for a checker",
        "“as agreed”",
        "any two of all checkers",
        "201, 33 bytes",
        "1.50",
        "<i>ok</i>",
        "Event trail printed by auditor@example.com",
    ]);
    assert!(page.texts("#events td b").contains(&"AdminTask".to_owned()), "{}", page.text());
    let plain = request.digest.trim_start_matches("sha256:").as_bytes();
    let middle: Vec<&str> = plain[8..56].chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect();
    // The request's own, its recomputation, two approvals, one attempt, the call, and each event.
    assert_eq!(page.text().matches(&middle.join(" ")).count(), 6 + history.len());
    page.does_not_show(&["differs"]);
}

async fn a_trail_of_somebody_else_does_not_exist(on: On) {
    let app = start_with_readers(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    for user_id in [LEE, STRANGER] {
        let browser = signed_in(&app, user_id).await;
        for address in [format!("/ui/requests/{id}/trail"), "/ui/requests/nonsense/trail".to_owned()] {
            assert_eq!(browser.get(&address).await.status, 404, "{user_id} {address}");
        }
    }
    let mara = signed_in(&app, MARA).await;
    let before = app.count("SELECT COUNT(*) AS number FROM events");
    assert_eq!(mara.get(&format!("/ui/requests/{id}/trail")).await.status, 200);
    assert_eq!(app.count("SELECT COUNT(*) AS number FROM events"), before, "reading writes nothing");
}
