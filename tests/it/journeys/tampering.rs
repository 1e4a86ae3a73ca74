//! What is approved is what runs: somebody with the database's password changes what is stored.

use serde_json::json;

use crate::support::app::{App, Wishes};
use crate::support::{On, journeys};

journeys![
    a_changed_call_is_stopped_before_it_is_sent,
    a_changed_echo_is_stopped_as_well,
    the_database_itself_refuses_to_change_what_was_written,
];

/// Turns the guards of a table off: what a database's owner can do, and nobody else.
fn lift_guards(app: &App, on: On, table: &str) {
    app.tamper(&match on {
        On::Sqlite => format!("DROP TRIGGER {table}_never_change"),
        On::Postgres => format!("ALTER TABLE {table} DISABLE TRIGGER USER"),
    });
}

/// Approves, changes the stored call, and lets the executor at it.
async fn is_stopped(on: On, change: &str) {
    let app = App::with(on, Wishes::stepped()).await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    lift_guards(&app, on, "calls");
    app.tamper(&format!("{change} WHERE request_id = '{id}'"));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
    let request = app.auditor().request(&id).await;
    assert_eq!(request["state"], "failed");
    assert!(request["details"].get("IntouchAPITask_Output").is_none());
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!(last["type"], "failed");
    // No attempt had begun.
    assert_eq!(last.get("attempt"), None);
    let told = last["message"].as_str().unwrap();
    assert!(told.starts_with("Stopped before sending.") && told.ends_with("Nothing was sent."), "{told}");
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
    is_stopped(on, "UPDATE calls SET echo = replace(echo, '\"customers\":[7', '\"customers\":[8')").await;
}

async fn the_database_itself_refuses_to_change_what_was_written(on: On) {
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
