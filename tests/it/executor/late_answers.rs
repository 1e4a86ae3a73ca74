//! Two servers on one database: one loses a lease while its target is slow, and still tells the truth.

use chrono::TimeDelta;
use countersign::server::ExecutorMode;
use serde_json::json;

use crate::support::app::App;
use crate::support::claims::LEASE;
use crate::support::{On, eventually, run};

/// Only PostgreSQL is shared by servers.
#[test]
fn an_answer_that_comes_after_the_lease_was_lost_settles_what_the_other_server_called_unknown() {
    run(async {
        let app = App::start(On::Postgres).await;
        let other = app.another_server(ExecutorMode::Stepped).await;
        app.target.hold();
        let id = app.maker().submitted(&app.badge_to_target()).await.id;
        app.checker().approve_async(&id).await.data();
        app.target.has_received(1).await;
        // The first server renews its leases now and then, but not between these two steps.
        let unknown = eventually("the lease was lost", async || {
            app.clock.advance(LEASE);
            other.executor().sweep().await.unwrap();
            let request = app.auditor().request(&id).await;
            (request["state"] == "unknown").then_some(request)
        })
        .await;
        assert_eq!((&unknown["attempts"], &unknown["endTime"]), (&json!(1), &json!(null)));

        app.target.release();
        let request = app.checker().becomes(&id, "executed").await;
        assert_eq!(request["details"]["IntouchAPITask_Output"]["status"], 200);
        assert_eq!((&request["attempts"], &request["inferred"]), (&json!(1), &json!(false)));
        let types = ["approved", "attempt_started", "outcome_unknown", "late_answer"];
        assert_eq!(app.auditor().happened(&id).await[3..], types);
        let last = app.auditor().history(&id).await.pop().unwrap();
        assert_eq!((&last["from"], &last["to"]), (&json!("unknown"), &json!("executed")));
        assert_eq!((&last["attempt"], &last["attemptOutcome"]), (&json!(1), &json!("executed")));
        app.clock.advance(TimeDelta::hours(1));
        other.executor().run_due().await.unwrap();
        assert_eq!(app.target.arrived().len(), 1);
        other.stop().await.unwrap();
    });
}
