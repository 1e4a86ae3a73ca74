//! Calls with a named credential: no person sends or sees it, and people approve which one it is.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_call_is_sent_with_the_credential_that_people_approved,
    a_maker_who_sends_a_credential_is_refused,
    a_call_without_a_value_is_tried_again_and_sent_once_there_is_one,
    a_credential_that_may_no_longer_go_there_fails_before_sending,
    a_probe_is_sent_with_the_credential_too,
    a_type_without_its_credential_stops_a_start_and_is_left_as_it_was_at_a_reload,
    submitting_again_and_changing_take_the_credential_of_the_type,
    the_value_is_in_no_row_no_answer_no_page_no_metric_and_no_configuration,
];

const CANARY: &str = "canary-5d7e1f";
const VALUE_FILE: &str = "core-banking.txt";
const HEADER: &str = "x-countersign-credential";

const CREDENTIAL: &str = "[[credentials]]\nname = \"core-banking\"\ntargets = [\"{target}\"]\n\
                          header = \"Authorization\"\nvalue_file = \"{folder}/core-banking.txt\"\n";

fn people() -> [Person; 2] {
    [
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_002, "checker@example.com", &["CanCheckRequest"]),
    ]
}

/// The type PAY-OUT, whose calls are sent with this credential.
fn pay_out_with(credential: &str, tables: &str) -> String {
    type_file("", tables)
        .replace("path = \"/pay\"", &format!("path = \"/pay\"\ncredential = \"{credential}\""))
}

fn options(tables: &str) -> AppOptions {
    let options =
        AppOptions::stepped().with_type(&pay_out_with("core-banking", tables)).with_more(CREDENTIAL);
    options.with_secret_file(VALUE_FILE, &format!("Bearer {CANARY}\n")).with_pages(&people())
}

/// A payment that was approved and not sent yet.
async fn approved(app: &App) -> String {
    let id = app.maker().pays(&body(app, "c-1", 10)).await.id;
    assert_eq!(app.checker().says(&id, "approved").await.data()["state"], "approved");
    id
}

async fn a_call_is_sent_with_the_credential_that_people_approved(on: On) {
    let app = App::with(on, options("")).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let request = app.checker().request(&id).await;
    assert!(request.to_string().contains(r#""x-countersign-credential":"core-banking""#), "{request}");
    let browser = app.browser();
    browser.sign_in("400002").await;
    for page in
        [format!("/ui/requests/{id}"), format!("/ui/requests/{id}/approve"), "/ui/needs-me".to_owned()]
    {
        let page = browser.page(&page).await;
        page.shows(&["with the credential core-banking"]);
        page.does_not_show(&[HEADER, "further header", "authorization"]);
    }
    let curl = browser.get(&format!("/ui/requests/{id}/curl")).await.text;
    assert!(
        curl.contains("with a credential, which is not in this command") && !curl.contains(HEADER),
        "{curl}"
    );
    assert_eq!(app.checker().says(&id, "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    let [arrived] = &app.target.arrived()[..] else { panic!("it did not arrive once") };
    assert!(arrived.head.contains(&format!("authorization: Bearer {CANARY}\r\n")), "{}", arrived.head);
    assert!(!arrived.head.contains(HEADER), "{}", arrived.head);
    // A new value is used from the next call on.
    std::fs::write(app.file(VALUE_FILE), "Bearer another").unwrap();
    approved(&app).await;
    app.run_due_executions().await;
    assert!(app.target.arrived()[1].head.contains("authorization: Bearer another\r\n"));
}

async fn a_maker_who_sends_a_credential_is_refused(on: On) {
    let app = App::with(on, options("")).await;
    for (name, sentence) in [
        (
            "Authorization",
            "Leave this header out: calls of this type are sent with the credential core-banking.",
        ),
        (HEADER, "Leave this header out; the engine sets it."),
    ] {
        let mut body = body(&app, "c-1", 10);
        task(&mut body)["headers"][name] = "Basic mine".into();
        let refused = app.maker().submit(PAY_OUT, &body).await.refused(400, "payload_invalid");
        let told = refused.to_string();
        assert!(told.contains(sentence) && told.contains(&format!("headers/{name}")), "{told}");
    }
    let mut elsewhere = body(&app, "c-1", 10);
    task(&mut elsewhere)["hostname"] = app.sandbox.url().into();
    let refused = app.maker().submit(PAY_OUT, &elsewhere).await.refused(400, "target_not_allowed");
    assert!(
        refused.to_string().contains("Name a target that the credential core-banking may go to"),
        "{refused}"
    );
    let browser = app.browser();
    browser.sign_in("400001").await;
    let form = browser.page(&format!("/ui/new/{PAY_OUT}")).await;
    form.shows(&["The call is sent with the credential core-banking."]);
    assert!(form.fields("/headers/Authorization").is_empty());
}

async fn a_call_without_a_value_is_tried_again_and_sent_once_there_is_one(on: On) {
    let app = App::with(on, options("")).await;
    let id = approved(&app).await;
    std::fs::rename(app.file(VALUE_FILE), app.file("away")).unwrap();
    app.run_due_executions().await;
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["attempts"]), (&json!("approved"), &json!(1)));
    let last = app.auditor().history(&id).await.pop().unwrap();
    assert_eq!(last["attemptOutcome"], "not_sent");
    let message = last["message"].as_str().unwrap();
    assert!(message.contains("the credential core-banking has no value right now"), "{message}");
    assert!(!message.contains(VALUE_FILE), "{message}");
    std::fs::rename(app.file("away"), app.file(VALUE_FILE)).unwrap();
    app.clock.advance(TimeDelta::seconds(1));
    app.run_due_executions().await;
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["attempts"]), (&json!("executed"), &json!(2)));
    assert_eq!(app.target.arrived().len(), 1);
}

