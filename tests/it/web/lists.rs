//! Lists of the pages: their orders, filters by amount, and everything of a filter together.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{deciders, follow, signed_in};
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, TWO_CHECKERS, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_list_is_ordered_by_amount_and_stays_so_through_a_decision,
    an_order_goes_on_over_its_pages,
    amounts_are_filtered_and_added_by_unit,
    an_amount_that_is_none_is_told_and_narrows_nothing,
    everything_of_a_filter_is_reviewed_together,
    ones_own_lists_are_read_from_either_end,
    a_request_keeps_the_unit_that_it_was_submitted_with,
];

const CHEN: &str = "400002";

/// Payments of a type whose amounts count what `card` says.
async fn app(on: On, policy: &str) -> App {
    let type_file = type_file("bulk = true\nunit = \"/body/card\"", policy);
    App::with(on, AppOptions::stepped().with_pages(&deciders()).with_type(&type_file)).await
}

fn payment(app: &App, points: Value, unit: Option<&str>) -> Value {
    let mut body = body(app, &format!("c-{points}"), 1);
    let sent = body.pointer_mut("/payload/IntouchAPITask-Payload/body").unwrap();
    sent["points"] = points;
    if let Some(unit) = unit {
        sent["card"] = unit.into();
    }
    body
}

async fn paid(app: &App, points: Value, unit: Option<&str>) -> String {
    app.clock.advance(TimeDelta::seconds(1));
    app.maker().pays(&payment(app, points, unit)).await.id
}

async fn a_list_is_ordered_by_amount_and_stays_so_through_a_decision(on: On) {
    let app = app(on, TWO_CHECKERS).await;
    let small = paid(&app, json!(7), Some("EUR")).await;
    let large = paid(&app, json!(12500.5), Some("EUR")).await;
    let middle = paid(&app, json!(900), Some("EUR")).await;
    let points = paid(&app, json!(850), Some("points")).await;
    let chen = signed_in(&app, CHEN).await;
    let list = chen.page("/ui/needs-me?order=largest").await;
    assert_eq!(list.fields("id"), [large.as_str(), &middle, &small, &points]);
    assert_eq!(list.texts(".grp b"), ["EUR", "points"], "amounts of two units are not one order");
    assert_eq!(list.texts(".amt small"), ["EUR", "EUR", "EUR", "points"]);
    // The points of numbers stand below each other: what is missing takes its room, and is no text.
    assert_eq!(list.attributes(".amt [data-pad]", "data-pad"), [".0", ".0", ".0"]);
    assert!(list.link("Due first").is_some() && list.link("Maker").is_some());
    let open = follow(&chen, &list, "Pay 900 to c-900").await;
    open.shows(&["2 of 4", "900\u{a0}EUR"]);
    let step = follow(&chen, &open, "Reject… r").await;
    let form = [
        ("csrf", step.field("csrf")),
        ("digest", step.field("digest")),
        ("version", step.field("version")),
        ("decision", "rejected".to_owned()),
        ("message", "Not this one.".to_owned()),
    ];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = chen.post(&step.attribute("form[data-decide]", "action"), &form).await;
    let after = chen.page(answer.leads_to()).await;
    after.shows(&["3 requests left"]);
    let next = follow(&chen, &after, "Next j").await;
    next.shows(&["2 of 3", "Pay 7 to"]);
    let before = follow(&chen, &next, "Previous k").await;
    before.shows(&["1 of 3", "12\u{2009}500.5\u{a0}EUR"]);
    let back = follow(&chen, &before, "Needs me").await;
    assert_eq!(back.fields("id"), [large.as_str(), &small, &points]);
}

async fn an_order_goes_on_over_its_pages(on: On) {
    let app = app(on, "").await;
    let maker = app.maker();
    let bodies: Vec<Value> =
        (0..60).map(|number| payment(&app, json!(number * 37 % 60), Some("EUR"))).collect();
    let submitted =
        futures_util::future::join_all(bodies.iter().map(|body| maker.submit(PAY_OUT, body))).await;
    assert!(submitted.iter().all(|reply| reply.status == 200));
    let chen = signed_in(&app, CHEN).await;
    let first = chen.page("/ui/needs-me?order=smallest").await;
    let amounts = |texts: Vec<String>| -> Vec<i64> {
        texts.iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect()
    };
    assert_eq!(amounts(first.texts(".amt")), (0..50).collect::<Vec<i64>>());
    first.shows(&["1–50 of 60"]);
    let second = follow(&chen, &first, "Next").await;
    assert_eq!(amounts(second.texts(".amt")), (50..60).collect::<Vec<i64>>());
    let back = follow(&chen, &second, "Previous").await;
    assert_eq!(amounts(back.texts(".amt")).len(), 50);
    let cursor = second.link("Largest amount").unwrap();
    assert!(!cursor.contains("after="), "another order begins anew: {cursor}");
    let wrong = first.link("Next").unwrap().replace("smallest", "largest");
    assert_eq!(chen.get(&wrong).await.status, 400);
    let groups = chen.page("/ui/my-groups?order=largest").await;
    assert_eq!(amounts(groups.texts(".amt")), (10..60).rev().collect::<Vec<i64>>());
}

