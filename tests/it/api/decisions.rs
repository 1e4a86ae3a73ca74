//! Approve, reject, withdraw, too late, twice, with the wrong digest, on the wrong path.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::{Person, decision};
use crate::support::{On, journeys};

journeys![
    a_rejected_request_is_closed_and_nothing_is_sent,
    a_rejection_needs_a_message,
    a_repeated_decision_gets_the_current_request_and_nothing_runs_twice,
    a_decision_that_contradicts_the_recorded_one_is_refused,
    two_checkers_at_once_send_one_call,
    the_maker_withdraws_and_may_repeat_it,
    a_decided_request_cannot_be_withdrawn,
    a_withdrawn_request_cannot_be_decided,
    only_its_maker_can_withdraw_a_request,
    a_decision_after_the_deadline_is_refused_and_records_the_expiry,
    the_sweeper_expires_undecided_requests,
    a_withdrawal_after_the_deadline_is_refused,
    the_digest_may_be_sent_back_and_must_be_the_right_one,
    a_request_that_moved_since_it_was_read_is_not_decided,
    a_refused_attempt_does_not_change_the_version_that_others_read,
    a_version_that_is_not_a_number_is_a_fault,
    the_path_of_another_type_finds_nothing,
    the_action_name_is_compared_without_case,
];

async fn a_rejected_request_is_closed_and_nothing_is_sent(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let data = app.checker().reject(&id, "Not this campaign.").await.data();
    assert_eq!(data["state"], "rejected");
    assert_eq!(data["endTime"], "2026-03-01T12:00:00");
    let ballot = json!({ "actionDecision": "rejected", "actionMessage": "Not this campaign." });
    assert_eq!(data["details"]["AdminTask-Payload"], ballot);
    let types = ["submitted", "maker_access_validated", "payload_validated", "rejected"];
    assert_eq!(app.auditor().happened(&id).await, types);
    assert_eq!(app.sandbox.calls().await["count"], 0);
    app.other_checker().approve(&id).await.refused(409, "already_decided");
}

async fn a_rejection_needs_a_message(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let body = app.checker().reject(&id, "  ").await.refused(400, "payload_invalid");
    assert_eq!(body["errors"][0]["field"], "/payload/AdminTask-Payload/actionMessage");
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
}

async fn a_repeated_decision_gets_the_current_request_and_nothing_runs_twice(on: On) {
    let app = App::start(on).await;
    let body = app.badge();
    let id = app.maker().submitted(&body).await.id;
    let first = app.checker().approve(&id).await.data();
    let again = app.checker().approve(&id).await.data();
    assert_eq!(first, again);
    assert_eq!(again["state"], "executed");
    let calls = app.sandbox.calls().await;
    assert_eq!((&calls["count"], &calls["workDone"]), (&json!(1), &json!(1)));
    assert_eq!(calls["received"][0]["countersignRequestId"], json!(id));
    assert_eq!(app.sandbox.enrolments_of(&body).await, 1);
    let types = app.auditor().happened(&id).await;
    assert_eq!(types[3..], ["approved", "attempt_started", "executed"]);
}

