//! Stages and their signatures: who may decide now, and what is still needed.

use serde_json::{Value, json};

use super::{fay, finn, rita, staged};
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, TWO_CHECKERS, body, type_file};
use crate::support::people::{Person, decision};
use crate::support::{On, journeys};

journeys![
    two_stages_are_signed_and_the_last_signature_is_the_contracts,
    each_person_sees_what_they_may_do_and_what_is_still_needed,
    one_rejection_in_the_second_stage_ends_it,
    a_rule_may_ask_for_more_than_one_rejection,
    a_rule_that_needs_no_signature_runs_without_a_decision,
];

const CHECK: [&str; 1] = ["CanCheckRequest"];

async fn two_stages_are_signed_and_the_last_signature_is_the_contracts(on: On) {
    let app = staged(on).await;
    let submitted = app.maker().pays(&body(&app, "c-1", 10)).await;
    let id = &submitted.id;
    let data = &submitted.data;
    assert_eq!(
        (&data["summary"], &data["rule"], &data["risk"], &data["subject"]),
        (&json!("Pay 10 to c-1"), &json!("risk then finance"), &json!("high"), &json!("c-1"))
    );
    assert_eq!(data["dueAt"], "2026-03-01T16:00:00.123456Z");
    assert_eq!(data["decisions"], json!([]));
    for (number, (person, state)) in
        [(rita(), "AdminTask"), (fay(), "AdminTask"), (finn(), "approved")].into_iter().enumerate()
    {
        let own = decision(id, "approved", &person.user_name);
        let data = app.actor(person.clone()).saying(&own).send().await.data();
        assert_eq!(data["state"], state);
        assert_eq!(data["details"]["AdminTask-Payload"]["actionMessage"], person.user_name);
        assert_eq!(data["details"]["AdminTask_Output"], "approved");
        assert_eq!(data["decisions"].as_array().unwrap().len(), number + 1);
    }
    app.run_due_executions().await;
    let read = app.auditor().request(id).await;
    assert_eq!(read["state"], "executed");
    assert_eq!(read["details"]["IntouchAPITask_Output"]["status"], 200);
    let signature_of = |decision: &Value| {
        let name = decision["actor"]["userName"].as_str().unwrap().to_owned();
        (name, decision["stage"].clone(), decision["signedAs"].clone(), decision["digest"].clone())
    };
    let signed: Vec<_> = read["decisions"].as_array().unwrap().iter().map(signature_of).collect();
    let signature = |name: &str, stage: u64, group: &str| {
        (format!("{name}@example.com"), json!(stage), json!([group]), json!(submitted.digest))
    };
    let expected =
        [signature("rita", 1, "Risk"), signature("fay", 2, "Finance"), signature("finn", 2, "Finance")];
    assert_eq!(signed, expected);
    let history = app.auditor().history(id).await;
    assert_eq!((&history[4]["stage"], &history[4]["signedAs"]), (&json!(2), &json!(["Finance"])));
    let happened = app.auditor().happened(id).await;
    let middle = ["approval_given", "approval_given", "approved", "attempt_started", "executed"];
    assert_eq!(happened[3..], middle);
    assert_eq!(app.target.arrived().len(), 1);
}

/// Whether a person may decide, and the code of why not.
async fn may(app: &App, who: Person, id: &str) -> (bool, String) {
    let read = app.actor(who).request(id).await;
    let reasons = read["whyNot"].as_array().unwrap();
    assert!(reasons.iter().all(|reason| reason["message"].as_str().unwrap().ends_with('.')), "{reasons:?}");
    let codes: Vec<&str> = reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    (read["canDecide"].as_bool().unwrap(), codes.join(" "))
}