async fn a_credential_that_may_no_longer_go_there_fails_before_sending(on: On) {
    let mut app = App::with(on, options("")).await;
    let id = approved(&app).await;
    app.stop_server().await;
    let (target, sandbox) = (app.target.url(), app.sandbox.url());
    app.changes_config(&format!("targets = [\"{target}\"]"), &format!("targets = [\"{sandbox}\"]"));
    app.start_server().await;
    app.run_due_executions().await;
    let request = app.auditor().request(&id).await;
    assert_eq!((&request["state"], &request["attempts"]), (&json!("failed"), &json!(0)));
    let last = app.auditor().history(&id).await.pop().unwrap();
    let told = format!("The call never left: the credential core-banking may not go to {target}.");
    assert_eq!(last["message"], told);
    assert_eq!(app.target.arrived().len(), 0);
}

async fn a_probe_is_sent_with_the_credential_too(on: On) {
    let tables = "[probe]\npath = \"/payments\"\nquery = { customer = \"/body/customer\" }\n\
                  happened_if_true = [\"/paid\"]\ndid_not_happen_if_false = [\"/paid\"]\n";
    let app = App::with(on, options(tables)).await;
    let id = approved(&app).await;
    app.target.will_hang_up();
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "unknown");
    app.target.will_answer(200, "application/json", br#"{"paid": true}"#);
    app.clock.advance(TimeDelta::minutes(1));
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    let arrived = app.target.arrived();
    assert!(arrived[1].head.starts_with("GET /payments?customer=c-1 "), "{}", arrived[1].head);
    for arrived in arrived {
        assert!(arrived.head.contains(&format!("authorization: Bearer {CANARY}\r\n")), "{}", arrived.head);
        assert!(!arrived.head.contains(HEADER), "{}", arrived.head);
    }
}

async fn a_type_without_its_credential_stops_a_start_and_is_left_as_it_was_at_a_reload(on: On) {
    let mut app = App::with(on, options("")).await;
    app.change_type(&pay_out_with("unknown", "")).await;
    // The type in force is the one of before.
    let id = approved(&app).await;
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    let stale = app.get("/health/ready").await.text;
    assert!(stale.contains("Configure the credential unknown ([[credentials]])"), "{stale}");
    app.stop_server().await;
    let why = app.why_no_start().await;
    assert!(why.contains("PAY-OUT /call/credential: Configure the credential unknown"), "{why}");
}

async fn submitting_again_and_changing_take_the_credential_of_the_type(on: On) {
    let app = App::with(on, options("")).await;
    let id = approved(&app).await;
    app.target.will_answer(400, "application/json", b"{}");
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "failed");
    let again =
        app.maker().call("POST", &format!("/requests/{id}/submit-again")).json(&json!({})).send().await;
    let again = again.data();
    assert!(again.to_string().contains(r#""x-countersign-credential":"core-banking""#), "{again}");
    let again = again["requestId"].as_str().unwrap().to_owned();
    app.checker().says(&again, "approved").await.data();
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&again).await["state"], "executed");
}

async fn the_value_is_in_no_row_no_answer_no_page_no_metric_and_no_configuration(on: On) {
    let app = App::with(on, options("")).await;
    let id = approved(&app).await;
    app.run_due_executions().await;
    app.sweep().await;
    assert!(app.target.arrived()[0].head.contains(CANARY));
    // The search itself finds what is there.
    assert!(
        app.tables_with("core-banking").contains(&"requests".to_owned()),
        "{:?}",
        app.tables_with("core-banking")
    );
    assert_eq!(app.tables_with(CANARY), [""; 0]);
    // Calls are packed, so that their rows say nothing.
    let stored = app.stored_call(&id);
    assert!(!String::from_utf8_lossy(&stored.call).contains(CANARY) && !stored.echo().contains(CANARY));
    let mut told =
        vec![app.printed_config(), app.get("/metrics").await.text, app.get("/health/ready").await.text];
    for actor in [app.maker(), app.checker(), app.auditor()] {
        for path in
            [format!("/requests/{id}"), format!("/requests/{id}/history"), "/requests?view=all".to_owned()]
        {
            told.push(actor.get(&path).await.text);
        }
    }
    told.push(app.auditor().get("/requests?format=jsonl").await.text);
    for person in ["400001", "400002"] {
        let browser = app.browser();
        browser.sign_in(person).await;
        for path in ["", "/trail", "/curl"] {
            told.push(browser.get(&format!("/ui/requests/{id}{path}")).await.text);
        }
        told.push(browser.get(&format!("/ui/types/{PAY_OUT}")).await.text);
    }
    for text in told {
        assert!(!text.contains(CANARY), "{text}");
    }
}
