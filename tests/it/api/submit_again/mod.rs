//! Submitting again: a new request of the stored call, judged by what is in force now, once, by the maker.

mod ids;
mod judged;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::client::{Call, Reply};
use crate::support::pay_out::{body, type_file};
use crate::support::people::{Actor, Person};
use crate::support::{On, journeys};

journeys![
    what_ended_without_its_call_is_submitted_again_and_the_rest_says_why_not,
    the_new_request_is_the_stored_call_and_both_are_linked_everywhere,
    credentials_and_masked_fields_are_sent_and_shown_to_no_one_once_more,
    nobody_but_the_maker_submits_again_and_only_with_the_permission,
    every_account_of_the_maker_submits_again,
    a_request_is_submitted_again_once_however_many_ask_at_once,
    an_idempotency_key_repeats_the_first_answer,
    a_refused_call_is_kept_like_a_refused_submission,
];

const NO_BODY: &str = "{}";

impl Actor<'_> {
    fn again(&self, id: &str) -> Call {
        self.call("POST", &format!("/requests/{id}/submit-again"))
    }

    async fn submits_again(&self, id: &str) -> Reply {
        self.again(id).text(NO_BODY).send().await
    }

    /// With another id.
    async fn submits_again_as(&self, id: &str, new_id: &str) -> Reply {
        self.again(id).json(&json!({ "newId": new_id })).send().await
    }
}

fn id_of(data: &Value) -> String {
    data["requestId"].as_str().unwrap().to_owned()
}

fn message(refused: &Value) -> String {
    refused["errors"][0]["message"].as_str().unwrap().to_owned()
}

/// A badge that a checker has rejected.
async fn rejected(app: &App, badge: &Value) -> String {
    let id = app.maker().submitted(badge).await.id;
    app.checker().reject(&id, "no").await.data();
    id
}

/// A payment that a checker has rejected.
async fn rejected_payment(app: &App, body: &Value) -> String {
    let id = app.maker().pays(body).await.id;
    app.checker().says(&id, "rejected").await.data();
    id
}

/// A badge whose target refused it.
async fn failed(app: &App, badge: &Value) -> String {
    let id = app.maker().submitted(badge).await.id;
    app.checker().approve_async(&id).await.data();
    app.target.will_answer(422, "application/json", b"{}");
    app.run_due_executions().await;
    assert_eq!(app.maker().request(&id).await["state"], "failed");
    id
}

async fn what_ended_without_its_call_is_submitted_again_and_the_rest_says_why_not(on: On) {
    let options = AppOptions::stepped().set("requests.pending_ttl_seconds", 3600);
    let app = App::with(on, options).await;
    let maker = app.maker();
    let expired = maker.submitted(&app.badge_with_id_to_target()).await.id;
    app.clock.advance(TimeDelta::hours(1));
    let withdrawn = maker.submitted(&app.badge_to_target()).await.id;
    maker.withdraw(&withdrawn, "a mistake").await.data();
    let failed = failed(&app, &app.badge_to_target()).await;
    let rejected = rejected(&app, &app.badge_to_target()).await;
    // Its deadline has passed, though no one has noticed yet.
    for (old, state) in
        [(&expired, "expired"), (&withdrawn, "withdrawn"), (&failed, "failed"), (&rejected, "rejected")]
    {
        let new = maker.submits_again(old).await.data();
        assert_eq!((&new["state"], &new["repeatOf"]), (&json!("AdminTask"), &json!(old)), "{state}");
        let old = maker.request(old).await;
        assert_eq!((&old["state"], &old["repeatedBy"]), (&json!(state), &new["requestId"]));
    }

    let waiting = maker.submitted(&app.badge_to_target()).await.id;
    let approved = maker.submitted(&app.badge_to_target()).await.id;
    let executed = maker.submitted(&app.badge_to_target()).await.id;
    let unknown = maker.submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&executed).await.data();
    app.run_due_executions().await;
    app.checker().approve_async(&unknown).await.data();
    app.target.will_hang_up();
    app.run_due_executions().await;
    app.checker().approve_async(&approved).await.data();
    for (id, state, says) in [
        (&waiting, "AdminTask", "still waits"),
        (&approved, "approved", "about to be sent"),
        (&executed, "executed", "was carried out"),
        (&unknown, "unknown", "may have been carried out"),
        (&rejected, "rejected", "submitted again before, as 0"),
    ] {
        let before = maker.request(id).await;
        assert_eq!((&before["state"], &before["canSubmitAgain"]), (&json!(state), &json!(false)));
        let refused = maker.submits_again(id).await.refused(409, "not_repeatable");
        assert!(message(&refused).contains(says), "{refused}");
        assert_eq!(maker.request(id).await, before);
    }
    app.run_due_executions().await;
}

