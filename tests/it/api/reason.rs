//! Why a maker submits: their words beside the call, for every reader, and never a part of what is sent.

use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::client::Reply;
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::people::{Actor, Person};
use crate::support::{On, journeys};

journeys![
    a_reason_goes_with_the_request_to_every_reader_and_is_no_part_of_the_call,
    a_type_may_require_a_reason_or_take_none,
    words_that_no_one_can_read_are_no_reason,
    another_reason_is_another_submission,
    a_request_that_is_submitted_again_has_a_reason_of_its_own,
    the_pages_show_the_reason_first_and_have_a_field_for_it,
];

const WHY: &str = "The customer complained twice.\nSee case 4711 <b>.";

async fn app(on: On, reason: &str) -> App {
    let checker = Person::new(400_002, "chen@example.com", &["CanCheckRequest", "CanAuditRequests"]);
    let maker = Person::new(400_001, "maker@example.com", &["CanMakeRequest"]);
    let file = type_file(&format!("bulk = true\n{reason}"), "");
    App::with(on, AppOptions::stepped().with_type(&file).with_pages(&[checker, maker])).await
}

fn with_reason(app: &App, reason: &Value) -> Value {
    let mut body = body(app, "c-1", 7);
    body["reason"] = reason.clone();
    body
}

async fn submits(actor: &Actor<'_>, body: &Value) -> Reply {
    actor.submit(PAY_OUT, body).await
}

async fn a_reason_goes_with_the_request_to_every_reader_and_is_no_part_of_the_call(on: On) {
    let app = app(on, "").await;
    let said = submits(&app.maker(), &with_reason(&app, &json!(WHY))).await.data();
    let silent = submits(&app.maker(), &body(&app, "c-1", 7)).await.data();
    assert_eq!((&said["reason"], &silent["reason"]), (&json!(WHY), &Value::Null));
    assert_eq!(said["digest"], silent["digest"], "it is no part of the call");
    let id = said["requestId"].as_str().unwrap();
    assert_eq!(app.checker().request(id).await["reason"], WHY);
    let listed = app.auditor().get("/requests").await.data();
    let reasons: Vec<&Value> = listed.as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    assert!(reasons.contains(&&json!(WHY)) && reasons.contains(&&Value::Null), "{listed}");
    let history = app.auditor().history(id).await;
    let messages: Vec<&Value> = history.iter().map(|event| &event["message"]).collect();
    assert_eq!(messages, [&json!(WHY), &Value::Null, &Value::Null], "only whoever submits says why");
    let trail = app.auditor().get("/trail?type=submitted").await.data();
    assert_eq!([&trail[0]["message"], &trail[1]["message"]], [&Value::Null, &json!(WHY)]);
    let exported = app.auditor().call("GET", "/requests/export?format=csv").send().await;
    assert!(
        exported.text.contains("\"The customer complained twice.\nSee case 4711 <b>.\""),
        "{}",
        exported.text
    );
    app.checker().says(id, "approved").await.data();
    app.run_due_executions().await;
    let arrived = app.target.arrived();
    assert_eq!(arrived.len(), 1);
    assert!(!format!("{:?}", arrived[0]).contains("complained"), "{:?}", arrived[0]);
}

async fn a_type_may_require_a_reason_or_take_none(on: On) {
    let strict = app(on, "reason = \"required\"").await;
    let fault = |reply: Reply| {
        let refused = reply.refused(400, "payload_invalid");
        assert_eq!(refused["errors"].as_array().unwrap().len(), 1, "{refused}");
        (refused["errors"][0]["field"].clone(), refused["errors"][0]["message"].clone())
    };
    let (field, message) = fault(submits(&strict.maker(), &body(&strict, "c-1", 7)).await);
    assert_eq!(
        (field, message),
        (json!("/reason"), json!("Say why you submit this; whoever decides reads it first."))
    );
    submits(&strict.maker(), &with_reason(&strict, &json!(WHY))).await.data();
    drop(strict);
    let off = app(on, "reason = \"off\"").await;
    let (field, message) = fault(submits(&off.maker(), &with_reason(&off, &json!(WHY))).await);
    assert_eq!(
        (field, message),
        (json!("/reason"), json!("Leave it out: requests of this type take no reason."))
    );
    assert_eq!(submits(&off.maker(), &body(&off, "c-1", 7)).await.data()["reason"], Value::Null);
}

