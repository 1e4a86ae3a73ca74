//! Claims, fencing and leases: who may send a call, and what happens when the sender is gone.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use countersign::domain::execution::ExecutionState;
use countersign::domain::lease::LEASE;
use countersign::domain::outcome::{Outcome, PartWarning, TargetResponse};
use countersign::domain::request::{Request, State};
use countersign::engine::{ClaimedExecution, Ending, Engine, HeldLease};
use countersign::store::attempts::AttemptRow;
use countersign::store::executions::{self, ExecutionUpdate};
use countersign::store::{StoreError, to_micros};
use futures_util::future::join_all;
use serde_json::json;

use crate::on_both_stores;
use crate::support::node::{
    Node, approval, auditor, body_with, checker, key, maker, refused_code, rejection, start,
};
use crate::support::stores::Database;

on_both_stores![
    a_claimed_execution_comes_with_exactly_the_approved_call,
    an_execution_goes_from_claim_to_answer,
    no_execution_is_claimed_twice,
    the_oldest_is_claimed_first_and_busy_hosts_are_left_out,
    a_released_execution_is_claimed_again,
    without_an_attempt_an_execution_can_only_fail,
    an_attempt_is_begun_once_even_by_its_holder,
    a_token_that_was_never_given_out_does_nothing,
    the_holder_before_a_lapse_is_fenced_off,
    a_lapse_with_an_open_attempt_ends_unknown_and_is_never_run_again,
    a_lease_ends_at_its_exact_microsecond,
    a_lease_can_be_renewed_until_it_is_lost,
    two_nodes_that_settle_one_lapse_settle_it_once,
    a_start_settles_what_an_embedded_database_left_open,
    an_execution_is_saved_only_with_the_token_that_was_read,
];

async fn claim_one(engine: &Engine) -> HeldLease {
    let mut claimed = engine.claim(10, Vec::new()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0).held
}

fn ending(outcome: Outcome) -> Ending {
    Ending::new(outcome, "It ended.")
}

fn attempt(request: &Request, token: i64) -> AttemptRow {
    AttemptRow {
        org_id: request.org.to_string(),
        request_id: request.id.to_string(),
        attempt: 1,
        token,
        started_at: to_micros(start()),
        ended_at: None,
        outcome: None,
        reason: None,
    }
}

async fn a_claimed_execution_comes_with_exactly_the_approved_call(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let claimed = node.engine.claim(10, Vec::new()).await.unwrap();
    let [claimed] = &claimed[..] else { panic!("{} were claimed", claimed.len()) };
    assert_eq!((&claimed.request, &claimed.held), (&request, &HeldLease { key: key(&request), token: 1 }));
    let call = claimed.verified_call().unwrap();
    assert_eq!((call.digest(), call.to_bytes()), (request.digest, claimed.call.clone()));
    let execution = node.stored(&request).execution.unwrap();
    assert!(
        matches!(&execution.state, ExecutionState::Claimed { until, .. } if *until == start() + LEASE),
        "{execution:?}"
    );
}

async fn an_execution_goes_from_claim_to_answer(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = claim_one(&node.engine).await;
    assert!(node.engine.start_attempt(&held).await.unwrap());
    assert_eq!(node.stored(&request).attempts, [attempt(&request, 1)]);

    node.clock.advance(TimeDelta::seconds(2));
    let answer = TargetResponse {
        status: 201,
        headers: vec![("x-b".to_owned(), "2".to_owned()), ("x-a".to_owned(), "1".to_owned())],
        body: vec![0, 255, b'{'],
        cut: false,
    };
    let warnings = [PartWarning { code: "1040".to_owned(), message: "one customer".to_owned() }];
    let ending = ending(Outcome::Executed).with_answer(&held.key, answer.clone(), &warnings);
    assert!(node.engine.end(&held, ending.clone()).await.unwrap());
    let stored = node.stored(&request);
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started", "executed"]);
    assert_eq!((stored.read().state, stored.read().ended_at), (State::Executed, Some(node.clock.now())));
    assert_eq!(stored.folded(), stored.read());
    let execution = stored.execution.as_ref().unwrap();
    assert_eq!(execution.outcome(), Some(Outcome::Executed));
    assert_eq!(stored.attempts[0].reason.as_deref(), Some("It ended."));
    let found = node.engine.find(&auditor(), request.id).await.unwrap().answer.unwrap();
    assert_eq!((found.status, found.headers, found.body), (201, answer.headers, Some(answer.body)));
    assert_eq!((found.cut, &found.warnings[..]), (false, &warnings[..]));

    assert!(node.engine.end(&held, ending).await.unwrap(), "recording the same end again is accepted");
    assert!(!node.engine.end(&held, self::ending(Outcome::Failed)).await.unwrap());
    assert_eq!(node.stored(&request), stored);
}