async fn the_new_request_is_the_stored_call_and_both_are_linked_everywhere(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let (maker, auditor) = (app.maker(), app.auditor());
    let old = rejected(&app, &app.badge()).await;
    let before = maker.request(&old).await;
    assert_eq!((&before["canSubmitAgain"], &before["repeatedBy"]), (&json!(true), &Value::Null));
    app.clock.advance(TimeDelta::minutes(5));
    let call = maker.again(&old).text(NO_BODY).header("x-cap-request-id", "ref-again");
    let reply = call.send().await;
    assert_eq!(reply.header("idempotent-replayed"), None);
    let new = reply.data();
    let id = id_of(&new);
    assert_ne!(id, old);
    for same in ["digest", "summary", "call", "userId", "userName", "requestType", "rule"] {
        assert_eq!(new[same], before[same], "{same}");
    }
    let payload = "IntouchAPITask-Payload";
    assert_eq!(new["details"][payload], before["details"][payload]);
    assert_eq!((&new["decisions"], &new["version"]), (&json!([]), &json!(3)));
    assert_ne!(new["startTimeISO"], before["startTimeISO"]);
    // The old one keeps its state, and its version rises.
    let after = maker.request(&old).await;
    assert_eq!((&after["repeatedBy"], &after["canSubmitAgain"]), (&json!(id), &json!(false)));
    assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
    for same in ["state", "endTimeISO", "decisions", "digest"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let listed = auditor.get("/requests?sortOrder=asc").await.data();
    assert_eq!((&listed[0]["repeatedBy"], &listed[0]["repeatOf"]), (&json!(id), &Value::Null));
    assert_eq!((&listed[1]["repeatOf"], &listed[1]["repeatedBy"]), (&json!(old), &Value::Null));
    let last = auditor.history(&old).await.pop().unwrap();
    assert_eq!((&last["type"], &last["repeatedBy"]), (&json!("submitted_again"), &json!(id)));
    assert_eq!((&last["from"], &last["to"]), (&json!("rejected"), &json!("rejected")));
    assert_eq!((&last["actor"]["userId"], &last["reference"]), (&json!(400_001), &json!("ref-again")));
    let first = auditor.history(&id).await.remove(0);
    assert_eq!((&first["type"], &first["repeatOf"]), (&json!("submitted"), &json!(old)));
    let trail = auditor.get("/trail?type=submitted_again").await.data();
    assert_eq!(trail[0]["requestId"], json!(old), "{trail}");
    let lines = auditor.get("/requests/export?format=jsonl&sortOrder=asc").await.text;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["repeatedBy"], &lines[1]["repeatOf"]), (&json!(id), &json!(old)));
    let csv = auditor.get("/requests/export?format=csv&sortOrder=asc").await.text;
    // Both ids, the reason and the revision.
    let cells = [format!(",\"\",\"{id}\",\"\",\"1\","), format!(",\"{old}\",\"\",\"\",\"1\",")];
    assert!(csv.lines().skip(1).zip(&cells).all(|(line, cells)| line.contains(cells.as_str())), "{csv}");

    // Its own people decide it, and it is sent like any other.
    maker.withdraw(&id, "never mind").await.data();
    let third = id_of(&maker.submits_again(&id).await.data());
    app.checker().approve_async(&third).await.data();
    app.run_due_executions().await;
    let third = maker.request(&third).await;
    assert_eq!((&third["state"], &third["repeatOf"]), (&json!("executed"), &json!(id)));
}

