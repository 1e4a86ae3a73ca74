//! A target is asked what became of a call of which nobody knows the outcome.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::claims::CALL;
use crate::support::pay_out::{body, type_file};
use crate::support::people::{Person, decision};
use crate::support::{On, eventually, journeys, read};

journeys![
    a_transfer_whose_answer_was_cut_is_settled_by_its_probe,
    a_transfer_that_was_not_made_is_settled_as_failed,
    a_target_that_can_not_tell_is_asked_again_for_a_while,
    only_those_who_may_settle_have_the_target_asked,
    what_a_target_says_after_people_settled_it_is_a_finding,
    a_request_without_a_probe_stays_as_it_is,
    a_repeat_goes_before_a_probe,
];

/// How long a call of the type TRANSFER may take.
const TRANSFER_TAKES: TimeDelta = TimeDelta::seconds(10);

/// Chen and Dana, one in each group of the example.
const PEOPLE: &str = "[[people]]\nname = \"Chen\"\naccounts = [\"sub-400002\"]\ngroups = [\"Payments\"]\n\
                      [[people]]\nname = \"Dana\"\naccounts = [\"sub-400005\"]\ngroups = [\"Finance\"]\n";

const PROBE: &str = r#"
[probe]
path = "/payments"
query = { customer = "/body/customer" }
probe_for = "1m"
happened_if_true = ["/paid"]
did_not_happen_if_false = ["/paid"]
"#;

/// The type of the example, with the sandbox as its target.
async fn with_transfers(on: On) -> App {
    let text = read("examples/transfers/types/TRANSFER.toml");
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("target = ") && !line.starts_with("credential = "))
        .map(|line| format!("{line}\n"))
        .collect();
    App::with(on, AppOptions::stepped().with_type(&text).with_people(PEOPLE)).await
}

/// A transfer that was approved by both groups and sent; its answer is lost.
async fn lost_transfer(app: &App, close: &str) -> String {
    let headers = task(&mut app.badge())["headers"].clone();
    let body = json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": app.sandbox.url(), "path": "/accounts/{account}/transfers", "method": "POST",
            "pathParams": { "account": "travel" }, "headers": headers,
            "body": { "iban": "DE89370400440532013000", "amount": 1250.00, "reference": "Invoice 42 & more" },
        }},
    });
    app.sandbox.fault(json!({ "path": "/accounts", "times": 1, "close": close })).await;
    let data = app.maker().submit("TRANSFER", &body).await.data();
    let id = data["requestId"].as_str().unwrap().to_owned();
    for checker in [app.checker(), app.other_checker()] {
        let call = checker.call("PUT", "/TRANSFER").header("prefer", "respond-async");
        call.json(&decision(&id, "approved", "compared")).send().await.data();
    }
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
    id
}

async fn a_transfer_whose_answer_was_cut_is_settled_by_its_probe(on: On) {
    let app = with_transfers(on).await;
    let id = lost_transfer(&app, "after").await;
    // The target may still be at work, so it is not asked yet.
    app.run_due_executions().await;
    assert_eq!(app.sandbox.calls().await["count"], 1);
    app.clock.advance(TRANSFER_TAKES);
    app.run_due_executions().await;
    let request = app.maker().request(&id).await;
    assert_eq!((&request["state"], &request["inferred"]), (&json!("executed"), &json!(true)));
    assert_eq!((&request["attempts"], &request["probes"]), (&json!(1), &json!(1)));
    assert!(request.get("settlement").is_none() && request["endTime"].is_string());
    let types = app.auditor().happened(&id).await;
    assert_eq!(types[5..], ["attempt_started", "outcome_unknown", "probed"]);
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["probe"], &last["outcome"]), (&json!("happened"), &json!("executed")));
    assert_eq!((&last["from"], &last["to"]), (&json!("unknown"), &json!("executed")));
    let calls = app.sandbox.calls().await;
    assert_eq!((&calls["count"], &calls["workDone"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&calls["received"][1]["method"], &calls["received"][1]["countersignRequestId"]),
        (&json!("GET"), &json!(id))
    );
}

async fn a_transfer_that_was_not_made_is_settled_as_failed(on: On) {
    let app = with_transfers(on).await;
    let id = lost_transfer(&app, "before").await;
    app.clock.advance(TRANSFER_TAKES);
    app.run_due_executions().await;
    let request = app.maker().request(&id).await;
    assert_eq!((&request["state"], &request["inferred"]), (&json!("failed"), &json!(false)));
    assert_eq!(app.sandbox.calls().await["workDone"], 0);
}

/// A payment of which nobody knows whether it was made.
async fn lost_payment(app: &App) -> String {
    app.target.will_hang_up();
    let id = app.maker().pays(&body(app, "c-1", 10)).await.id;
    app.checker().says(&id, "approved").await.data();
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
    id
}

async fn with_probe(on: On) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file("", PROBE))).await
}

fn asks(app: &App) -> usize {
    app.target.arrived().iter().filter(|call| call.head.starts_with("GET /payments?customer=c-1 ")).count()
}