async fn no_execution_is_claimed_twice(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    for _ in 0..24 {
        node.approved().await;
    }
    let engines = [&node.engine, &other];
    let mut claimed: Vec<ClaimedExecution> = Vec::new();
    let claims = (0..10).map(|at| engines[at % 2].claim(2, Vec::new()));
    for said in node.all_at_once(claims).await {
        let said = said.unwrap();
        assert!(said.len() <= 2);
        claimed.extend(said);
    }
    // A node skips rows that the other one has locked; the next claim finds them.
    claimed.extend(node.engine.claim(100, Vec::new()).await.unwrap());
    claimed.extend(other.claim(100, Vec::new()).await.unwrap());
    assert_eq!(claimed.len(), 24);
    assert!(claimed.iter().all(|claimed| claimed.held.token == 1));
    let keys: BTreeSet<_> = claimed.iter().map(|claimed| claimed.held.key.clone()).collect();
    assert_eq!(keys.len(), 24);
}

async fn the_oldest_is_claimed_first_and_busy_hosts_are_left_out(database: Database) {
    let node = Node::open(database);
    let mut approved = Vec::new();
    for host in ["https://api.example.com", "https://other.example.com", "https://api.example.com"] {
        let body = body_with("/payload/IntouchAPITask-Payload/hostname", json!(host));
        let request = node.submit_body(&maker(), &body).await.unwrap().request;
        node.clock.advance(TimeDelta::microseconds(1));
        approved.push(node.decide(&checker("anna"), request.id, approval()).await.unwrap());
    }
    let busy = |host: &str| vec![host.to_owned()];
    let both = vec!["api.example.com".to_owned(), "other.example.com".to_owned()];
    assert!(node.engine.claim(10, both).await.unwrap().is_empty());
    let id =
        |claimed: Vec<ClaimedExecution>| claimed.iter().map(|claimed| claimed.held.key.1).collect::<Vec<_>>();
    assert_eq!(id(node.engine.claim(1, busy("other.example.com")).await.unwrap()), [approved[0].id]);
    assert_eq!(id(node.engine.claim(9, busy("api.example.com")).await.unwrap()), [approved[1].id]);
    assert_eq!(id(node.engine.claim(9, Vec::new()).await.unwrap()), [approved[2].id]);
    assert!(node.engine.claim(9, Vec::new()).await.unwrap().is_empty());
}

async fn a_released_execution_is_claimed_again(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let first = claim_one(&node.engine).await;
    assert!(node.engine.release(&first).await.unwrap());
    assert!(!node.engine.start_attempt(&first).await.unwrap());
    let second = claim_one(&node.engine).await;
    assert_eq!(second.token, 2);
    assert!(node.engine.start_attempt(&second).await.unwrap());
    assert!(!node.engine.release(&second).await.unwrap(), "bytes may have left");
    let stored = node.stored(&request);
    assert_eq!(stored.attempts, [attempt(&request, 2)]);
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started"]);
}

