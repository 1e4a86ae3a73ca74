//! Calls that were certainly not carried out are tried again, and one approval is enough.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{body, type_file};
use crate::support::{On, eventually, journeys};

journeys![
    a_target_that_comes_back_gets_its_call_once,
    a_waiting_decision_is_answered_when_the_first_attempt_has_ended,
    a_target_that_is_busy_is_asked_again_when_it_wants_to_be,
    a_status_that_the_type_does_not_list_is_not_tried_again,
    attempts_that_are_used_up_end_the_request_as_failed,
    the_deadline_ends_what_was_never_carried_out,
    a_host_that_is_away_is_left_alone_until_one_call_finds_it_back,
];

/// The type PAY-OUT with these tables.
fn with_tables(tables: &str) -> AppOptions {
    AppOptions::stepped().with_type(&type_file("approval_ttl = \"1h\"", tables))
}

/// A payment that was approved and not sent yet.
async fn approved(app: &App) -> String {
    let id = app.maker().pays(&body(app, "c-1", 10)).await.id;
    assert_eq!(app.checker().says(&id, "approved").await.data()["state"], "approved");
    id
}

/// Its state and its attempts.
fn progress(request: &Value) -> (&str, i64) {
    (request["state"].as_str().unwrap(), request["attempts"].as_i64().unwrap())
}

async fn a_target_that_comes_back_gets_its_call_once(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    app.target.goes_away().await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    app.run_due_executions().await;

    let request = app.auditor().request(&id).await;
    assert_eq!(progress(&request), ("approved", 1));
    let last = app.auditor().history(&id).await.pop().unwrap();
    let what = ["type", "attemptOutcome", "from", "to"].map(|name| last[name].as_str().unwrap());
    assert_eq!(what, ["attempt_ended", "not_sent", "approved", "approved"]);
    assert_eq!((&last["attempt"], last.get("outcome")), (&json!(1), None));
    assert!(last["message"].as_str().unwrap().starts_with("No byte left: "), "{last}");
    assert!(request["nextAttemptAt"].is_string());
    assert_eq!(last["nextAttemptAt"], request["nextAttemptAt"]);

    app.target.comes_back().await;
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0, "the next attempt is not due yet");
    app.clock.advance(TimeDelta::seconds(1));
    app.run_due_executions().await;
    let request = app.auditor().request(&id).await;
    assert_eq!((progress(&request), &request["nextAttemptAt"]), (("executed", 2), &json!(null)));
    assert_eq!(app.target.arrived().len(), 1);
    let types = ["approved", "attempt_started", "attempt_ended", "attempt_started", "executed"];
    assert_eq!(app.auditor().happened(&id).await[3..], types);
    app.clock.advance(TimeDelta::days(1));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_waiting_decision_is_answered_when_the_first_attempt_has_ended(on: On) {
    let app = App::with(on, AppOptions::default().set("executor.decision_wait_ms", 60_000)).await;
    app.target.goes_away().await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    let data = app.checker().approve(&id).await.data();
    assert_eq!(progress(&data), ("approved", 1));
    assert!(data["nextAttemptAt"].is_string(), "{data}");
    app.target.comes_back().await;
    app.clock.advance(TimeDelta::seconds(1));
    app.checker().becomes(&id, "executed").await;
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_target_that_is_busy_is_asked_again_when_it_wants_to_be(on: On) {
    let app = App::with(on, with_tables("[answer]\nnot_done_if_status = [503]\n")).await;
    let id = approved(&app).await;
    app.target.will_answer_bytes("HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 4\r\n\r\nbusy");
    app.run_due_executions().await;
    let request = app.auditor().request(&id).await;
    assert_eq!(progress(&request), ("approved", 1));
    assert_eq!(request["nextAttemptAt"], "2026-03-01T12:02:00.123456Z");
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["attemptOutcome"]), (&json!("attempt_ended"), &json!("not_done")));
    app.clock.advance(TimeDelta::microseconds(119_999_999));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
    app.clock.advance(TimeDelta::microseconds(1));
    app.run_due_executions().await;
    let request = app.auditor().request(&id).await;
    assert_eq!(progress(&request), ("executed", 2));
    // The answer that is shown is the last attempt's.
    assert_eq!(request["details"]["IntouchAPITask_Output"]["status"], 200);
}

