//! A rule that needs a fresh sign-in, whichever way the approval is sent.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{FRESH_SIGN_IN, body, type_file};
use crate::support::people::{Person, decision};
use crate::support::{On, journeys};

journeys![
    an_approval_without_a_fresh_sign_in_is_refused_and_recorded,
    after_signing_in_again_a_checker_approves_what_they_read_before,
    every_stage_needs_its_own_fresh_sign_in,
    a_rejection_needs_no_fresh_sign_in,
    the_inbox_and_the_request_show_that_a_fresh_sign_in_is_needed,
];

async fn start(on: On) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file("", FRESH_SIGN_IN))).await
}

fn checker(signed_in: Option<DateTime<Utc>>) -> Person {
    let chen = Person::new(400_002, "checker@example.com", &["CanCheckRequest"]);
    signed_in.map_or(chen.clone(), |at| chen.signed_in(at))
}

async fn an_approval_without_a_fresh_sign_in_is_refused_and_recorded(on: On) {
    let app = start(on).await;
    let now = app.clock.now();
    let rows = [
        ("a token that says nothing", None),
        ("eleven minutes ago", Some(now - TimeDelta::minutes(11))),
        ("a second too long ago", Some(now - TimeDelta::seconds(601))),
        ("yesterday", Some(now - TimeDelta::days(1))),
        ("in 1970", Some(DateTime::UNIX_EPOCH)),
    ];
    for (what, signed_in) in rows {
        let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
        let reply = app.actor(checker(signed_in)).says(&id, "approved").await;
        assert_eq!(reply.body["errors"][0]["code"], "fresh_sign_in_required", "{what}");
        reply.refused(403, "fresh_sign_in_required");
        let history = app.auditor().history(&id).await;
        assert_eq!(history.last().unwrap()["code"], "fresh_sign_in_required", "{what}");
        assert_eq!(app.auditor().request(&id).await["state"], "AdminTask", "{what}");
    }
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let mut ahead = checker(None);
    ahead.auth_time = (now.timestamp() + 3_600).into();
    app.actor(ahead).says(&id, "approved").await.refused(403, "fresh_sign_in_required");
    assert_eq!(app.target.arrived().len(), 0);
}

async fn after_signing_in_again_a_checker_approves_what_they_read_before(on: On) {
    let app = start(on).await;
    let read = app.maker().pays(&body(&app, "c-1", 10)).await;
    let mut body = decision(&read.id, "approved", "as read");
    body["payload"]["AdminTask-Payload"]["digest"] = read.digest.clone().into();
    body["payload"]["AdminTask-Payload"]["version"] = read.data["version"].clone();
    let stale = checker(Some(app.clock.now() - TimeDelta::hours(1)));
    app.actor(stale.clone()).saying(&body).send().await.refused(403, "fresh_sign_in_required");
    let fresh = stale.signed_in(app.clock.now());
    let data = app.actor(fresh).saying(&body).send().await.data();
    assert_eq!((&data["state"], data["decisions"].as_array().unwrap().len()), (&json!("AdminTask"), 1));
}

async fn every_stage_needs_its_own_fresh_sign_in(on: On) {
    let app = start(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.actor(checker(Some(app.clock.now()))).says(&id, "approved").await.data();
    let other = app.other_checker().person;
    app.clock.advance(TimeDelta::minutes(20));
    app.actor(other.clone()).says(&id, "approved").await.refused(403, "fresh_sign_in_required");
    let fresh = other.signed_in(app.clock.now() - TimeDelta::minutes(9));
    assert_eq!(app.actor(fresh).says(&id, "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_rejection_needs_no_fresh_sign_in(on: On) {
    let app = start(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    assert_eq!(app.actor(checker(None)).says(&id, "rejected").await.data()["state"], "rejected");
}

async fn the_inbox_and_the_request_show_that_a_fresh_sign_in_is_needed(on: On) {
    let app = start(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    for (signed_in, is_fresh) in [(None, false), (Some(app.clock.now()), true)] {
        let actor = app.actor(checker(signed_in));
        assert_eq!(actor.lists("view=needs_me").await, [id.as_str()]);
        let read = actor.request(&id).await;
        assert_eq!(read["canDecide"], true);
        assert_eq!(read["freshSignIn"], json!({ "withinSeconds": 600, "isFresh": is_fresh }));
    }
    let plain = app.maker().submitted(&app.badge()).await.id;
    assert_eq!(app.checker().request(&plain).await["freshSignIn"], Value::Null);
}
