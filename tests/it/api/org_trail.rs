//! What happened in an org and to the whole server, for auditors.

use chrono::TimeDelta;
use countersign::engine::sessions::end_sessions_of;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::hook::subscription;
use crate::support::pay_out::type_file;
use crate::support::people::Person;
use crate::support::target::Target;
use crate::support::{On, journeys};

journeys![
    an_auditor_finds_what_happened_by_time_type_and_person,
    a_list_goes_on_where_its_page_ended,
    an_org_sees_nothing_of_another,
    no_event_of_no_org_but_those_of_the_whole_server_is_shown,
    who_engine_and_submission_caused_is_found_by_every_filter,
    an_attempt_that_began_with_the_approval_is_an_event_of_its_own,
    people_and_files_are_told_without_what_is_in_them,
    every_end_of_a_session_is_told_in_its_org,
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

    let (gone, broken) = (Target::start().await, Target::start().await);
    let text = subscription("gone-feed", &gone, "countersign", "")
        + &subscription("broken-feed", &broken, "countersign", "");
    let options = AppOptions::stepped().with_targets([gone.address, broken.address]);
    let app = App::with(on, options.with_subscriptions(&text)).await;
    gone.will_answer(410, "text/plain", b"gone");
    broken.will_answer(500, "text/plain", b"broken");
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    broken.will_answer(500, "text/plain", b"broken");
    app.clock.advance(TimeDelta::days(3));
    app.run_due_deliveries().await;
    let own = events(&app, "").await;
    for kind in ["subscription_switched_off", "delivery_given_up"] {
        assert!(types(&own).contains(&kind), "{kind}: {:?}", types(&own));
        assert!(!events(&app, &format!("?type={kind}")).await.is_empty(), "{kind}");
        let elsewhere = app.stranger().get(&format!("/trail?type={kind}")).await.data();
        assert!(elsewhere.as_array().unwrap().is_empty(), "{kind}: {elsewhere}");
    }
    let seen = app.stranger().get("/trail").await;
    assert!(!seen.text.contains("-feed") && !seen.text.contains("/hook"), "{}", seen.text);
    assert_eq!(types(seen.data().as_array().unwrap()), ["rules_in_force"]);
}

async fn no_event_of_no_org_but_those_of_the_whole_server_is_shown(on: On) {
    let app = App::start(on).await;
    let id = app.bytes_in_sql(&[0xff; 16]);
    app.tamper(&format!(
        "INSERT INTO events (org_id, event_id, format, at, type, actor_iss, actor_sub, actor_user_id, actor_user_name,
             reference, data)
         SELECT '', {id}, format, at, 'delivery_given_up', actor_iss, actor_sub,
             actor_user_id, actor_user_name, reference, '{{\"subscription\": \"of-another-org\"}}'
         FROM events WHERE org_id = '' LIMIT 1",
    ));
    for query in ["", "?type=delivery_given_up", "?userId=system"] {
        assert!(!types(&events(&app, query).await).contains(&"delivery_given_up"), "{query}");
    }
}

async fn who_engine_and_submission_caused_is_found_by_every_filter(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let first = app.maker().submitted(&app.badge()).await;
    app.other_maker().submitted(&app.badge()).await;
    app.checker().approve(&first.id).await.data();
    app.run_due_executions().await;
    for (query, found) in [
        ("?userId=400001", vec!["payload_validated", "maker_access_validated", "submitted"]),
        ("?userId=400001&type=maker_access_validated", vec!["maker_access_validated"]),
        ("?type=payload_validated", vec!["payload_validated", "payload_validated"]),
        ("?userId=system", vec!["executed", "attempt_started", "rules_in_force"]),
        ("?userId=system&type=executed", vec!["executed"]),
        ("?userId=system&type=submitted", vec![]),
        ("?type=rules_stale", vec![]),
        ("?userId=400009", vec![]),
    ] {
        assert_eq!(types(&events(&app, query).await), found, "{query}");
    }
    // A page may end in the middle of a submission.
    assert_eq!(one_by_one(&app, "").await.len(), 10);
}

