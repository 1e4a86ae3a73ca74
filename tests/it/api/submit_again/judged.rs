//! The new request is judged by the type, rules and people in force now, and by what is known of the old one.

use serde_json::{Value, json};

use super::{failed, id_of, message, rejected, rejected_payment};
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{AUTO_APPROVED, TWO_CHECKERS, body, type_file};
use crate::support::{On, journeys};

journeys![
    the_type_in_force_now_judges_the_call,
    a_host_that_is_no_longer_allowed_is_not_called,
    the_people_in_force_now_decide_who_may,
    counters_and_duplicates_have_their_say,
    what_is_overdue_does_not_stand_in_its_own_way,
    a_rule_that_asks_for_no_one_sends_it_at_once,
    an_answer_that_came_late_keeps_done_work_from_being_done_twice,
    a_call_that_somebody_changed_is_not_submitted,
];

async fn the_type_in_force_now_judges_the_call(on: On) {
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", ""))).await;
    let maker = app.maker();
    let old = rejected_payment(&app, &body(&app, "c-1", 10)).await;
    let unchanged = maker.request(&old).await;
    // The schema asks for more than the stored call has.
    let strict =
        type_file("", "").replace("[\"customer\", \"points\"]", "[\"customer\", \"points\", \"card\"]");
    app.change_type(&strict).await;
    let refused = maker.submits_again(&old).await.refused(400, "payload_invalid");
    assert_eq!(refused["errors"][0]["field"], "/payload/IntouchAPITask-Payload/body/card");
    // It has another target.
    let target = format!("path = \"/pay\"\ntarget = \"{}\"", app.sandbox.url());
    app.change_type(&type_file("", "").replace("path = \"/pay\"", &target)).await;
    maker.submits_again(&old).await.refused(400, "target_not_allowed");
    // It has gone.
    app.remove_type().await;
    let refused = maker.submits_again(&old).await.refused(409, "not_repeatable");
    assert!(message(&refused).contains("no longer in force"), "{refused}");
    assert_eq!(maker.request(&old).await["canSubmitAgain"], false);
    // It has a rule that refuses, and then one that asks for two.
    let refuses = "[[policy]]\nname = \"never\"\nrefuse = \"Ask the treasury.\"\n";
    app.change_type(&type_file("", refuses)).await;
    let refused = maker.submits_again(&old).await.refused(403, "refused_by_rule");
    assert!(message(&refused).contains("treasury"), "{refused}");
    assert_eq!(maker.request(&old).await, unchanged);
    app.change_type(&type_file("", TWO_CHECKERS)).await;
    let new = maker.submits_again(&old).await.data();
    assert_eq!(new["rule"], "two checkers");
    let id = id_of(&new);
    app.checker().says(&id, "approved").await.data();
    assert_eq!(maker.request(&id).await["state"], "AdminTask");
    assert_eq!(unchanged["rule"], maker.request(&old).await["rule"]);
}

async fn a_host_that_is_no_longer_allowed_is_not_called(on: On) {
    let mut app = App::with(on, AppOptions::stepped()).await;
    let old = rejected(&app, &app.badge_to_target()).await;
    app.stop_server().await;
    app.forbids_target();
    app.start_server().await;
    let refused = app.maker().submits_again(&old).await.refused(400, "target_not_allowed");
    assert_eq!(refused["errors"][0]["field"], "/payload/IntouchAPITask-Payload/hostname");
    assert_eq!(app.maker().request(&old).await["repeatedBy"], Value::Null);
}

async fn the_people_in_force_now_decide_who_may(on: On) {
    let file =
        |active| format!("[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\"]\nactive = {active}\n");
    let app = App::with(on, AppOptions::stepped().with_people(&file(true))).await;
    let old = rejected(&app, &app.badge()).await;
    app.change_people(&file(false)).await;
    app.maker().submits_again(&old).await.refused(403, "person_inactive");
    assert_eq!(app.maker().request(&old).await["canSubmitAgain"], false);
    app.change_people(&file(true)).await;
    app.maker().submits_again(&old).await.data();
}