async fn words_that_no_one_can_read_are_no_reason(on: On) {
    let app = app(on, "").await;
    for wrong in [json!(7), json!(null), json!(["why"]), json!("x".repeat(4_001)), json!("bell \u{7}")] {
        let refused = submits(&app.maker(), &with_reason(&app, &wrong)).await.refused(400, "payload_invalid");
        assert_eq!(refused["errors"][0]["field"], "/reason", "{wrong}");
    }
    let longest = json!("é".repeat(4_000));
    assert_eq!(submits(&app.maker(), &with_reason(&app, &longest)).await.data()["reason"], longest);
    for blank in ["", " \n", "\u{200b}"] {
        let said = submits(&app.maker(), &with_reason(&app, &json!(blank))).await.data();
        assert_eq!(said["reason"], Value::Null, "{blank:?}");
    }
    let windows = submits(&app.maker(), &with_reason(&app, &json!("one\r\ntwo"))).await.data();
    assert_eq!(windows["reason"], "one\ntwo");
}

async fn another_reason_is_another_submission(on: On) {
    let app = app(on, "").await;
    let post = async |body: &Value| {
        let call = app.maker().call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "k-1");
        call.json(body).send().await
    };
    let first = post(&with_reason(&app, &json!(WHY))).await.data();
    // The same in another spelling.
    let mut respelled = with_reason(&app, &json!(WHY.replace('\n', "\r\n")));
    respelled["payload"]["IntouchAPITask-Payload"]["body"]["points"] = serde_json::from_str("7.0").unwrap();
    assert_eq!(post(&respelled).await.data()["requestId"], first["requestId"]);
    for other in [json!("Another."), json!("")] {
        post(&with_reason(&app, &other)).await.refused(409, "idempotency_key_reused");
    }
}

async fn a_request_that_is_submitted_again_has_a_reason_of_its_own(on: On) {
    let app = app(on, "").await;
    let rejected = async || {
        let id = submits(&app.maker(), &with_reason(&app, &json!(WHY))).await.data()["requestId"].clone();
        app.checker().says(id.as_str().unwrap(), "rejected").await.data();
        id.as_str().unwrap().to_owned()
    };
    let again = async |id: &str, wish: Value| {
        app.maker().call("POST", &format!("/requests/{id}/submit-again")).json(&wish).send().await
    };
    let (one, other) = (rejected().await, rejected().await);
    assert_eq!(again(&one, json!({})).await.data()["reason"], Value::Null);
    again(&other, json!({ "reason": 7 })).await.refused(400, "payload_invalid");
    assert_eq!(again(&other, json!({ "reason": "It was a typo." })).await.data()["reason"], "It was a typo.");
    app.change_type(&type_file("bulk = true\nreason = \"required\"", "")).await;
    let third = app.maker().lists("states=AdminTask").await.remove(0);
    app.checker().says(&third, "rejected").await.data();
    let refused = again(&third, json!({})).await.refused(400, "payload_invalid");
    assert_eq!(refused["errors"][0]["field"], "/reason");
    again(&third, json!({ "reason": "Now with a reason." })).await.data();
}

async fn the_pages_show_the_reason_first_and_have_a_field_for_it(on: On) {
    let app = app(on, "").await;
    let long = format!("{WHY} {}", "word ".repeat(200));
    let id = submits(&app.maker(), &with_reason(&app, &json!(long))).await.data()["requestId"].clone();
    let id = id.as_str().unwrap();
    let browser = app.browser();
    browser.sign_in("400002").await.leads_to();
    let whole = [
        format!("/ui/requests/{id}"),
        format!("/ui/requests/{id}/approve"),
        format!("/ui/requests/{id}/trail"),
    ];
    let rows = [format!("/ui/bulk?id={id}"), "/ui/needs-me".to_owned(), "/ui/history".to_owned()];
    for (path, ends) in whole.iter().map(|path| (path, false)).chain(rows.iter().map(|path| (path, true))) {
        let text = browser.get(path).await.text;
        let shown = text
            .split("<q class=\"reason\">")
            .nth(1)
            .unwrap_or_else(|| panic!("{path}: no reason in {text}"));
        let shown = shown.split("</q>").next().unwrap();
        assert!(
            shown.starts_with("The customer complained twice.") && shown.contains("&lt;b&gt;"),
            "{path}: {shown}"
        );
        assert_eq!(shown.ends_with('…'), ends, "{path}: {shown}");
    }
    browser.post("/ui/sign-out", &[("csrf", &browser.csrf().await)]).await.leads_to();
    browser.sign_in("400001").await.leads_to();
    let form = browser.get("/ui/new/PAY-OUT").await.text;
    assert!(form.contains("name=\"/reason\"") && form.contains("Your reason"), "{form}");
    app.change_type(&type_file("reason = \"off\"", "")).await;
    assert!(!browser.get("/ui/new/PAY-OUT").await.text.contains("name=\"/reason\""));
}
