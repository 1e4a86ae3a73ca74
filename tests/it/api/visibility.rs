//! Who may read a request: their org, and in it who made it, checks or audits.

use serde_json::json;

use crate::support::app::App;
use crate::support::people::{ORG, Person};
use crate::support::{On, journeys};

journeys![nothing_of_an_org_is_visible_in_another, a_maker_sees_only_their_own_requests,];

async fn nothing_of_an_org_is_visible_in_another(on: On) {
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
    // The number of pages reveals nothing either, and a cursor of another org is refused.
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

async fn a_maker_sees_only_their_own_requests(on: On) {
    let app = App::start(on).await;
    let own = app.maker().submitted(&app.badge()).await.id;
    let foreign = app.other_maker().submitted(&app.badge()).await.id;
    assert_eq!(app.maker().lists("").await, std::slice::from_ref(&own));
    assert_eq!(app.maker().lists("userId=400004").await, [] as [&str; 0]);
    app.maker().get(&format!("/requests/{foreign}")).await.refused(404, "not_found");
    app.maker().get(&format!("/requests/{foreign}/history")).await.refused(404, "not_found");
    assert_eq!(app.checker().lists("sortOrder=asc").await, [own, foreign]);
}
