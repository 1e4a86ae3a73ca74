//! A resubmission is judged as a new submission is: by the type, rules, people and counters in force now.

use serde_json::{Value, json};

use super::{paying, revised, sent_back};
use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::payments::LIMITED;
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_resubmission_gives_its_old_share_of_a_limit_back_and_takes_the_new_one,
    a_refused_resubmission_changes_nothing,
    its_own_earlier_revisions_are_no_duplicate_and_a_request_of_others_is,
    the_id_that_the_target_knows_it_by_may_stay_and_may_not_be_another_requests,
    the_rule_for_what_is_resubmitted_is_chosen_again,
    what_a_rule_approves_without_anybody_is_sent_at_once,
    the_type_in_force_now_judges_it_and_a_type_that_is_gone_takes_nothing,
    whoever_resubmits_it_through_another_account_stays_behind_it,
];

const BIG_NEEDS_TWO: &str = r#"
[[policy]]
name = "nobody"
when = 'request.amount.atMost(1)'
auto_approve = true
[[policy]]
name = "small"
when = 'request.amount.atMost(10)'
[[policy.stages]]
name = "Checker"
mode = "all"
[[policy.stages.seats]]
permission = "CanCheckRequest"
[[policy]]
name = "big"
risk = "high"
[[policy.stages]]
name = "Checkers"
any = 2
[[policy.stages.seats]]
permission = "CanCheckRequest"
"#;

async fn a_resubmission_gives_its_old_share_of_a_limit_back_and_takes_the_new_one(on: On) {
    let app = paying(on, "", LIMITED).await;
    let maker = app.maker();
    let id = maker.pays(&body(&app, "c-1", 90)).await.id;
    app.checker().sends_back(&id, "Too much.").await.data();
    // While it is sent back it counts like one that waits.
    maker.submit(PAY_OUT, &body(&app, "c-2", 11)).await.refused(403, "refused_by_rule");
    maker.resubmits(&id, &body(&app, "c-1", 95)).await.data();
    maker.submit(PAY_OUT, &body(&app, "c-2", 6)).await.refused(403, "refused_by_rule");
    let five = maker.pays(&body(&app, "c-2", 5)).await.id;
    maker.withdraw(&five, "no").await.data();
    // What ends without its call gives back what the last revision took, and nothing twice.
    maker.withdraw(&id, "no").await.data();
    maker.pays(&body(&app, "c-3", 100)).await;
    maker.submit(PAY_OUT, &body(&app, "c-2", 1)).await.refused(403, "refused_by_rule");
}

async fn a_refused_resubmission_changes_nothing(on: On) {
    let app = paying(on, "", LIMITED).await;
    let maker = app.maker();
    let id = maker.pays(&body(&app, "c-1", 90)).await.id;
    app.checker().sends_back(&id, "Too much.").await.data();
    let before = maker.request(&id).await;
    maker.resubmits(&id, &body(&app, "c-1", 101)).await.refused(403, "refused_by_rule");
    let mut faulty = body(&app, "c-1", 9);
    task(&mut faulty)["body"]["points"] = "nine".into();
    let refused = maker.resubmits(&id, &faulty).await.refused(400, "payload_invalid");
    assert_eq!(refused["errors"][0]["field"], "/payload/IntouchAPITask-Payload/body/points");
    let mut elsewhere = body(&app, "c-1", 9);
    task(&mut elsewhere)["hostname"] = "https://evil.example".into();
    maker.resubmits(&id, &elsewhere).await.refused(400, "target_not_allowed");
    assert_eq!(maker.request(&id).await, before);
    maker.submit(PAY_OUT, &body(&app, "c-2", 11)).await.refused(403, "refused_by_rule");
    maker.pays(&body(&app, "c-2", 10)).await;
    let kept = app.auditor().get("/refusals").await.data();
    let codes: Vec<&Value> = kept.as_array().unwrap().iter().map(|one| &one["codes"]).collect();
    assert!(codes.contains(&&json!(["target_not_allowed"])), "{kept}");
}

async fn its_own_earlier_revisions_are_no_duplicate_and_a_request_of_others_is(on: On) {
    let app = paying(on, "duplicates = \"block\"", "").await;
    let maker = app.maker();
    let id = sent_back(&app).await;
    maker.submit(PAY_OUT, &body(&app, "c-1", 1)).await.refused(409, "duplicate_pending");
    maker.resubmits(&id, &body(&app, "c-1", 70)).await.data();
    let other = maker.pays(&body(&app, "c-2", 1)).await.id;
    let digest = maker.request(&id).await["digest"].clone();
    let wish = json!({ "message": "For the other one.", "digest": digest });
    app.checker().sending_back(&id, &wish).send().await.data();
    maker.resubmits(&id, &body(&app, "c-2", 70)).await.refused(409, "duplicate_pending");
    maker.withdraw(&other, "no").await.data();
    let moved = maker.resubmits(&id, &body(&app, "c-2", 70)).await.data();
    assert_eq!((&moved["subject"], &moved["revision"]), (&json!("c-2"), &json!(3)));
    // The subject that it had before is free again.
    maker.pays(&body(&app, "c-1", 1)).await;
    maker.submit(PAY_OUT, &body(&app, "c-2", 1)).await.refused(409, "duplicate_pending");
}

