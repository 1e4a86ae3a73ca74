//! Claims, fencing and leases: who may send a call, and what happens when the sender is gone.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::execution::ExecutionState;
use countersign::domain::outcome::{Outcome, PartWarning, TargetResponse};
use countersign::domain::request::{Request, State};
use countersign::engine::{ClaimedExecution, Ending, HeldLease};
use countersign::store::attempts::AttemptRow;
use countersign::store::executions::{self, ExecutionUpdate};
use countersign::store::{StoreError, to_micros};
use futures_util::future::join_all;

use crate::on_both_stores;
use crate::support::claims::{LEASE, begin, claim, claim_all, claim_some, ends, room_except_for};
use crate::support::node::{Node, auditor, checker, key, maker, refused_code, rejection, start};
use crate::support::stores::Database;

on_both_stores![
    a_claimed_execution_comes_with_exactly_the_approved_call,
    an_execution_goes_from_claim_to_answer,
    no_execution_is_claimed_twice,
    the_oldest_is_claimed_first_and_busy_hosts_are_left_out,
    an_execution_that_was_put_back_is_claimed_again,
    putting_back_what_has_begun_says_that_it_was_not_sent,
    without_an_attempt_an_execution_can_only_be_stopped,
    an_attempt_is_begun_once_even_by_its_holder,
    a_withdrawal_between_the_claim_and_the_start_stops_the_call,
    a_token_that_was_never_given_out_does_nothing,
    the_holder_before_a_lapse_is_fenced_off,
    a_lapse_with_an_open_attempt_ends_unknown_and_is_never_run_again,
    a_lease_ends_at_its_exact_microsecond,
    a_lease_can_be_renewed_until_it_is_lost,
    two_nodes_that_settle_one_lapse_settle_it_once,
    a_start_settles_what_an_embedded_database_left_open,
    an_execution_is_saved_only_with_the_token_that_was_read,
];

fn ending(outcome: AttemptOutcome) -> Ending {
    Ending::new(1, outcome, "It ended.")
}

