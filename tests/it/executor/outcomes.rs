//! How executions end, and what people see of it.

use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{body, type_file};
use crate::support::{On, journeys};

journeys![
    a_failed_target_is_an_answer_with_the_state_failed,
    a_status_set_in_the_target_fails_the_request,
    some_customers_with_an_error_become_warnings,
    all_customers_with_an_error_fail_the_request,
    a_target_that_hangs_up_after_its_work_leaves_the_outcome_unknown,
    a_private_address_that_the_target_does_not_list_is_never_called,
    an_answer_cut_at_the_cap_is_unknown_if_it_is_2xx,
    a_redirect_is_not_followed,
    an_answer_that_is_not_text_is_kept_as_base64,
    an_answer_that_is_not_json_is_kept_as_text,
    a_target_that_takes_too_long_leaves_the_outcome_unknown,
    an_answer_that_says_nothing_certain_leaves_the_outcome_unknown,
    an_empty_answer_has_no_members_and_is_readable,
    a_refusal_in_a_whole_answer_is_failed,
    rules_see_every_header_and_the_first_hundred_are_kept,
    a_type_may_ask_for_proof_that_it_was_done,
    a_type_may_say_what_a_status_means,
];

async fn a_failed_target_is_an_answer_with_the_state_failed(on: On) {
    let app = App::start(on).await;
    let mut body = app.badge();
    task(&mut body)["body"]["badgeMetaId"] = "no-such-badge".into();
    let id = app.maker().submitted(&body).await.id;
    let data = app.checker().approve(&id).await.data();
    assert_eq!(data["state"], "failed");
    assert_eq!(data["endTime"], "2026-03-01T12:00:00");
    let details = &data["details"];
    assert_eq!(details["AdminTask_Output"], "approved");
    let output = &details["IntouchAPITask_Output"];
    assert_eq!(output["status"], 404);
    assert_eq!(output["headers"]["content-type"], json!(["application/json"]));
    assert_eq!(output["headers"]["x-frame-options"], json!(["SAMEORIGIN", "SAMEORIGIN"]));
    assert_eq!(output["body"]["errors"][0]["code"], 404);
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["outcome"]), (&json!("failed"), &json!("failed")));
}

async fn a_status_set_in_the_target_fails_the_request(on: On) {
    let app = App::start(on).await;
    app.sandbox.fault(json!({ "status": 409 })).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let data = app.checker().approve(&id).await.data();
    assert_eq!(data["state"], "failed");
    assert_eq!(data["details"]["IntouchAPITask_Output"]["status"], 409);
    // A refusal is final.
    assert_eq!(app.sandbox.calls().await["count"], 1);
}

/// Enrols 11115, who has the badge already, beside the given customers.
async fn with_one_who_has_it(on: On, customers: Value) -> Value {
    let app = App::start(on).await;
    let mut body = app.badge();
    task(&mut body)["body"]["customers"] = customers;
    let id = app.maker().submitted(&body).await.id;
    let data = app.checker().approve(&id).await.data();
    assert_eq!(app.auditor().request(&id).await["warnings"], data["warnings"]);
    data
}

async fn some_customers_with_an_error_become_warnings(on: On) {
    let data = with_one_who_has_it(on, json!([700_000_900, 11_115])).await;
    assert_eq!(data["state"], "executed");
    let warning = &data["warnings"][0];
    assert_eq!(warning["code"], "1040");
    let message = "Customer 11115 carries error 1040: An active issue for the badge already exists.";
    assert_eq!(warning["message"], message);
    assert_eq!(data["warnings"].as_array().unwrap().len(), 1);
}

async fn all_customers_with_an_error_fail_the_request(on: On) {
    let data = with_one_who_has_it(on, json!(11_115)).await;
    assert_eq!(data["state"], "failed");
    assert_eq!(data["details"]["IntouchAPITask_Output"]["status"], 200);
}

async fn a_target_that_hangs_up_after_its_work_leaves_the_outcome_unknown(on: On) {
    let mut app = App::start(on).await;
    app.sandbox.cuts_after_work().await;
    let body = app.badge_without_id();
    let id = app.maker().submitted(&body).await.id;
    let data = app.checker().approve(&id).await.data();
    assert_eq!((&data["state"], &data["endTime"]), (&json!("unknown"), &json!(null)));
    assert_eq!(data["endTimeISO"], json!(null));
    assert!(data["details"].get("IntouchAPITask_Output").is_none(), "{data}");
    assert_eq!(app.sandbox.enrolments_of(&body).await, 1);
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["to"]), (&json!("outcome_unknown"), &json!("unknown")));
    // Nothing sends it again: not a repeated decision, not a sweep, not a restart.
    assert_eq!(app.checker().approve(&id).await.data()["state"], "unknown");
    app.sweep().await;
    app.stop_server().await;
    app.start_server().await;
    app.sweep().await;
    assert_eq!(app.metric("countersign_unknown_now").await.as_deref(), Some("1"));
    app.maker().withdraw(&id, "take it back").await.refused(409, "already_decided");
    assert_eq!(app.sandbox.calls().await["count"], 1);
}

