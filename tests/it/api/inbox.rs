//! The views of a person: what needs them, what they decided, what they made.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{fay, finn, plain, rita, staged};
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::people::{Actor, Person};
use crate::support::{On, journeys};

journeys![
    what_needs_me_is_what_i_may_decide_now,
    the_inbox_continues_by_cursor_and_counts_only_once,
    an_inbox_is_counted_exactly_to_a_thousand,
    the_views_take_no_other_parameters,
    the_inbox_is_read_by_amount_age_and_maker_and_goes_on_in_its_order,
    the_inbox_is_narrowed_by_amount_and_unit,
    mine_is_a_filter_and_decided_by_me_is_the_latest_first,
    a_list_is_narrowed_to_one_subject,
];

/// The ids of a page of a view, and its pagination.
async fn page(actor: &Actor<'_>, query: &str) -> (Vec<String>, Value) {
    let mut reply = actor.get(&format!("/requests?{query}")).await.expect(200);
    let rows = reply["data"].as_array().unwrap();
    let ids = rows.iter().map(|row| row["requestId"].as_str().unwrap().to_owned()).collect();
    (ids, reply["pagination"].take())
}

async fn what_needs_me_is_what_i_may_decide_now(on: On) {
    let app = staged(on).await;
    let [first, second] =
        [app.maker().pays(&body(&app, "c-1", 1)).await.id, app.maker().pays(&body(&app, "c-2", 2)).await.id];
    app.actor(rita()).says(&first, "approved").await.data();
    let needs = async |who: Person| page(&app.actor(who), "view=needs_me").await;
    let (ids, pagination) = needs(rita()).await;
    assert_eq!(ids, std::slice::from_ref(&second));
    assert_eq!(pagination, json!({ "numberOfElements": 1, "count": "1", "next": null }));
    assert_eq!(needs(fay()).await.0, std::slice::from_ref(&first));
    assert_eq!(needs(app.checker().person).await.1["count"], "0");
    for who in [rita(), fay()] {
        for id in needs(who.clone()).await.0 {
            assert_eq!(app.actor(who.clone()).request(&id).await["canDecide"], true);
        }
    }
    // Who may not decide anything has no inbox, rather than an empty one.
    app.auditor().get("/requests?view=needs_me").await.refused(403, "permission_missing");
    app.actor(fay()).says(&first, "rejected").await.data();
    assert_eq!(needs(finn()).await.1["count"], "0");
    let abroad = rita().of_org("90002");
    assert_eq!(needs(abroad).await.1["count"], "0");
}

async fn the_inbox_continues_by_cursor_and_counts_only_once(on: On) {
    let app = plain(on, "").await;
    let mut submitted = Vec::new();
    for number in 0..5 {
        app.clock.advance(TimeDelta::seconds(1));
        submitted.push(app.maker().pays(&body(&app, &format!("c-{number}"), 1)).await.id);
    }
    let checker = app.checker();
    let (mut walked, pagination) = page(&checker, "view=needs_me&limit=2").await;
    assert_eq!(pagination["count"], "5");
    let mut next = pagination["next"].clone();
    while let Some(cursor) = next.as_str() {
        let (ids, pagination) = page(&checker, &format!("view=needs_me&limit=2&after={cursor}")).await;
        assert_eq!(pagination.get("count"), None);
        walked.extend(ids);
        next = pagination["next"].clone();
    }
    assert_eq!(walked, submitted);
    let of_checker = page(&checker, "view=needs_me&limit=2").await.1["next"].clone();
    let cursor = of_checker.as_str().unwrap();
    let elsewhere = [
        (app.other_checker(), format!("view=needs_me&after={cursor}")),
        (app.checker(), format!("view=decided_by_me&after={cursor}")),
        (app.checker(), format!("after={cursor}")),
    ];
    for (actor, query) in elsewhere {
        actor.get(&format!("/requests?{query}")).await.refused(400, "cursor_invalid");
    }
}

async fn an_inbox_is_counted_exactly_to_a_thousand(on: On) {
    let app = plain(on, "").await;
    let (maker, checker, body) = (app.maker(), app.checker(), body(&app, "c-1", 1));
    for _ in 0..20 {
        let submitted = (0..50).map(|_| maker.submit(PAY_OUT, &body));
        let submitted = futures_util::future::join_all(submitted).await;
        assert!(submitted.iter().all(|reply| reply.status == 200));
    }
    assert_eq!(page(&checker, "view=needs_me&limit=1").await.1["count"], "1000");
    maker.pays(&body).await;
    assert_eq!(page(&checker, "view=needs_me&limit=1").await.1["count"], "1000+");
}