fn attempt(request: &Request, token: i64) -> AttemptRow {
    AttemptRow {
        org_id: request.org.to_string(),
        request_id: request.id.into(),
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
    let claimed = claim_all(&node.engine).await;
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
    let held = begin(&node.engine, 1).await;
    assert_eq!(node.stored(&request).attempts, [attempt(&request, 1)]);

    node.clock.advance(TimeDelta::seconds(2));
    let answer = TargetResponse {
        status: 201,
        headers: vec![("x-b".to_owned(), "2".to_owned()), ("x-a".to_owned(), "1".to_owned())],
        body: vec![0, 255, b'{'],
        cut: false,
    };
    let warnings = [PartWarning { code: "1040".to_owned(), message: "one customer".to_owned() }];
    let ending = ending(AttemptOutcome::Executed).with_answer(&held.key, answer.clone(), &warnings);
    assert!(node.engine.end_attempt(&held, ending.clone()).await.unwrap());
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

    assert!(
        node.engine.end_attempt(&held, ending).await.unwrap(),
        "recording the same end again is accepted"
    );
    assert!(!ends(&node.engine, &held, 1, AttemptOutcome::Failed).await);
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
    let claims = (0..10).map(|at| claim_some(engines[at % 2], 2));
    for said in node.all_at_once(claims).await {
        assert!(said.len() <= 2);
        claimed.extend(said);
    }
    // A node skips rows that the other one has locked; the next claim finds them.
    claimed.extend(claim_all(&node.engine).await);
    claimed.extend(claim_all(&other).await);
    assert_eq!(claimed.len(), 24);
    assert!(claimed.iter().all(|claimed| claimed.held.token == 1));
    let keys: BTreeSet<_> = claimed.iter().map(|claimed| claimed.held.key.clone()).collect();
    assert_eq!(keys.len(), 24);
}

async fn the_oldest_is_claimed_first_and_busy_hosts_are_left_out(database: Database) {
    let node = Node::open(database);
    let mut approved = Vec::new();
    for host in ["https://api.example.com", "https://other.example.com", "https://api.example.com"] {
        approved.push(node.approved_at(&maker(), host).await);
        node.clock.advance(TimeDelta::microseconds(1));
    }
    let claim_except = async |hosts: &[&str], calls| {
        let claimed = node.engine.claim(&mut room_except_for(hosts, calls)).await.unwrap();
        claimed.iter().map(|claimed| claimed.held.key.1).collect::<Vec<_>>()
    };
    assert_eq!(claim_except(&["api.example.com", "other.example.com"], 9).await, []);
    assert_eq!(claim_except(&["other.example.com"], 1).await, [approved[0].id]);
    assert_eq!(claim_except(&["api.example.com"], 9).await, [approved[1].id]);
    assert_eq!(claim_except(&[], 9).await, [approved[2].id]);
    assert_eq!(claim_except(&[], 9).await, []);
}

async fn an_execution_that_was_put_back_is_claimed_again(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let first = claim(&node.engine).await.held;
    assert!(node.engine.put_back(&first, TimeDelta::seconds(3)).await.unwrap());
    assert_eq!(node.engine.start_attempt(&first).await.unwrap(), None);
    node.clock.advance(TimeDelta::microseconds(2_999_999));
    assert!(claim_all(&node.engine).await.is_empty(), "it is not due yet");
    node.clock.advance(TimeDelta::microseconds(1));
    let second = begin(&node.engine, 1).await;
    assert_eq!(second.token, 2);
    assert!(!node.engine.put_back(&first, TimeDelta::zero()).await.unwrap());
    let stored = node.stored(&request);
    let started_at = to_micros(node.clock.now());
    assert_eq!(stored.attempts, [AttemptRow { started_at, ..attempt(&request, 2) }]);
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started"]);
}

async fn putting_back_what_has_begun_says_that_it_was_not_sent(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = begin(&node.engine, 1).await;
    assert!(node.engine.put_back(&held, TimeDelta::zero()).await.unwrap());
    let stored = node.stored(&request);
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started", "attempt_ended"]);
    assert_eq!(stored.attempts[0].outcome.as_deref(), Some("not_sent"));
    assert!(claim_all(&node.engine).await.is_empty(), "it is not due yet");
    node.clock.advance(TimeDelta::seconds(1));
    begin(&node.engine, 2).await;
    assert_eq!(node.stored(&request).folded(), node.stored(&request).read());
}

async fn without_an_attempt_an_execution_can_only_be_stopped(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = claim(&node.engine).await.held;
    let before = node.stored(&request);
    for outcome in AttemptOutcome::ALL {
        assert!(!ends(&node.engine, &held, 1, outcome).await);
        assert_eq!(node.stored(&request), before);
    }
    assert!(node.engine.stop(&held, None, "The call is not what people approved.".to_owned()).await.unwrap());
    let stored = node.stored(&request);
    assert_eq!((stored.read().state, stored.attempts.len()), (State::Failed, 0));
    assert_eq!(stored.folded(), stored.read());
}

async fn an_attempt_is_begun_once_even_by_its_holder(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = claim(&node.engine).await.held;
    let begun = node.all_at_once((0..3).map(|_| node.engine.start_attempt(&held))).await;
    assert_eq!(begun.into_iter().filter(|said| said.as_ref().is_ok_and(Option::is_some)).count(), 1);
    assert!(!matches!(node.engine.start_attempt(&held).await, Ok(Some(_))));
    let stored = node.stored(&request);
    assert_eq!((stored.attempts.len(), stored.event_types().len()), (1, 5));
}

/// Every write with this token is refused and changes nothing.
async fn is_fenced_off(node: &Node, request: &Request, held: &HeldLease) {
    let before = node.stored(request);
    assert_eq!(node.engine.start_attempt(held).await.unwrap(), None);
    assert!(!node.engine.put_back(held, TimeDelta::zero()).await.unwrap());
    assert!(!node.engine.stop(held, None, "A tale of the one who was late.".to_owned()).await.unwrap());
    for outcome in AttemptOutcome::ALL {
        assert!(!ends(&node.engine, held, 1, outcome).await);
    }
    node.engine.lease_renewal().renew(std::slice::from_ref(held)).unwrap();
    assert_eq!(node.stored(request), before);
}

async fn a_withdrawal_between_the_claim_and_the_start_stops_the_call(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = claim(&node.engine).await.held;
    node.withdraw(&maker(), request.id).await.unwrap();
    let stored = node.stored(&request);
    assert_eq!((stored.read().state, stored.folded()), (State::Withdrawn, stored.read()));
    assert_eq!(stored.execution.as_ref().unwrap().outcome(), Some(Outcome::Failed));
    is_fenced_off(&node, &request, &held).await;
    node.clock.advance(LEASE);
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 0);
    assert!(claim_all(&node.engine).await.is_empty());
}

