//! Between the approval and the outcome: what is sent, and which API calls wait for it.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::support::app::{App, AppOptions, task};
use crate::support::{On, journeys};

journeys![
    respond_async_answers_before_the_call_is_sent,
    a_decision_that_waited_long_enough_answers_approved,
    a_client_that_hangs_up_changes_nothing,
    the_call_arrives_with_its_digits_and_its_order,
    only_the_engines_own_headers_are_added,
    a_stop_marks_a_call_in_flight_as_unknown_and_no_restart_repeats_it,
    a_stop_lets_a_call_in_flight_finish,
    a_call_approved_before_a_restart_is_sent_after_it,
];

async fn respond_async_answers_before_the_call_is_sent(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let reply = app.checker().approve_async(&id).await;
    assert_eq!(reply.header("preference-applied"), Some("respond-async"));
    let data = reply.data();
    assert_eq!((&data["state"], &data["endTime"]), (&json!("approved"), &json!(null)));
    assert_eq!(data["details"]["AdminTask_Output"], "approved");
    assert_eq!(app.sandbox.calls().await["count"], 0);
    app.run_due_executions().await;
    assert_eq!(app.maker().request(&id).await["state"], "executed");
    assert_eq!(app.sandbox.calls().await["count"], 1);
}

async fn a_decision_that_waited_long_enough_answers_approved(on: On) {
    let app = App::with(on, AppOptions::default().set("executor.decision_wait_ms", 50)).await;
    app.target.hold();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    let reply = app.checker().approve(&id).await;
    assert_eq!(reply.header("preference-applied"), None);
    assert_eq!(reply.data()["state"], "approved");
    app.target.has_received(1).await;
    assert_eq!(app.checker().approve(&id).await.data()["state"], "approved");
    app.target.release();
    let request = app.checker().becomes(&id, "executed").await;
    assert_eq!(request["details"]["IntouchAPITask_Output"]["body"], json!({}));
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_client_that_hangs_up_changes_nothing(on: On) {
    let app = App::start(on).await;
    app.target.hold();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    let checker = app.checker();
    {
        let approving = checker.approve(&id);
        tokio::select! {
            reply = approving => panic!("answered before the target did: {}", reply.text),
            () = app.target.has_received(1) => {}
        }
        // Here the call is dropped, and its connection with it.
    }
    app.target.release();
    checker.becomes(&id, "executed").await;
    assert_eq!(app.target.arrived().len(), 1);
    assert_eq!(app.auditor().happened(&id).await[3..], ["approved", "attempt_started", "executed"]);
}

async fn the_call_arrives_with_its_digits_and_its_order(on: On) {
    let app = App::start(on).await;
    let body = format!(
        r#"{{"entityInfo": {{"tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4"}},
        "payload": {{"IntouchAPITask-Payload": {{
            "hostname": "{}", "path": "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
            "method": "POST", "pathParams": {{}}, "queryParams": {{"b": "ü &", "a": ""}},
            "body": {{
                "zebra": 1.10, "customers": 123456789012345678901234567890,
                "badgeMetaId": "650000000000000000000001", "alpha": [-0.0, 1E400, 0.1000],
                "triggeredBy": {{"referenceId": "134", "ownerType": "GOODWILL_MODULE"}},
                "requestId": 12345678901234567890.50
            }},
            "headers": {{"X-Request-Id": "1", "Authorization": "Basic eA==", "content-type": "application/json"}}
        }}}}}}"#,
        app.target.url()
    );
    let reply = app.maker().call("POST", "/ISSUE-BADGE").text(&body).send().await;
    let id = reply.data()["requestId"].as_str().unwrap().to_owned();
    assert_eq!(app.checker().approve(&id).await.data()["state"], "executed");
    let arrived = app.target.arrived().remove(0);
    // Only the spelling of an exponent may change, and only before the digest.
    assert_eq!(
        arrived.body,
        r#"{"zebra":1.10,"customers":[123456789012345678901234567890],"#.to_owned()
            + r#""badgeMetaId":"650000000000000000000001","alpha":[-0.0,1e+400,0.1000],"#
            + r#""triggeredBy":{"referenceId":"134","ownerType":"Goodwill_Module"},"#
            + r#""requestId":12345678901234567890.50}"#
    );
    let line = "POST /api_gateway/v1/badges/badgeMeta/customer/issueBulk?b=%C3%BC%20%26&a= HTTP/1.1";
    assert_eq!(arrived.head.lines().next(), Some(line));
    // What people read has the same digits and the same order.
    let shown = app.auditor().get(&format!("/requests/{id}")).await.text;
    assert!(shown.contains(&arrived.body), "{shown}");
}