async fn credentials_and_masked_fields_are_sent_and_shown_to_no_one_once_more(on: On) {
    let masked = "[fields]\nmasked = [\"/body/card\"]\nsecret = [\"/body/pin\"]\n";
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", masked))).await;
    let mut body = body(&app, "c-1", 10);
    task(&mut body)["headers"]["authorization"] = "Basic c2VjcmV0".into();
    task(&mut body)["body"]["card"] = "4711-0815".into();
    task(&mut body)["body"]["pin"] = "9876".into();
    let old = rejected_payment(&app, &body).await;
    let reply = app.maker().submits_again(&old).await;
    for hidden in ["c2VjcmV0", "4711-0815", "9876"] {
        assert!(!reply.text.contains(hidden), "{}", reply.text);
    }
    let id = id_of(&reply.data());
    app.checker().says(&id, "approved").await.data();
    app.run_due_executions().await;
    let arrived = app.target.arrived().remove(0);
    assert!(arrived.head.contains("Basic c2VjcmV0"), "{}", arrived.head);
    let sent: Value = serde_json::from_str(&arrived.body).unwrap();
    assert_eq!((&sent["card"], &sent["pin"]), (&json!("4711-0815"), &json!("9876")));
}

async fn nobody_but_the_maker_submits_again_and_only_with_the_permission(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let old = rejected(&app, &app.badge()).await;
    for reader in [app.checker(), app.auditor()] {
        reader.submits_again(&old).await.refused(403, "permission_missing");
    }
    let both = ["CanMakeRequest", "CanCheckRequest"];
    let colleague = app.actor(Person::new(400_008, "eight@example.com", &both));
    colleague.submits_again(&old).await.refused(403, "not_the_maker");
    let elsewhere = app.actor(app.maker().person.clone().of_org("90002"));
    for outsider in [app.other_maker(), app.stranger(), elsewhere] {
        outsider.submits_again(&old).await.refused(404, "not_found");
    }
    let nobody = app.actor(Person::new(400_009, "nine@example.com", &[]));
    nobody.submits_again(&old).await.refused(403, "permission_missing");
    // The maker's own, with a token that no longer lets them submit.
    let reduced = app.actor(Person::new(400_001, "maker@example.com", &["CanCheckRequest"]));
    reduced.submits_again(&old).await.refused(403, "permission_missing");
    assert_eq!(reduced.request(&old).await["canSubmitAgain"], false);
    app.maker().submits_again("019d0000-0000-7000-8000-000000000000").await.refused(404, "not_found");
    app.maker().submits_again("nothing").await.refused(404, "not_found");
    assert_eq!(app.maker().request(&old).await["repeatedBy"], Value::Null);
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
}

async fn every_account_of_the_maker_submits_again(on: On) {
    let file = "[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\", \"sub-400004\"]\n";
    let app = App::with(on, AppOptions::stepped().with_people(file)).await;
    let old = rejected(&app, &app.badge()).await;
    let new = app.other_maker().submits_again(&old).await.data();
    assert_eq!((&new["userId"], &new["repeatOf"]), (&json!(400_004), &json!(old)));
    // Either account is the new one's maker, and none decides it.
    app.checker().reject(&id_of(&new), "no").await.data();
    app.change_people("[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\"]\n").await;
    app.maker().submits_again(&id_of(&new)).await.refused(404, "not_found");
    // A file with a fault joins no one who was not joined before.
    app.change_people(&format!("{file}[[people]]\nname = 7\n")).await;
    app.maker().submits_again(&id_of(&new)).await.refused(404, "not_found");
    app.change_people(file).await;
    assert_eq!(app.maker().submits_again(&id_of(&new)).await.data()["userId"], 400_001);
}