async fn a_decision_that_contradicts_the_recorded_one_is_refused(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().approve(&id).await.data();
    let other_words = decision(&id, "approved", "other words");
    let own = app.checker().decide("ISSUE-BADGE", &other_words).await.refused(409, "already_decided");
    let message = own["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("checker@example.com approved") && message.contains("executed"), "{message}");
    app.checker().reject(&id, "after all not").await.refused(409, "already_decided");
    app.other_checker().approve(&id).await.refused(409, "already_decided");
    assert_eq!(app.sandbox.calls().await["count"], 1);
    let types = app.auditor().happened(&id).await;
    assert_eq!(types[6..], ["refused", "refused", "refused"]);
}

async fn two_checkers_at_once_send_one_call(on: On) {
    let app = App::start(on).await;
    let body = app.badge();
    let id = app.maker().submitted(&body).await.id;
    let (one, other) = (app.checker(), app.other_checker());
    let (one, other) = tokio::join!(one.approve(&id), other.approve(&id));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(app.sandbox.calls().await["count"], 1);
    assert_eq!(app.sandbox.enrolments_of(&body).await, 1);
}

async fn the_maker_withdraws_and_may_repeat_it(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let data = app.maker().withdraw(&id, "A typing error.").await.data();
    assert_eq!(data["state"], "withdrawn");
    assert_eq!(data["endTime"], "2026-03-01T12:00:00");
    assert_eq!(app.maker().withdraw(&id, "Once more.").await.data(), data);
    let history = app.auditor().history(&id).await;
    assert_eq!(history.len(), 4);
    assert_eq!(history[3]["type"], "withdrawn");
    assert_eq!(history[3]["message"], "A typing error.");
}

async fn a_decided_request_cannot_be_withdrawn(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().reject(&id, "no").await.data();
    app.maker().withdraw(&id, "too late").await.refused(409, "already_decided");
    assert_eq!(app.maker().request(&id).await["state"], "rejected");
}

async fn a_withdrawn_request_cannot_be_decided(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.maker().withdraw(&id, "never mind").await.data();
    app.checker().approve(&id).await.refused(409, "request_closed");
    assert_eq!(app.sandbox.calls().await["count"], 0);
}

async fn only_its_maker_can_withdraw_a_request(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    // A person who may not see it gets the answer for a request that does not exist.
    app.other_maker().withdraw(&id, "mine?").await.refused(404, "not_found");
    app.stranger().withdraw(&id, "mine?").await.refused(404, "not_found");
    app.checker().withdraw(&id, "mine?").await.refused(403, "not_the_maker");
    app.auditor().withdraw(&id, "mine?").await.refused(403, "not_the_maker");
    let without_permissions = app.actor(Person::new(1, "nobody@example.com", &[]));
    without_permissions.withdraw(&id, "mine?").await.refused(403, "permission_missing");
    assert_eq!(app.maker().request(&id).await["state"], "AdminTask");
}

async fn a_decision_after_the_deadline_is_refused_and_records_the_expiry(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    // The deadline itself is too late; the microsecond before is not.
    app.clock.advance(TimeDelta::days(30));
    let body = app.checker().approve(&id).await.refused(409, "request_expired");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("2026-03-31T12:00:00Z"), "{body}");
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["endTime"]), (&json!("expired"), &json!("2026-03-31T12:00:00")));
    let history = app.auditor().history(&id).await;
    assert_eq!(history[3]["type"], "expired");
    assert_eq!(history[3]["actor"]["userName"], "system");
    assert_eq!(history[4]["type"], "refused");
    app.checker().approve(&id).await.refused(409, "request_expired");
    app.run_due_executions().await;
    assert_eq!(app.sandbox.calls().await["count"], 0);
}

async fn the_sweeper_expires_undecided_requests(on: On) {
    let app = App::with(on, AppOptions::stepped().set("requests.pending_ttl_seconds", 60)).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.clock.advance(TimeDelta::microseconds(59_999_999));
    app.sweep().await;
    assert_eq!(app.maker().request(&id).await["state"], "AdminTask");
    app.clock.advance(TimeDelta::microseconds(1));
    app.sweep().await;
    assert_eq!(app.maker().request(&id).await["state"], "expired");
    app.sweep().await;
    assert_eq!(app.auditor().happened(&id).await[3..], ["expired"]);
}

async fn a_withdrawal_after_the_deadline_is_refused(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.clock.advance(TimeDelta::days(31));
    app.maker().withdraw(&id, "too late").await.refused(409, "request_expired");
    assert_eq!(app.maker().request(&id).await["state"], "expired");
}

fn with_digest(id: &str, digest: &str) -> Value {
    let mut body = decision(id, "approved", "I have read it.");
    body["payload"]["AdminTask-Payload"]["digest"] = digest.into();
    body
}

