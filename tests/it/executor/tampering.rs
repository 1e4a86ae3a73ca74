//! What is approved is what runs, also when someone with the database's password changes stored rows.

use countersign::store::stored_call::StoredCall;
use serde_json::json;

use crate::support::app::{App, AppOptions};
use crate::support::{On, journeys};

journeys![
    a_changed_call_is_stopped_before_it_is_sent,
    a_call_that_can_not_be_unpacked_is_stopped_as_well,
    a_changed_echo_is_stopped_as_well,
    a_changed_digest_of_the_decision_is_stopped_as_well,
    a_call_that_was_changed_with_everything_but_the_decision_is_stopped,
    the_database_refuses_to_change_what_was_written,
];

/// Turns the triggers off, as only the database's owner can.
fn lift_guards(app: &App, on: On) {
    match on {
        On::Sqlite => app.tamper(
            "DROP TRIGGER calls_never_change; DROP TRIGGER decisions_never_change; \
             DROP TRIGGER requests_revision_never_changes",
        ),
        On::Postgres => {
            for table in ["calls", "decisions", "requests"] {
                app.tamper(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"));
            }
        }
    }
}

/// Approves, changes what is stored, and runs the executor.
async fn is_stopped(on: On, change: impl FnOnce(&App, &str)) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    lift_guards(&app, on);
    change(&app, &id);
    finds_it_stopped(&app, &id).await;
}

async fn finds_it_stopped(app: &App, id: &str) {
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
    let request = app.auditor().request(id).await;
    assert_eq!(request["state"], "failed");
    assert!(request["details"].get("IntouchAPITask_Output").is_none());
    let last = app.auditor().history(id).await.pop().unwrap();
    assert_eq!(last["type"], "failed");
    // No attempt had begun.
    assert_eq!(last.get("attempt"), None);
    let message = last["message"].as_str().unwrap();
    assert!(
        message.starts_with("Stopped before sending.") && message.ends_with("Nothing was sent."),
        "{message}"
    );
    assert_eq!(app.metric("countersign_digest_stops_total").await.as_deref(), Some("1"));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
}

async fn a_changed_call_is_stopped_before_it_is_sent(on: On) {
    // One byte of the body: the last brace becomes a bracket.
    is_stopped(on, |app, id| app.tamper_call(id, |stored| *stored.call.last_mut().unwrap() = b']')).await;
}

async fn a_call_that_can_not_be_unpacked_is_stopped_as_well(on: On) {
    let nothing = match on {
        On::Sqlite => "x'00'",
        On::Postgres => "'\\x00'",
    };
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    lift_guards(&app, on);
    app.tamper(&format!("UPDATE calls SET packed = {nothing}"));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
    assert_eq!(app.count("SELECT count(*) AS number FROM requests WHERE state = 'failed'"), 1);
    assert_eq!(app.metric("countersign_digest_stops_total").await.as_deref(), Some("1"));
}

async fn a_changed_echo_is_stopped_as_well(on: On) {
    let change = |stored: &mut StoredCall| {
        stored.stored_echo = stored.stored_echo.replace("issueBulk", "issueBull");
    };
    is_stopped(on, |app, id| app.tamper_call(id, change)).await;
}

async fn a_changed_digest_of_the_decision_is_stopped_as_well(on: On) {
    let change = |app: &App| format!("UPDATE decisions SET digest = {}", app.bytes_in_sql(&[0; 32]));
    is_stopped(on, |app, _| app.tamper(&change(app))).await;
}

/// The decision's digest is binding: two rows that agree with each other prove nothing.
async fn a_call_that_was_changed_with_everything_but_the_decision_is_stopped(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    let other = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    lift_guards(&app, on);
    let [id_in_sql, other] = [&id, &other].map(|id| app.id_in_sql(id));
    for (table, column) in [("calls", "packed"), ("requests", "digest")] {
        app.tamper(&format!(
            "UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE request_id = {other}) \
             WHERE request_id = {id_in_sql}"
        ));
    }
    finds_it_stopped(&app, &id).await;
}

async fn the_database_refuses_to_change_what_was_written(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().approve(&id).await.data();
    use diesel::connection::SimpleConnection;
    let mut conn = app.database();
    let bytes = app.bytes_in_sql(b"another");
    for change in [
        "UPDATE events SET message = 'another'",
        "DELETE FROM events",
        &format!("UPDATE calls SET packed = {bytes}"),
        "UPDATE decisions SET message = 'another'",
        "DELETE FROM decisions",
        "UPDATE requests SET state = 'rejected'",
        &format!("UPDATE requests SET digest = {bytes}"),
    ] {
        assert!(conn.batch_execute(change).is_err(), "{change}");
    }
    if on == On::Postgres {
        assert!(conn.batch_execute("TRUNCATE events CASCADE").is_err());
    }
    assert_eq!(app.auditor().request(&id).await["state"], json!("executed"));
}
