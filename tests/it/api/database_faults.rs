//! The database is in trouble: a row is held, it only reads, it does not answer. Clients hear the truth, and
//! what can go on goes on.

use countersign::store::AnyConnection;
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::app::{App, AppOptions};
use crate::support::people::Submitted;
use crate::support::{On, eventually, run};

/// Holds the request's row, as another program could, until the connection commits.
fn hold(app: &App, request: &Submitted) -> AnyConnection {
    let mut other = app.database();
    let id = app.id_in_sql(&request.id);
    let locked = format!("BEGIN; SELECT FROM requests WHERE request_id = {id} FOR UPDATE");
    other.batch_execute(&locked).unwrap();
    other
}

#[test]
fn a_held_row_delays_only_the_decision_on_it() {
    run(async {
        let app = App::with(On::Postgres, AppOptions::stepped()).await;
        let (maker, checker) = (app.maker(), app.checker());
        let (held, free) = (maker.submitted(&app.badge()).await, maker.submitted(&app.badge()).await);
        let mut other = hold(&app, &held);
        let others_go_on = async {
            for _ in 0..3 {
                maker.submitted(&app.badge()).await;
            }
            assert_eq!(checker.approve(&free.id).await.data()["state"], "approved");
            assert_eq!(maker.request(&held.id).await["state"], "AdminTask");
            other.batch_execute("COMMIT").unwrap();
        };
        let (decided, ()) = tokio::join!(checker.approve(&held.id), others_go_on);
        assert_eq!(decided.data()["state"], "approved");
        app.run_due_executions().await;
    });
}

#[test]
fn a_decision_on_a_row_that_stays_held_is_refused_with_the_truth() {
    run(async {
        let app = App::with(On::Postgres, AppOptions::stepped()).await;
        let held = app.maker().submitted(&app.badge()).await;
        let mut other = hold(&app, &held);
        let refused = app.checker().approve(&held.id).await;
        let body = refused.refused(503, "busy");
        let sentence = "Somebody else holds this in the database. Nothing was recorded; try again shortly, and tell \
                        the server's operators if that does not help.";
        assert_eq!(body["errors"][0]["message"], sentence);
        other.batch_execute("COMMIT").unwrap();
        assert_eq!(app.maker().request(&held.id).await["state"], "AdminTask");
        assert_eq!(app.checker().approve(&held.id).await.data()["state"], "approved");
        app.run_due_executions().await;
    });
}

#[test]
fn a_server_whose_writer_is_stuck_stops_and_says_what_it_left() {
    run(async {
        let options = AppOptions::stepped().set("server.shutdown_ms", 100);
        let mut app = App::with(On::Postgres, options).await;
        let mut other = app.database();
        other.batch_execute("BEGIN; LOCK TABLE requests").unwrap();
        let call = app.maker().call("POST", "/ISSUE-BADGE").json(&app.badge());
        let submitting = tokio::spawn(call.send());
        eventually("the writer waits for the table", async || {
            let waiting = "SELECT count(*) AS number FROM pg_locks
                           WHERE relation = 'requests'::regclass AND NOT granted";
            (app.count(waiting) > 0).then_some(())
        })
        .await;
        submitting.abort();
        let stopped = app.take_server().stop().await.unwrap_err().to_string();
        assert!(stopped.contains("left behind: the writer"), "{stopped}");
        other.batch_execute("COMMIT").unwrap();
    });
}

#[test]
fn a_read_only_phase_heals_without_a_restart() {
    run(async {
        let app = App::with(On::Postgres, AppOptions::default().in_own_database()).await;
        let (maker, checker) = (app.maker(), app.checker());
        let before = maker.submitted(&app.badge()).await;
        app.administer(
            "ALTER DATABASE {database} SET default_transaction_read_only = on;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
        );
        // The executor's own writes meet it first.
        let is_blocked = || app.server().engine().write_health().blocked.is_some();
        eventually("a write has failed", async || is_blocked().then_some(())).await;
        let refused = maker.submit("ISSUE-BADGE", &app.badge()).await;
        let sentence = "The database takes no changes right now. Nothing was recorded; try again shortly.";
        assert_eq!(refused.refused(503, "busy")["errors"][0]["message"], sentence);
        assert_eq!(maker.lists("").await, std::slice::from_ref(&before.id));
        let unready = eventually("the server is not ready", async || {
            let reply = app.get("/health/ready").await;
            (reply.status == 503 && reply.body["checks"]["writes"] == "failing").then_some(reply.body)
        })
        .await;
        assert_eq!(unready["checks"]["database"], "ok");
        app.administer("ALTER DATABASE {database} RESET default_transaction_read_only");
        eventually("the server is ready", async || {
            (app.get("/health/ready").await.status == 200).then_some(())
        })
        .await;
        assert_eq!(checker.approve(&before.id).await.data()["state"], "executed");
        let after = maker.submitted(&app.badge()).await;
        assert_eq!(checker.approve(&after.id).await.data()["state"], "executed");
    });
}

#[test]
fn a_session_that_the_server_ended_is_opened_anew() {
    run(async {
        let app = App::with(On::Postgres, AppOptions::default().in_own_database()).await;
        let (maker, checker) = (app.maker(), app.checker());
        let id = maker.submitted(&app.badge()).await.id;
        app.administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        assert_eq!(checker.approve(&id).await.data()["state"], "executed");
        assert_eq!(maker.request(&id).await["decisions"].as_array().map(Vec::len), Some(1));
        assert_eq!(app.get("/health/live").await.body, json!({ "status": "ok" }));
    });
}
