//! Subscribers that are away, slow, gone for good, or not where they should be.

use chrono::TimeDelta;

use crate::support::app::{App, AppOptions};
use crate::support::hook::{subscription, told};
use crate::support::target::Target;
use crate::support::{On, eventually, journeys};

async fn start(on: On, hooks: &[&Target], text: &str) -> App {
    let options = AppOptions::stepped().with_targets(hooks.iter().map(|hook| hook.address));
    App::with(on, options.with_subscriptions(text)).await
}

/// The types of what arrived, with the ids of the requests.
fn lines(hook: &Target) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let line = |told: crate::support::hook::Told| {
        (text(&told.event["data"]["requestId"]), text(&told.event["type"]))
    };
    told(hook).into_iter().map(line).collect()
}

async fn a_subscriber_that_is_away_for_a_day_loses_nothing(on: On) {
    let hook = Target::start().await;
    let app = start(on, &[&hook], &subscription("own", &hook, "countersign", "")).await;
    hook.goes_away().await;
    let mut wanted = Vec::new();
    for _ in 0..3 {
        let request = app.maker().submitted(&app.badge()).await;
        app.run_due_deliveries().await;
        app.maker().withdraw(&request.id, "a mistake").await.data();
        app.run_due_deliveries().await;
        wanted.extend([(request.id.clone(), "submitted".to_owned()), (request.id, "withdrawn".to_owned())]);
    }
    app.clock.advance(TimeDelta::days(1));
    hook.comes_back().await;
    // The pause after several failures is by the real clock.
    eventually("everything has arrived", async || {
        app.clock.advance(TimeDelta::hours(5));
        app.run_due_deliveries().await;
        (hook.arrived().len() == wanted.len()).then_some(())
    })
    .await;
    let mut got = lines(&hook);
    for request in wanted.chunks(2) {
        let own: Vec<_> = got.iter().filter(|(id, _)| *id == request[0].0).cloned().collect();
        assert_eq!(own, request, "in the order of the request");
    }
    got.sort();
    wanted.sort();
    assert_eq!(got, wanted);
}

async fn a_later_change_waits_for_the_earlier_one_of_its_request_only(on: On) {
    let hook = Target::start().await;
    let app = start(on, &[&hook], &subscription("own", &hook, "countersign", "")).await;
    hook.will_answer(503, "text/plain", b"not now");
    let first = app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    app.maker().withdraw(&first.id, "a mistake").await.data();
    let second = app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    app.clock.advance(TimeDelta::seconds(6));
    app.run_due_deliveries().await;
    let submitted = |id: &str| (id.to_owned(), "submitted".to_owned());
    assert_eq!(
        lines(&hook),
        [
            submitted(&first.id),
            submitted(&second.id),
            submitted(&first.id),
            (first.id.clone(), "withdrawn".to_owned())
        ]
    );
    let told = told(&hook);
    assert_eq!(told[0].id, told[2].id, "a repeat has the same id");
}

async fn a_hundred_subscribers_that_never_answer_hold_up_nobody_else(on: On) {
    let (silent, other) = (Target::start().await, Target::start().await);
    silent.hold();
    let names = (0..100).map(|number| format!("silent-{number}"));
    let text: String = names.map(|name| subscription(&name, &silent, "countersign", "")).collect();
    let text = text + &subscription("other", &other, "countersign", "");
    let options = AppOptions::default().set("executor.decision_wait_ms", 0);
    let options = options.with_targets([silent.address, other.address]).with_subscriptions(&text);
    let app = App::with(on, options).await;
    for _ in 0..3 {
        let request = app.maker().submitted(&app.badge()).await;
        app.maker().withdraw(&request.id, "a mistake").await.data();
    }
    other.has_received(6).await;
    // The later change of a request waits for the earlier one.
    assert!(silent.arrived().len() <= 300, "{}", silent.arrived().len());
    silent.release();
    silent.has_received(600).await;
}

async fn a_redirect_is_not_followed_and_an_address_that_is_not_allowed_not_called(on: On) {
    let hook = Target::start().await;
    let app = start(on, &[&hook], "").await;
    // The recorder is on the list as `localhost` as well, without its private addresses.
    let unlisted = subscription("unlisted", &app.target, "countersign", "").replace("127.0.0.1", "localhost");
    app.change_subscriptions(&(subscription("own", &hook, "countersign", "") + &unlisted)).await;
    let elsewhere = format!(
        "HTTP/1.1 307 Elsewhere\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        app.target.url()
    );
    hook.will_answer_bytes(elsewhere);
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    assert_eq!((hook.arrived().len(), app.target.arrived().len()), (1, 0));
    let waiting = "SELECT count(*) AS number FROM deliveries WHERE state = 'waiting' AND attempts = 1";
    assert_eq!(app.count(waiting), 2);
    let refused = "SELECT count(*) AS number FROM delivery_attempts \
                   WHERE status IS NULL AND reason LIKE '%of class loopback%'";
    assert_eq!(app.count(refused), 1);
}

