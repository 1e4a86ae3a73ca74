//! Two people settle an unknown outcome over the API, and nobody settles it alone.

use serde_json::{Value, json};

use super::{fay, finn, rita, staged};
use crate::support::app::{App, AppOptions};
use crate::support::claims::CALL;
use crate::support::pay_out::{AUTO_APPROVED, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    two_checkers_settle_an_unknown_outcome,
    two_who_disagree_leave_it_unknown_until_one_changes_their_word,
    neither_the_maker_nor_their_other_account_settles_it,
    only_checkers_of_the_org_with_a_seat_settle_it,
    one_person_under_two_accounts_is_one_word,
    any_two_checkers_settle_what_a_rule_approved,
    nothing_but_an_unknown_outcome_is_settled,
    a_word_needs_evidence_and_says_executed_or_failed,
    a_word_about_an_older_version_is_refused,
    a_person_has_a_limited_number_of_words,
    a_failed_settlement_frees_what_the_request_counted,
    an_export_has_what_people_said,
];

const TARGETS_LOG: &str = "The target's log has it as transaction 77120.";

/// A badge of which nobody knows whether it was issued.
async fn unknown(app: &App) -> String {
    app.target.will_hang_up();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
    id
}

/// A payment of which nobody knows whether it was made, approved by Rita, Fay and Finn.
async fn unknown_payment(app: &App) -> String {
    app.target.will_hang_up();
    let id = app.maker().pays(&body(app, "c-1", 10)).await.id;
    for person in [rita(), fay(), finn()] {
        app.actor(person).says(&id, "approved").await.data();
    }
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
    id
}

async fn two_checkers_settle_an_unknown_outcome(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    for state in ["executed", "failed"] {
        let id = unknown(&app).await;
        let before = app.checker().request(&id).await;
        assert_eq!((&before["canSettle"], &before["whyNotSettle"]), (&json!(true), &json!([])));
        assert!(before.get("settlement").is_none());
        let said = app.checker().settles(&id, state, TARGETS_LOG).await.data();
        assert_eq!((&said["state"], &said["endTime"]), (&json!("unknown"), &json!(null)));
        let word = &said["settlement"]["words"][0];
        assert_eq!((&word["outcome"], &word["evidence"]), (&json!(state), &json!(TARGETS_LOG)));
        assert_eq!(word["signedAs"], json!(["CanCheckRequest"]));
        assert_eq!(
            (&said["settlement"]["outcome"], &said["settlement"]["settledAt"]),
            (&json!(null), &json!(null))
        );
        // The same once more is a client's retry.
        let again = app.checker().settles(&id, state, TARGETS_LOG).await.data();
        assert_eq!(again["version"], said["version"]);

        let settled = app.other_checker().settles(&id, state, "I called them.").await.data();
        assert_eq!((&settled["state"], &settled["endTime"]), (&json!(state), &json!("2026-03-01T12:00:00")));
        let settlement = &settled["settlement"];
        assert_eq!(settlement["outcome"], state);
        let names: Vec<&Value> =
            settlement["words"].as_array().unwrap().iter().map(|word| &word["actor"]["userName"]).collect();
        assert_eq!(names, ["checker@example.com", "second.checker@example.com"]);
        // The maker reads of it, and so does everybody who reads the request.
        assert_eq!(app.maker().request(&id).await["settlement"], *settlement);
        assert!(app.maker().lists(&format!("states={state}")).await.contains(&id));
        assert!(app.auditor().lists("states=unknown").await.is_empty());
        let types = app.auditor().happened(&id).await;
        assert_eq!(types[5..], ["outcome_unknown", "settlement_proposed", "settled"]);
        let last = app.auditor().history(&id).await.pop().unwrap();
        assert_eq!((&last["from"], &last["to"]), (&json!("unknown"), &json!(state)));
        assert_eq!((&last["message"], &last["settlement"]), (&json!("I called them."), &json!(state)));
        assert_eq!((&last["outcome"], &last["signedAs"]), (&json!(state), &json!(["CanCheckRequest"])));
        let ended = format!("SELECT count(*) AS number FROM executions WHERE outcome = '{state}'");
        assert_eq!(app.count(&ended), 1);
        // It is settled once, and what it was stays.
        app.checker().settles(&id, "executed", "another").await.refused(409, "nothing_to_settle");
        app.run_due_executions().await;
    }
    assert_eq!(app.target.arrived().len(), 2, "nothing is sent again");
}

