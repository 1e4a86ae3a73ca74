//! Requests are found by every type and version that ever was in force, and what can find nothing is refused.

use chrono::TimeDelta;
use serde_json::Value;

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::{On, journeys};

journeys![
    requests_of_a_type_that_is_gone_are_found,
    a_restart_after_the_file_is_gone_finds_its_requests_too,
    the_version_that_came_into_force_last_is_the_last_one,
    a_filter_that_can_find_nothing_is_refused,
    an_id_and_a_body_are_taken_in_every_usual_spelling,
];

const ADA: u64 = 400_003;

async fn requests_of_a_type_that_is_gone_are_found(on: On) {
    let ada = crate::support::people::Person::new(ADA, "ada@example.com", &["CanAuditRequest"]);
    let options = AppOptions::stepped().with_type(&type_file("", "")).with_pages(&[ada]);
    let app = App::with(on, options).await;
    let request = app.maker().pays(&body(&app, "c-1", 1)).await;
    // Its file says another name now: the type is gone.
    app.change_type(&type_file("", "").replace("PAY-OUT", "REFUND")).await;
    app.maker().submit(PAY_OUT, &body(&app, "c-1", 1)).await.refused(404, "not_found");
    assert_eq!(app.auditor().lists("requestType=PAY-OUT").await, [request.id.as_str()]);
    assert_eq!(app.auditor().lists("requestType=REFUND").await.len(), 0);
    let exported = app.auditor().get("/requests/export?format=jsonl&requestType=PAY-OUT").await.text;
    assert_eq!(exported.lines().count(), 1);
    for never in ["PAY", "pay-out", "PAY-OUT2"] {
        let refused = app.auditor().get(&format!("/requests?requestType={never}")).await;
        assert_eq!(refused.refused(400, "parameter_invalid")["errors"][0]["field"], "requestType", "{never}");
    }
    let browser = app.browser();
    browser.sign_in(&ADA.to_string()).await.leads_to();
    let history = browser.page("/ui/history?requestType=PAY-OUT").await;
    let leads = format!("/ui/requests/{}?from=", request.id);
    assert!(history.attributes("a[href]", "href").iter().any(|to| to.starts_with(&leads)));
    assert_eq!(history.attributes("option[selected]", "value"), ["PAY-OUT"]);
    let types = browser.page("/ui/types").await;
    types.shows(&["No longer in force", "PAY-OUT"]);
    let page = browser.page(&format!("/ui/requests/{}", request.id)).await;
    let link = page.attributes("a[href*='version=']", "href").remove(0);
    browser.page(&link).await.shows(&["This version is no longer in force."]);
    browser.page("/ui/types/PAY-OUT").await.shows(&["This version is no longer in force.", "PAY-OUT"]);
    let current = browser.page("/ui/types/REFUND").await;
    current.does_not_show(&["no longer in force"]);
    assert_eq!(browser.get("/ui/types/REFUND?version=sha256:none").await.status, 404);
    assert_eq!(browser.get("/ui/types/NEVER").await.status, 404);
}

async fn a_restart_after_the_file_is_gone_finds_its_requests_too(on: On) {
    let mut app = App::with(on, AppOptions::stepped().with_type(&type_file("", ""))).await;
    let request = app.maker().pays(&body(&app, "c-1", 1)).await;
    app.remove_type().await;
    app.stop_server().await;
    app.start_server().await;
    app.maker().submit(PAY_OUT, &body(&app, "c-1", 1)).await.refused(404, "not_found");
    assert_eq!(app.auditor().lists("requestType=PAY-OUT").await, [request.id.as_str()]);
    for (format, lines) in [("jsonl", 1), ("csv", 2)] {
        let path = format!("/requests/export?format={format}&requestType=PAY-OUT");
        assert_eq!(app.auditor().get(&path).await.text.lines().count(), lines, "{format}");
    }
}

async fn the_version_that_came_into_force_last_is_the_last_one(on: On) {
    let (first, second) = (type_file("", ""), type_file("bulk = true", ""));
    let app = App::with(on, AppOptions::stepped().with_type(&first)).await;
    let in_force =
        || app.server().engine().rules().types.find(PAY_OUT).map(|read| read.version.clone()).unwrap();
    let one = in_force();
    app.clock.advance(TimeDelta::seconds(1));
    app.change_type(&second).await;
    let other = in_force();
    app.clock.advance(TimeDelta::seconds(1));
    app.change_type(&first).await;
    assert_eq!(in_force(), one);
    app.clock.advance(TimeDelta::seconds(1));
    app.remove_type().await;
    let known = app.server().engine().known_type(PAY_OUT, None).await.unwrap();
    assert_eq!((&known.read.version, known.is_in_force), (&one, false));
    let versions: Vec<&str> = known.versions.iter().map(|known| known.version.as_str()).collect();
    assert_eq!(versions, [one, other]);
}

async fn a_filter_that_can_find_nothing_is_refused(on: On) {
    let app = App::start(on).await;
    app.maker().submitted(&app.badge()).await;
    for (query, field) in [
        ("startDate=2026-03-02&endDate=2026-03-01", "endDate"),
        ("startDate=9999-12-31&endDate=0001-01-01", "endDate"),
        ("states=,", "states"),
        ("states=failed,nonsense", "states"),
        ("requestType=NEVER", "requestType"),
    ] {
        for path in ["/requests?", "/requests/export?format=csv&"] {
            let refused = app.auditor().get(&format!("{path}{query}")).await;
            let error: Value = refused.refused(400, "parameter_invalid")["errors"][0].clone();
            assert_eq!(error["field"], field, "{path}{query}");
            assert!(error["message"].as_str().unwrap().len() > 20, "{error}");
        }
    }
    let refused = app.maker().get("/requests?view=mine&userId=400009").await;
    assert_eq!(refused.refused(400, "parameter_invalid")["errors"][0]["field"], "userId");
    assert_eq!(app.maker().lists("view=mine&userId=400001").await.len(), 1);
    assert_eq!(app.auditor().lists("startDate=2026-03-01&endDate=2026-03-01").await.len(), 1);
}

async fn an_id_and_a_body_are_taken_in_every_usual_spelling(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    for spelled in
        [id.to_uppercase(), id.replace(|c: char| c.is_ascii_digit(), "0").replace('0', "") + "x", id.clone()]
    {
        let reply = app.auditor().get(&format!("/requests/{spelled}")).await;
        assert_eq!(reply.status, if spelled.eq_ignore_ascii_case(&id) { 200 } else { 404 }, "{spelled}");
    }
    assert_eq!(app.auditor().history(&id.to_uppercase()).await.len(), 3);
    let body = app.badge_without_id().to_string();
    for (kind, body, status) in [
        ("application/json; charset=utf8", body.clone(), 200),
        ("application/json", format!("\u{feff}{body}"), 200),
        ("application/json;charset=UTF8", format!("\u{feff} {body}"), 200),
        ("application/json", format!("\u{feff}\u{feff}{body}"), 400),
        ("application/json", format!(" \u{feff}{body}"), 400),
        ("application/json; charset=utf-7", body.clone(), 415),
    ] {
        let reply = app.maker().call("POST", "/ISSUE-BADGE").raw(kind, body.as_bytes()).send().await;
        assert_eq!(reply.status, status, "{kind}: {}", reply.text);
    }
    app.maker().withdraw(&id.to_uppercase(), "never mind").await.data();
    assert_eq!(app.auditor().request(&id).await["state"], "withdrawn");
}
