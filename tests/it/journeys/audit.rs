//! What an auditor sees: the history, exports, and never a credential.

use serde_json::{Value, json};

use crate::support::app::{App, task};
use crate::support::people::{ORG, Person};
use crate::support::{On, journeys, without_explanation};

journeys![
    a_history_entry_has_exactly_its_members,
    a_history_names_the_actor_behind_each_step,
    only_the_answer_to_the_submission_shows_credentials,
    every_kind_of_credential_is_masked,
    an_export_in_csv_has_a_row_per_request,
    an_export_in_jsonl_has_the_requests_as_they_are_read,
    an_export_goes_on_past_its_first_page,
    an_export_is_for_auditors,
    orgs_are_walls,
    a_maker_sees_only_his_own_requests,
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
        ("executed", with(&["attempt", "outcome"])),
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
    // The maker reads the history of his own request as well.
    assert_eq!(app.maker().history(&id).await, history);
}

/// The credentials of the contract's examples.
const CREDENTIALS: &str = "ZGVtby50aWxsOjYyY2MyZDhiNGJmMmQ4NzI4MTIwZDA1MjE2M2E3N2Rm";

async fn only_the_answer_to_the_submission_shows_credentials(on: On) {
    let app = App::start(on).await;
    let submitted = app.maker().submitted(&app.badge()).await;
    assert!(submitted.data.to_string().contains(CREDENTIALS));
    let id = &submitted.id;
    let withdrawn = app.maker().submitted(&app.badge()).await.id;
    let answers = [
        app.maker().get(&format!("/requests/{id}")).await,
        app.checker().approve(id).await,
        app.checker().approve(id).await,
        app.maker().withdraw(&withdrawn, "masked, too").await,
        app.checker().get("/requests").await,
        app.auditor().get(&format!("/requests/{id}")).await,
        app.auditor().get(&format!("/requests/{id}/history")).await,
        app.auditor().get("/requests/export?format=jsonl").await,
        app.auditor().get("/requests/export?format=csv").await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(!answer.text.contains(CREDENTIALS), "{}", answer.text);
    }
    let shown = app.auditor().request(id).await;
    let headers = &shown["details"]["IntouchAPITask-Payload"]["headers"];
    assert_eq!(headers["Authorization"], "Basic ••••");
    assert_eq!(headers["content-type"], "application/json");
}

async fn every_kind_of_credential_is_masked(on: On) {
    let app = App::start(on).await;
    let mut body = app.badge();
    let headers = &mut task(&mut body)["headers"];
    for (name, value) in [
        ("authorization", "Bearer secret-1"),
        ("Proxy-Authorization", "secret-2"),
        ("COOKIE", "session=secret-3"),
        ("X-Api-Key", "secret-4"),
        ("X-Other", "plain"),
    ] {
        headers[name] = value.into();
    }
    headers.as_object_mut().unwrap().remove("Authorization");
    let id = app.maker().submitted(&body).await.id;
    let shown = app.checker().request(&id).await;
    assert!(!shown.to_string().contains("secret"), "{shown}");
    let headers = &shown["details"]["IntouchAPITask-Payload"]["headers"];
    assert_eq!(headers["authorization"], "Bearer ••••");
    for name in ["Proxy-Authorization", "COOKIE", "X-Api-Key"] {
        assert_eq!(headers[name], "••••", "{name}");
    }
    assert_eq!(headers["X-Other"], "plain");
}

async fn an_export_in_csv_has_a_row_per_request(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().reject(&id, "=HYPERLINK(\"x\"), no").await.data();
    let executed = app.maker().submitted(&app.badge()).await;
    app.checker().approve(&executed.id).await.data();
    let reply = app.auditor().get("/requests/export?format=csv&sortOrder=asc").await;
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"requests.csv\""));
    let lines: Vec<&str> = reply.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", reply.text);
    assert_eq!(lines[0], countersign::http::export::CSV_COLUMNS.join(","));
    assert!(lines[1].starts_with(&format!("{id},ISSUE-BADGE,rejected,400001,maker@example.com,")));
    assert!(lines[1].contains(",\"'=HYPERLINK(\"\"x\"\"), no\","), "{}", lines[1]);
    assert!(lines[2].contains(&format!(",{},approved,400002,checker@example.com,", executed.digest)));
    assert!(lines[2].ends_with(",agreed,200,"), "{}", lines[2]);
}