async fn only_the_engines_own_headers_are_added(on: On) {
    let app = App::start(on).await;
    let mut body = app.badge_to_target();
    task(&mut body)["headers"]["Accept-Language"] = "last is not first".into();
    let id = app.maker().submitted(&body).await.id;
    app.checker().approve(&id).await.data();
    let arrived = app.target.arrived().remove(0);
    let names: Vec<String> = arrived
        .head
        .lines()
        .skip(1)
        .map(|line| line.split_once(':').unwrap().0.to_ascii_lowercase())
        .collect();
    let own = ["user-agent", "traceparent", "x-countersign-request-id", "content-length"];
    let sent = ["authorization", "content-type", "accept-language"];
    assert_eq!(names, [&["host"][..], &sent, &own].concat());
    let id_line = arrived.head.lines().find(|line| line.starts_with("x-countersign-request-id:")).unwrap();
    assert!(id_line.ends_with(&id), "{id_line}");
    let trace = arrived.head.lines().find(|line| line.starts_with("traceparent:")).unwrap();
    assert!(trace.contains(&format!("00-{}-", id.replace('-', ""))), "{trace}");
    assert!(arrived.head.contains("authorization: Basic "));
}

async fn a_stop_marks_a_call_in_flight_as_unknown_and_no_restart_repeats_it(on: On) {
    let mut app = App::with(on, AppOptions::default().set("server.shutdown_ms", 0)).await;
    app.target.hold();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    assert_eq!(app.checker().approve_async(&id).await.data()["state"], "approved");
    app.target.has_received(1).await;
    app.stop_server().await;
    app.target.release();
    app.start_server().await;
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["endTime"]), (&json!("unknown"), &json!(null)));
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["outcome"]), (&json!("outcome_unknown"), &json!("unknown")));
    app.checker().approve(&id).await.data();
    app.other_checker().approve(&id).await.refused(409, "already_decided");
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_stop_lets_a_call_in_flight_finish(on: On) {
    let mut app = App::with(on, AppOptions::default().set("server.shutdown_ms", 60_000)).await;
    app.target.hold();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    app.target.has_received(1).await;
    let server = app.take_server();
    let address = server.address();
    let release = async {
        // Once no connection is accepted any more, the stop has begun.
        crate::support::eventually("nothing is accepted", async || {
            tokio::net::TcpStream::connect(address).await.err()
        })
        .await;
        app.target.release();
    };
    let target_told = async { timeout(Duration::from_secs(30), release).await.unwrap() };
    let (stopped, ()) = tokio::join!(server.stop(), target_told);
    stopped.unwrap();
    app.start_server().await;
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
}

async fn a_call_approved_before_a_restart_is_sent_after_it(on: On) {
    let mut app = App::with(on, AppOptions::stepped()).await;
    let body = app.badge();
    let id = app.maker().submitted(&body).await.id;
    app.checker().approve_async(&id).await.data();
    app.stop_server().await;
    app.runs_executor();
    app.start_server().await;
    app.checker().becomes(&id, "executed").await;
    assert_eq!(app.sandbox.enrolments_of(&body).await, 1);
}