/// A type whose amounts count what the call says, and five requests: two of EUR, one of USD, one without a unit, and one
/// without an amount.
async fn five_amounts(on: On) -> (App, Vec<String>) {
    let type_file =
        type_file("unit = \"/body/card\"", "").replace(r#""customer", "points""#, r#""customer""#);
    let app = App::with(on, AppOptions::stepped().with_type(&type_file)).await;
    let zoe = Person::new(31, "Zoe@example.com", &["CanMakeRequest"]);
    let anna = Person::new(32, "anna@example.com", &["CanMakeRequest"]);
    let mut ids = Vec::new();
    for (maker, points, unit) in [
        (&zoe, json!(5), json!("EUR")),
        (&anna, json!(12.5), json!("EUR")),
        (&zoe, json!(900), json!("USD")),
        (&zoe, json!(-3), json!(null)),
        (&anna, json!(null), json!("EUR")),
    ] {
        app.clock.advance(TimeDelta::seconds(1));
        let mut body = body(&app, "c-1", 1);
        let sent = body.pointer_mut("/payload/IntouchAPITask-Payload/body").unwrap().as_object_mut().unwrap();
        for (name, value) in [("points", points), ("card", unit)] {
            if value.is_null() {
                sent.remove(name)
            } else {
                sent.insert(name.to_owned(), value)
            };
        }
        ids.push(app.actor(maker.clone()).pays(&body).await.id);
    }
    (app, ids)
}

async fn the_inbox_is_read_by_amount_age_and_maker_and_goes_on_in_its_order(on: On) {
    let (app, ids) = five_amounts(on).await;
    let checker = app.checker();
    for (order, expected) in [
        ("", [0, 1, 2, 3, 4]),
        ("due", [0, 1, 2, 3, 4]),
        ("oldest", [0, 1, 2, 3, 4]),
        ("newest", [4, 3, 2, 1, 0]),
        ("largest", [3, 1, 0, 2, 4]),
        ("smallest", [3, 0, 1, 2, 4]),
        ("maker", [1, 4, 0, 2, 3]),
    ] {
        let query = format!("view=needs_me&order={order}&limit=2");
        let (mut walked, pagination) = page(&checker, &query).await;
        assert_eq!(pagination["count"], "5", "{order}");
        let mut next = pagination["next"].clone();
        while let Some(cursor) = next.as_str() {
            let (ids, pagination) = page(&checker, &format!("{query}&after={cursor}")).await;
            assert_eq!(pagination.get("count"), None);
            walked.extend(ids);
            next = pagination["next"].clone();
        }
        let expected: Vec<&String> = expected.into_iter().map(|at| &ids[at]).collect();
        assert_eq!(walked.iter().collect::<Vec<_>>(), expected, "{order}");
    }
    // What was decided since keeps its place, and a cursor goes on in no other order.
    let cursor = page(&checker, "view=needs_me&order=largest&limit=2").await.1["next"].clone();
    let cursor = cursor.as_str().unwrap();
    checker.says(&ids[1], "rejected").await.data();
    let (rest, _) = page(&checker, &format!("view=needs_me&order=largest&after={cursor}")).await;
    assert_eq!(rest, [ids[0].clone(), ids[2].clone(), ids[4].clone()]);
    for other in ["order=smallest", "order=largest&unit=EUR", ""] {
        let reply = checker.get(&format!("/requests?view=needs_me&{other}&after={cursor}")).await;
        reply.refused(400, "cursor_invalid");
    }
}

async fn the_inbox_is_narrowed_by_amount_and_unit(on: On) {
    let (app, ids) = five_amounts(on).await;
    let checker = app.checker();
    for (query, expected) in [
        ("amountFrom=5", vec![0, 1, 2]),
        ("amountFrom=5.01&amountTo=12.5", vec![1]),
        ("amountTo=0", vec![3]),
        ("unit=EUR", vec![0, 1]),
        ("unit=EUR&amountFrom=6&order=largest", vec![1]),
        ("unit=points", vec![]),
    ] {
        let (found, pagination) = page(&checker, &format!("view=needs_me&{query}")).await;
        assert_eq!(pagination["count"], expected.len().to_string(), "{query}");
        assert_eq!(found, expected.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>(), "{query}");
    }
    for (query, field) in [
        ("amountFrom=ten", "amountFrom"),
        ("amountFrom=1e3", "amountFrom"),
        ("amountTo=1%20000", "amountTo"),
        ("amountFrom=2&amountTo=1", "amountTo"),
        ("unit=5", "unit"),
        ("order=price", "order"),
    ] {
        let reply = checker.get(&format!("/requests?view=needs_me&{query}")).await;
        assert_eq!(reply.refused(400, "parameter_invalid")["errors"][0]["field"], field, "{query}");
    }
    for view in ["view=mine", "view=decided_by_me", ""] {
        for more in ["order=due", "amountFrom=1", "amountTo=1", "unit=EUR"] {
            let both = Person::new(20, "both@example.com", &["CanMakeRequest", "CanCheckRequest"]);
            let reply = app.actor(both).get(&format!("/requests?{view}&{more}")).await;
            let field = more.split_once('=').unwrap().0;
            assert_eq!(reply.refused(400, "parameter_invalid")["errors"][0]["field"], field, "{view} {more}");
        }
    }
    let lines = app.auditor().get("/requests/export?format=jsonl&sortOrder=asc").await.text;
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<[Value; 2]> = rows.iter().map(|row| [row["amount"].clone(), row["unit"].clone()]).collect();
    assert_eq!(
        said,
        [
            [json!("5"), json!("EUR")],
            [json!("12.5"), json!("EUR")],
            [json!("900"), json!("USD")],
            [json!("-3"), json!(null)],
            [json!(null), json!(null)],
        ]
    );
    let csv = app.auditor().get("/requests/export?format=csv&sortOrder=asc").await.text;
    assert!(csv.lines().nth(2).unwrap().ends_with(",\"EUR\""), "{csv}");
}

async fn the_views_take_no_other_parameters(on: On) {
    let app = plain(on, "").await;
    for view in ["needs_me", "decided_by_me"] {
        for more in ["subject=c-1", "states=AdminTask", "PageNo=0", "sortBy=endDate", "userId=1"] {
            let reply = app.checker().get(&format!("/requests?view={view}&{more}")).await;
            let body = reply.refused(400, "parameter_invalid");
            assert_eq!(body["errors"][0]["field"], more.split_once('=').unwrap().0);
        }
    }
    let reply = app.checker().get("/requests?view=everything").await;
    assert_eq!(reply.refused(400, "parameter_invalid")["errors"][0]["field"], "view");
    app.auditor().get("/requests/export?format=csv&view=mine").await.refused(400, "parameter_invalid");
}

async fn mine_is_a_filter_and_decided_by_me_is_the_latest_first(on: On) {
    let app = plain(on, "").await;
    let both = Person::new(20, "both@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    let own = app.actor(both.clone()).pays(&body(&app, "c-0", 1)).await.id;
    let mut ids = Vec::new();
    for number in 1..4 {
        ids.push(app.maker().pays(&body(&app, &format!("c-{number}"), 1)).await.id);
    }
    let both = app.actor(both);
    assert_eq!(page(&both, "view=mine").await.0, std::slice::from_ref(&own));
    assert_eq!(page(&both, "view=mine&subject=c-1").await.0.len(), 0);
    assert_eq!(page(&both, "view=mine").await.1["totalElements"], 1);
    for id in &ids {
        app.clock.advance(TimeDelta::seconds(1));
        both.says(id, "rejected").await.data();
    }
    ids.reverse();
    let (first, pagination) = page(&both, "view=decided_by_me&limit=2").await;
    assert_eq!((first.as_slice(), pagination.get("count")), (&ids[..2], None));
    let cursor = pagination["next"].as_str().unwrap();
    let (rest, pagination) = page(&both, &format!("view=decided_by_me&limit=2&after={cursor}")).await;
    assert_eq!((rest.as_slice(), &pagination["next"]), (&ids[2..], &Value::Null));
    assert_eq!(page(&app.checker(), "view=decided_by_me").await.0.len(), 0);
}

async fn a_list_is_narrowed_to_one_subject(on: On) {
    let app = plain(on, "").await;
    let one = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    let two = app.other_maker().pays(&body(&app, "c-1", 2)).await.id;
    app.maker().pays(&body(&app, "c-12", 3)).await;
    app.checker().says(&one, "rejected").await.data();
    assert_eq!(app.checker().lists("subject=c-1&sortOrder=asc").await, [one.clone(), two]);
    assert_eq!(app.checker().lists("subject=c-1&states=rejected").await, std::slice::from_ref(&one));
    assert_eq!(app.maker().lists("subject=c-1").await, [one]);
    assert_eq!(app.checker().lists("subject=c").await.len(), 0);
    assert_eq!(app.stranger().lists("subject=c-1").await.len(), 0);
    let export = app.auditor().get("/requests/export?format=jsonl&subject=c-1").await.text;
    assert_eq!(export.lines().count(), 2);
}
