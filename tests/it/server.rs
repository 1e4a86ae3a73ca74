//! Several servers on one PostgreSQL database.

use countersign::server::ExecutorMode;

use crate::support::app::{App, AppOptions};
use crate::support::{On, run};

#[test]
fn servers_that_start_at_once_on_an_empty_database_all_come_up() {
    run(async {
        let mut app = App::prepared(On::Postgres, AppOptions::default()).await;
        let start = || app.another_server(ExecutorMode::Running);
        let (one, two, three) = tokio::join!(start(), start(), start());
        for server in [one, two, three] {
            server.stop().await.unwrap();
        }
        app.start_server().await;
        app.maker().submitted(&app.badge()).await;
    });
}

#[test]
fn a_decision_at_one_server_shows_the_outcome_of_another() {
    run(async {
        let options = AppOptions::stepped().set("executor.decision_wait_ms", 10_000);
        let app = App::with(On::Postgres, options).await;
        let other = app.another_server(ExecutorMode::Running).await;
        let body = app.badge();
        let id = app.maker().submitted(&body).await.id;
        assert_eq!(app.checker().approve(&id).await.data()["state"], "executed");
        assert_eq!(app.sandbox.enrolments_of(&body).await, 1);
        other.stop().await.unwrap();
    });
}

#[test]
fn two_executors_share_the_work_and_send_each_call_once() {
    run(async {
        let app = App::start(On::Postgres).await;
        let other = app.another_server(ExecutorMode::Running).await;
        let (maker, checker) = (app.maker(), app.checker());
        let bodies: Vec<_> = (0..40).map(|_| app.badge()).collect();
        let workflows = bodies.iter().map(async |body| {
            let id = maker.submitted(body).await.id;
            checker.approve(&id).await.data()["state"].clone()
        });
        for state in futures_util::future::join_all(workflows).await {
            assert_eq!(state, "executed");
        }
        let calls = app.sandbox.calls().await;
        assert_eq!((&calls["count"], &calls["workDone"]), (&40.into(), &40.into()));
        other.stop().await.unwrap();
    });
}