async fn the_id_that_the_target_knows_it_by_may_stay_and_may_not_be_another_requests(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let (maker, checker) = (app.maker(), app.checker());
    let (badge, other) = (app.badge_with_id_to_target(), app.badge_with_id_to_target());
    let id = maker.submitted(&badge).await.id;
    let theirs = maker.submitted(&other).await.id;
    checker.sends_back(&id, "Another badge.").await.data();
    let mut changed = badge.clone();
    task(&mut changed)["body"]["expiresOn"] = Value::Null;
    task(&mut changed)["body"].as_object_mut().unwrap().shift_remove("expiresOn");
    task(&mut changed)["body"]["customers"] = 700_999_999.into();
    let mut taken = changed.clone();
    task(&mut taken)["body"]["requestId"] =
        other["payload"]["IntouchAPITask-Payload"]["body"]["requestId"].clone();
    maker.resubmits(&id, &taken).await.refused(409, "repeat_key_in_use");
    maker.submit("ISSUE-BADGE", &badge).await.refused(409, "repeat_key_in_use");
    let second = maker.resubmits(&id, &changed).await.data();
    assert_eq!(second["revision"], 2);
    maker.withdraw(&theirs, "no").await.data();
    let wish = json!({ "message": "Under the other number.", "digest": second["digest"] });
    checker.sending_back(&id, &wish).send().await.data();
    maker.resubmits(&id, &taken).await.data();
    // The number that it had before is free again.
    maker.submitted(&badge).await;
}

async fn the_rule_for_what_is_resubmitted_is_chosen_again(on: On) {
    let app = paying(on, "", BIG_NEEDS_TWO).await;
    let first = app.maker().pays(&body(&app, "c-1", 7)).await;
    assert_eq!((&first.data["rule"], &first.data["risk"]), (&json!("small"), &Value::Null));
    app.checker().sends_back(&first.id, "The receipt says 70.").await.data();
    let second = app.maker().resubmits(&first.id, &body(&app, "c-1", 70)).await.data();
    assert_eq!((&second["rule"], &second["risk"]), (&json!("big"), &json!("high")));
    let once = app.checker().says_on(&first.id, "approved", &second["digest"]).await.data();
    assert_eq!(once["state"], "AdminTask");
    let both = app.other_checker().says_on(&first.id, "approved", &second["digest"]).await.data();
    assert_eq!(both["state"], "approved");
    app.run_due_executions().await;
}

async fn what_a_rule_approves_without_anybody_is_sent_at_once(on: On) {
    let app = paying(on, "", BIG_NEEDS_TWO).await;
    let id = sent_back(&app).await;
    let second = app.maker().resubmits(&id, &body(&app, "c-1", 1)).await.data();
    assert_eq!((&second["state"], &second["rule"]), (&json!("approved"), &json!("nobody")));
    app.run_due_executions().await;
    assert_eq!(app.maker().request(&id).await["state"], "executed");
    assert_eq!(app.target.arrived().len(), 1);
    let happened = app.maker().happened(&id).await;
    assert_eq!(&happened[3..], ["sent_back", "resubmitted", "auto_approved", "attempt_started", "executed"]);
}

async fn the_type_in_force_now_judges_it_and_a_type_that_is_gone_takes_nothing(on: On) {
    let app = paying(on, "", "").await;
    let id = sent_back(&app).await;
    let version = app.auditor().history(&id).await[0]["typeVersion"].clone();
    app.change_type(&type_file("reason = \"required\"", "")).await;
    let mut changed = body(&app, "c-1", 70);
    app.maker().resubmits(&id, &changed).await.refused(400, "payload_invalid");
    changed["reason"] = "The receipt.".into();
    let second = app.maker().resubmits(&id, &changed).await.data();
    let history = app.auditor().history(&id).await;
    assert_ne!(history[4]["typeVersion"], version);
    assert_eq!(app.get_revision(&id, 1).await["typeVersion"], version);
    let wish = json!({ "message": "Once more.", "digest": second["digest"] });
    app.checker().sending_back(&id, &wish).send().await.data();
    app.remove_type().await;
    app.maker().resubmits(&id, &changed).await.refused(409, "not_repeatable");
    app.maker().withdraw(&id, "The type is gone.").await.data();
}

impl App {
    async fn get_revision(&self, id: &str, number: i64) -> Value {
        self.auditor().get(&format!("/requests/{id}/revisions/{number}")).await.data()
    }
}

/// The maker has a second account, which checks; the file joins both, and later does not.
async fn whoever_resubmits_it_through_another_account_stays_behind_it(on: On) {
    let joined = "[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\", \"sub-400031\"]\n";
    let options = AppOptions::stepped().with_type(&type_file("", "")).with_people(joined);
    let app = App::with(on, options).await;
    let second = Person::new(400_031, "mara.too@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    let id = sent_back(&app).await;
    let data = app.actor(second.clone()).resubmits(&id, &body(&app, "c-1", 70)).await.data();
    assert_eq!(data["userName"], "maker@example.com", "it is still the request of the first account");
    app.change_people("").await;
    let refused = app.actor(second).says_on(&id, "approved", &data["digest"]).await;
    refused.refused(403, "maker_is_checker");
    let (other, digest) = revised(&app).await;
    app.checker().says_on(&other, "rejected", &digest).await.data();
}
