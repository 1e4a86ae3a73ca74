//! Findings for checkers, and warnings for makers.

use serde_json::{Value, json};

use super::plain;
use crate::support::app::task;
use crate::support::pay_out::body;
use crate::support::{On, journeys};

journeys![
    hidden_characters_and_a_second_request_are_findings,
    a_second_request_on_a_subject_gets_a_warning_at_once,
];

async fn hidden_characters_and_a_second_request_are_findings(on: On) {
    let app = plain(on, "").await;
    let first = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    assert_eq!(app.checker().request(&first).await["findings"], json!([]));
    let mut odd = body(&app, "c-1", 2);
    task(&mut odd)["body"]["card"] = "12\u{202e}34".into();
    let second = app.maker().pays(&odd).await.id;
    let findings = app.checker().request(&second).await["findings"].take();
    let [hidden, other] = findings.as_array().unwrap().as_slice() else { panic!("{findings}") };
    assert_eq!(
        (&hidden["code"], &hidden["level"], &hidden["field"]),
        (&json!("hidden_characters"), &json!("warning"), &json!("/body/card"))
    );
    assert!(hidden["message"].as_str().unwrap().contains("U+202E"), "{hidden}");
    assert_eq!((&other["code"], &other["field"]), (&json!("subject_pending"), &Value::Null));
    assert!(other["message"].as_str().unwrap().contains(&first), "{other}");
    app.checker().says(&first, "rejected").await.data();
    let findings = app.checker().request(&second).await["findings"].take();
    assert_eq!(findings.as_array().unwrap().len(), 1);
}

async fn a_second_request_on_a_subject_gets_a_warning_at_once(on: On) {
    let app = plain(on, "duplicates = \"warn\"").await;
    let first = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(first.data["warnings"], json!([]));
    let second = app.maker().pays(&body(&app, "c-1", 2)).await;
    assert_eq!(second.data["warnings"][0]["code"], "duplicate_pending");
    assert!(second.data["warnings"][0]["message"].as_str().unwrap().contains(&first.id));
    assert_eq!(app.checker().request(&second.id).await["warnings"], second.data["warnings"]);
}
