//! Many decisions in one API call, each recorded separately.

use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{FRESH_SIGN_IN, RISK_THEN_FINANCE, TWO_CHECKERS, body, type_file};
use crate::support::people::{Person, Submitted, bulk};
use crate::support::{On, journeys};

journeys![
    of_four_two_are_left_out_and_the_same_again_records_nothing,
    what_was_recorded_is_executed_once,
    a_rejection_of_many_needs_a_message_and_closes_all,
    while_more_people_are_needed_all_keep_waiting,
    requests_of_a_type_without_bulk_are_decided_one_by_one,
    high_risk_and_fresh_sign_ins_are_decided_one_by_one,
    a_type_may_let_high_risk_in_but_never_a_fresh_sign_in,
    what_is_flagged_when_it_is_decided_is_decided_alone_if_its_type_says_so,
    requests_of_others_and_unknown_ones_are_not_found,
    bulk_decisions_need_the_permission_to_check,
    every_fault_is_reported_at_once,
];

const CHECK: [&str; 1] = ["CanCheckRequest"];
const BOTH: [&str; 2] = ["CanMakeRequest", "CanCheckRequest"];

fn mara() -> Person {
    Person::new(400_001, "maker@example.com", &BOTH)
}

async fn start(on: On, policy: &str) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file("bulk = true", policy))).await
}

async fn paid(app: &App, maker: Person, points: i64) -> Submitted {
    app.actor(maker).pays(&body(app, &format!("c-{points}"), points)).await
}

/// Each item's outcome, code and state.
fn results(items: &[Value]) -> Vec<[&str; 3]> {
    items
        .iter()
        .map(|item| ["outcome", "code", "state"].map(|name| item[name].as_str().unwrap_or("")))
        .collect()
}

async fn of_four_two_are_left_out_and_the_same_again_records_nothing(on: On) {
    let app = start(on, "").await;
    let clerk = app.other_maker().person;
    let first = paid(&app, clerk.clone(), 1).await;
    let own = paid(&app, mara(), 2).await;
    let mut stale = paid(&app, clerk.clone(), 3).await;
    stale.digest.clone_from(&first.digest);
    let last = paid(&app, clerk, 4).await;
    let all = [&first, &own, &stale, &last];
    let mara = app.actor(mara());
    let items = mara.decides_all("approved", &all).await;
    assert_eq!(
        results(&items),
        [
            ["recorded", "", "approved"],
            ["refused", "maker_is_checker", "AdminTask"],
            ["refused", "digest_mismatch", "AdminTask"],
            ["recorded", "", "approved"],
        ]
    );
    let ids: Vec<&Value> = items.iter().map(|item| &item["requestId"]).collect();
    assert_eq!(ids, [&first.id, &own.id, &stale.id, &last.id]);
    assert_eq!(
        items[1]["message"],
        "You submitted this request, so you can't decide it. Ask another checker, or withdraw it."
    );
    let again = mara.decides_all("approved", &all).await;
    let outcomes: Vec<&str> = results(&again).iter().map(|item| item[0]).collect();
    assert_eq!(outcomes, ["repeated", "refused", "refused", "repeated"]);
    for recorded in [&first, &last] {
        let happened = app.auditor().happened(&recorded.id).await;
        assert_eq!(happened.iter().filter(|kind| *kind == "approved").count(), 1);
    }
    for refused in [&own, &stale] {
        let history = app.auditor().history(&refused.id).await;
        assert!(history.last().unwrap()["code"].is_string(), "the attempt is kept");
    }
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 2);
}

async fn what_was_recorded_is_executed_once(on: On) {
    let mut app = App::with(on, AppOptions::default().with_type(&type_file("bulk = true", ""))).await;
    app.runs_executor();
    let mut read = Vec::new();
    for points in 1..=20 {
        read.push(paid(&app, mara(), points).await);
    }
    let all: Vec<&Submitted> = read.iter().collect();
    let (one, other) = (app.checker(), app.other_checker());
    let (of_one, of_other) =
        tokio::join!(one.decides_all("approved", &all), other.decides_all("approved", &all));
    for (one, other) in of_one.iter().zip(&of_other) {
        let mut outcomes = [one["outcome"].as_str().unwrap(), other["outcome"].as_str().unwrap()];
        outcomes.sort_unstable();
        assert_eq!(outcomes, ["recorded", "refused"], "{one} {other}");
    }
    for read in &all {
        app.auditor().becomes(&read.id, "executed").await;
    }
    assert_eq!(app.target.arrived().len(), 20);
    let again = one.decides_all("approved", &all).await;
    assert!(results(&again).iter().all(|[_, _, state]| *state == "executed"));
}