async fn a_private_address_that_the_target_does_not_list_is_never_called(on: On) {
    let app = App::start(on).await;
    let mut body = app.badge();
    task(&mut body)["hostname"] = format!("http://localhost:{}", app.target.address.port()).into();
    let submitted = app.maker().submitted(&body).await;
    assert_eq!(submitted.data["call"]["label"], "Unlisted");
    assert_eq!(app.checker().approve(&submitted.id).await.data()["state"], "failed");
    let last = app.auditor().history(&submitted.id).await.pop().unwrap();
    assert!(last["message"].as_str().unwrap().starts_with("The call never left: "), "{last}");
    assert_eq!((&last["attempt"], &last["attemptOutcome"]), (&json!(1), &json!("not_sent")), "{last}");
    assert_eq!(app.target.arrived().len(), 0);
}

/// The request after the target answered this.
async fn after_answer(app: &App, status: u16, content_type: &str, body: &[u8]) -> Value {
    app.target.will_answer(status, content_type, body);
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve(&id).await.data()
}

async fn an_answer_cut_at_the_cap_is_unknown_if_it_is_2xx(on: On) {
    let app = App::with(on, AppOptions::default().set("executor.answer_bytes_max", 1024)).await;
    let long = vec![b' '; 1025];
    let data = after_answer(&app, 200, "application/json", &long).await;
    assert_eq!(data["state"], "unknown");
    let output = &data["details"]["IntouchAPITask_Output"];
    assert_eq!((&output["cut"], &output["bodyBytes"]), (&json!(true), &json!(1024)));
    assert_eq!(after_answer(&app, 422, "text/plain", &long).await["state"], "failed");
    let fits = [b"{}".to_vec(), vec![b' '; 1022]].concat();
    let data = after_answer(&app, 200, "application/json", &fits).await;
    assert_eq!(data["state"], "executed");
    assert!(data["details"]["IntouchAPITask_Output"].get("cut").is_none());
}

async fn a_redirect_is_not_followed(on: On) {
    let app = App::start(on).await;
    let data = after_answer(&app, 307, "text/plain", b"elsewhere").await;
    assert_eq!(data["state"], "failed");
    assert_eq!(app.target.arrived().len(), 1);
}

async fn an_answer_that_is_not_text_is_kept_as_base64(on: On) {
    let app = App::start(on).await;
    let data = after_answer(&app, 200, "image/png", &[0x89, b'P', 0xff, 0x00]).await;
    assert_eq!(data["state"], "unknown", "the rules about its body can't be applied");
    let output = &data["details"]["IntouchAPITask_Output"];
    assert_eq!((&output["body"], &output["bodyEncoding"]), (&json!("iVD/AA=="), &json!("base64")));
}

async fn an_answer_that_is_not_json_is_kept_as_text(on: On) {
    let app = App::start(on).await;
    let data = after_answer(&app, 502, "text/html", b"<html>\"bad\"</html>").await;
    assert_eq!(data["state"], "unknown");
    assert_eq!(data["details"]["IntouchAPITask_Output"]["body"], "<html>\"bad\"</html>");
}

async fn a_target_that_takes_too_long_leaves_the_outcome_unknown(on: On) {
    let app = App::with(on, AppOptions::default().set("executor.total_timeout_ms", 150)).await;
    app.target.hold();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    assert_eq!(app.checker().approve(&id).await.data()["state"], "unknown");
    app.target.release();
    assert_eq!(app.target.arrived().len(), 1);
}

/// The request after the target answered these very bytes and closed the connection.
async fn after_bytes(app: &App, answer: &[u8]) -> Value {
    app.target.will_answer_bytes(answer);
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve(&id).await.data()
}

