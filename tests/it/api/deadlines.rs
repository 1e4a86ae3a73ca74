//! The two deadlines of a request: to be decided, and to be sent.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::plain;
use crate::support::pay_out::body;
use crate::support::{On, journeys, without_explanation};

journeys![both_deadlines_are_shown_and_which_one_passed,];

async fn both_deadlines_are_shown_and_which_one_passed(on: On) {
    let app = plain(on, "pending_ttl = \"2h\"\napproval_ttl = \"1h\"").await;
    let waits = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(waits.data["decideBefore"], "2026-03-01T14:00:00.123456Z");
    assert_eq!(waits.data["executeBefore"], Value::Null);
    assert_eq!(waits.data.get("expiredFrom"), None);
    let approved = app.maker().pays(&body(&app, "c-2", 1)).await.id;
    let data = app.checker().says(&approved, "approved").await.data();
    assert_eq!(data["executeBefore"], "2026-03-01T13:00:00.123456Z");
    app.clock.advance(TimeDelta::hours(1));
    app.sweep().await;
    assert_eq!(app.maker().request(&waits.id).await["state"], "AdminTask");
    let read = app.maker().request(&approved).await;
    assert_eq!((&read["state"], &read["expiredFrom"]), (&json!("expired"), &json!("approved")));
    assert_eq!(read["details"]["AdminTask_Output"], "approved");
    app.checker().says(&approved, "rejected").await.refused(409, "request_expired");
    app.clock.advance(TimeDelta::hours(1));
    app.sweep().await;
    let read = app.maker().request(&waits.id).await;
    assert_eq!((&read["state"], &read["expiredFrom"]), (&json!("expired"), &json!("AdminTask")));
    let history = app.auditor().history(&approved).await;
    assert_eq!((&history[4]["type"], &history[4]["from"]), (&json!("expired"), &json!("approved")));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
    let rows = app.checker().get("/requests?sortOrder=asc").await.data();
    assert_eq!(without_explanation(app.checker().request(&waits.id).await), rows[0]);
}