async fn two_who_disagree_leave_it_unknown_until_one_changes_their_word(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = unknown(&app).await;
    app.checker().settles(&id, "executed", TARGETS_LOG).await.data();
    let said = app.other_checker().settles(&id, "failed", "It is not in their list.").await.data();
    assert_eq!((&said["state"], &said["settlement"]["outcome"]), (&json!("unknown"), &json!(null)));
    let settled = app.checker().settles(&id, "failed", "I looked at another one.").await.data();
    assert_eq!((&settled["state"], &settled["settlement"]["outcome"]), (&json!("failed"), &json!("failed")));
    assert_eq!(settled["settlement"]["words"].as_array().unwrap().len(), 3);
}

async fn neither_the_maker_nor_their_other_account_settles_it(on: On) {
    let people = "[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\", \"sub-400077\"]\n";
    let app = App::with(on, AppOptions::stepped().with_people(people)).await;
    let id = unknown(&app).await;
    app.maker().settles(&id, "executed", TARGETS_LOG).await.refused(403, "permission_missing");
    let rights = ["CanMakeRequest", "CanCheckRequest"];
    let own = Person::new(400_001, "maker@example.com", &rights);
    let other = Person::new(400_077, "mara@example.com", &rights);
    let robot = Person::new(400_088, "robot@example.com", &rights).acted_for_by(&other);
    for person in [own, other, robot] {
        let refused = app.actor(person.clone()).settles(&id, "executed", TARGETS_LOG).await;
        refused.refused(403, "maker_is_checker");
        let read = app.actor(person).request(&id).await;
        assert_eq!(
            (&read["canSettle"], &read["whyNotSettle"][0]["code"]),
            (&json!(false), &json!("maker_is_checker"))
        );
    }
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["code"]), (&json!("refused"), &json!("maker_is_checker")));
    let tried = json!({ "decision": null, "message": TARGETS_LOG, "digest": null, "settlement": "executed" });
    assert_eq!(last["tried"], tried);
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
}

async fn only_checkers_of_the_org_with_a_seat_settle_it(on: On) {
    let app = staged(on).await;
    let id = unknown_payment(&app).await;
    app.auditor().settles(&id, "executed", TARGETS_LOG).await.refused(403, "permission_missing");
    app.checker().settles(&id, "executed", TARGETS_LOG).await.refused(403, "not_in_stage");
    app.stranger().settles(&id, "executed", TARGETS_LOG).await.refused(404, "not_found");
    // One seat in the first stage, one in the second, and whoever did not sign it may as well.
    let gus = Person::new(14, "gus@example.com", &["CanCheckRequest"]).in_groups(&["Finance"]);
    app.actor(gus).settles(&id, "failed", "Not in their books.").await.data();
    let settled = app.actor(rita()).settles(&id, "failed", TARGETS_LOG).await.data();
    assert_eq!(settled["state"], "failed");
    let signed: Vec<&Value> =
        settled["settlement"]["words"].as_array().unwrap().iter().map(|word| &word["signedAs"]).collect();
    assert_eq!(signed, [&json!(["Finance"]), &json!(["Risk"])]);
}

async fn one_person_under_two_accounts_is_one_word(on: On) {
    let people = "[[people]]\nname = \"Chen\"\naccounts = [\"sub-400002\", \"sub-400005\"]\n";
    let app = App::with(on, AppOptions::stepped().with_people(people)).await;
    let id = unknown(&app).await;
    app.checker().settles(&id, "executed", TARGETS_LOG).await.data();
    let said = app.other_checker().settles(&id, "executed", "It is there.").await.data();
    assert_eq!(said["state"], "unknown");
    let third = app.actor(Person::new(400_006, "third@example.com", &["CanCheckRequest"]));
    assert_eq!(third.settles(&id, "executed", "I see it, too.").await.data()["state"], "executed");
}

async fn any_two_checkers_settle_what_a_rule_approved(on: On) {
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", AUTO_APPROVED))).await;
    app.target.will_hang_up();
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.run_due_executions().await;
    app.checker().settles(&id, "executed", TARGETS_LOG).await.data();
    let settled = app.other_checker().settles(&id, "executed", "I see it, too.").await.data();
    assert_eq!(settled["state"], "executed");
}

async fn nothing_but_an_unknown_outcome_is_settled(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let waiting = app.maker().submitted(&app.badge()).await.id;
    let word = async |id: &str| app.checker().settles(id, "executed", TARGETS_LOG).await;
    word(&waiting).await.refused(409, "nothing_to_settle");
    app.checker().reject(&waiting, "no").await.data();
    word(&waiting).await.refused(409, "nothing_to_settle");
    // A call that is about to be sent, and one of which a repeat is due.
    app.target.will_hang_up();
    let repeated = app.maker().submitted(&app.badge_with_id_to_target()).await.id;
    app.checker().approve_async(&repeated).await.data();
    word(&repeated).await.refused(409, "attempt_under_way");
    app.run_due_executions().await;
    assert!(app.auditor().request(&repeated).await["nextAttemptAt"].is_string());
    word(&repeated).await.refused(409, "attempt_under_way");
    app.clock.advance(CALL);
    app.run_due_executions().await;
    word(&repeated).await.refused(409, "nothing_to_settle");
    word("0190b6f2-7a3c-7cc0-8000-000000000001").await.refused(404, "not_found");
}

