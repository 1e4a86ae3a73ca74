//! The events of one request, as the API shows them.

use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::{On, journeys};

journeys![
    a_history_entry_has_exactly_its_members,
    a_history_names_the_actor_behind_each_step,
    what_was_refused_keeps_its_verdict_its_words_and_its_digest,
];

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
        ["actor", "at", "digest", "eventId", "from", "message", "reference", "revision", "seq", "to", "type"]
            .to_vec();
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
        ("refused", with(&["code", "tried"])),
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

async fn what_was_refused_keeps_its_verdict_its_words_and_its_digest(on: On) {
    let app = App::start(on).await;
    let request = app.maker().submitted(&app.badge()).await;
    let id = request.id.as_str();
    let tried = async || {
        let history = app.auditor().history(id).await;
        let last = history.last().unwrap().clone();
        assert_eq!(last["type"], "refused");
        last["tried"].clone()
    };
    let read_another = |verdict: &str, words: &str, digest: &str| {
        let mut body = crate::support::people::decision(id, verdict, words);
        body["payload"]["AdminTask-Payload"]["digest"] = digest.into();
        body
    };
    // They read another call.
    let body = read_another("rejected", "Not this\r\none.", "sha256:of-another");
    app.checker().decide("ISSUE-BADGE", &body).await.refused(409, "digest_mismatch");
    assert_eq!(
        tried().await,
        json!({ "decision": "rejected", "message": "Not this\none.", "digest": "sha256:of-another" })
    );
    // What the caller calls a digest is kept as far as it could be one.
    let body = read_another("approved", "", &"\u{7}d".repeat(1_000));
    app.checker().decide("ISSUE-BADGE", &body).await.refused(409, "digest_mismatch");
    assert_eq!(tried().await["digest"], "d".repeat(128));
    // Not the maker.
    app.other_maker().withdraw(id, "Not mine").await;
    app.checker().withdraw(id, "Not mine").await.refused(403, "not_the_maker");
    assert_eq!(tried().await, json!({ "decision": null, "message": "Not mine", "digest": null }));
    // Too late.
    app.clock.advance(chrono::TimeDelta::days(400));
    let body = read_another("rejected", "Too late, I know.", &request.digest);
    app.checker().decide("ISSUE-BADGE", &body).await.refused(409, "request_expired");
    assert_eq!(
        tried().await,
        json!({ "decision": "rejected", "message": "Too late, I know.", "digest": request.digest })
    );
}