async fn a_rejection_of_many_needs_a_message_and_closes_all(on: On) {
    let app = start(on, "").await;
    let (first, second) = (paid(&app, mara(), 1).await, paid(&app, mara(), 2).await);
    let mut silent = bulk("rejected", &[&first, &second]);
    silent["message"] = " ".into();
    let refused = app.checker().put_many(&silent).await.refused(400, "payload_invalid");
    assert_eq!(refused["errors"][0]["field"], "/message");
    let items = app.checker().decides_all("rejected", &[&first, &second]).await;
    assert_eq!(results(&items), [["recorded", "", "rejected"]; 2]);
}

async fn while_more_people_are_needed_all_keep_waiting(on: On) {
    let app = start(on, TWO_CHECKERS).await;
    let (first, second) = (paid(&app, mara(), 1).await, paid(&app, mara(), 2).await);
    let items = app.checker().decides_all("approved", &[&first, &second]).await;
    assert_eq!(results(&items), [["recorded", "", "AdminTask"]; 2]);
    let other = app.other_checker();
    let items = other.decides_all("approved", &[&first, &second]).await;
    assert_eq!(
        results(&items),
        [["refused", "request_moved", "AdminTask"]; 2],
        "read before the first one decided"
    );
    let mut second_try = bulk("approved", &[&first, &second]);
    for item in second_try["items"].as_array_mut().unwrap() {
        item.as_object_mut().unwrap().remove("version");
    }
    let data = other.put_many(&second_try).await.data();
    assert_eq!(results(data.as_array().unwrap()), [["recorded", "", "approved"]; 2]);
    app.run_due_executions().await;
}

async fn requests_of_a_type_without_bulk_are_decided_one_by_one(on: On) {
    let app = start(on, "").await;
    let (badge, paid) = (app.maker().submitted(&app.badge()).await, paid(&app, mara(), 1).await);
    assert_eq!((&badge.data["bulkAllowed"], &paid.data["bulkAllowed"]), (&json!(false), &json!(true)));
    let items = app.checker().decides_all("approved", &[&badge, &paid]).await;
    assert_eq!(results(&items), [["refused", "bulk_not_allowed", "AdminTask"], ["recorded", "", "approved"]]);
    // The attempts on other requests changed nothing.
    assert_eq!(app.checker().approve_async(&badge.id).await.data()["state"], "approved");
    app.run_due_executions().await;
}

async fn high_risk_and_fresh_sign_ins_are_decided_one_by_one(on: On) {
    for (policy, groups) in [(RISK_THEN_FINANCE, ["Risk"].as_slice()), (FRESH_SIGN_IN, &[])] {
        let app = start(on, policy).await;
        let read = paid(&app, mara(), 1).await;
        assert_eq!(read.data["bulkAllowed"], false);
        let checker = Person::new(11, "rita@example.com", &CHECK).in_groups(groups);
        let checker = app.actor(checker.signed_in(app.clock.now()));
        for verdict in ["approved", "rejected"] {
            let items = checker.decides_all(verdict, &[&read]).await;
            assert_eq!(results(&items), [["refused", "bulk_not_allowed", "AdminTask"]], "{verdict}");
        }
        assert_eq!(checker.says(&read.id, "approved").await.data()["decisions"].as_array().unwrap().len(), 1);
    }
}

async fn a_type_may_let_high_risk_in_but_never_a_fresh_sign_in(on: On) {
    for (policy, groups, is_let_in) in
        [(RISK_THEN_FINANCE, ["Risk"].as_slice(), true), (FRESH_SIGN_IN, &[], false)]
    {
        let type_file = type_file("bulk = { high_risk = true, flagged = true }", policy);
        let app = App::with(on, AppOptions::stepped().with_type(&type_file)).await;
        let read = paid(&app, mara(), 1).await;
        assert_eq!(read.data["bulkAllowed"], is_let_in);
        let checker = Person::new(11, "rita@example.com", &CHECK).in_groups(groups);
        let checker = app.actor(checker.signed_in(app.clock.now()));
        let items = checker.decides_all("approved", &[&read]).await;
        let expected = if is_let_in { ["recorded", ""] } else { ["refused", "bulk_not_allowed"] };
        assert_eq!(results(&items)[0][..2], expected, "{policy}");
    }
}

