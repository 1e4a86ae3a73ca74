//! An executor that stops at the worst moments: what it had claimed is settled truthfully, once.

use chrono::TimeDelta;
use countersign::domain::attempt::AttemptOutcome;
use countersign::engine::{ClaimedExecution, Ending};
use serde_json::json;

use crate::support::app::{App, AppOptions};
use crate::support::claims::{claim, ends};
use crate::support::{On, journeys};

journeys![
    a_claim_that_lapses_before_the_send_is_due_again,
    a_claim_that_lapses_after_the_send_is_unknown,
    an_executor_that_lost_its_lease_records_nothing,
    a_lease_that_is_renewed_does_not_lapse,
    executions_that_wait_too_long_are_counted,
];

/// An approved request, claimed by an executor that is about to stop.
async fn claimed(app: &App) -> (String, ClaimedExecution) {
    let id = app.maker().submitted(&app.badge_without_id()).await.id;
    app.checker().approve_async(&id).await.data();
    (id, claim(app.server().engine()).await)
}

async fn a_claim_that_lapses_before_the_send_is_due_again(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let (id, _) = claimed(&app).await;
    app.run_due_executions().await;
    assert_eq!(app.sandbox.calls().await["count"], 0, "another executor has claimed it");
    app.clock.advance(TimeDelta::seconds(15));
    app.sweep().await;
    assert_eq!(app.checker().request(&id).await["state"], "approved");
    app.run_due_executions().await;
    assert_eq!(app.checker().request(&id).await["state"], "executed");
    assert_eq!(app.sandbox.calls().await["count"], 1);
}

async fn a_claim_that_lapses_after_the_send_is_unknown(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let (id, claimed) = claimed(&app).await;
    assert_eq!(app.server().engine().start_attempt(&claimed.held).await.unwrap(), Some(1));
    app.clock.advance(TimeDelta::milliseconds(14_999));
    app.sweep().await;
    assert_eq!(app.checker().request(&id).await["state"], "approved");
    app.clock.advance(TimeDelta::milliseconds(1));
    app.sweep().await;
    let request = app.checker().request(&id).await;
    assert_eq!((&request["state"], &request["endTime"]), (&json!("unknown"), &json!(null)));
    app.run_due_executions().await;
    assert_eq!(app.sandbox.calls().await["count"], 0, "it was sent again");
    assert_eq!(app.auditor().happened(&id).await[3..], ["approved", "attempt_started", "outcome_unknown"]);
}

async fn an_executor_that_lost_its_lease_records_nothing(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let (id, lost) = claimed(&app).await;
    app.clock.advance(TimeDelta::seconds(15));
    app.sweep().await;
    let engine = app.server().engine();
    assert_eq!(engine.start_attempt(&lost.held).await.unwrap(), None);
    let again = claim(engine).await;
    assert!(again.held.token > lost.held.token);
    assert_eq!(engine.start_attempt(&lost.held).await.unwrap(), None);
    assert_eq!(engine.start_attempt(&again.held).await.unwrap(), Some(1));
    let failed = Ending::new(1, AttemptOutcome::Failed, "A tale of the one who was late.");
    assert!(!engine.end_attempt(&lost.held, failed).await.unwrap());
    let went_well = Ending::new(1, AttemptOutcome::Executed, "It went well.");
    assert!(engine.end_attempt(&again.held, went_well.clone()).await.unwrap());
    // Recording the same end again is a retry; another end is refused.
    assert!(engine.end_attempt(&again.held, went_well).await.unwrap());
    assert!(!ends(engine, &again.held, 1, AttemptOutcome::Failed).await);
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["message"]), (&json!("executed"), &json!("It went well.")));
}

async fn a_lease_that_is_renewed_does_not_lapse(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let (id, claimed) = claimed(&app).await;
    let engine = app.server().engine();
    assert_eq!(engine.start_attempt(&claimed.held).await.unwrap(), Some(1));
    for _ in 0..3 {
        app.clock.advance(TimeDelta::seconds(10));
        engine.lease_renewal().renew(std::slice::from_ref(&claimed.held)).unwrap();
        app.sweep().await;
    }
    assert_eq!(app.checker().request(&id).await["state"], "approved");
    assert!(ends(engine, &claimed.held, 1, AttemptOutcome::Failed).await);
    assert_eq!(app.checker().request(&id).await["state"], "failed");
}

async fn executions_that_wait_too_long_are_counted(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().approve_async(&id).await.data();
    let overdue = async || {
        app.sweep().await;
        app.metric("countersign_approved_overdue_now").await.unwrap()
    };
    assert_eq!(overdue().await, "0");
    app.clock.advance(TimeDelta::seconds(61));
    assert_eq!(overdue().await, "1");
    app.run_due_executions().await;
    assert_eq!(overdue().await, "0");
}