async fn amounts_are_filtered_and_added_by_unit(on: On) {
    let app = app(on, "").await;
    let ids = [
        paid(&app, json!(0.1), Some("EUR")).await,
        paid(&app, json!(0.2), Some("EUR")).await,
        paid(&app, json!(7), Some("points")).await,
        paid(&app, json!(5), None).await,
    ];
    let chen = signed_in(&app, CHEN).await;
    let list = chen.page("/ui/needs-me?min=0.2&max=6").await;
    assert_eq!(list.fields("id"), [ids[1].as_str(), &ids[3]]);
    assert_eq!((list.field("min"), list.field("max")), ("0.2".to_owned(), "6".to_owned()));
    let list = follow(&chen, &list, "Any amount").await;
    assert_eq!(list.fields("id").len(), 4);
    let list = chen.page(&list.link("EUR 2").unwrap()).await;
    assert_eq!(list.fields("id"), [ids[0].as_str(), &ids[1]]);
    let list = chen.page("/ui/needs-me?unit=-").await;
    assert_eq!(list.fields("id"), [ids[3].as_str()]);
    let all: Vec<String> = ids.iter().map(|id| format!("id={id}")).collect();
    let review = chen.page(&format!("/ui/bulk?{}", all.join("&"))).await;
    let totals = review.text_of(".totals");
    for sum in ["EUR 0.3\u{a0}EUR in all", "points 7\u{a0}points in all", "Pay out 5 in all"] {
        assert!(totals.contains(sum), "{totals}");
    }
}

async fn an_amount_that_is_none_is_told_and_narrows_nothing(on: On) {
    let app = app(on, "").await;
    for points in [1, 2] {
        paid(&app, json!(points), Some("EUR")).await;
    }
    let chen = signed_in(&app, CHEN).await;
    let list = chen.page("/ui/needs-me?min=1,5").await;
    list.shows(&["Write each amount as a plain number"]);
    assert_eq!(list.fields("id").len(), 2);
    assert_eq!(list.attribute("#min", "aria-invalid"), "true");
}

async fn everything_of_a_filter_is_reviewed_together(on: On) {
    let app = app(on, "").await;
    let small = paid(&app, json!(1), Some("EUR")).await;
    let own = app.actor(Person::new(400_002, "chen@example.com", &["CanMakeRequest"]));
    own.pays(&payment(&app, json!(2), Some("EUR"))).await;
    let large = paid(&app, json!(3), Some("EUR")).await;
    paid(&app, json!(4), Some("points")).await;
    app.maker().submitted(&app.badge()).await;
    let chen = signed_in(&app, CHEN).await;
    let list = chen.page("/ui/needs-me?unit=EUR&order=largest").await;
    let review = follow(&chen, &list, "Select all 2 of this filter").await;
    review.shows(&["Review 2 together"]);
    assert_eq!(
        review.fields("shown"),
        [large.as_str(), &small],
        "in the order of the list, and not one's own"
    );
    let back = follow(&chen, &review, "Needs me").await;
    assert_eq!(back.fields("id"), [large.as_str(), &small]);
    // Without a filter, what must be decided alone is there, and says so.
    let review = chen.page("/ui/bulk?all=1").await;
    review.shows(&["Review 4 together", "decided alone, on its own page"]);
    let maker = app.maker();
    let bodies: Vec<Value> = (0..100).map(|number| payment(&app, json!(number + 10), Some("EUR"))).collect();
    futures_util::future::join_all(bodies.iter().map(|body| maker.submit(PAY_OUT, body))).await;
    let list = chen.page("/ui/needs-me?unit=EUR&order=largest").await;
    let review = follow(&chen, &list, "Select the first 100 of 102 of this filter").await;
    assert_eq!(review.fields("shown").len(), 100);
    assert!(!review.fields("shown").contains(&small));
    let nothing = chen.get("/ui/bulk?all=1&from=needs-me%3Funit%3DGBP").await;
    assert_eq!(nothing.leads_to(), "/ui/needs-me?unit=GBP", "where it says that nothing fits");
}

async fn ones_own_lists_are_read_from_either_end(on: On) {
    let app = app(on, TWO_CHECKERS).await;
    let mut ids = Vec::new();
    for points in 1..4 {
        ids.push(paid(&app, json!(points), None).await);
    }
    for id in &ids {
        app.clock.advance(TimeDelta::seconds(1));
        app.checker().says(id, "approved").await.data();
    }
    for (person, path) in [("400001", "/ui/mine"), (CHEN, "/ui/decided")] {
        let browser = signed_in(&app, person).await;
        let shown = |page: &crate::support::page::Page| page.attributes(".rows > li", "id");
        let newest = browser.page(path).await;
        let oldest = follow(&browser, &newest, "Oldest").await;
        let expected: Vec<String> = ids.iter().map(|id| format!("r-{id}")).collect();
        assert_eq!(shown(&oldest), expected, "{path}");
        let again = follow(&browser, &oldest, "Newest").await;
        assert_eq!(shown(&again), expected.into_iter().rev().collect::<Vec<_>>(), "{path}");
        assert_eq!(browser.get(&format!("{path}?order=largest")).await.status, 400);
        let dense = follow(&browser, &again, "One line").await;
        assert!(dense.has(".rows.dense"));
    }
}

async fn a_request_keeps_the_unit_that_it_was_submitted_with(on: On) {
    let app = app(on, "").await;
    let id = paid(&app, json!(12.5), Some("EUR")).await;
    let nameless = paid(&app, json!(3), None).await;
    let chen = signed_in(&app, CHEN).await;
    chen.page(&format!("/ui/requests/{id}")).await.shows(&["12.5\u{a0}EUR"]);
    let page = chen.page(&format!("/ui/requests/{nameless}")).await;
    assert!(!page.text().contains("3\u{a0}"), "no unit is made up");
    let refused = app.maker().submit(PAY_OUT, &payment(&app, json!(3), Some("5 EUR"))).await;
    let fault = refused.refused(400, "payload_invalid");
    assert_eq!(fault["errors"][0]["field"], "/payload/IntouchAPITask-Payload/body/card");
}