async fn a_word_needs_evidence_and_says_executed_or_failed(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = unknown(&app).await;
    let path = format!("/requests/{id}/settle");
    let long = "x".repeat(4_001);
    for (body, field) in [
        (json!({ "outcome": "executed" }), "/evidence"),
        (json!({ "outcome": "executed", "evidence": " \u{200b}" }), "/evidence"),
        (json!({ "outcome": "executed", "evidence": long }), "/evidence"),
        (json!({ "outcome": "unknown", "evidence": TARGETS_LOG }), "/outcome"),
        (json!({ "evidence": TARGETS_LOG }), "/outcome"),
        (json!({ "outcome": "failed", "evidence": TARGETS_LOG, "digest": "x" }), "/digest"),
        (json!({ "outcome": "failed", "evidence": TARGETS_LOG, "version": 0 }), "/version"),
    ] {
        let reply = app.checker().call("POST", &path).json(&body).send().await;
        let error = reply.expect(400)["errors"][0].clone();
        assert_eq!((&error["code"], &error["field"]), (&json!("payload_invalid"), &json!(field)), "{body}");
    }
    assert!(app.checker().request(&id).await.get("settlement").is_none());
}

async fn a_word_about_an_older_version_is_refused(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = unknown(&app).await;
    let version = app.checker().request(&id).await["version"].clone();
    // An attempt that was refused in between does not make it another request.
    let own = Person::new(400_001, "maker@example.com", &["CanCheckRequest"]);
    app.actor(own).settles(&id, "executed", TARGETS_LOG).await.refused(403, "maker_is_checker");
    let word = json!({ "outcome": "executed", "evidence": TARGETS_LOG, "version": version });
    let path = format!("/requests/{id}/settle");
    app.checker().call("POST", &path).json(&word).send().await.data();
    let reply = app.other_checker().call("POST", &path).json(&word).send().await;
    reply.refused(409, "request_moved");
    assert_eq!(app.checker().request(&id).await["state"], "unknown");
}

async fn a_person_has_a_limited_number_of_words(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = unknown(&app).await;
    for number in 0..5 {
        app.checker().settles(&id, "executed", &format!("word {number}")).await.data();
    }
    app.checker().settles(&id, "failed", "one more").await.refused(409, "too_many_words");
    // The last one counts.
    let settled = app.other_checker().settles(&id, "executed", TARGETS_LOG).await.data();
    assert_eq!(settled["state"], "executed");
}

async fn a_failed_settlement_frees_what_the_request_counted(on: On) {
    let limited = "[[usage]]\nname = \"day\"\nby = \"maker\"\nwindow = \"1d\"\n";
    let policy = format!(
        "{limited}[[policy]]\nname = \"within\"\nwhen = 'usage.day.count < 1'\n[[policy.stages]]\nname = \"Checker\"\n\
         mode = \"all\"\n[[policy.stages.seats]]\npermission = \"CanCheckRequest\"\n[[policy]]\nname = \"over\"\n\
         refuse = \"Used up.\"\n"
    );
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", &policy))).await;
    app.target.will_hang_up();
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.checker().says(&id, "approved").await.data();
    app.run_due_executions().await;
    let submit = async || app.maker().submit("PAY-OUT", &body(&app, "c-2", 10)).await;
    submit().await.refused(403, "refused_by_rule");
    app.checker().settles(&id, "failed", TARGETS_LOG).await.data();
    submit().await.refused(403, "refused_by_rule");
    app.other_checker().settles(&id, "failed", TARGETS_LOG).await.data();
    submit().await.data();
}

async fn an_export_has_what_people_said(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = unknown(&app).await;
    app.checker().settles(&id, "executed", TARGETS_LOG).await.data();
    let lines = app.auditor().get("/requests/export?format=jsonl").await.text;
    let row: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(row["settlement"]["words"][0]["evidence"], TARGETS_LOG);
    let csv = app.auditor().get("/requests/export?format=csv").await.text;
    assert!(csv.contains(TARGETS_LOG) && csv.contains("settlement"), "{csv}");
    app.other_checker().settles(&id, "executed", "I see it, too.").await.data();
}