async fn a_token_that_was_never_given_out_does_nothing(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    for token in [0, 1] {
        is_fenced_off(&node, &request, &HeldLease { key: key(&request), token }).await;
    }
    let held = claim(&node.engine).await.held;
    for token in [0, 2] {
        is_fenced_off(&node, &request, &HeldLease { token, ..held.clone() }).await;
    }
}

async fn the_holder_before_a_lapse_is_fenced_off(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    let old = claim(&node.engine).await.held;
    node.clock.advance(LEASE);
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 1);
    assert_eq!(node.stored(&request).execution.unwrap().state, ExecutionState::Queued);
    is_fenced_off(&node, &request, &old).await;
    let new = claim(&other).await.held;
    assert_eq!(new.token, old.token + 1);
    is_fenced_off(&node, &request, &old).await;
    assert_eq!(other.start_attempt(&new).await.unwrap(), Some(1));
    is_fenced_off(&node, &request, &old).await;
    assert!(ends(&other, &new, 1, AttemptOutcome::Executed).await);
    is_fenced_off(&node, &request, &old).await;
    let stored = node.stored(&request);
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started", "executed"]);
    assert_eq!(stored.folded(), stored.read());
}

async fn a_lapse_with_an_open_attempt_ends_unknown_and_is_never_run_again(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    let held = begin(&node.engine, 1).await;
    node.clock.advance(LEASE);
    assert_eq!(other.settle_lapsed(&[key(&request)]).await.unwrap(), 0, "it is under way there");
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 1);
    let stored = node.stored(&request);
    assert_eq!((stored.read().state, stored.read().ended_at), (State::Unknown, None));
    assert_eq!(stored.event_types()[3..], ["approved", "attempt_started", "outcome_unknown"]);
    assert_eq!(stored.attempts[0].outcome.as_deref(), Some("ambiguous"));
    assert_eq!(stored.execution.as_ref().unwrap().outcome(), Some(Outcome::Unknown));
    assert_eq!(stored.folded(), stored.read());
    assert_eq!(node.engine.start_attempt(&held).await.unwrap(), None);
    assert!(!node.engine.put_back(&held, TimeDelta::zero()).await.unwrap());
    assert_eq!(node.stored(&request), stored);
    assert_eq!(refused_code(node.decide(&checker("bob"), request.id, rejection()).await), "already_decided");
    node.clock.advance(TimeDelta::days(100));
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 0);
    assert_eq!(other.expire_overdue().await.unwrap(), 0);
    assert!(claim_all(&other).await.is_empty());
}

async fn a_lease_ends_at_its_exact_microsecond(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    claim(&node.engine).await;
    node.clock.advance(LEASE - TimeDelta::microseconds(1));
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 0);
    node.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 1);
    assert_eq!(node.stored(&request).execution.unwrap().state, ExecutionState::Queued);
}

async fn a_lease_can_be_renewed_until_it_is_lost(database: Database) {
    let node = Node::open(database);
    let kept = node.approved().await;
    let held = claim(&node.engine).await.held;
    let lost = node.approved().await;
    let lapsing = claim(&node.engine).await.held;
    for _ in 0..3 {
        node.clock.advance(LEASE - TimeDelta::seconds(1));
        node.engine.lease_renewal().renew(std::slice::from_ref(&held)).unwrap();
    }
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 1);
    let again = claim(&node.engine).await.held;
    assert_eq!(again.key, key(&lost));
    node.clock.advance(TimeDelta::seconds(5));
    node.engine.lease_renewal().renew(&[held.clone(), lapsing]).unwrap();
    let leased_until = |request| match node.stored(request).execution.unwrap().state {
        ExecutionState::Claimed { until, .. } => until,
        other @ (ExecutionState::Queued | ExecutionState::Ended { .. }) => panic!("{other:?}"),
    };
    assert_eq!(leased_until(&kept), node.clock.now() + LEASE);
    assert_eq!(leased_until(&lost), node.clock.now() + LEASE - TimeDelta::seconds(5));
    assert_eq!(node.engine.start_attempt(&held).await.unwrap(), Some(1));
}

async fn two_nodes_that_settle_one_lapse_settle_it_once(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    begin(&node.engine, 1).await;
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
    begin(&node.engine, 1).await;
    let claimed = node.approved().await;
    claim(&node.engine).await;
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