async fn without_an_attempt_an_execution_can_only_fail(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = claim_one(&node.engine).await;
    let before = node.stored(&request);
    for outcome in [Outcome::Executed, Outcome::Unknown] {
        assert!(!node.engine.end(&held, ending(outcome)).await.unwrap());
        assert_eq!(node.stored(&request), before);
    }
    assert!(node.engine.end(&held, ending(Outcome::Failed)).await.unwrap());
    let stored = node.stored(&request);
    assert_eq!((stored.read().state, stored.attempts.len()), (State::Failed, 0));
    assert_eq!(stored.folded(), stored.read());
}

async fn an_attempt_is_begun_once_even_by_its_holder(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = claim_one(&node.engine).await;
    let begun = node.all_at_once((0..3).map(|_| node.engine.start_attempt(&held))).await;
    assert_eq!(begun.into_iter().filter(|said| *said.as_ref().unwrap()).count(), 1);
    assert!(!node.engine.start_attempt(&held).await.unwrap());
    let stored = node.stored(&request);
    assert_eq!((stored.attempts.len(), stored.event_types().len()), (1, 5));
}

/// Every write with this token is refused and changes nothing.
async fn is_fenced_off(node: &Node, request: &Request, held: &HeldLease) {
    let before = node.stored(request);
    assert!(!node.engine.start_attempt(held).await.unwrap());
    assert!(!node.engine.release(held).await.unwrap());
    for outcome in [Outcome::Executed, Outcome::Failed] {
        assert!(!node.engine.end(held, ending(outcome)).await.unwrap());
    }
    node.engine.renew(vec![held.clone()]).await.unwrap();
    assert_eq!(node.stored(request), before);
}

async fn a_token_that_was_never_given_out_does_nothing(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    for token in [0, 1] {
        is_fenced_off(&node, &request, &HeldLease { key: key(&request), token }).await;
    }
    let held = claim_one(&node.engine).await;
    for token in [0, 2] {
        is_fenced_off(&node, &request, &HeldLease { token, ..held.clone() }).await;
    }
}

async fn the_holder_before_a_lapse_is_fenced_off(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    let old = claim_one(&node.engine).await;
    node.clock.advance(LEASE);
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 1);
    assert_eq!(node.stored(&request).execution.unwrap().state, ExecutionState::Queued);
    is_fenced_off(&node, &request, &old).await;
    let new = claim_one(&other).await;
    assert_eq!(new.token, old.token + 1);
    is_fenced_off(&node, &request, &old).await;
    assert!(other.start_attempt(&new).await.unwrap());
    is_fenced_off(&node, &request, &old).await;
    assert!(other.end(&new, ending(Outcome::Executed)).await.unwrap());
    is_fenced_off(&node, &request, &old).await;
    let stored = node.stored(&request);
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started", "executed"]);
    assert_eq!(stored.folded(), stored.read());
}

async fn a_lapse_with_an_open_attempt_ends_unknown_and_is_never_run_again(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    let held = claim_one(&node.engine).await;
    assert!(node.engine.start_attempt(&held).await.unwrap());
    node.clock.advance(LEASE);
    assert_eq!(other.settle_lapsed(&[key(&request)]).await.unwrap(), 0, "it is under way there");
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 1);
    let stored = node.stored(&request);
    assert_eq!((stored.read().state, stored.read().ended_at), (State::Unknown, None));
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started", "outcome_unknown"]);
    assert_eq!(stored.attempts[0].outcome.as_deref(), Some("unknown"));
    assert_eq!(stored.execution.as_ref().unwrap().outcome(), Some(Outcome::Unknown));
    assert_eq!(stored.folded(), stored.read());
    is_fenced_off(&node, &request, &held).await;
    assert_eq!(refused_code(node.decide(&checker("bob"), request.id, rejection()).await), "already_decided");
    node.clock.advance(TimeDelta::days(100));
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 0);
    assert_eq!(other.expire_overdue().await.unwrap(), 0);
    assert!(other.claim(10, Vec::new()).await.unwrap().is_empty());
}