async fn a_status_that_the_type_does_not_list_is_not_tried_again(on: On) {
    let app = App::with(on, with_tables("[answer]\nnot_done_if_status = [503]\n")).await;
    for (status, state) in [(429, "failed"), (502, "unknown")] {
        let id = approved(&app).await;
        app.target.will_answer(status, "text/plain", b"no");
        app.run_due_executions().await;
        assert_eq!(progress(&app.auditor().request(&id).await), (state, 1));
    }
}

async fn attempts_that_are_used_up_end_the_request_as_failed(on: On) {
    let tables = "[answer]\nnot_done_if_status = [503]\n[retry]\nattempts = 2\n";
    let app = App::with(on, with_tables(tables)).await;
    let id = approved(&app).await;
    for (attempt, state) in [(1, "approved"), (2, "failed")] {
        app.target.will_answer(503, "text/plain", b"busy");
        app.run_due_executions().await;
        assert_eq!(progress(&app.auditor().request(&id).await), (state, attempt));
        app.clock.advance(TimeDelta::minutes(5));
    }
    let types = ["approved", "attempt_started", "attempt_ended", "attempt_started", "failed"];
    assert_eq!(app.auditor().happened(&id).await[3..], types);
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["outcome"], &last["attemptOutcome"]), (&json!("failed"), &json!("not_done")));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 2);
}

async fn the_deadline_ends_what_was_never_carried_out(on: On) {
    let app = App::with(on, with_tables("[repeat]\nkey_header = \"Idempotency-Key\"\n")).await;
    let ambiguous = approved(&app).await;
    app.target.will_hang_up();
    app.run_due_executions().await;
    let not_sent = approved(&app).await;
    app.target.goes_away().await;
    app.run_due_executions().await;
    let never_tried = approved(&app).await;
    for id in [&ambiguous, &not_sent, &never_tried] {
        assert_eq!(app.auditor().request(id).await["state"], "approved");
    }
    app.clock.advance(TimeDelta::hours(1));
    app.sweep().await;
    for (id, state, attempts) in
        [(&ambiguous, "unknown", 1), (&not_sent, "failed", 1), (&never_tried, "expired", 0)]
    {
        let request = app.auditor().request(id).await;
        assert_eq!(progress(&request), (state, attempts));
        assert_eq!(request["nextAttemptAt"], json!(null));
        assert_eq!(request["endTime"].is_null(), state == "unknown");
    }
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_host_that_is_away_is_left_alone_until_one_call_finds_it_back(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let breaker = format!("countersign_target_breaker_open{{host=\"{}\"}}", app.target.address);
    app.target.goes_away().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = app.maker().submitted(&app.badge_to_target()).await.id;
        app.checker().approve_async(&id).await.data();
        ids.push(id);
    }
    app.run_due_executions().await;
    assert_eq!(app.metric(&breaker).await.as_deref(), Some("1"));
    app.target.comes_back().await;
    app.clock.advance(TimeDelta::minutes(5));
    for id in &ids {
        eventually("its call has gone out", async || {
            app.run_due_executions().await;
            (app.auditor().request(id).await["state"] == "executed").then_some(())
        })
        .await;
        // The time that a call waited for the host was no attempt.
        assert_eq!(progress(&app.auditor().request(id).await), ("executed", 2));
    }
    assert_eq!(app.metric(&breaker).await.as_deref(), Some("0"));
    assert_eq!(app.target.arrived().len(), ids.len());
}