async fn the_digest_may_be_sent_back_and_must_be_the_right_one(on: On) {
    let app = App::start(on).await;
    let submitted = app.maker().submitted(&app.badge()).await;
    let (id, digest) = (&submitted.id, &submitted.digest);
    assert_eq!((digest.len(), &digest[..7]), (71, "sha256:"));
    for wrong in [digest.to_uppercase(), digest.replace("sha256:", ""), String::new()] {
        let body = app.checker().decide("ISSUE-BADGE", &with_digest(id, &wrong)).await;
        let body = body.refused(409, "digest_mismatch");
        assert_eq!(body["errors"][0]["field"], "/payload/AdminTask-Payload/digest");
    }
    assert_eq!(app.auditor().request(id).await["state"], "AdminTask");
    let data = app.checker().decide("ISSUE-BADGE", &with_digest(id, digest)).await.data();
    assert_eq!(data["state"], "executed");
    let history = app.auditor().history(id).await;
    let approved = history.iter().find(|entry| entry["type"] == "approved").unwrap();
    assert_eq!(approved["digest"], json!(digest));
}

fn on_version(id: &str, version: &Value) -> Value {
    let mut body = decision(id, "approved", "as agreed");
    body["payload"]["AdminTask-Payload"]["version"] = version.clone();
    body
}

async fn a_request_that_moved_since_it_was_read_is_not_decided(on: On) {
    let app = App::with(on, AppOptions::default().with_type(&type_file("", TWO_CHECKERS))).await;
    let read = app.maker().pays(&body(&app, "c-1", 10)).await;
    let version = &read.data["version"];
    let (checker, other) = (app.checker(), app.other_checker());
    assert_eq!(checker.saying(&on_version(&read.id, version)).send().await.data()["state"], "AdminTask");
    let refused = other.saying(&on_version(&read.id, version)).send().await.refused(409, "request_moved");
    assert_eq!(refused["errors"][0]["field"], "/payload/AdminTask-Payload/version");
    let again = checker.saying(&on_version(&read.id, version)).send().await.data();
    assert_eq!(again["decisions"].as_array().unwrap().len(), 1, "one's own decision again is a repeat");
    let read_anew = other.request(&read.id).await;
    assert_eq!(read_anew["decisions"][0]["actor"]["userName"], "checker@example.com");
    let last = other.saying(&on_version(&read.id, &read_anew["version"])).send().await.data();
    assert_eq!(last["state"], "approved");
    app.auditor().becomes(&read.id, "executed").await;
}

async fn a_refused_attempt_does_not_change_the_version_that_others_read(on: On) {
    let app = App::start(on).await;
    let both = Person::new(400_001, "maker@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    let submitted = app.actor(both.clone()).submitted(&app.badge()).await;
    app.actor(both).approve(&submitted.id).await.refused(403, "maker_is_checker");
    let now = app.checker().request(&submitted.id).await["version"].as_i64().unwrap();
    assert_eq!(Some(now - 1), submitted.data["version"].as_i64(), "the attempt is kept");
    for wrong in [1, now - 2, now + 100] {
        let body = on_version(&submitted.id, &wrong.into());
        app.checker().decide("ISSUE-BADGE", &body).await.refused(409, "request_moved");
    }
    let body = on_version(&submitted.id, &submitted.data["version"]);
    assert_eq!(app.checker().decide("ISSUE-BADGE", &body).await.data()["state"], "executed");
}

async fn a_version_that_is_not_a_number_is_a_fault(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    for wrong in [json!("3"), json!(0), json!(-1), json!(3.5), json!(null), json!(1e30)] {
        let body = app.checker().decide("ISSUE-BADGE", &on_version(&id, &wrong)).await;
        let body = body.refused(400, "payload_invalid");
        assert_eq!(body["errors"][0]["field"], "/payload/AdminTask-Payload/version", "{wrong}");
    }
}

async fn the_path_of_another_type_finds_nothing(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let body = decision(&id, "approved", "agreed");
    for path in ["EARN-BADGE", "issue-badge", "NO-SUCH-TYPE"] {
        app.checker().decide(path, &body).await.refused(404, "not_found");
    }
    assert_eq!(app.auditor().happened(&id).await.len(), 3);
}

async fn the_action_name_is_compared_without_case(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let mut body = decision(&id, "approved", "");
    body["actionName"] = "SomeTask".into();
    app.checker().decide("ISSUE-BADGE", &body).await.refused(400, "payload_invalid");
    body["actionName"] = "adminTASK".into();
    assert_eq!(app.checker().decide("ISSUE-BADGE", &body).await.data()["state"], "executed");
}