async fn a_target_that_can_not_tell_is_asked_again_for_a_while(on: On) {
    let app = with_probe(on).await;
    let id = lost_payment(&app).await;
    app.clock.advance(CALL);
    for number in 1..=2 {
        app.target.will_answer(503, "text/plain", b"later");
        app.run_due_executions().await;
        assert_eq!(asks(&app), number);
        let last = app.auditor().history(&id).await.pop().unwrap();
        assert_eq!((&last["type"], &last["probe"]), (&json!("probed"), &json!("cannot_tell")));
        assert!(last["nextProbeAt"].is_string() && last.get("outcome").is_none(), "{last}");
        app.clock.advance(TimeDelta::seconds(20));
    }
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
    // Its time is over: the last answer that can't tell is the last one.
    app.clock.advance(TimeDelta::minutes(1));
    app.target.will_answer(200, "application/json", b"{}");
    app.run_due_executions().await;
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert!(last.get("nextProbeAt").is_none(), "{last}");
    app.clock.advance(TimeDelta::hours(1));
    app.run_due_executions().await;
    assert_eq!((asks(&app), &app.auditor().request(&id).await["state"]), (3, &json!("unknown")));
}

async fn only_those_who_may_settle_have_the_target_asked(on: On) {
    let app = with_probe(on).await;
    let id = lost_payment(&app).await;
    let path = format!("/requests/{id}/probe");
    let ask = async |person: Person| app.actor(person).call("POST", &path).json(&json!({})).send().await;
    let own = Person::new(400_001, "maker@example.com", &["CanCheckRequest"]);
    ask(app.maker().person).await.refused(403, "permission_missing");
    ask(own).await.refused(403, "maker_is_checker");
    ask(app.stranger().person).await.refused(404, "not_found");
    // The first time comes anyway, and not while the target may be at work.
    ask(app.checker().person).await.data();
    app.run_due_executions().await;
    assert_eq!(asks(&app), 0);
    app.clock.advance(CALL);
    app.target.will_answer(503, "text/plain", b"later");
    app.run_due_executions().await;
    let read = app.checker().request(&id).await;
    assert_eq!((&read["canProbe"], &read["probes"]), (&json!(true), &json!(1)));
    // Before it is due again.
    ask(app.other_checker().person).await.data();
    app.target.will_answer(200, "application/json", b"{}");
    app.run_due_executions().await;
    assert_eq!(asks(&app), 2);
    // Its time is over after the next one, and still a person may want it.
    app.clock.advance(TimeDelta::minutes(10));
    app.target.will_answer(503, "text/plain", b"later");
    app.run_due_executions().await;
    ask(app.other_checker().person).await.data();
    app.target.will_answer(200, "application/json", b"{\"paid\": true}");
    app.run_due_executions().await;
    assert_eq!(asks(&app), 4);
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["inferred"]), (&json!("executed"), &json!(true)));
    let types = app.auditor().happened(&id).await;
    assert_eq!(types.iter().filter(|kind| *kind == "probe_asked").count(), 2, "{types:?}");
    ask(app.checker().person).await.refused(409, "nothing_to_settle");
}

async fn what_a_target_says_after_people_settled_it_is_a_finding(on: On) {
    let app = App::with(on, AppOptions::default().with_type(&type_file("", PROBE))).await;
    app.target.will_hang_up();
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.checker().says(&id, "approved").await.data();
    app.checker().becomes(&id, "unknown").await;
    app.target.hold();
    app.target.will_answer(200, "application/json", b"{\"paid\": true}");
    app.clock.advance(CALL);
    app.target.has_received(2).await;
    app.checker().settles(&id, "failed", "It is not in their list.").await.data();
    app.other_checker().settles(&id, "failed", "Nor in mine.").await.data();
    app.target.release();
    eventually("the answer is kept", async || {
        (app.auditor().happened(&id).await.last()? == "probed").then_some(())
    })
    .await;
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["inferred"]), (&json!("failed"), &json!(false)));
    let findings: Vec<&Value> = request["findings"].as_array().unwrap().iter().collect();
    let said = "It said that the call was carried out.";
    let is_said = |finding: &&Value| finding["message"].as_str().is_some_and(|text| text.ends_with(said));
    assert!(findings.iter().any(is_said), "{findings:?}");
}

async fn a_request_without_a_probe_stays_as_it_is(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    app.target.will_hang_up();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    app.run_due_executions().await;
    app.clock.advance(TimeDelta::hours(1));
    app.run_due_executions().await;
    let read = app.checker().request(&id).await;
    assert_eq!((&read["state"], &read["canProbe"]), (&json!("unknown"), &json!(false)));
    let ask = app.checker().call("POST", &format!("/requests/{id}/probe")).json(&json!({}));
    ask.send().await.refused(409, "no_probe");
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_repeat_goes_before_a_probe(on: On) {
    let repeat = "[repeat]\nkey_header = \"Idempotency-Key\"\n[retry]\nattempts = 2\n";
    let app =
        App::with(on, AppOptions::stepped().with_type(&type_file("", &format!("{repeat}{PROBE}")))).await;
    app.target.will_hang_up();
    app.target.will_hang_up();
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.checker().says(&id, "approved").await.data();
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "approved");
    app.clock.advance(CALL);
    app.run_due_executions().await;
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["attempts"]), (&json!("unknown"), &json!(2)));
    assert_eq!(asks(&app), 0);
    app.clock.advance(CALL);
    app.target.will_answer(200, "application/json", b"{\"paid\": false}");
    app.run_due_executions().await;
    assert_eq!((asks(&app), &app.auditor().request(&id).await["state"]), (1, &json!("failed")));
}
