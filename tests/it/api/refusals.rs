//! Refused submissions are not requests, but they are kept for auditors: who, when, why.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::{On, journeys};

journeys![
    a_refused_submission_is_kept_without_its_payload,
    every_way_to_be_refused_is_kept,
    from_the_61st_in_a_minute_on_refusals_are_counted,
    attempts_on_a_request_that_are_refused_are_kept_up_to_60_a_minute,
    refusals_are_read_page_by_page,
    refusals_are_for_auditors,
];

async fn a_refused_submission_is_kept_without_its_payload(on: On) {
    let app = App::start(on).await;
    let text = r#"{"entityInfo": {"tillId": "secret till"}, "more": 1}"#;
    let call = app.maker().call("POST", "/ISSUE-BADGE").header("x-cap-request-id", "ref-7");
    let body = call.text(text).send().await.refused(400, "payload_invalid");
    assert!(body["errors"].as_array().unwrap().len() > 3, "every fault at once: {body}");
    let reply = app.auditor().get("/refusals").await;
    assert!(!reply.text.contains("secret"));
    let kept = reply.data()[0].clone();
    let digest = countersign::domain::digest::Digest::of(text.as_bytes()).to_string();
    assert_eq!(
        kept,
        json!({
            "refusalId": kept["refusalId"],
            "at": "2026-03-01T12:00:00.123456Z",
            "actor": { "userId": 400_001, "userName": "maker@example.com", "sub": "sub-400001" },
            "requestType": "ISSUE-BADGE",
            "codes": ["payload_invalid"],
            "digest": digest,
            "count": 1,
            "reference": "ref-7",
        })
    );
    assert_eq!(app.auditor().lists("").await, [] as [&str; 0]);
}

async fn every_way_to_be_refused_is_kept(on: On) {
    let app = App::start(on).await;
    let maker = app.maker();
    app.checker().submit("ISSUE-BADGE", &app.badge()).await.refused(403, "permission_missing");
    maker.call("POST", "/ISSUE-BADGE").raw("text/plain", b"{}").send().await.expect(415);
    maker.call("POST", "/ISSUE-BADGE").text("{").send().await.refused(400, "unreadable");
    maker.submit("NO-SUCH-TYPE", &app.badge()).await.refused(404, "not_found");
    let mut elsewhere = app.badge();
    elsewhere["payload"]["IntouchAPITask-Payload"]["hostname"] = "https://elsewhere.example".into();
    maker.submit("ISSUE-BADGE", &elsewhere).await.refused(400, "target_not_allowed");
    maker.call("POST", "/ISSUE-BADGE?x=1").json(&app.badge()).send().await.refused(400, "parameter_invalid");
    let kept = app.auditor().get("/refusals").await.data();
    let codes: Vec<&Value> = kept.as_array().unwrap().iter().map(|row| &row["codes"][0]).collect();
    let newest_first = [
        "parameter_invalid",
        "target_not_allowed",
        "not_found",
        "unreadable",
        "unsupported_media_type",
        "permission_missing",
    ];
    assert_eq!(codes, newest_first);
    assert_eq!(kept[2]["requestType"], "NO-SUCH-TYPE");
}

async fn from_the_61st_in_a_minute_on_refusals_are_counted(on: On) {
    let app = App::start(on).await;
    let maker = app.maker();
    for _ in 0..65 {
        maker.submit("ISSUE-BADGE", &json!({})).await.refused(400, "payload_invalid");
    }
    app.other_maker().submit("ISSUE-BADGE", &json!({})).await.refused(400, "payload_invalid");
    let listed = async || {
        let data = app.auditor().get("/refusals?limit=500").await.data();
        data.as_array().cloned().unwrap()
    };
    let of_maker = |rows: &[Value]| -> Vec<i64> {
        let own = rows.iter().filter(|row| row["actor"]["userId"] == 400_001);
        own.map(|row| row["count"].as_i64().unwrap()).collect()
    };
    let rows = listed().await;
    assert_eq!(rows.len(), 62);
    let counts = of_maker(&rows);
    assert_eq!((counts.len(), counts.iter().sum::<i64>()), (61, 65));
    assert_eq!(counts.iter().max(), Some(&5));
    // The next minute starts again at zero.
    app.clock.advance(TimeDelta::minutes(1));
    app.maker().submit("ISSUE-BADGE", &json!({})).await.refused(400, "payload_invalid");
    assert_eq!(of_maker(&listed().await).len(), 62);
}

async fn attempts_on_a_request_that_are_refused_are_kept_up_to_60_a_minute(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().reject(&id, "no").await.data();
    for _ in 0..62 {
        app.other_checker().approve(&id).await.refused(409, "already_decided");
    }
    // No one can flood a trail, or keep another person's attempt out of it.
    assert_eq!(app.auditor().happened(&id).await.len(), 4 + 60);
    app.maker().withdraw(&id, "mine").await.refused(409, "already_decided");
    assert_eq!(app.auditor().happened(&id).await.len(), 4 + 61);
    app.clock.advance(TimeDelta::minutes(1));
    app.other_checker().approve(&id).await.refused(409, "already_decided");
    assert_eq!(app.auditor().happened(&id).await.len(), 4 + 62);
}

async fn refusals_are_read_page_by_page(on: On) {
    let app = App::start(on).await;
    for number in 0..5 {
        app.maker().submit(&format!("TYPE-{number}"), &json!({})).await.refused(404, "not_found");
    }
    let auditor = app.auditor();
    let mut seen = Vec::new();
    let mut path = "/refusals?limit=2".to_owned();
    loop {
        let page = auditor.get(&path).await.expect(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["requestType"].clone()));
        let Some(next) = page["pagination"]["next"].as_str() else { break };
        path = format!("/refusals?limit=2&after={next}");
    }
    assert_eq!(seen, ["TYPE-4", "TYPE-3", "TYPE-2", "TYPE-1", "TYPE-0"]);
    auditor.get("/refusals?after=nonsense").await.refused(400, "cursor_invalid");
    auditor.get("/refusals?PageNo=0").await.refused(400, "parameter_invalid");
}

async fn refusals_are_for_auditors(on: On) {
    let app = App::start(on).await;
    app.maker().get("/refusals").await.refused(403, "permission_missing");
    app.checker().get("/refusals").await.refused(403, "permission_missing");
}
