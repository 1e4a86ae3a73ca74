//! A request that is approved begins in the transaction that approves it, if there is room and nothing stands before
//! it.

use chrono::TimeDelta;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::execution::ExecutionState;
use countersign::domain::request::{Request, State};
use countersign::engine::pauses::{EVERY_HOST, PauseChange, change_pause};
use countersign::engine::under_way::{Concurrency, HostSign};
use countersign::engine::{BegunExecution, HeldLease};
use countersign::store::events;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::on_both_stores;
use crate::support::claims::{LEASE, begin, claim_all, ends};
use crate::support::node::{Node, approval, checker, key, maker, rejection};
use crate::support::pay_out::type_file;
use crate::support::payments::{decide_payment, in_group, payment, payment_rules};
use crate::support::stores::Database;

on_both_stores![
    an_approval_claims_the_call_and_begins_its_attempt,
    nothing_begins_where_sending_is_paused,
    nothing_overtakes_a_call_that_is_due_for_the_same_host,
    a_call_that_waits_for_a_later_attempt_holds_nothing_up,
    without_room_a_call_is_queued_and_claimed_once_there_is_some,
    a_host_that_does_not_answer_gets_no_call_at_once,
    a_rejection_begins_nothing,
    whoever_signed_and_may_sign_no_more_keeps_a_call_from_beginning,
    a_crash_right_after_the_approval_leaves_it_open_whether_the_call_left,
    a_begun_call_that_may_not_leave_has_failed_without_leaving,
];

const ROOM: Concurrency = Concurrency { total: 16, per_host: 8 };
const HOST: &str = "https://api.example.com";

type Begun = UnboundedReceiver<Vec<BegunExecution>>;

fn opened(node: &Node) -> Begun {
    node.engine.under_way().open(ROOM)
}

/// What was handed over since the last look.
fn handed_over(begun: &mut Begun) -> Vec<HeldLease> {
    std::iter::from_fn(|| begun.try_recv().ok()).flatten().map(|one| one.held).collect()
}

/// The last events of a request, without those of its submission.
fn happened(node: &Node, request: &Request) -> Vec<String> {
    let stored = node.stored(request);
    assert_eq!(stored.folded(), stored.read());
    stored.event_types()[3..].iter().map(|&name| name.to_owned()).collect()
}

async fn an_approval_claims_the_call_and_begins_its_attempt(database: Database) {
    let node = Node::open(database);
    let mut begun = opened(&node);
    let request = node.approved().await;
    assert_eq!(happened(&node, &request), ["approved", "attempt_started"]);
    let stored = node.stored(&request);
    let execution = stored.execution.unwrap();
    let (held, is_claimed) = (
        HeldLease { key: key(&request), token: 1 },
        |until| matches!(&execution.state, ExecutionState::Claimed { until: at, .. } if *at == until),
    );
    assert!(is_claimed(node.clock.now() + LEASE), "{execution:?}");
    let attempts: Vec<_> = stored.attempts.iter().map(|row| (row.attempt, row.token, row.ended_at)).collect();
    assert_eq!((execution.token, attempts), (1, vec![(1, 1, None)]));
    assert_eq!(handed_over(&mut begun), std::slice::from_ref(&held));
    assert!(claim_all(&node.engine).await.is_empty(), "nobody else can claim it");
    assert_eq!(node.engine.under_way().keys(), [key(&request)]);
    let has_moved = |version| events::has_moved_since(&mut node.conn(), &key(&request), version).unwrap();
    assert_eq!([3, 4, 5].map(has_moved), [true, true, false], "the attempt began after the approval");
    // The answer to the checker is of the decision, and a repeat of it begins nothing again.
    let again = node.decide(&checker("anna"), request.id, approval()).await.unwrap();
    assert_eq!((again.state, handed_over(&mut begun).len()), (State::Approved, 0));
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Executed).await);
    assert_eq!(node.stored(&request).read().state, State::Executed);
}

async fn nothing_begins_where_sending_is_paused(database: Database) {
    let node = Node::open(database);
    let mut begun = opened(&node);
    for host in ["api.example.com", EVERY_HOST] {
        let pause = |begins| PauseChange {
            host: host.to_owned(),
            reason: "moving".to_owned(),
            by: "operator".to_owned(),
            begins,
        };
        change_pause(&mut node.conn(), pause(true), &node.clock).unwrap();
        let paused = node.approved_at(&maker(), HOST).await;
        assert_eq!(happened(&node, &paused), ["approved"], "{host:?}");
        let elsewhere = node.approved_at(&maker(), "https://other.example.com").await;
        assert_eq!(happened(&node, &elsewhere).len(), if host == EVERY_HOST { 1 } else { 2 });
        change_pause(&mut node.conn(), pause(false), &node.clock).unwrap();
        claim_all(&node.engine).await;
    }
    assert_eq!(handed_over(&mut begun).len(), 1);
}

async fn nothing_overtakes_a_call_that_is_due_for_the_same_host(database: Database) {
    let node = Node::open(database);
    let first = node.approved_at(&maker(), HOST).await;
    let mut begun = opened(&node);
    let second = node.approved_at(&maker(), HOST).await;
    let elsewhere = node.approved_at(&maker(), "https://other.example.com").await;
    for (request, count) in [(&first, 1), (&second, 1), (&elsewhere, 2)] {
        assert_eq!(happened(&node, request).len(), count);
    }
    assert_eq!(claim_all(&node.engine).await.len(), 2);
    let third = node.approved_at(&maker(), HOST).await;
    assert_eq!(happened(&node, &third).len(), 2);
    assert_eq!(handed_over(&mut begun).len(), 2);
}

