//! The events of one request, as the API shows them.

use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::{On, journeys};

journeys![a_history_entry_has_exactly_its_members, a_history_names_the_actor_behind_each_step,];

fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

async fn a_history_entry_has_exactly_its_members(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.maker().call("PUT", "/ISSUE-BADGE").json(&json!({})).send().await.refused(403, "permission_missing");
    app.checker().approve(&id).await.data();
    app.other_checker().approve(&id).await.refused(409, "already_decided");
    let history = app.auditor().history(&id).await;
    let always =
        ["actor", "at", "digest", "eventId", "from", "message", "reference", "seq", "to", "type"].to_vec();
    let with = |more: &[&'static str]| {
        let mut names = [&always, more].concat();
        names.sort_unstable();
        names
    };
    let expected: [(&str, Vec<&str>); 7] = [
        ("submitted", with(&["entityInfo", "typeVersion"])),
        ("maker_access_validated", with(&["ValidateMakerAccess_Output"])),
        ("payload_validated", with(&["ValidatePayload_Output"])),
        ("approved", with(&["signedAs", "stage"])),
        ("attempt_started", with(&["attempt"])),
        ("executed", with(&["attempt", "attemptOutcome", "outcome"])),
        ("refused", with(&["code"])),
    ];
    let found: Vec<(&str, Vec<&str>)> =
        history.iter().map(|entry| (entry["type"].as_str().unwrap(), members(entry))).collect();
    assert_eq!(found, expected);
    for (seq, entry) in (1..).zip(&history) {
        assert_eq!(entry["seq"], json!(seq));
        assert_eq!(members(&entry["actor"]), ["sub", "userId", "userName"]);
        assert_eq!(entry["at"], "2026-03-01T12:00:00.123456Z");
    }
}

async fn a_history_names_the_actor_behind_each_step(on: On) {
    let app = App::start(on).await;
    let body = app.badge();
    let call = app.maker().call("POST", "/ISSUE-BADGE").header("x-cap-request-id", "made-by-the-client-1");
    let id = call.json(&body).send().await.data()["requestId"].as_str().unwrap().to_owned();
    app.checker().approve(&id).await.data();
    let history = app.auditor().history(&id).await;
    let maker = json!({ "userId": 400_001, "userName": "maker@example.com", "sub": "sub-400001" });
    let checker = json!({ "userId": 400_002, "userName": "checker@example.com", "sub": "sub-400002" });
    let system = json!({ "userId": "system", "userName": "system", "sub": "system" });
    let expected = [
        ("submitted", &maker, json!(null), "ValidateMakerAccess"),
        ("maker_access_validated", &maker, json!("ValidateMakerAccess"), "ValidatePayload"),
        ("payload_validated", &maker, json!("ValidatePayload"), "AdminTask"),
        ("approved", &checker, json!("AdminTask"), "approved"),
        ("attempt_started", &system, json!("approved"), "approved"),
        ("executed", &system, json!("approved"), "executed"),
    ];
    assert_eq!(history.len(), expected.len());
    for (entry, (name, actor, from, to)) in history.iter().zip(expected) {
        assert_eq!(
            (&entry["type"], &entry["actor"], &entry["from"], &entry["to"]),
            (&json!(name), actor, &from, &json!(to))
        );
    }
    assert_eq!(history[0]["reference"], "made-by-the-client-1");
    assert_eq!(history[0]["entityInfo"], body["entityInfo"]);
    assert_eq!(history[3]["message"], "agreed");
    assert_eq!((&history[5]["attempt"], &history[5]["outcome"]), (&json!(1), &json!("executed")));
    // The maker reads the trail of their own request as well.
    assert_eq!(app.maker().history(&id).await, history);
}
