//! The client's org, and what the access groups of a client allow.

use serde_json::json;

use crate::support::app::AppOptions;
use crate::support::clients::{call, call_by, gated, required, till};
use crate::support::people::Person;
use crate::support::{On, fixture, journeys};

journeys![
    a_client_calls_only_for_its_own_org,
    a_client_calls_only_what_one_of_its_groups_allows,
    a_client_submits_again_only_what_it_may_submit,
];

async fn a_client_calls_only_for_its_own_org(on: On) {
    let (own, foreign) = (till("till.one"), till("till.two").of_org("90002"));
    let app = gated(on, required(), &[&own, &foreign]).await;
    let mut both = Person::new(400_009, "both@example.com", &["CanCheckRequest"]);
    both.orgs = json!(["90001", "90002"]);
    for (org, till, is_let) in
        [("90001", &own, true), ("90002", &own, false), ("90002", &foreign, true), ("90001", &foreign, false)]
    {
        both.org = org.to_owned();
        let reply =
            call_by(&app, &both, "GET", "/requests").header("authorization", &till.basic()).send().await;
        if is_let {
            reply.expect(200);
        } else {
            assert_eq!(reply.expect(403), fixture("auth/v1.1-no-resource-access.403.json"), "{org}");
        }
    }
    // Where a reading call leaves the org out, it is the token's.
    let mut one = both.clone().of_org("90001");
    one.org = String::new();
    call_by(&app, &one, "GET", "/requests").header("authorization", &own.basic()).send().await.expect(200);
    call_by(&app, &one, "GET", "/requests")
        .header("authorization", &foreign.basic())
        .send()
        .await
        .expect(403);
}

fn groups() -> AppOptions {
    required().set(
        "gateway.groups",
        r#"[{name = "badges", types = ["ISSUE-BADGE"], calls = ["submit", "decide"]}, {name = "reports", calls = ["audit"]}]"#,
    )
}

async fn a_client_calls_only_what_one_of_its_groups_allows(on: On) {
    let badges = till("till.badges").in_groups(&["badges"]);
    let both = till("till.both").in_groups(&["badges", "reports"]);
    let nothing = till("till.nothing").in_groups(&["gone"]);
    let app = gated(on, groups(), &[&badges, &both, &nothing]).await;
    let calls = [
        ("POST", "/ISSUE-BADGE", true, true),
        ("PUT", "/ISSUE-BADGE", true, true),
        ("POST", "/EARN-BADGE", false, false),
        ("PUT", "/bulk-decisions", false, false),
        ("GET", "/requests", false, false),
        ("GET", "/requests/export?format=csv", false, true),
        ("GET", "/requests/%65xport?format=xml", false, true),
        ("GET", "/refusals", false, true),
        ("GET", "/trail", false, true),
        ("GET", "/target-hosts", false, true),
        ("GET", "/deliveries", false, true),
        ("POST", "/deliveries/x/redeliver", false, true),
        ("POST", "/requests/x/withdraw", false, false),
        ("POST", "/requests/x/submit-again", true, true),
        ("GET", "/no/such/path", false, false),
        ("HEAD", "/requests", false, false),
    ];
    for (method, path, badges_may, both_may) in calls {
        for (till, is_let) in [(&badges, badges_may), (&both, both_may), (&nothing, false)] {
            let reply = call(&app, method, path).header("authorization", &till.basic()).send().await;
            let name = &till.client.name;
            assert_eq!(reply.status != 403, is_let, "{name} {method} {path}: {}", reply.text);
            if !is_let && method != "HEAD" {
                assert_eq!(reply.body, fixture("auth/v1.1-no-resource-access.403.json"));
            }
        }
    }
}

async fn a_client_submits_again_only_what_it_may_submit(on: On) {
    let (badges, all) = (till("till.badges").in_groups(&["badges"]), till("till.all"));
    let reports = till("till.reports").in_groups(&["reports"]);
    let app = gated(on, groups(), &[&badges, &all, &reports]).await;
    // Both are withdrawn, so that each may be submitted again.
    let withdrawn = async |name: &str| {
        let submit = call(&app, "POST", &format!("/{name}")).json(&app.example(name));
        let data = submit.header("authorization", &all.basic()).send().await.data();
        let id = data["requestId"].as_str().unwrap().to_owned();
        let withdraw =
            call(&app, "POST", &format!("/requests/{id}/withdraw")).json(&json!({ "reason": "no" }));
        withdraw.header("authorization", &all.basic()).send().await.expect(200);
        id
    };
    let (badge, earned) = (withdrawn("ISSUE-BADGE").await, withdrawn("EARN-BADGE").await);
    for (till, id, is_let) in
        [(&reports, &badge, false), (&badges, &earned, false), (&badges, &badge, true), (&all, &earned, true)]
    {
        let again = call(&app, "POST", &format!("/requests/{id}/submit-again")).text("{}");
        let reply = again.header("authorization", &till.basic()).send().await;
        if is_let {
            assert_eq!(reply.data()["repeatOf"], json!(id));
        } else {
            assert_eq!(reply.expect(403), fixture("auth/v1.1-no-resource-access.403.json"));
        }
    }
}