async fn what_is_flagged_when_it_is_decided_is_decided_alone_if_its_type_says_so(on: On) {
    for (bulk, alone) in [("bulk = { flagged = false }", true), ("bulk = true", false)] {
        let app = App::with(on, AppOptions::stepped().with_type(&type_file(bulk, ""))).await;
        let plain = paid(&app, mara(), 1).await;
        let hidden = app.actor(mara()).pays(&body(&app, "c\u{202e}-2", 2)).await;
        // This one was plain when it was read; then another one came for the same customer.
        let doubled = paid(&app, mara(), 3).await;
        let other = paid(&app, mara(), 3).await;
        let items = app.checker().decides_all("rejected", &[&plain, &hidden, &doubled]).await;
        let refused = ["refused", "bulk_not_allowed", "AdminTask"];
        let recorded = ["recorded", "", "rejected"];
        let flagged = if alone { refused } else { recorded };
        assert_eq!(results(&items), [recorded, flagged, flagged], "{bulk}");
        if !alone {
            continue;
        }
        let why = "This request must be decided alone: there is something about it to look at twice.";
        assert!(items[1]["message"].as_str().unwrap().starts_with(why), "{}", items[1]);
        // Alone it is decided, and without the other one it is plain again.
        app.checker().says(&hidden.id, "rejected").await.data();
        app.maker().withdraw(&other.id, "twice").await.data();
        let items = app.checker().decides_all("rejected", &[&doubled]).await;
        assert_eq!(results(&items), [recorded], "{bulk}");
    }
}

async fn requests_of_others_and_unknown_ones_are_not_found(on: On) {
    let app = start(on, "").await;
    let read = paid(&app, mara(), 1).await;
    let unknown = Submitted { id: "019d0000-0000-7000-8000-000000000000".to_owned(), ..read.clone() };
    let items = app.stranger().decides_all("approved", &[&read]).await;
    assert_eq!(results(&items), [["refused", "not_found", ""]]);
    assert_eq!(items[0]["state"], Value::Null);
    let items = app.checker().decides_all("approved", &[&unknown, &read]).await;
    assert_eq!(results(&items), [["refused", "not_found", ""], ["recorded", "", "approved"]]);
    app.run_due_executions().await;
}

async fn bulk_decisions_need_the_permission_to_check(on: On) {
    let app = start(on, "").await;
    let read = paid(&app, mara(), 1).await;
    let body = bulk("approved", &[&read]);
    for actor in [app.maker(), app.auditor()] {
        actor.put_many(&body).await.refused(403, "permission_missing");
    }
    let no_org = Person { org: String::new(), ..app.checker().person };
    app.actor(no_org).put_many(&body).await.refused(403, "org_not_granted");
    assert_eq!(app.auditor().happened(&read.id).await.len(), 3);
}

async fn every_fault_is_reported_at_once(on: On) {
    let app = start(on, "").await;
    let read = paid(&app, mara(), 1).await;
    let item = json!({ "requestId": read.id, "digest": read.digest });
    let body = |items: Value| json!({ "decision": "approved", "message": "", "items": items });
    let fields = async |body: &Value| {
        let answer = app.checker().put_many(body).await.refused(400, "payload_invalid");
        let errors = answer["errors"].as_array().unwrap().iter();
        errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (wrong, expected) in [
        (json!({}), vec!["/decision", "/message", "/items"]),
        (body(json!([])), vec!["/items"]),
        (body(json!({})), vec!["/items"]),
        (body(vec![item.clone(); 2].into()), vec!["/items/1/requestId"]),
        (
            body(json!([1, { "requestId": 7, "digest": 8 }])),
            vec!["/items/0", "/items/1/requestId", "/items/1/digest"],
        ),
        (body(json!([{ "requestId": read.id }])), vec!["/items/0/digest"]),
        (body(json!([{ "requestId": "x", "digest": "" }])), vec!["/items/0/requestId"]),
        (
            body(json!([{ "requestId": read.id, "digest": "", "version": 0, "more": 1 }])),
            vec!["/items/0/version", "/items/0/more"],
        ),
        (
            json!({ "decision": "maybe", "message": 1, "items": [item], "x": 1 }),
            vec!["/decision", "/message", "/x"],
        ),
    ] {
        let mut answer = fields(&wrong).await;
        let mut expected = expected;
        answer.sort_unstable();
        expected.sort_unstable();
        assert_eq!(answer, expected, "{wrong}");
    }
    let many: Vec<Value> = (0..101)
        .map(|number| json!({ "requestId": format!("019d0000-0000-7000-8000-{number:012}"), "digest": "" }))
        .collect();
    assert_eq!(fields(&body(many.clone().into())).await, ["/items"]);
    let answer = app.checker().put_many(&body(many[..100].into())).await.data();
    assert_eq!(answer.as_array().unwrap().len(), 100);
    app.checker()
        .call("PUT", "/bulk-decisions?dry=1")
        .json(&body(json!([item])))
        .send()
        .await
        .refused(400, "parameter_invalid");
    app.checker().get("/bulk-decisions").await.refused(405, "method_not_allowed");
    assert_eq!(app.auditor().happened(&read.id).await.len(), 3);
}