async fn a_request_is_submitted_again_once_however_many_ask_at_once(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let maker = app.maker();
    let old = rejected(&app, &app.badge()).await;
    let asked = (0..6).map(|_| maker.submits_again(&old));
    let replies = futures_util::future::join_all(asked).await;
    let (won, lost): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 5));
    let newer = id_of(&won.into_iter().next().unwrap().data());
    for reply in lost {
        let refused = reply.refused(409, "not_repeatable");
        assert!(message(&refused).contains(&newer), "{refused}");
    }
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 2);
    // The newest one goes on.
    app.checker().reject(&newer, "no").await.data();
    maker.submits_again(&old).await.refused(409, "not_repeatable");
    assert_eq!(maker.submits_again(&newer).await.data()["repeatOf"], json!(newer));
}

async fn an_idempotency_key_repeats_the_first_answer(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let maker = app.maker();
    let badge = app.badge();
    let (old, other) = (rejected(&app, &badge).await, rejected(&app, &app.badge()).await);
    let keyed =
        async |id: &str, body: &str| maker.again(id).text(body).header("idempotency-key", "k-1").send().await;
    let (one, two) = tokio::join!(keyed(&old, "{}"), keyed(&old, "{ }"));
    let (one, two) = (one.data(), two.data());
    assert_eq!(one["requestId"], two["requestId"]);
    app.checker().reject(&id_of(&one), "no").await.data();
    let again = keyed(&old, "{}").await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let again = again.data();
    assert_eq!((&again["requestId"], &again["state"]), (&one["requestId"], &json!("rejected")));
    // Anything else with the key is another submission: another id, another request, or the same call in full.
    keyed(&old, r#"{"newId": "R-2"}"#).await.refused(409, "idempotency_key_reused");
    keyed(&other, "{}").await.refused(409, "idempotency_key_reused");
    let plain = maker.call("POST", "/ISSUE-BADGE").json(&badge).header("idempotency-key", "k-1");
    plain.send().await.refused(409, "idempotency_key_reused");
    let plain = maker.call("POST", "/ISSUE-BADGE").json(&badge).header("idempotency-key", "k-2");
    plain.send().await.data();
    let call = maker.again(&other).text("{}").header("idempotency-key", "k-2");
    call.send().await.refused(409, "idempotency_key_reused");
    let wrong = maker.again(&other).text("{}").header("idempotency-key", "two words");
    wrong.send().await.refused(400, "parameter_invalid");
    assert_eq!(maker.request(&other).await["repeatedBy"], Value::Null);
}

async fn a_refused_call_is_kept_like_a_refused_submission(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let maker = app.maker();
    let waiting = maker.submitted(&app.badge()).await.id;
    let trail = maker.history(&waiting).await;
    app.checker().submits_again(&waiting).await.refused(403, "permission_missing");
    maker.submits_again(&waiting).await.refused(409, "not_repeatable");
    maker.again(&waiting).text("{").send().await.refused(400, "unreadable");
    maker.again(&waiting).raw("text/plain", b"{}").send().await.expect(415);
    let call = maker.call("POST", &format!("/requests/{waiting}/submit-again?x=1")).text("{}");
    call.send().await.refused(400, "parameter_invalid");
    app.other_maker().submits_again(&waiting).await.refused(404, "not_found");
    let kept = app.auditor().get("/refusals").await.data();
    let kept = kept.as_array().unwrap();
    let codes: Vec<&Value> = kept.iter().map(|row| &row["codes"][0]).collect();
    let newest_first =
        ["parameter_invalid", "unsupported_media_type", "unreadable", "not_repeatable", "permission_missing"];
    assert_eq!(codes, newest_first);
    assert!(kept.iter().all(|row| row["requestType"] == "ISSUE-BADGE"), "{kept:?}");
    let digest = countersign::domain::digest::Digest::of(b"{}").to_string();
    assert_eq!((&kept[3]["digest"], &kept[3]["actor"]["userId"]), (&json!(digest), &json!(400_001)));
    // The request's own trail is not filled by it.
    assert_eq!(maker.history(&waiting).await, trail);
}
