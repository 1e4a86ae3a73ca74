//! People who leave, belong elsewhere, or turn out to be one.

use serde_json::{Value, json};

use super::{ALL, PEOPLE, alice, app, bob, carol, is_not_run, kept_out, made, says};
use crate::support::On;
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, TWO_CHECKERS, body, type_file};
use crate::support::people::Person;

/// Two accounts that are not known to be one person, and a type that checks again before it sends.
async fn app_that_looks_again(on: On) -> App {
    let file = type_file("recheck_at_execution = true", TWO_CHECKERS);
    App::with(on, AppOptions::stepped().with_type(&file).with_people(PEOPLE)).await
}

/// The last event of a call that was stopped.
async fn stopped(app: &App, id: &str) -> String {
    assert_eq!(app.auditor().request(id).await["state"], "failed");
    let last = app.auditor().history(id).await.pop().unwrap();
    assert_eq!((&last["type"], last.get("attempt")), (&json!("failed"), None));
    last["message"].as_str().unwrap().to_owned()
}

pub async fn eyes_030_a_maker_leaves_before_their_call_is_sent(on: On, _: Value) -> String {
    let app = app_that_looks_again(on).await;
    let id = made(&app, alice()).await;
    for checker in [bob(), carol()] {
        says(&app, checker, &id, "approved").await.data();
    }
    app.change_people(&PEOPLE.replace("[\"sub-1\"]", "[\"sub-1\"]\nactive = false")).await;
    let happened = is_not_run(&app, &id).await;
    let message = stopped(&app, &id).await;
    assert!(message.contains("alice@example.com"), "{message}");
    app.actor(alice()).submit(PAY_OUT, &body(&app, "c-1", 10)).await.refused(403, "person_inactive");
    happened
}

pub async fn eyes_032_a_checker_of_another_org_decides(on: On, input: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let stranger =
        Person { permissions: ALL.to_vec(), ..bob() }.of_org(input["orgOfChecker"].as_str().unwrap());
    app.actor(stranger.clone()).get(&format!("/requests/{id}")).await.refused(404, "not_found");
    let reply = says(&app, stranger, &id, "approved").await;
    kept_out(&app, (&id, reply), "not_found").await
}

pub async fn eyes_039_two_accounts_turn_out_to_be_one_person(on: On, _: Value) -> String {
    let app = app_that_looks_again(on).await;
    let (approved, waits) = (made(&app, alice()).await, made(&app, alice()).await);
    for (id, checker) in [(&approved, bob()), (&approved, carol()), (&waits, bob())] {
        says(&app, checker, id, "approved").await.data();
    }
    let linked = PEOPLE.replace("\"sub-2\",", "\"sub-2\", \"sub-3\",");
    let linked = linked.replace("[[people]]\nname = \"Carol\"\naccounts = [\"sub-3\"]\n", "");
    app.change_people(&linked).await;
    says(&app, carol(), &waits, "approved").await.refused(409, "already_decided_by_you");
    is_not_run(&app, &approved).await;
    let message = stopped(&app, &approved).await;
    assert!(message.contains("is the same person as bob@example.com"), "{message}");
    "audit_flag".to_owned()
}