async fn what_is_not_taken_for_three_days_is_given_up_with_an_event(on: On) {
    let hook = Target::start().await;
    let app = start(on, &[&hook], &subscription("own", &hook, "countersign", "")).await;
    hook.will_answer(500, "text/plain", b"broken");
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    let given_up = "SELECT count(*) AS number FROM events WHERE type = 'delivery_given_up'";
    assert_eq!(app.count(given_up), 0);
    hook.will_answer(500, "text/plain", b"broken");
    app.clock.advance(TimeDelta::days(3));
    app.run_due_deliveries().await;
    assert_eq!(app.count(given_up), 1);
    app.clock.advance(TimeDelta::days(1));
    app.run_due_deliveries().await;
    assert_eq!(hook.arrived().len(), 2);
}

async fn what_waits_for_a_subscription_that_is_gone_is_given_up_and_later_forgotten(on: On) {
    let hook = Target::start().await;
    let app = start(on, &[&hook], &subscription("own", &hook, "countersign", "")).await;
    hook.will_answer(500, "text/plain", b"broken");
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    app.change_subscriptions("").await;
    let tidied = async |later| {
        app.clock.advance(later);
        app.server().engine().tidy_deliveries().await.unwrap();
        let of =
            |state| app.count(&format!("SELECT count(*) AS number FROM deliveries WHERE state = '{state}'"));
        (of("waiting"), of("given_up"))
    };
    assert_eq!(tidied(TimeDelta::days(2)).await, (1, 0));
    assert_eq!(tidied(TimeDelta::days(2)).await, (0, 1));
    assert_eq!(tidied(TimeDelta::days(29)).await, (0, 1));
    assert_eq!(tidied(TimeDelta::days(2)).await, (0, 0));
}

async fn a_410_switches_a_subscription_off_until_it_has_another_url(on: On) {
    let hook = Target::start().await;
    let text = subscription("own", &hook, "countersign", "");
    let app = start(on, &[&hook], &text).await;
    hook.will_answer(410, "text/plain", b"gone");
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    app.maker().submitted(&app.badge()).await;
    app.clock.advance(TimeDelta::hours(9));
    app.run_due_deliveries().await;
    assert_eq!(hook.arrived().len(), 1, "nothing is sent any more");
    let switched_off = "SELECT count(*) AS number FROM events WHERE type = 'subscription_switched_off'";
    assert_eq!(app.count(switched_off), 1);
    app.change_subscriptions(&text.replace("/hook?", "/new?")).await;
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    assert_eq!(hook.arrived().len(), 2);
}

async fn a_subscription_tells_from_the_reload_on_and_a_faulty_file_changes_nothing(on: On) {
    let hook = Target::start().await;
    let app = start(on, &[&hook], "").await;
    app.maker().submitted(&app.badge()).await;
    let text = subscription("own", &hook, "countersign", "");
    app.change_subscriptions(&text).await;
    let told_of = app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    app.change_subscriptions("[[subscriptions]]\nname = 7\n").await;
    app.maker().withdraw(&told_of.id, "a mistake").await.data();
    app.run_due_deliveries().await;
    let told: Vec<_> = lines(&hook).into_iter().map(|(id, event)| (id == told_of.id, event)).collect();
    assert_eq!(told, [(true, "submitted".to_owned()), (true, "withdrawn".to_owned())]);
}

journeys! {
    a_subscriber_that_is_away_for_a_day_loses_nothing,
    a_later_change_waits_for_the_earlier_one_of_its_request_only,
    a_hundred_subscribers_that_never_answer_hold_up_nobody_else,
    a_redirect_is_not_followed_and_an_address_that_is_not_allowed_not_called,
    what_is_not_taken_for_three_days_is_given_up_with_an_event,
    what_waits_for_a_subscription_that_is_gone_is_given_up_and_later_forgotten,
    a_410_switches_a_subscription_off_until_it_has_another_url,
    a_subscription_tells_from_the_reload_on_and_a_faulty_file_changes_nothing,
}
