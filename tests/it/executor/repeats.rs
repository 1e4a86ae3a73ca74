//! An ambiguous call is sent again only if its target recognises a repeat, and a repeat never hides the truth.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::claims::{CALL, claim};
use crate::support::pay_out::{body, type_file};
use crate::support::{On, journeys};

journeys![
    a_repeat_that_the_target_had_already_shows_that_it_was_done,
    a_repeat_waits_until_the_target_can_not_be_at_work_any_more,
    had_it_already_is_no_success_on_a_first_attempt,
    a_refused_repeat_does_not_say_that_the_first_attempt_failed,
    had_it_already_proves_nothing_if_another_request_was_sent_with_the_id,
    another_request_that_was_never_sent_does_not_matter,
    repeats_count_as_attempts,
    a_key_header_is_part_of_the_approved_call_and_the_same_in_each_repeat,
    a_key_header_is_not_for_the_maker_to_set,
    an_execution_whose_process_died_is_repeated_if_the_target_recognises_it,
];

const HAD_IT: &[u8] = br#"{"errors":[{"code":809,"message":"Request with same requestId is not allowed"}]}"#;

/// Submits the badge, and approves it without sending.
async fn approved(app: &App, badge: &Value) -> String {
    let id = app.maker().submitted(badge).await.id;
    app.checker().approve_async(&id).await.data();
    id
}

/// The next attempt comes as late as it may.
async fn run_repeat(app: &App) {
    app.clock.advance(CALL);
    app.run_due_executions().await;
}

fn with_id(app: &App, id: &str) -> Value {
    let mut badge = app.badge_with_id_to_target();
    task(&mut badge)["body"]["requestId"] = id.into();
    badge
}

fn facts(request: &Value) -> (&str, i64, bool) {
    let attempts = request["attempts"].as_i64().unwrap();
    (request["state"].as_str().unwrap(), attempts, request["inferred"].as_bool().unwrap())
}

async fn a_repeat_that_the_target_had_already_shows_that_it_was_done(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    app.sandbox.cuts_after_work().await;
    let badge = app.badge();
    let id = approved(&app, &badge).await;
    app.run_due_executions().await;
    assert_eq!(facts(&app.auditor().request(&id).await), ("approved", 1, false));
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["attemptOutcome"]), (&json!("attempt_ended"), &json!("ambiguous")));
    assert_eq!(app.sandbox.enrolments_of(&badge).await, 1);

    run_repeat(&app).await;
    let request = app.auditor().request(&id).await;
    assert_eq!(facts(&request), ("executed", 2, true));
    assert_eq!(app.sandbox.enrolments_of(&badge).await, 1);
    assert_eq!(app.sandbox.calls().await["count"], 2);
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["outcome"]), (&json!("executed"), &json!("executed")));
    assert_eq!((&last["attemptOutcome"], &last["inferred"]), (&json!("already_done"), &json!(true)));
    assert_eq!(request["details"]["IntouchAPITask_Output"]["body"]["errors"][0]["code"], 809);
}

async fn a_repeat_waits_until_the_target_can_not_be_at_work_any_more(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = approved(&app, &app.badge_with_id_to_target()).await;
    app.target.will_hang_up();
    app.run_due_executions().await;
    let next = app.auditor().request(&id).await["nextAttemptAt"].take();
    assert_eq!(next, "2026-03-01T12:00:30.123456Z");
    app.clock.advance(CALL - TimeDelta::microseconds(1));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
    app.clock.advance(TimeDelta::microseconds(1));
    app.run_due_executions().await;
    // This time it did the work and said so.
    assert_eq!(facts(&app.auditor().request(&id).await), ("executed", 2, false));
    let [first, second] = &app.target.arrived()[..] else { panic!("it was not sent twice") };
    assert_eq!(first.body, second.body);
}

async fn had_it_already_is_no_success_on_a_first_attempt(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = approved(&app, &app.badge_with_id_to_target()).await;
    app.target.will_answer(400, "application/json", HAD_IT);
    app.run_due_executions().await;
    assert_eq!(facts(&app.auditor().request(&id).await), ("failed", 1, false));
}

async fn a_refused_repeat_does_not_say_that_the_first_attempt_failed(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    // 810 and 811 are refusals like any other.
    for (status, code) in [(400, 810), (400, 811), (404, 404), (409, 809)] {
        let id = approved(&app, &app.badge_with_id_to_target()).await;
        app.target.will_hang_up();
        app.run_due_executions().await;
        let refusal = json!({ "errors": [{ "code": code, "message": "no" }] }).to_string();
        app.target.will_answer(status, "application/json", refusal.as_bytes());
        run_repeat(&app).await;
        assert_eq!(facts(&app.auditor().request(&id).await), ("unknown", 2, false), "{code}");
    }
}