async fn counters_and_duplicates_have_their_say(on: On) {
    let limited = r#"
[[usage]]
name = "day"
by = "maker"
window = "1d"
[[policy]]
name = "limit"
when = 'usage.day.sum.plus(request.amount).above(100)'
refuse = "No more today."
[[policy]]
name = "checked"
[[policy.stages]]
name = "Checkers"
[[policy.stages.seats]]
permission = "CanCheckRequest"
"#;
    let app =
        App::with(on, AppOptions::stepped().with_type(&type_file("duplicates = \"block\"", limited))).await;
    let maker = app.maker();
    // What was rejected counts no more, and doesn't stand in its own way.
    let old = rejected_payment(&app, &body(&app, "c-1", 60)).await;
    let new = maker.submits_again(&old).await.data();
    let day = "SELECT CAST(max(count) AS BIGINT) AS number FROM usage_counters WHERE counter = 'day'";
    assert_eq!(app.count(day), 1);
    let other = rejected_payment(&app, &body(&app, "c-2", 30)).await;
    let third = maker.pays(&body(&app, "c-2", 20)).await;
    maker.submits_again(&other).await.refused(409, "duplicate_pending");
    maker.withdraw(&third.id, "no").await.data();
    maker.submits_again(&other).await.data();
    assert_eq!(app.count(day), 2);
    app.checker().says(&id_of(&new), "rejected").await.data();
    maker.pays(&body(&app, "c-3", 50)).await;
    maker.submits_again(&id_of(&new)).await.refused(403, "refused_by_rule");
    assert_eq!(app.count(day), 2);
}

async fn what_is_overdue_does_not_stand_in_its_own_way(on: On) {
    let file = type_file("duplicates = \"block\"\npending_ttl = \"1h\"", "");
    let app = App::with(on, AppOptions::stepped().with_type(&file)).await;
    let old = app.maker().pays(&body(&app, "c-1", 60)).await.id;
    app.clock.advance(chrono::TimeDelta::hours(1));
    // No sweep has noticed the deadline yet.
    let new = app.maker().submits_again(&old).await.data();
    assert_eq!((&new["repeatOf"], &new["warnings"]), (&json!(old), &json!([])));
    assert_eq!(app.maker().happened(&old).await[3..], ["expired", "submitted_again"]);
}

async fn a_rule_that_asks_for_no_one_sends_it_at_once(on: On) {
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", AUTO_APPROVED))).await;
    let old = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.target.will_answer(422, "application/json", b"{}");
    app.run_due_executions().await;
    let new = app.maker().submits_again(&old).await.data();
    assert_eq!((&new["state"], &new["repeatOf"]), (&json!("approved"), &json!(old)));
    app.run_due_executions().await;
    assert_eq!(app.maker().request(&id_of(&new)).await["state"], "executed");
}

async fn an_answer_that_came_late_keeps_done_work_from_being_done_twice(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let old = failed(&app, &app.badge_to_target()).await;
    // As if people had settled it, and the target's answer came afterwards.
    app.tamper("UPDATE attempts SET outcome = 'executed'");
    let refused = app.maker().submits_again(&old).await.refused(409, "not_repeatable");
    assert!(message(&refused).contains("came late"), "{refused}");
    assert_eq!(app.maker().request(&old).await["repeatedBy"], Value::Null);
}

async fn a_call_that_somebody_changed_is_not_submitted(on: On) {
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", ""))).await;
    let old = rejected_payment(&app, &body(&app, "c-1", 10)).await;
    let drop = match on {
        On::Sqlite => "DROP TRIGGER calls_never_change",
        On::Postgres => "DROP TRIGGER calls_never_change ON calls",
    };
    app.tamper(drop);
    app.tamper_call(&old, |stored| {
        stored.call = String::from_utf8_lossy(&stored.call).replace("c-1", "c-2").into_bytes();
        stored.stored_echo = stored.stored_echo.replace("c-1", "c-2");
    });
    app.maker().submits_again(&old).await.refused(500, "internal");
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
}
