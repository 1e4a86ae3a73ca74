//! What happened in an org and to the whole server, for auditors.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::type_file;
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    an_auditor_finds_what_happened_by_time_type_and_person,
    a_list_goes_on_where_its_page_ended,
    an_org_sees_nothing_of_another,
    the_trail_is_for_auditors_and_says_what_is_wrong_with_a_filter,
];

async fn events(app: &App, query: &str) -> Vec<Value> {
    app.auditor().get(&format!("/trail{query}")).await.data().as_array().unwrap().clone()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

async fn an_auditor_finds_what_happened_by_time_type_and_person(on: On) {
    let checker = Person::new(400_002, "checker@example.com", &["CanCheckRequest"]);
    let options = AppOptions::stepped().with_type(&type_file("", "")).with_pages(&[checker]);
    let app = App::with(on, options).await;
    let request = app.maker().submitted(&app.badge()).await;
    app.clock.advance(TimeDelta::days(1));
    let browser = app.browser();
    browser.sign_in("400002").await.leads_to();
    let csrf = browser.csrf().await;
    browser.post("/ui/sign-out", &[("csrf", &csrf)]).await.leads_to();
    app.clock.advance(TimeDelta::days(1));
    app.checker().reject(&request.id, "no").await.data();
    app.change_type(&type_file("bulk = true", "")).await;

    let all = events(&app, "").await;
    let mut expected = vec!["rules_in_force", "rejected", "signed_out", "signed_in"];
    expected.extend(["payload_validated", "maker_access_validated", "submitted", "rules_in_force"]);
    assert_eq!(types(&all), expected);
    let rejected = &all[1];
    assert_eq!((&rejected["requestId"], &rejected["seq"]), (&json!(request.id), &json!(4)));
    assert_eq!((&rejected["message"], &rejected["data"]), (&json!("no"), &Value::Null));
    assert_eq!(
        all[2]["actor"],
        json!({ "userId": 400_002, "userName": "checker@example.com", "sub": "sub-400002" })
    );
    assert!(all[0]["data"]["versions"]["PAY-OUT"].as_str().unwrap().starts_with("sha256:"));
    assert_ne!(all[0]["data"]["versions"]["PAY-OUT"], all[7]["data"]["versions"]["PAY-OUT"]);

    for (query, found) in [
        ("?type=signed_in", vec!["signed_in"]),
        ("?userId=400002", vec!["rejected", "signed_out", "signed_in"]),
        ("?userId=400002&type=rejected", vec!["rejected"]),
        ("?startDate=2026-03-03", vec!["rules_in_force", "rejected"]),
        ("?startDate=2026-03-02&endDate=2026-03-02", vec!["signed_out", "signed_in"]),
        ("?endDate=2026-03-01&userId=400002", vec![]),
    ] {
        assert_eq!(types(&events(&app, query).await), found, "{query}");
    }
}

async fn a_list_goes_on_where_its_page_ended(on: On) {
    let app = App::start(on).await;
    for _ in 0..3 {
        app.maker().submitted(&app.badge()).await;
    }
    let all = events(&app, "").await;
    assert_eq!(all.len(), 10);
    let (mut walked, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.auditor().get(&format!("/trail?limit=4&after={after}")).await.expect(200);
        walked.extend(page["data"].as_array().unwrap().clone());
        assert_eq!(page["pagination"]["numberOfElements"], page["data"].as_array().unwrap().len());
        let Some(next) = page["pagination"]["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!(walked, all);
    let first = app.auditor().get("/trail?limit=4").await.expect(200);
    let next = first["pagination"]["next"].as_str().unwrap();
    app.auditor()
        .get(&format!("/trail?limit=4&type=submitted&after={next}"))
        .await
        .refused(400, "cursor_invalid");
}

async fn an_org_sees_nothing_of_another(on: On) {
    let app = App::start(on).await;
    app.maker().submitted(&app.badge()).await;
    let elsewhere =
        app.actor(Person::new(400_009, "elsewhere@example.com", &["CanAuditRequest"]).of_org("90002"));
    let seen = elsewhere.get("/trail").await.data();
    assert_eq!(types(seen.as_array().unwrap()), ["rules_in_force"]);
}

async fn the_trail_is_for_auditors_and_says_what_is_wrong_with_a_filter(on: On) {
    let app = App::start(on).await;
    app.maker().get("/trail").await.refused(403, "permission_missing");
    app.checker().get("/trail").await.refused(403, "permission_missing");
    for (query, field) in [
        ("type=nothing", "type"),
        ("startDate=2026-03-02&endDate=2026-03-01", "endDate"),
        ("states=failed", "states"),
        ("limit=0", "limit"),
        ("startDate=yesterday", "startDate"),
    ] {
        let refused = app.auditor().get(&format!("/trail?{query}")).await;
        assert_eq!(refused.refused(400, "parameter_invalid")["errors"][0]["field"], field, "{query}");
    }
}
