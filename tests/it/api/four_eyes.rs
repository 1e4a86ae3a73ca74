//! No one decides their own request, however many accounts and permissions they have.

use serde_json::json;

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::{Person, decision};
use crate::support::{On, journeys};

journeys![
    a_maker_cannot_approve_their_own_request,
    a_maker_cannot_reject_their_own_request,
    a_second_account_with_the_same_subject_is_the_same_person,
    a_second_account_with_the_same_user_id_is_the_same_person,
    a_user_id_written_as_text_is_the_same_user_id,
    a_maker_in_another_spelling_is_the_same_person,
    a_checker_in_another_spelling_has_one_vote,
    an_id_of_another_spelling_reads_and_withdraws_nothing,
    an_id_that_looks_like_another_ones_is_a_finding,
    who_looks_like_somebody_of_the_people_file_is_a_finding_before_any_decision,
    a_service_account_decides_nothing_and_nothing_is_sent,
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

/// Somebody with this one id, as subject and user id.
fn known_as(id: &str) -> Person {
    Person { sub: id.to_owned(), user_id: json!(id), ..mara() }
}

/// Spellings that people take for one id: letter case, German, Turkish, full width, combining marks.
const SPELLINGS: [[&str; 2]; 6] = [
    ["Mara.Lind@Example.com", "mara.lind@example.com"],
    ["Strauß", "STRAUSS"],
    ["İpek", "i\u{307}pek"],
    ["ｍａｒａ．４", "Mara.4"],
    ["Zoë", "zoe\u{308}"],
    ["ΜΑΡΙΟΣ", "μαριος"],
];

async fn a_maker_in_another_spelling_is_the_same_person(on: On) {
    let app = App::start(on).await;
    for [one, other] in SPELLINGS {
        for (maker, checker) in [(one, other), (other, one)] {
            let id = app.actor(known_as(maker)).submitted(&app.badge()).await.id;
            app.actor(known_as(checker)).approve(&id).await.refused(403, "maker_is_checker");
            // Half of it is enough: the subject, or the user id.
            for half in [
                Person { user_id: json!("other"), ..known_as(checker) },
                Person { sub: "other".to_owned(), ..known_as(checker) },
            ] {
                app.actor(half).approve(&id).await.refused(403, "maker_is_checker");
            }
            let request = app.auditor().request(&id).await;
            assert_eq!(request["state"], "AdminTask");
            assert_eq!(request["userId"], *maker, "the trail shows ids as they came");
        }
    }
    // İ is no plain i, and ı is none either: these are two people.
    let id = app.actor(known_as("İpek")).submitted(&app.badge()).await.id;
    assert_eq!(app.actor(known_as("ipek")).approve(&id).await.data()["state"], "executed");
    assert_eq!(app.sandbox.calls().await["count"], 1);
}

async fn a_checker_in_another_spelling_has_one_vote(on: On) {
    let options = AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS));
    let app = App::with(on, options).await;
    for [one, other] in SPELLINGS {
        let id = app.maker().pays(&body(&app, one, 1)).await.id;
        app.actor(Person { permissions: vec!["CanCheckRequest"], ..known_as(one) })
            .says(&id, "approved")
            .await
            .data();
        let again = decision(&id, "approved", "once more");
        app.actor(known_as(other)).saying(&again).send().await.refused(409, "already_decided_by_you");
        assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
        let needs = app.actor(known_as(other)).lists("view=needs_me").await;
        assert!(!needs.contains(&id));
    }
}