async fn had_it_already_proves_nothing_if_another_request_was_sent_with_the_id(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let other = approved(&app, &with_id(&app, "the-same")).await;
    app.run_due_executions().await;
    assert_eq!(facts(&app.auditor().request(&other).await), ("executed", 1, false));
    let id = approved(&app, &with_id(&app, "the-same")).await;
    app.target.will_hang_up();
    app.run_due_executions().await;
    app.target.will_answer(400, "application/json", HAD_IT);
    run_repeat(&app).await;
    assert_eq!(facts(&app.auditor().request(&id).await), ("unknown", 2, false));
}

async fn another_request_that_was_never_sent_does_not_matter(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    app.target.goes_away().await;
    let other = approved(&app, &with_id(&app, "the-same")).await;
    app.run_due_executions().await;
    app.maker().withdraw(&other, "the target is away").await.data();
    app.target.comes_back().await;
    let id = approved(&app, &with_id(&app, "the-same")).await;
    app.target.will_hang_up();
    app.run_due_executions().await;
    app.target.will_answer(400, "application/json", HAD_IT);
    run_repeat(&app).await;
    assert_eq!(facts(&app.auditor().request(&id).await), ("executed", 2, true));
}

fn with_key_header(more: &str) -> AppOptions {
    let tables = format!("[repeat]\nkey_header = \"Idempotency-Key\"\n{more}");
    AppOptions::stepped().with_type(&type_file("", &tables))
}

/// A payment that was approved and not sent yet.
async fn approved_payment(app: &App) -> String {
    let id = app.maker().pays(&body(app, "c-1", 10)).await.id;
    app.checker().says(&id, "approved").await.data();
    id
}

async fn repeats_count_as_attempts(on: On) {
    let app = App::with(on, with_key_header("[retry]\nattempts = 2\n")).await;
    let id = approved_payment(&app).await;
    app.target.will_hang_up();
    app.run_due_executions().await;
    app.target.will_hang_up();
    run_repeat(&app).await;
    assert_eq!(facts(&app.auditor().request(&id).await), ("unknown", 2, false));
    run_repeat(&app).await;
    assert_eq!(app.target.arrived().len(), 2);
}

async fn a_key_header_is_part_of_the_approved_call_and_the_same_in_each_repeat(on: On) {
    let app = App::with(on, with_key_header("")).await;
    let id = approved_payment(&app).await;
    let engine = app.server().engine();
    let claimed = claim(engine).await;
    // This compares the digest, too.
    let call = claimed.verified_call().unwrap();
    assert!(call.headers.contains(&("idempotency-key".to_owned(), id.clone())), "{:?}", call.headers);
    assert!(engine.put_back(&claimed.held, TimeDelta::zero()).await.unwrap());
    let shown = app.checker().request(&id).await["details"]["IntouchAPITask-Payload"]["headers"].take();
    assert_eq!(shown["Idempotency-Key"], id.as_str(), "{shown}");

    app.target.will_hang_up();
    app.run_due_executions().await;
    run_repeat(&app).await;
    assert_eq!(facts(&app.auditor().request(&id).await), ("executed", 2, false));
    let keys = app.target.arrived().into_iter().map(|arrived| {
        let line =
            arrived.head.lines().find(|line| line.to_ascii_lowercase().starts_with("idempotency-key:"));
        line.unwrap().split_once(": ").unwrap().1.to_owned()
    });
    assert_eq!(keys.collect::<Vec<_>>(), [id.clone(), id]);
}

async fn a_key_header_is_not_for_the_maker_to_set(on: On) {
    let app = App::with(on, with_key_header("")).await;
    for name in ["Idempotency-Key", "idempotency-key"] {
        let mut body = body(&app, "c-1", 10);
        task(&mut body)["headers"][name] = "mine".into();
        let refused = app.maker().submit("PAY-OUT", &body).await.expect(400);
        let field = format!("/payload/IntouchAPITask-Payload/headers/{name}");
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
}

async fn an_execution_whose_process_died_is_repeated_if_the_target_recognises_it(on: On) {
    let mut app = App::with(on, AppOptions::default().set("server.shutdown_ms", 0)).await;
    app.target.hold();
    let id = approved(&app, &app.badge_with_id_to_target()).await;
    app.target.has_received(1).await;
    app.stop_server().await;
    app.target.release();
    app.start_server().await;
    assert_eq!(facts(&app.auditor().request(&id).await), ("approved", 1, false));
    app.target.will_answer(400, "application/json", HAD_IT);
    app.clock.advance(CALL);
    let request = app.checker().becomes(&id, "executed").await;
    assert_eq!(facts(&request), ("executed", 2, true));
}