async fn each_person_sees_what_they_may_do_and_what_is_still_needed(on: On) {
    let app = staged(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let maker_with_a_seat = Person { permissions: vec!["CanCheckRequest"], ..app.maker().person };
    let maker_with_a_seat = maker_with_a_seat.in_groups(&["Risk"]);
    let no = |code: &str| (false, code.to_owned());
    assert_eq!(may(&app, rita(), &id).await, (true, String::new()));
    assert_eq!(may(&app, fay(), &id).await, no("not_in_stage"));
    assert_eq!(may(&app, app.checker().person, &id).await, no("not_in_stage"));
    assert_eq!(may(&app, app.maker().person, &id).await, no("permission_missing"));
    assert_eq!(may(&app, app.auditor().person, &id).await, no("permission_missing"));
    assert_eq!(may(&app, maker_with_a_seat, &id).await, no("maker_is_checker"));
    for who in [rita(), fay()] {
        app.actor(who).says(&id, "approved").await.data();
    }
    assert_eq!(may(&app, rita(), &id).await, no("already_decided_by_you"));
    assert_eq!(may(&app, fay(), &id).await, no("already_decided_by_you"));
    assert_eq!(may(&app, finn(), &id).await, (true, String::new()));
    let read = app.actor(fay()).request(&id).await;
    assert_eq!(read["myDecision"], read["decisions"][1]);
    assert_eq!(app.actor(finn()).request(&id).await["myDecision"], Value::Null);
    let (risk, finance) = (&read["stages"][0], &read["stages"][1]);
    assert_eq!((&risk["name"], &finance["name"]), (&json!("Risk"), &json!("Finance")));
    assert_eq!((&risk["isComplete"], &risk["isCurrent"]), (&json!(true), &json!(false)));
    assert_eq!((&finance["isComplete"], &finance["isCurrent"]), (&json!(false), &json!(true)));
    assert_eq!(finance["needs"], json!(["Finance: 1 of 2"]));
    assert_eq!((&risk["needs"], &risk["decidedBy"]), (&json!([]), &json!([read["decisions"][0]])));
    assert_eq!(finance["decidedBy"], json!([read["decisions"][1]]));
    app.actor(finn()).says(&id, "approved").await.data();
    let late = Person::new(14, "fred@example.com", &CHECK).in_groups(&["Finance"]);
    assert_eq!(may(&app, late, &id).await, no("already_decided"));
    app.run_due_executions().await;
}

async fn one_rejection_in_the_second_stage_ends_it(on: On) {
    let app = staged(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.actor(rita()).says(&id, "approved").await.data();
    let data = app.actor(fay()).says(&id, "rejected").await.data();
    assert_eq!(
        (&data["state"], &data["details"]["AdminTask_Output"]),
        (&json!("rejected"), &json!("rejected"))
    );
    assert_eq!(data["decisions"].as_array().unwrap().len(), 2);
    app.actor(finn()).says(&id, "approved").await.refused(409, "already_decided");
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
}

async fn a_rule_may_ask_for_more_than_one_rejection(on: On) {
    let two = TWO_CHECKERS.replace("name = \"two checkers\"", "name = \"two checkers\"\nrejections = 2");
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", &two))).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let data = app.checker().says(&id, "rejected").await.data();
    assert_eq!((&data["state"], &data["endTime"]), (&json!("AdminTask"), &Value::Null));
    app.checker().says(&id, "approved").await.refused(409, "already_decided_by_you");
    let data = app.other_checker().says(&id, "rejected").await.data();
    assert_eq!((&data["state"], &data["endTime"]), (&json!("rejected"), &json!("2026-03-01T12:00:00")));
    assert_eq!(data["decisions"].as_array().unwrap().len(), 2);
    assert_eq!(app.auditor().happened(&id).await[3..], ["rejection_given", "refused", "rejected"]);
}

async fn a_rule_that_needs_no_signature_runs_without_a_decision(on: On) {
    let tiny = "[[policy]]\nname = \"tiny\"\nwhen = 'request.amount.below(100)'\nauto_approve = true\n\
                [[policy]]\nname = \"else\"\nrefuse = \"Ask the treasury.\"\n";
    let app = App::with(on, AppOptions::default().with_type(&type_file("", tiny))).await;
    let submitted = app.maker().pays(&body(&app, "c-1", 99)).await;
    assert_eq!((&submitted.data["state"], &submitted.data["rule"]), (&json!("approved"), &json!("tiny")));
    let read = app.maker().becomes(&submitted.id, "executed").await;
    let steps: Vec<&str> = read["details"].as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!steps.iter().any(|step| step.starts_with("AdminTask")), "{steps:?}");
    assert!(steps.contains(&"IntouchAPITask_Output") && !steps.contains(&"ValidateCheckerAccess_Output"));
    assert_eq!((&read["decisions"], &read["stages"]), (&json!([]), &json!([])));
    let history = app.auditor().history(&submitted.id).await;
    assert_eq!((&history[3]["type"], &history[3]["rule"]), (&json!("auto_approved"), &json!("tiny")));
    assert_eq!(history[3]["actor"]["userName"], "system");
    assert_eq!(app.target.arrived().len(), 1);
    assert_eq!(may(&app, app.checker().person, &submitted.id).await, (false, "request_closed".to_owned()));
    app.checker().says(&submitted.id, "rejected").await.refused(409, "request_closed");
    app.maker().withdraw(&submitted.id, "too late").await.refused(409, "request_closed");
    let refused = app.maker().submit(PAY_OUT, &body(&app, "c-1", 100)).await.refused(403, "refused_by_rule");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("Ask the treasury."), "{refused}");
}
