//! Several servers on one database, and one that is started again.

use std::collections::BTreeSet;

use countersign::server::ExecutorMode;

use crate::support::app::{App, AppOptions};
use crate::support::hook::{subscription, told};
use crate::support::target::Target;
use crate::support::{On, eventually, journeys, run};

/// Only PostgreSQL is shared by servers.
#[test]
fn of_two_servers_one_delivers_each_event() {
    run(async {
        let hook = Target::start().await;
        let text = subscription("own", &hook, "countersign", "");
        let options = AppOptions::default().set("executor.decision_wait_ms", 0);
        let options = options.with_targets([hook.address]).with_subscriptions(&text);
        let app = App::with(On::Postgres, options).await;
        let other = app.another_server(ExecutorMode::Running).await;
        for _ in 0..20 {
            let request = app.maker().submitted(&app.badge()).await;
            app.maker().withdraw(&request.id, "a mistake").await.data();
        }
        hook.has_received(40).await;
        let waiting = "SELECT count(*) AS number FROM deliveries WHERE state <> 'delivered'";
        eventually("all are recorded", async || (app.count(waiting) == 0).then_some(())).await;
        let told = told(&hook);
        assert_eq!(told.len(), 40);
        assert_eq!(told.iter().map(|told| &told.id).collect::<BTreeSet<_>>().len(), 40);
        other.stop().await.unwrap();
    });
}

/// Only PostgreSQL is shared by servers.
#[test]
fn an_outcome_that_was_unknown_is_told_again_when_it_is_settled() {
    run(async {
        let hook = Target::start().await;
        let text = subscription("feed", &hook, "requestWorkflowEvent", "");
        let options = AppOptions::default().with_targets([hook.address]).with_subscriptions(&text);
        let app = App::with(On::Postgres, options).await;
        let other = app.another_server(ExecutorMode::Stepped).await;
        app.target.hold();
        let id = app.maker().submitted(&app.badge_to_target()).await.id;
        app.checker().approve_async(&id).await.data();
        app.target.has_received(1).await;
        eventually("the lease was lost", async || {
            app.clock.advance(crate::support::claims::LEASE);
            other.executor().sweep().await.unwrap();
            (app.auditor().request(&id).await["state"] == "unknown").then_some(())
        })
        .await;
        app.target.release();
        app.checker().becomes(&id, "executed").await;
        hook.has_received(3).await;
        let states: Vec<_> = told(&hook)
            .into_iter()
            .map(|told| {
                let data = &told.event["data"];
                let text = |name: &str| data[name].as_str().unwrap_or("-").to_owned();
                (text("previousRequestState"), text("currentRequestState"))
            })
            .collect();
        let wanted = [("-", "AdminTask"), ("AdminTask", "unknown"), ("unknown", "approved")];
        assert_eq!(states, wanted.map(|(before, after)| (before.to_owned(), after.to_owned())));
        other.stop().await.unwrap();
    });
}

async fn what_was_under_way_at_a_stop_is_sent_again_under_the_same_id(on: On) {
    let hook = Target::start().await;
    let text = subscription("own", &hook, "countersign", "");
    let options = AppOptions::default().set("executor.decision_wait_ms", 0);
    let options =
        options.set("server.shutdown_ms", 100).with_targets([hook.address]).with_subscriptions(&text);
    let mut app = App::with(on, options).await;
    hook.hold();
    app.maker().submitted(&app.badge()).await;
    hook.has_received(1).await;
    app.stop_server().await;
    app.start_server().await;
    hook.release();
    eventually("it was sent again", async || {
        // On a shared database nobody knows that the lease is over before its time.
        app.clock.advance(chrono::TimeDelta::seconds(61));
        (hook.arrived().len() == 2).then_some(())
    })
    .await;
    let told = told(&hook);
    assert_eq!(told[0].id, told[1].id);
}

journeys! {
    what_was_under_way_at_a_stop_is_sent_again_under_the_same_id,
}
