//! Requests that were not decided or not sent in time.

use chrono::TimeDelta;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::request::{Request, State};
use countersign::store::to_micros;

use crate::on_both_stores;
use crate::support::claims::{claim_all, ends};
use crate::support::node::{Node, PENDING_TTL, approval, checker, maker, refused_code};
use crate::support::pay_out::type_file;
use crate::support::payments::{LIMITED, decide_payment, payment, payment_rules, usage};
use crate::support::stores::Database;

on_both_stores![
    an_approved_call_that_is_not_sent_in_time_expires,
    a_decision_at_the_deadline_records_the_expiry,
    the_sweeper_expires_only_what_is_overdue,
];

async fn an_approved_call_that_is_not_sent_in_time_expires(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("approval_ttl = \"1h\"", LIMITED), None));
    let [swept, begun, late] =
        [payment(&node, "a", 1).await, payment(&node, "b", 2).await, payment(&node, "c", 3).await];
    for request in [&swept, &begun, &late] {
        decide_payment(&node.engine, &checker("anna"), request.id, approval()).await.unwrap();
    }
    let claimed = claim_all(&node.engine).await;
    let held = |request: &Request| {
        let found = claimed.iter().find(|one| one.request.id == request.id);
        found.unwrap().held.clone()
    };
    assert_eq!(node.engine.start_attempt(&held(&begun)).await.unwrap(), Some(1));
    node.clock.advance(TimeDelta::hours(1));
    assert_eq!(node.engine.start_attempt(&held(&late)).await.unwrap(), None, "it is too late to begin");
    assert_eq!(node.engine.expire_overdue().await.unwrap(), 1);
    for request in [&swept, &late] {
        let stored = node.stored(request);
        let read = stored.read();
        assert_eq!((read.state, read.sending.attempts), (State::Expired, 0));
        assert_eq!((stored.folded(), stored.execution.unwrap().has_ended()), (read, true));
    }
    assert_eq!(node.engine.start_attempt(&held(&swept)).await.unwrap(), None);
    let ended = ends(&node.engine, &held(&begun), 1, AttemptOutcome::Executed).await;
    assert!(ended, "a call that left is not called back");
    assert_eq!(usage(&node), [(1, "2".to_owned())]);
}

async fn a_decision_at_the_deadline_records_the_expiry(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    node.clock.advance(PENDING_TTL);
    for _ in 0..2 {
        let said = node.decide(&checker("anna"), request.id, approval()).await;
        assert_eq!(refused_code(said), "request_expired");
    }
    let stored = node.stored(&request);
    let types = &stored.event_types()[3..];
    assert_eq!(types, ["expired", "refused", "refused"]);
    assert_eq!(stored.events[3].actor_sub, "system");
    assert_eq!(stored.read().state, State::Expired);
    assert_eq!(stored.request.ended_at, Some(to_micros(request.expires_at)));
    assert_eq!((stored.folded(), &stored.execution), (stored.read(), &None));
}

async fn the_sweeper_expires_only_what_is_overdue(database: Database) {
    let node = Node::open(database);
    let decided = node.approved().await;
    let early = node.submit(&maker()).await;
    node.clock.advance(TimeDelta::microseconds(1));
    let late = node.submit(&maker()).await;
    node.clock.advance(PENDING_TTL - TimeDelta::microseconds(1));
    assert_eq!(node.engine.expire_overdue().await.unwrap(), 1);
    assert_eq!(node.engine.expire_overdue().await.unwrap(), 0);
    let state = |request| node.stored(request).read().state;
    assert_eq!([&decided, &early, &late].map(state), [State::Approved, State::Expired, State::AdminTask]);
}
