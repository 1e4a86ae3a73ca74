//! Whoever signs sees each header that is not ordinary, before they sign.

use serde_json::json;

use super::{signed_in, start_with_deciders};
use crate::support::app::{App, AppOptions, task};
use crate::support::{On, journeys};

journeys![
    a_step_shows_every_further_header_and_that_there_are_credentials,
    a_review_shows_further_headers_and_a_list_counts_them,
    a_header_that_a_review_cant_show_whole_is_decided_alone,
];

const CHEN: &str = "400002";
const NAME: &str = "X-CAP-API-AUTH-ORG-ID";

/// A request that may be decided in bulk, with these headers; its id.
async fn goodwill(app: &App, headers: serde_json::Value) -> String {
    let mut body = app.example("GOODWILL-POINTS");
    task(&mut body)["headers"] = headers;
    let data = app.maker().submit("GOODWILL-POINTS", &body).await.data();
    data["requestId"].as_str().unwrap().to_owned()
}

async fn a_step_shows_every_further_header_and_that_there_are_credentials(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let mut body = app.badge();
    task(&mut body)["headers"] = json!({
        "Content-Type": "application/json", "accept": "text/x-ordinary", NAME: "90001-<b>",
        "Authorization": "Basic c2VjcmV0OnNlY3JldA==",
    });
    let id = app.maker().submitted(&body).await.id;
    let chen = signed_in(&app, CHEN).await;
    for step in ["approve", "reject"] {
        let page = chen.page(&format!("/ui/requests/{id}/{step}")).await;
        page.shows(&["X-CAP-API-AUTH-ORG-ID: 90001-<b>", "authorization (hidden)"]);
        assert!(!page.text().contains("c2VjcmV0"), "{}", page.text());
        assert!(!page.text().contains("text/x-ordinary"), "{}", page.text());
    }
}

async fn a_review_shows_further_headers_and_a_list_counts_them(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let first = goodwill(&app, json!({NAME: "90001", "Authorization": "Basic c2VjcmV0"})).await;
    let second = goodwill(&app, json!({"Accept": "application/json", "X-Request-Id": "7"})).await;
    let chen = signed_in(&app, CHEN).await;
    let list = chen.page("/ui/needs-me").await;
    assert_eq!(list.text().matches("further header").count(), 1, "{}", list.text());
    list.shows(&["1 further header"]);
    let page = chen.page(&format!("/ui/bulk?id={first}&id={second}")).await;
    page.shows(&["X-CAP-API-AUTH-ORG-ID: 90001"]);
    assert_eq!(page.fields("item").len(), 2);
    assert!(!page.text().contains("c2VjcmV0") && !page.text().contains("X-Request-Id"), "{}", page.text());
}

async fn a_header_that_a_review_cant_show_whole_is_decided_alone(on: On) {
    let app = start_with_deciders(on, AppOptions::stepped()).await;
    let long = goodwill(&app, json!({NAME: "9".repeat(201)})).await;
    let short = goodwill(&app, json!({NAME: "9".repeat(200)})).await;
    let chen = signed_in(&app, CHEN).await;
    let page = chen.page(&format!("/ui/bulk?id={long}&id={short}")).await;
    page.shows(&["It has a header that is too long to be read here."]);
    let items = page.fields("item");
    assert_eq!(items.len(), 1);
    assert!(items[0].starts_with(&short), "{items:?}");
    let step = chen.page(&format!("/ui/requests/{long}/approve")).await;
    step.shows(&[&"9".repeat(201)]);
}