async fn an_id_of_another_spelling_reads_and_withdraws_nothing(on: On) {
    let app = App::start(on).await;
    for [one, other] in SPELLINGS {
        let only_maker = |id: &str| Person { permissions: vec!["CanMakeRequest"], ..known_as(id) };
        let id = app.actor(only_maker(one)).submitted(&app.badge()).await.id;
        let stranger = app.actor(only_maker(other));
        assert!(stranger.lists("view=mine").await.is_empty() && stranger.lists("").await.is_empty());
        stranger.call("GET", &format!("/requests/{id}")).send().await.refused(404, "not_found");
        stranger.withdraw(&id, "mine").await.refused(404, "not_found");
        // Whoever reads everything reads it too, and is still kept from deciding it and from withdrawing it.
        let checker = app.actor(known_as(other));
        assert_eq!(checker.lists("view=mine").await, [id.as_str()]);
        let encoded: String = url::form_urlencoded::byte_serialize(other.as_bytes()).collect();
        let named = format!("userId={encoded}");
        assert_eq!(checker.lists(&named).await, [id.as_str()], "a filter finds them in any spelling");
        checker.withdraw(&id, "mine").await.refused(403, "not_the_maker");
        checker.approve(&id).await.refused(403, "maker_is_checker");
        // Half of it is enough, as it is spelled.
        let half = Person { sub: "other".to_owned(), ..only_maker(one) };
        assert_eq!(app.actor(half.clone()).lists("view=mine").await, [id.as_str()]);
        assert_eq!(app.actor(half).withdraw(&id, "mine").await.data()["state"], "withdrawn");
    }
}

async fn who_looks_like_somebody_of_the_people_file_is_a_finding_before_any_decision(on: On) {
    let people = "[[people]]\nname = \"Alice Ivory\"\naccounts = [\"u-alice\"]\n";
    let app = App::with(on, AppOptions::stepped().with_people(people)).await;
    let named = |user_name: &str| Person { user_name: user_name.to_owned(), ..known_as("40") };
    for (maker, is_found) in [
        (known_as("u-\u{430}lice"), true),
        (known_as("u-al\u{131}ce"), true),
        (named("\u{410}lice Ivory"), true),
        (known_as("U-ALICE"), false),
        (named("Bob Ivory"), false),
    ] {
        let id = app.actor(maker.clone()).submitted(&app.badge()).await.id;
        let findings = app.auditor().request(&id).await["findings"].take();
        let found = findings.as_array().unwrap().iter().any(|found| found["code"] == "look_alike");
        assert_eq!(found, is_found, "{} {}: {findings}", maker.sub, maker.user_name);
    }
}

async fn a_service_account_decides_nothing_and_nothing_is_sent(on: On) {
    let people = "[[people]]\nname = \"Rita\"\naccounts = [\"sub-11\"]\n\
                  [[people]]\nname = \"Nightly job\"\naccounts = [\"svc-nightly\"]\nowners = [\"Rita\"]\n";
    let app = App::with(on, AppOptions::stepped().with_people(people)).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    for spelled in ["svc-nightly", "SVC-NIGHTLY"] {
        let robot = Person { permissions: vec!["CanCheckRequest"], ..known_as(spelled) };
        app.actor(robot.clone()).approve(&id).await.refused(403, "not_in_stage");
        app.actor(robot).reject(&id, "no").await.refused(403, "not_in_stage");
    }
    app.run_due_executions().await;
    assert_eq!(app.sandbox.calls().await["count"], 0);
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
}

async fn an_id_that_looks_like_another_ones_is_a_finding(on: On) {
    let app = App::start(on).await;
    for (maker, checker, is_found) in [
        ("u-alice", "u-\u{430}lice", true),
        ("400010", "4000l0", true),
        ("scope", "\u{455}cope", true),
        ("u-alice", "u-bob", false),
        ("400010", "400001", false),
    ] {
        let id = app.actor(known_as(maker)).submitted(&app.badge()).await.id;
        let decided = Person { user_name: "Someone".to_owned(), ..known_as(checker) };
        app.actor(decided).reject(&id, "no").await.data();
        let findings = app.auditor().request(&id).await["findings"].take();
        let found = findings.as_array().unwrap().iter().find(|found| found["code"] == "look_alike");
        assert_eq!(found.is_some(), is_found, "{maker} {checker}: {findings}");
        let sentence = found.map(|found| found["message"].as_str().unwrap().to_owned());
        assert!(sentence.is_none_or(|words| words.contains(checker) && words.contains(maker)));
    }
}