/// A whole answer with this head and this body.
fn whole(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn an_answer_that_says_nothing_certain_leaves_the_outcome_unknown(on: On) {
    let app = App::start(on).await;
    let json = "200 OK\r\ncontent-type: application/json";
    let answers = [
        ("no answer", String::new()),
        ("half a head", "HTTP/1.1 200 OK\r\ncontent-le".to_owned()),
        ("half a body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":".to_owned()),
        ("no HTTP", "SSH-2.0-OpenSSH_9.6\r\n".to_owned()),
        ("408", whole("408 Request Timeout", "")),
        ("425", whole("425 Too Early", "")),
        ("500", whole("500 Internal Server Error", "{}")),
        ("502", whole("502 Bad Gateway", "<html></html>")),
        ("503", whole("503 Service Unavailable", "")),
        ("504", whole("504 Gateway Timeout", "")),
        ("599", whole("599 Odd", "")),
        ("a content encoding", whole(&format!("{json}\r\ncontent-encoding: gzip"), "{}")),
        ("NaN", whole(json, r#"{"errors": NaN}"#)),
        ("HTML", whole("200 OK\r\ncontent-type: text/html", "<p>Sign in</p>")),
    ];
    for (at, (what, answer)) in answers.iter().enumerate() {
        let data = after_bytes(&app, answer.as_bytes()).await;
        assert_eq!((&data["state"], &data["endTime"]), (&json!("unknown"), &json!(null)), "{what}: {data}");
        assert_eq!((&data["attempts"], &data["inferred"]), (&json!(1), &json!(false)), "{what}");
        let id = data["requestId"].as_str().unwrap();
        let last = app.auditor().history(id).await.pop().unwrap();
        assert_eq!(last["attemptOutcome"], "ambiguous", "{what}: {last}");
        assert_eq!(app.target.arrived().len(), at + 1, "{what}: it was sent again");
    }
}

async fn an_empty_answer_has_no_members_and_is_readable(on: On) {
    let app = App::start(on).await;
    assert_eq!(after_bytes(&app, whole("204 No Content", "").as_bytes()).await["state"], "executed");
}

async fn a_refusal_in_a_whole_answer_is_failed(on: On) {
    let app = App::start(on).await;
    for status in
        ["400 Bad Request", "404 Not Found", "429 Too Many Requests", "501 Not Implemented", "505 No"]
    {
        let data = after_bytes(&app, whole(status, "<p>no</p>").as_bytes()).await;
        assert_eq!(data["state"], "failed", "{status}: {data}");
    }
}

async fn rules_see_every_header_and_the_first_hundred_are_kept(on: On) {
    let app = App::start(on).await;
    let many: String = (0..150).map(|number| format!("x-{number}: 1\r\n")).collect();
    for (last, state) in [("fail: 1", "failed"), ("fail: 0", "executed")] {
        let answer = whole(&format!("200 OK\r\n{many}{last}"), "{}");
        let data = after_bytes(&app, answer.as_bytes()).await;
        assert_eq!(data["state"], state, "{last}");
        let headers = data["details"]["IntouchAPITask_Output"]["headers"].as_object().unwrap();
        assert_eq!((headers.len(), headers.contains_key("fail")), (100, false));
    }
}

/// The state of a payment of a type with these rules, after the target answered this.
async fn state_after(app: &App, status: u16, answer: &str) -> Value {
    app.target.will_answer(status, "application/json", answer.as_bytes());
    let id = app.maker().pays(&body(app, "c-1", 10)).await.id;
    app.checker().says(&id, "approved").await.data();
    app.run_due_executions().await;
    app.auditor().request(&id).await["state"].take()
}

async fn a_type_may_ask_for_proof_that_it_was_done(on: On) {
    for (more, otherwise) in [("", "unknown"), ("otherwise = \"failed\"\n", "failed")] {
        let rules = format!("[answer]\ndone_if_true = [\"/done\"]\n{more}");
        let app = App::with(on, AppOptions::stepped().with_type(&type_file("", &rules))).await;
        assert_eq!(state_after(&app, 200, r#"{"done": true}"#).await, "executed");
        for lacking in ["{}", r#"{"done": false}"#, r#"{"done": 1}"#] {
            assert_eq!(state_after(&app, 200, lacking).await, otherwise, "{lacking}");
        }
        assert_eq!(state_after(&app, 200, "<p>done</p>").await, "unknown", "it can't be read");
    }
}

async fn a_type_may_say_what_a_status_means(on: On) {
    let rules = "[answer]\nfailed_if_status = [502]\nunknown_if_status = [202, 404]\n";
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", rules))).await;
    for (status, state) in
        [(200, "executed"), (202, "unknown"), (404, "unknown"), (502, "failed"), (504, "unknown")]
    {
        assert_eq!(state_after(&app, status, "{}").await, state, "{status}");
    }
}
