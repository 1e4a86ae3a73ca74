//! Signatures that are missing, given twice, given at once, or given for something else.

use serde_json::{Value, json};

use super::{BOTH, PEOPLE, alice, app, app_of_two, bob, carol, is_not_run, kept_out, made, says};
use crate::support::On;
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::people::{BASE, Person, Submitted, decision};

fn bob_who_makes() -> Person {
    Person { permissions: BOTH.to_vec(), ..bob() }
}

pub async fn eyes_013_a_checker_signs_twice_with_linked_accounts(on: On, _: Value) -> String {
    let app = app_of_two(on).await;
    let id = made(&app, alice()).await;
    assert_eq!(says(&app, bob(), &id, "approved").await.data()["state"], "AdminTask");
    let linked = Person::new(22, "bob-alt@example.com", &["CanCheckRequest"]);
    let reply = says(&app, linked, &id, "approved").await;
    kept_out(&app, (&id, reply), "already_decided_by_you").await
}

pub async fn eyes_014_a_call_is_sent_before_its_last_approval(on: On, _: Value) -> String {
    let app = app_of_two(on).await;
    let id = made(&app, alice()).await;
    says(&app, bob(), &id, "approved").await.data();
    let happened = is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
    happened
}

pub async fn eyes_015_two_last_approvals_come_at_once(on: On, _: Value) -> String {
    let app = app_of_two(on).await;
    let id = made(&app, alice()).await;
    let (one, other) = tokio::join!(says(&app, bob(), &id, "approved"), says(&app, carol(), &id, "approved"));
    assert_eq!((one.status, other.status), (200, 200));
    let happened = app.auditor().happened(&id).await;
    assert_eq!(happened[3..], ["approval_given", "approved"]);
    app.run_due_executions().await;
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    "executed_once".to_owned()
}

pub async fn eyes_016_an_approval_and_a_rejection_come_at_once(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let (one, other) = tokio::join!(says(&app, bob(), &id, "approved"), says(&app, carol(), &id, "rejected"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let history = app.auditor().happened(&id).await;
    assert!(
        history[3..] == ["approved", "refused"] || history[3..] == ["rejected", "refused"],
        "{history:?}"
    );
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), usize::from(history[3] == "approved"));
    "one_wins".to_owned()
}

pub async fn eyes_021_a_checker_approves_another_digest(on: On, _: Value) -> String {
    let app = app(on).await;
    let shown = app.actor(alice()).pays(&body(&app, "c-1", 10)).await.digest;
    let id = app.actor(alice()).pays(&body(&app, "c-1", 10_000)).await.id;
    let mut seen = decision(&id, "approved", "as shown");
    seen["payload"]["AdminTask-Payload"]["digest"] = shown.into();
    let reply = app.actor(bob()).saying(&seen).send().await;
    kept_out(&app, (&id, reply), "digest_mismatch").await
}

pub async fn eyes_048_a_checker_approves_a_batch_with_bad_items_in_it(on: On, input: Value) -> String {
    let app =
        App::with(on, AppOptions::stepped().with_type(&type_file("bulk = true", "")).with_people(PEOPLE))
            .await;
    let number = input["batchApprove"].as_i64().unwrap();
    let mut good = Vec::new();
    for points in 1..=number {
        good.push(app.actor(alice()).pays(&body(&app, &format!("c-{points}"), points)).await);
    }
    let own = app.actor(bob_who_makes()).pays(&body(&app, "c-own", 1)).await;
    let mut swapped = app.actor(alice()).pays(&body(&app, "c-swapped", 1)).await;
    swapped.digest.clone_from(&good[0].digest);
    for batch in good.chunks(98) {
        let items: Vec<&Submitted> = [&own].into_iter().chain(batch).chain([&swapped]).collect();
        let results = app.actor(bob_who_makes()).decides_all("approved", &items).await;
        let (first, last) = (results.first().unwrap(), results.last().unwrap());
        assert_eq!((&first["code"], &last["code"]), (&json!("maker_is_checker"), &json!("digest_mismatch")));
        assert!(results[1..=batch.len()].iter().all(|item| item["outcome"] == "recorded"), "{results:?}");
    }
    let kept = "SELECT count(DISTINCT digest) AS number FROM events WHERE type = 'approved'";
    assert_eq!(app.count(kept), number, "an event for each, with its own digest");
    let waiting = app.auditor().lists("states=AdminTask").await;
    assert_eq!(waiting, [swapped.id, own.id], "only the bad ones wait");
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), usize::try_from(number).unwrap());
    format!("{} decisions", app.count("SELECT count(*) AS number FROM decisions"))
}

pub async fn eyes_049_a_link_in_a_mail_approves(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let query = format!("requestId={id}&actionName=AdminTask&actionDecision=approved&actionMessage=x");
    let mut statuses = Vec::new();
    for path in [format!("/{PAY_OUT}?{query}"), format!("/requests/{id}/withdraw?reason=x")] {
        statuses.push(app.actor(bob()).get(&path).await.refused(405, "method_not_allowed"));
    }
    let approve = app.call("GET", &format!("{BASE}/requests/{id}/approve")).send().await;
    assert_eq!(approve.status, 404);
    is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
    assert_eq!(statuses.len(), 2);
    "405".to_owned()
}