async fn a_lease_ends_at_its_exact_microsecond(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    claim_one(&node.engine).await;
    node.clock.advance(LEASE - TimeDelta::microseconds(1));
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 0);
    node.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 1);
    assert_eq!(node.stored(&request).execution.unwrap().state, ExecutionState::Queued);
}

async fn a_lease_can_be_renewed_until_it_is_lost(database: Database) {
    let node = Node::open(database);
    let kept = node.approved().await;
    let held = claim_one(&node.engine).await;
    let lost = node.approved().await;
    let lapsing = claim_one(&node.engine).await;
    for _ in 0..3 {
        node.clock.advance(LEASE - TimeDelta::seconds(1));
        node.engine.renew(vec![held.clone()]).await.unwrap();
    }
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 1);
    let again = claim_one(&node.engine).await;
    assert_eq!(again.key, key(&lost));
    node.clock.advance(TimeDelta::seconds(5));
    node.engine.renew(vec![held.clone(), lapsing]).await.unwrap();
    let leased_until = |request| match node.stored(request).execution.unwrap().state {
        ExecutionState::Claimed { until, .. } => until,
        other @ (ExecutionState::Queued | ExecutionState::Ended { .. }) => panic!("{other:?}"),
    };
    assert_eq!(leased_until(&kept), node.clock.now() + LEASE);
    assert_eq!(leased_until(&lost), node.clock.now() + LEASE - TimeDelta::seconds(5));
    assert!(node.engine.start_attempt(&held).await.unwrap());
}

async fn two_nodes_that_settle_one_lapse_settle_it_once(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    let held = claim_one(&node.engine).await;
    assert!(node.engine.start_attempt(&held).await.unwrap());
    node.clock.advance(LEASE);
    let engines = [&node.engine, &other];
    for settled in join_all((0..6).map(|at| engines[at % 2].settle_lapsed(&[]))).await {
        settled.unwrap();
    }
    let stored = node.stored(&request);
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started", "outcome_unknown"]);
    assert_eq!(stored.folded(), stored.read());
}

async fn a_start_settles_what_an_embedded_database_left_open(database: Database) {
    let node = Node::open(database);
    let begun = node.approved().await;
    let held = claim_one(&node.engine).await;
    assert!(node.engine.start_attempt(&held).await.unwrap());
    let claimed = node.approved().await;
    claim_one(&node.engine).await;
    let queued = node.approved().await;
    let state = |request| {
        let stored = node.stored(request);
        let word = match stored.execution.as_ref().unwrap().state {
            ExecutionState::Queued => "queued",
            ExecutionState::Claimed { .. } => "claimed",
            ExecutionState::Ended { .. } => "ended",
        };
        (stored.read().state, word)
    };
    let settled = node.start_other().recover().await.unwrap();
    if node.database.is_postgres() {
        // Another node may be alive: its leases are valid until they lapse.
        assert_eq!((settled, state(&begun)), (0, (State::Approved, "claimed")));
        node.clock.advance(LEASE);
        assert_eq!(node.start_other().recover().await.unwrap(), 2);
    } else {
        assert_eq!(settled, 2);
    }
    assert_eq!(state(&begun), (State::Unknown, "ended"));
    assert_eq!(state(&claimed), (State::Approved, "queued"));
    assert_eq!(state(&queued), (State::Approved, "queued"));
}

async fn an_execution_is_saved_only_with_the_token_that_was_read(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let mut execution = node.stored(&request).execution.unwrap();
    execution.claim("a node", start()).unwrap();
    let save = |token_before| {
        let update = ExecutionUpdate { execution: execution.clone(), token_before };
        executions::save(&mut node.conn(), &[update])
    };
    assert!(matches!(save(1), Err(StoreError::Stale)));
    save(0).unwrap();
    assert!(matches!(save(0), Err(StoreError::Stale)));
    assert_eq!(node.stored(&request).execution, Some(execution));
}