/// The same events as on one page, a page for each.
async fn one_by_one(app: &App, query: &str) -> Vec<Value> {
    let (mut walked, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.auditor().get(&format!("/trail?limit=1&after={after}{query}")).await.expect(200);
        walked.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["pagination"]["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!(walked, events(app, &query.replacen('&', "?", 1)).await);
    walked
}

async fn an_attempt_that_began_with_the_approval_is_an_event_of_its_own(on: On) {
    let app = App::start(on).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.checker().approve(&id).await.data();
    let joined = "SELECT count(*) AS number FROM events WHERE type = 'approved' AND attempt = 1";
    assert_eq!(app.count(joined), 1, "the approval began no attempt, so this test shows nothing");
    let mut expected = vec!["executed", "attempt_started", "approved"];
    expected.extend(["payload_validated", "maker_access_validated", "submitted"]);
    let all = one_by_one(&app, "").await;
    assert_eq!(types(&all)[..6], expected);
    let history = app.auditor().history(&id).await;
    for (told, event) in history.iter().rev().zip(&all) {
        assert_eq!(
            ["seq", "at", "type", "actor"].map(|part| &told[part]),
            ["seq", "at", "type", "actor"].map(|part| &event[part])
        );
    }
    for (query, found) in [
        ("&userId=400002", vec!["approved"]),
        ("&type=approved", vec!["approved"]),
        ("&type=attempt_started", vec!["attempt_started"]),
        ("&type=attempt_started&userId=system", vec!["attempt_started"]),
        ("&type=attempt_started&userId=400002", vec![]),
    ] {
        assert_eq!(types(&one_by_one(&app, query).await), found, "{query}");
    }
}

async fn people_and_files_are_told_without_what_is_in_them(on: On) {
    let entry =
        |name: &str, account: &str| format!("[[people]]\nname = \"{name}\"\naccounts = [\"{account}\"]\n");
    let (ann, bob) = (entry("Ann", "ann@example.com"), entry("Bob", "bob@example.com"));
    let options = AppOptions::stepped().with_people(&ann).with_type(&type_file("", ""));
    let app = App::with(on, options).await;
    app.change_people(&format!("{}{bob}", ann.replace("ann@", "ann.lind@"))).await;
    let told = events(&app, "?type=people_in_force").await;
    let data = |event: &Value| ["added", "changed", "removed"].map(|kind| event["data"][kind].clone());
    assert_eq!(data(&told[0]), [json!(["Bob"]), json!(["Ann"]), json!([])]);
    assert_eq!(data(&told[1]), [json!(["Ann"]), json!([]), json!([])]);
    let all = json!(told).to_string();
    assert!(!all.contains("@example.com"), "{all}");

    let before = events(&app, "").await;
    app.change_people(&format!("{}{bob}", ann.replace("ann@", "ann.lind@"))).await;
    app.server().reload_rules().await;
    assert_eq!(events(&app, "").await, before, "an unchanged reload adds nothing");

    let twice = format!("{}{bob}{}", ann.replace("ann@", "ann.lind@"), entry("Eve", "Bob@example.com"));
    app.change_people(&twice).await;
    app.change_type(&type_file("colour = 1", "")).await;
    let stale = events(&app, "?type=rules_stale").await;
    assert_eq!(stale.len(), 2);
    let files = stale[0]["data"]["files"].as_array().unwrap();
    let shown = |file: &Value| ["part", "requestType", "file"].map(|name| file[name].clone());
    assert_eq!(shown(&files[0]), [json!("people"), Value::Null, json!("people.toml")]);
    assert_eq!(shown(&files[1]), [json!("types"), json!("PAY-OUT"), json!("own.toml")]);
    assert!(files[1]["faults"][0].as_str().unwrap().contains("colour"), "{files:?}");
    assert!(files[0]["faults"][0].as_str().unwrap().contains("people.2.accounts.0"), "{files:?}");
    let ready = app.get("/health/ready").await.text;
    for told in [json!(stale).to_string(), ready] {
        assert!(!told.contains("@example.com") && !told.contains("Bob"), "{told}");
    }
}

async fn every_end_of_a_session_is_told_in_its_org(on: On) {
    let checker = Person {
        orgs: json!(["90001", "90002"]),
        ..Person::new(400_002, "checker@example.com", &["CanCheckRequest"])
    };
    let app = App::with(on, AppOptions::stepped().with_pages(&[checker])).await;
    let browser = app.browser();
    browser.sign_in("400002").await.leads_to();
    let csrf = browser.csrf().await;
    browser.post("/ui/sign-in/again", &[("csrf", &csrf)]).await.leads_to();
    let csrf = browser.csrf().await;
    browser.post("/ui/org", &[("csrf", &csrf), ("org", "90001")]).await;
    browser.post("/ui/org", &[("csrf", &csrf), ("org", "90002")]).await.leads_to();
    assert_eq!(end_sessions_of(&mut app.database(), "400002", &app.clock).unwrap(), 1);
    assert_eq!(end_sessions_of(&mut app.database(), "400002", &app.clock).unwrap(), 0);
    let told = |events: &[Value]| -> Vec<(String, Value, Value)> {
        let told = |event: &Value| {
            let kind = event["type"].as_str().unwrap().to_owned();
            (kind, event["data"]["how"].clone(), event["actor"]["userId"].clone())
        };
        events
            .iter()
            .filter(|event| {
                event["data"] != Value::Null && !event["type"].as_str().unwrap().starts_with("rules")
            })
            .map(told)
            .collect()
    };
    let (signed_in, signed_out) = ("signed_in".to_owned(), "signed_out".to_owned());
    let ended = "session_ended".to_owned();
    let id = json!(400_002);
    let here = [
        (signed_out.clone(), json!("switch"), id.clone()),
        (signed_in.clone(), Value::Null, id.clone()),
        (signed_out.clone(), json!("signIn"), id.clone()),
        (signed_in.clone(), Value::Null, id.clone()),
    ];
    assert_eq!(told(&events(&app, "").await), here);
    let there = app.stranger().get("/trail").await.data();
    let there = there.as_array().unwrap();
    assert_eq!(told(there), [(ended, Value::Null, json!("system")), (signed_in, Value::Null, id)]);
    assert_eq!(there[0]["actor"]["sub"], "system");
    assert_eq!(there[0]["data"]["userId"], "400002");
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