async fn a_call_that_waits_for_a_later_attempt_holds_nothing_up(database: Database) {
    let node = Node::open(database);
    let waiting = node.approved_at(&maker(), HOST).await;
    let held = begin(&node.engine, 1).await;
    assert!(node.engine.put_back(&held, TimeDelta::hours(1)).await.unwrap());
    let mut begun = opened(&node);
    node.approved_at(&maker(), HOST).await;
    assert_eq!(handed_over(&mut begun).len(), 1);
    node.clock.advance(TimeDelta::hours(1));
    node.approved_at(&maker(), HOST).await;
    assert_eq!(handed_over(&mut begun).len(), 0, "the other one is due by now");
    assert_eq!(node.stored(&waiting).read().state, State::Approved);
}

async fn without_room_a_call_is_queued_and_claimed_once_there_is_some(database: Database) {
    let node = Node::open(database);
    let room = Concurrency { total: 4, per_host: 2 };
    let mut begun = node.engine.under_way().open(room);
    for _ in 0..3 {
        node.approved_at(&maker(), HOST).await;
    }
    let held = handed_over(&mut begun);
    assert_eq!(held.len(), 2);
    assert!(node.engine.claim_own(room).await.unwrap().is_empty(), "the host is full");
    let (_, has_backlog) = node.engine.under_way().remove(&held[0].key);
    assert!(has_backlog, "whoever frees a slot looks at the queue");
    assert_eq!(node.engine.claim_own(room).await.unwrap().len(), 1);
    assert_eq!(node.engine.under_way().hosts()[0].under_way, 2);
    assert!(node.engine.claim_own(room).await.unwrap().is_empty());
}

async fn a_host_that_does_not_answer_gets_no_call_at_once(database: Database) {
    let node = Node::open(database);
    let mut begun = opened(&node);
    while node.engine.under_way().note_sign("api.example.com", HostSign::Silent).is_none() {}
    let held_back = node.approved_at(&maker(), HOST).await;
    assert_eq!(happened(&node, &held_back), ["approved"]);
    assert_eq!(handed_over(&mut begun).len(), 0);
}

async fn a_rejection_begins_nothing(database: Database) {
    let node = Node::open(database);
    let mut begun = opened(&node);
    let request = node.submit(&maker()).await;
    node.decide(&checker("first"), request.id, rejection()).await.unwrap();
    assert_eq!(happened(&node, &request), ["rejected"]);
    assert_eq!((handed_over(&mut begun).len(), node.engine.under_way().keys().len()), (0, 0));
}

async fn whoever_signed_and_may_sign_no_more_keeps_a_call_from_beginning(database: Database) {
    let two = "[[policy]]\nname = \"two\"\n[[policy.stages]]\nname = \"Risk\"\nany = 2\n\
               [[policy.stages.seats]]\ngroup = \"Risk\"\n";
    let rules = |file: &str, people| payment_rules(file, people);
    let file = type_file("recheck_at_execution = true", two);
    let listed =
        |name| format!("[[people]]\nname = \"{name}\"\naccounts = [\"sub-{name}\"]\ngroups = [\"Risk\"]\n");
    let people = ["ruth", "rob", "rita"].map(listed).concat();
    let node = Node::with_rules(database, rules(&file, Some(&people)));
    let mut begun = opened(&node);
    let request = payment(&node, "a", 1).await;
    decide_payment(&node.engine, &in_group("rita", "Risk"), request.id, approval()).await.unwrap();
    let off = format!("{people}active = false\n");
    node.engine.put_in_force(rules(&file, Some(&off))).await.unwrap();
    let last = decide_payment(&node.engine, &in_group("rob", "Risk"), request.id, approval()).await.unwrap();
    assert_eq!(handed_over(&mut begun).len(), 0);
    assert_eq!(last.state, State::Approved);
    assert_eq!(happened(&node, &request), ["approval_given", "approved"]);
}

async fn a_crash_right_after_the_approval_leaves_it_open_whether_the_call_left(database: Database) {
    let node = Node::open(database);
    let _begun = opened(&node);
    let request = node.approved().await;
    // The process is gone.
    let other = node.start_other();
    node.clock.advance(LEASE);
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 1);
    assert_eq!(happened(&node, &request), ["approved", "attempt_started", "outcome_unknown"]);
}

async fn a_begun_call_that_may_not_leave_has_failed_without_leaving(database: Database) {
    let node = Node::open(database);
    let mut begun = opened(&node);
    let request = node.approved().await;
    let held = handed_over(&mut begun).remove(0);
    // Whoever says that nothing left must name the attempt that is under way.
    for wrong in [None, Some(2)] {
        assert!(!node.engine.stop(&held, wrong, "It must not leave.".to_owned()).await.unwrap());
    }
    assert!(node.engine.stop(&held, Some(1), "It must not leave.".to_owned()).await.unwrap());
    assert_eq!(happened(&node, &request), ["approved", "attempt_started", "failed"]);
    let stored = node.stored(&request);
    assert_eq!(stored.attempts[0].outcome.as_deref(), Some("not_sent"));
    assert_eq!(stored.read().state, State::Failed);
}
