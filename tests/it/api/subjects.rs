//! A subject is one value in one spelling: no spelling escapes `duplicates` or a limit.

use serde_json::json;

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::{On, journeys};

journeys![
    a_number_in_another_spelling_is_the_same_subject,
    a_text_with_what_no_one_can_see_is_the_same_subject,
    a_number_without_a_plain_spelling_is_refused_at_its_pointer,
    a_limit_by_subject_counts_every_spelling,
];

async fn start(on: On, kind: &str, more: &str) -> App {
    let text = type_file("duplicates = \"block\"", more);
    let text = text.replace("customer = { type = \"string\" }", &format!("customer = {{ type = {kind} }}"));
    App::with(on, AppOptions::stepped().with_type(&text)).await
}

/// A body whose customer is spelled like this.
fn about(app: &App, customer: &str) -> String {
    let text = body(app, "HERE", 1).to_string();
    assert!(text.contains("\"HERE\""));
    text.replace("\"HERE\"", customer)
}

async fn submit(app: &App, body: &str) -> crate::support::client::Reply {
    let call = app.maker().call("POST", &format!("/{PAY_OUT}"));
    call.raw("application/json", body.as_bytes()).send().await
}

async fn a_number_in_another_spelling_is_the_same_subject(on: On) {
    let app = start(on, "\"integer\"", "").await;
    let first = submit(&app, &about(&app, "4711")).await.data();
    assert_eq!(first["subject"], "4711");
    for other in ["4711e0", "4711.0", "47.11e2", "471100E-2", "4711.000", "0.4711e+4"] {
        submit(&app, &about(&app, other)).await.refused(409, "duplicate_pending");
    }
    let other = submit(&app, &about(&app, "47110e0")).await.data();
    assert_eq!(other["subject"], "47110");
    // What is sent is what was written.
    let task = &other["details"]["IntouchAPITask-Payload"]["body"]["customer"];
    assert_eq!(task.to_string(), "47110e+0");
}

async fn a_text_with_what_no_one_can_see_is_the_same_subject(on: On) {
    let app = start(on, "[\"string\", \"integer\"]", "").await;
    submit(&app, &about(&app, "\"4711\"")).await.data();
    let others = [
        "4711",
        "\"4711 \"",
        "\"\\t4711\"",
        "\"47\\u200b11\"",
        "\"+4711\"",
        "\"04711\"",
        "\"4711e0\"",
        "\"\\ufeff4711\"",
    ];
    for other in others {
        submit(&app, &about(&app, other)).await.refused(409, "duplicate_pending");
    }
    submit(&app, &about(&app, "\"\\u200b \"")).await.refused(400, "payload_invalid");
    submit(&app, &about(&app, "\"C 4711\"")).await.data();
}

async fn a_number_without_a_plain_spelling_is_refused_at_its_pointer(on: On) {
    let app = start(on, "\"number\"", "").await;
    for huge in ["1e65", "1e-65", "4711e99999"] {
        let refused = submit(&app, &about(&app, huge)).await.refused(400, "payload_invalid");
        let error = &refused["errors"][0];
        assert_eq!(error["field"], "/payload/IntouchAPITask-Payload/body/customer", "{huge}: {error}");
    }
    assert_eq!(submit(&app, &about(&app, "1e20")).await.data()["subject"], json!("100000000000000000000"));
}

async fn a_limit_by_subject_counts_every_spelling(on: On) {
    let policy = "[[usage]]\nname = \"day\"\nby = \"subject\"\nwindow = \"1d\"\n\
                  [[policy]]\nname = \"limit\"\nwhen = \"usage.day.count >= 2\"\nrefuse = \"Enough for today.\"\n\
                  [[policy]]\nname = \"rest\"\n[[policy.stages]]\nname = \"Checkers\"\nany = 1\n\
                  [[policy.stages.seats]]\npermission = \"CanCheckRequest\"\n";
    let text = type_file("", policy);
    let text = text.replace("customer = { type = \"string\" }", "customer = { type = \"integer\" }");
    let app = App::with(on, AppOptions::stepped().with_type(&text)).await;
    for (spelling, is_taken) in [("7", true), ("7.0", true), ("7e0", false), ("70e-1", false), ("8", true)] {
        let reply = submit(&app, &about(&app, spelling)).await;
        let expected = if is_taken { 200 } else { 403 };
        assert_eq!(reply.status, expected, "{spelling}: {}", reply.text);
    }
    assert_eq!(app.auditor().lists("subject=7").await.len(), 2);
}
