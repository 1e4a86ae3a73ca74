//! A maker, or who acts for them, decides their own request.

use countersign::domain::attempt::AttemptOutcome;
use serde_json::Value;

use super::{ALL, BOTH, alice, app, bob, kept_out, made, says};
use crate::support::On;
use crate::support::claims::{begin, ends};
use crate::support::people::Person;

/// The contract's permissions for the words of the table.
fn permissions(input: &Value) -> Vec<&'static str> {
    let named = input["perms"].as_array().map_or(&[][..], Vec::as_slice);
    named.iter().map(|name| if name == "make" { "CanMakeRequest" } else { "CanCheckRequest" }).collect()
}

fn robot() -> Person {
    Person::new(9, "svc-key-1", &BOTH)
}

pub async fn eyes_001_a_maker_with_both_permissions_approves_their_own_request(
    on: On,
    input: Value,
) -> String {
    let app = app(on).await;
    let alice = Person::new(1, "alice@example.com", &permissions(&input));
    let id = made(&app, alice.clone()).await;
    let reply = says(&app, alice, &id, "approved").await;
    kept_out(&app, (&id, reply), "maker_is_checker").await
}

pub async fn eyes_004_a_maker_decides_what_was_made_through_a_service_account(on: On, _: Value) -> String {
    let app = app(on).await;
    let service = Person::new(77, "svc", &BOTH);
    for maker in [alice().acted_for_by(&service), service.clone().acted_for_by(&alice())] {
        let id = made(&app, maker).await;
        for checker in [alice(), service.clone(), bob().acted_for_by(&alice())] {
            let reply = says(&app, checker, &id, "approved").await;
            kept_out(&app, (&id, reply), "maker_is_checker").await;
        }
        let reply = says(&app, alice(), &id, "approved").await;
        assert_eq!(reply.status, 403);
    }
    "403".to_owned()
}

pub async fn eyes_006_the_owner_of_a_key_decides_what_the_key_made(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, robot()).await;
    let reply = says(&app, alice(), &id, "approved").await;
    let status = kept_out(&app, (&id, reply), "maker_is_checker").await;
    let other = made(&app, alice()).await;
    let reply = says(&app, robot(), &other, "approved").await;
    assert_eq!(kept_out(&app, (&other, reply), "maker_is_checker").await, status);
    status
}

pub async fn eyes_007_an_administrator_approves_their_own_request(on: On, input: Value) -> String {
    let app = app(on).await;
    assert_eq!(input["role"], "admin");
    let admin = Person { permissions: vec![ALL[0], ALL[1], ALL[2], "admin"], ..alice() };
    let admin = admin.in_groups(&["admin", "Risk"]);
    let id = made(&app, admin.clone()).await;
    let reply = says(&app, admin, &id, "approved").await;
    kept_out(&app, (&id, reply), "maker_is_checker").await
}

pub async fn eyes_009_a_maker_rejects_their_own_request(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let reply = says(&app, alice(), &id, "rejected").await;
    let status = kept_out(&app, (&id, reply), "maker_is_checker").await;
    app.actor(alice()).withdraw(&id, "not this one").await.data();
    assert_eq!(app.auditor().happened(&id).await[3..], ["refused", "withdrawn"]);
    status
}

pub async fn eyes_010_a_maker_withdraws_before_the_decision(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let reply = app.actor(alice()).withdraw(&id, "not this one").await;
    let status = reply.status.to_string();
    assert_eq!(reply.data()["state"], "withdrawn");
    status
}

pub async fn eyes_011_a_maker_withdraws_after_the_approval(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    assert_eq!(says(&app, bob(), &id, "approved").await.data()["state"], "approved");
    // Until its call begins to leave, they could.
    let held = begin(app.server().engine(), 1).await;
    let reply = app.actor(alice()).withdraw(&id, "too late").await;
    let status = reply.status.to_string();
    reply.refused(409, "attempt_under_way");
    assert!(ends(app.server().engine(), &held, 1, AttemptOutcome::Executed).await);
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    status
}
