//! No one decides their own request, however many accounts and permissions they have.

use serde_json::json;

use crate::support::app::App;
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_maker_cannot_approve_their_own_request,
    a_maker_cannot_reject_their_own_request,
    a_second_account_with_the_same_subject_is_the_same_person,
    a_second_account_with_the_same_user_id_is_the_same_person,
    a_user_id_written_as_text_is_the_same_user_id,
    a_checker_of_another_org_finds_nothing,
    a_checker_who_also_makes_may_decide_the_requests_of_others,
];

const BOTH: [&str; 2] = ["CanMakeRequest", "CanCheckRequest"];

fn mara() -> Person {
    Person::new(400_001, "maker@example.com", &BOTH)
}

/// Submits as Mara, and lets `person` try to decide it.
async fn is_refused_as_the_maker(on: On, person: Person, verdict: &str) {
    let app = App::start(on).await;
    let submitted = app.actor(mara()).submitted(&app.badge()).await;
    let id = &submitted.id;
    let actor = app.actor(person);
    let reply = if verdict == "approved" { actor.approve(id).await } else { actor.reject(id, "no").await };
    reply.refused(403, "maker_is_checker");
    assert_eq!(app.auditor().request(id).await["state"], "AdminTask");
    let history = app.auditor().history(id).await;
    let last = history.last().unwrap();
    assert_eq!(last["type"], "refused");
    assert_eq!(last["code"], "maker_is_checker");
    assert_eq!((&last["from"], &last["to"]), (&json!("AdminTask"), &json!("AdminTask")));
    assert_eq!(app.sandbox.calls().await["count"], 0);
    // A refused attempt changes nothing: someone else can still decide.
    assert_eq!(app.checker().approve(id).await.data()["state"], "executed");
}

async fn a_maker_cannot_approve_their_own_request(on: On) {
    is_refused_as_the_maker(on, mara(), "approved").await;
}

async fn a_maker_cannot_reject_their_own_request(on: On) {
    is_refused_as_the_maker(on, mara(), "rejected").await;
}

async fn a_second_account_with_the_same_subject_is_the_same_person(on: On) {
    let other_id = Person { user_id: json!(400_777), ..mara() };
    is_refused_as_the_maker(on, other_id, "approved").await;
}

async fn a_second_account_with_the_same_user_id_is_the_same_person(on: On) {
    let other_subject = Person { sub: "another subject".to_owned(), ..mara() };
    is_refused_as_the_maker(on, other_subject, "approved").await;
}

async fn a_user_id_written_as_text_is_the_same_user_id(on: On) {
    let as_text = Person { sub: "another subject".to_owned(), user_id: json!("400001"), ..mara() };
    is_refused_as_the_maker(on, as_text, "approved").await;
}

async fn a_checker_of_another_org_finds_nothing(on: On) {
    let app = App::start(on).await;
    let submitted = app.maker().submitted(&app.badge()).await;
    app.stranger().approve(&submitted.id).await.refused(404, "not_found");
    assert_eq!(app.auditor().happened(&submitted.id).await.len(), 3);
}

async fn a_checker_who_also_makes_may_decide_the_requests_of_others(on: On) {
    let app = App::start(on).await;
    let submitted = app.other_maker().submitted(&app.badge()).await;
    assert_eq!(app.actor(mara()).approve(&submitted.id).await.data()["state"], "executed");
}
