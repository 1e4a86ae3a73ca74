//! What is approved is what runs, also when someone with the database's password changes stored rows.

use serde_json::json;

use crate::support::app::{App, AppOptions};
use crate::support::{On, journeys};

journeys![
    a_changed_call_is_stopped_before_it_is_sent,
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
             DROP TRIGGER requests_final_never_moves",
        ),
        On::Postgres => {
            for table in ["calls", "decisions", "requests"] {
                app.tamper(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"));
            }
        }
    }
}

/// Approves, changes what is stored, and runs the executor.
async fn is_stopped(on: On, change: &str) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    lift_guards(&app, on);
    app.tamper(&format!("{change} WHERE request_id = '{id}'"));
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
    let change = match on {
        On::Sqlite => "UPDATE calls SET call = CAST(substr(call, 1, length(call) - 1) || ']' AS BLOB)",
        On::Postgres => "UPDATE calls SET call = overlay(call placing '\\x5d' from length(call))",
    };
    is_stopped(on, change).await;
}

async fn a_changed_echo_is_stopped_as_well(on: On) {
    is_stopped(on, "UPDATE calls SET echo = replace(echo, 'issueBulk', 'issueBull')").await;
}

async fn a_changed_digest_of_the_decision_is_stopped_as_well(on: On) {
    is_stopped(on, &format!("UPDATE decisions SET digest = 'sha256:{}'", "0".repeat(64))).await;
}

/// The decision's digest is binding: two rows that agree with each other prove nothing.
async fn a_call_that_was_changed_with_everything_but_the_decision_is_stopped(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    let other = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    lift_guards(&app, on);
    for (table, column) in [("calls", "call"), ("calls", "echo"), ("requests", "digest")] {
        app.tamper(&format!(
            "UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE request_id = '{other}') \
             WHERE request_id = '{id}'"
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
    for change in [
        "UPDATE events SET message = 'another'",
        "DELETE FROM events",
        "UPDATE calls SET echo = '{}'",
        "UPDATE decisions SET message = 'another'",
        "DELETE FROM decisions",
        "UPDATE requests SET state = 'rejected'",
        "UPDATE requests SET digest = 'another'",
    ] {
        assert!(conn.batch_execute(change).is_err(), "{change}");
    }
    if on == On::Postgres {
        assert!(conn.batch_execute("TRUNCATE events CASCADE").is_err());
    }
    assert_eq!(app.auditor().request(&id).await["state"], json!("executed"));
}