async fn an_export_in_jsonl_has_the_requests_as_they_are_read(on: On) {
    let app = App::start(on).await;
    let first = app.maker().submitted(&app.badge()).await.id;
    app.checker().approve(&first).await.data();
    let second = app.maker().submitted(&app.badge()).await.id;
    let reply = app.auditor().get("/requests/export?format=jsonl&sortOrder=asc").await;
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    let rows: Vec<Value> = reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let read = [app.auditor().request(&first).await, app.auditor().request(&second).await];
    let read = read.map(without_explanation);
    assert_eq!(rows, read);
    let filtered = app.auditor().get("/requests/export?format=jsonl&states=AdminTask").await.text;
    assert_eq!(filtered.lines().count(), 1);
}

async fn an_export_goes_on_past_its_first_page(on: On) {
    let app = App::start(on).await;
    let (maker, bodies) = (app.maker(), (0..230).map(|_| app.badge()).collect::<Vec<_>>());
    let submissions = bodies.iter().map(|body| maker.submitted(body));
    let submitted = futures_util::future::join_all(submissions).await;
    let text = app.auditor().get("/requests/export?format=jsonl&sortOrder=asc").await.text;
    let ids: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["requestId"].as_str().unwrap().to_owned())
        .collect();
    let mut expected: Vec<String> = submitted.into_iter().map(|one| one.id).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    let csv = app.auditor().get("/requests/export?format=csv").await.text;
    assert_eq!(csv.lines().count(), 231);
}

async fn an_export_is_for_auditors(on: On) {
    let app = App::start(on).await;
    app.maker().get("/requests/export?format=csv").await.refused(403, "permission_missing");
    app.checker().get("/requests/export?format=csv").await.refused(403, "permission_missing");
    for query in ["", "?format=xml", "?format="] {
        let body = app.auditor().get(&format!("/requests/export{query}")).await;
        assert_eq!(body.refused(400, "parameter_invalid")["errors"][0]["field"], "format");
    }
}

async fn orgs_are_walls(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.maker().submit("ISSUE-BADGE", &json!({})).await.refused(400, "payload_invalid");
    let stranger = app.stranger();
    let nowhere = "019d0000-0000-7000-8000-000000000000";
    for id in [&id, nowhere] {
        stranger.get(&format!("/requests/{id}")).await.refused(404, "not_found");
        stranger.get(&format!("/requests/{id}/history")).await.refused(404, "not_found");
        stranger.withdraw(id, "mine").await.refused(404, "not_found");
        stranger.approve(id).await.refused(404, "not_found");
    }
    for path in ["/requests", "/requests?userId=400001", "/refusals"] {
        assert_eq!(stranger.get(path).await.data(), json!([]));
    }
    assert_eq!(stranger.get("/requests/export?format=jsonl").await.text, "");
    // The number of pages tells nothing either, and a cursor of another org opens nothing.
    let listed = stranger.get("/requests").await.body;
    assert_eq!(listed["pagination"]["totalElements"], 0);
    app.maker().submitted(&app.badge()).await;
    let cursor = app.auditor().get("/requests?limit=1").await.body["pagination"]["next"].clone();
    let path = format!("/requests?limit=1&after={}", cursor.as_str().unwrap());
    stranger.get(&path).await.refused(400, "cursor_invalid");
    // A person of both orgs sees, in each, only that one.
    let both = Person { orgs: json!([ORG, 90_002]), ..app.auditor().person };
    assert_eq!(app.actor(both.clone()).lists("").await.len(), 2);
    assert_eq!(app.actor(Person { org: "90002".into(), ..both }).lists("").await.len(), 0);
}

async fn a_maker_sees_only_his_own_requests(on: On) {
    let app = App::start(on).await;
    let own = app.maker().submitted(&app.badge()).await.id;
    let foreign = app.other_maker().submitted(&app.badge()).await.id;
    assert_eq!(app.maker().lists("").await, std::slice::from_ref(&own));
    assert_eq!(app.maker().lists("userId=400004").await, [] as [&str; 0]);
    app.maker().get(&format!("/requests/{foreign}")).await.refused(404, "not_found");
    app.maker().get(&format!("/requests/{foreign}/history")).await.refused(404, "not_found");
    assert_eq!(app.checker().lists("sortOrder=asc").await, [own, foreign]);
}
