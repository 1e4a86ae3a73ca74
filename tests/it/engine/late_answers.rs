//! A holder that lost its lease still says how its own attempt ended, and what is known is never dropped.

use chrono::TimeDelta;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::execution::ExecutionState;
use countersign::domain::outcome::{Outcome, TargetResponse};
use countersign::domain::request::{Request, State};
use countersign::domain::settlement::{NewSettlementWord, SettledOutcome};
use countersign::engine::{Ending, Engine, HeldLease, SettlementInput};

use crate::on_both_stores;
use crate::support::claims::{CALL, LEASE, begin, claim_all, ends};
use crate::support::node::{Node, Stored, auditor, checker, maker, origin, refused_code};
use crate::support::stores::Database;

on_both_stores![
    a_late_answer_settles_an_unknown_outcome_and_is_kept,
    a_late_refusal_settles_an_unknown_outcome_as_failed,
    a_late_answer_cancels_a_repeat_that_has_not_begun,
    an_answer_after_people_settled_it_is_kept_and_moves_nothing,
    a_late_refusal_cancels_a_repeat_that_has_not_begun,
    an_attempt_that_was_late_to_say_that_it_was_not_sent_is_no_longer_ambiguous,
    what_a_begun_repeat_brings_is_kept_and_moves_nothing,
    a_late_refusal_waits_for_the_repeat_that_has_begun,
    only_the_attempts_own_holder_reports_late,
];

/// The attempt's lease has run out, and the other node has settled it.
async fn loses_lease(node: &Node, other: &Engine) -> HeldLease {
    let held = begin(&node.engine, 1).await;
    node.clock.advance(LEASE);
    assert_eq!(other.settle_lapsed(&[]).await.unwrap(), 1);
    held
}

fn answered(held: &HeldLease, attempt: i64, outcome: AttemptOutcome, status: u16) -> Ending {
    let answer = TargetResponse { status, headers: Vec::new(), body: b"{}".to_vec(), cut: false };
    Ending::new(attempt, outcome, "It ended.").with_answer(&held.key, answer, &[])
}

/// The rows of a request, which agree with its events.
fn stored(node: &Node, request: &Request) -> Stored {
    let stored = node.stored(request);
    assert_eq!(stored.folded(), stored.read());
    stored
}

fn outcomes(stored: &Stored) -> Vec<Option<&str>> {
    stored.attempts.iter().map(|attempt| attempt.outcome.as_deref()).collect()
}

async fn a_late_answer_settles_an_unknown_outcome_and_is_kept(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    let held = loses_lease(&node, &other).await;
    assert_eq!(stored(&node, &request).read().state, State::Unknown);

    let ending = answered(&held, 1, AttemptOutcome::Executed, 201);
    assert!(node.engine.end_attempt(&held, ending.clone()).await.unwrap());
    let settled = stored(&node, &request);
    let read = settled.read();
    assert_eq!((read.state, read.ended_at), (State::Executed, Some(node.clock.now())));
    assert_eq!((read.sending.outcome_attempt, read.sending.ambiguous), (Some(1), 0));
    assert_eq!(settled.event_types()[4..], ["attempt_started", "outcome_unknown", "late_answer"]);
    assert_eq!(settled.execution.as_ref().unwrap().outcome(), Some(Outcome::Executed));
    assert_eq!(outcomes(&settled), [Some("executed")]);
    let answer = node.engine.find(&auditor(), request.id).await.unwrap().answer.unwrap();
    assert_eq!((answer.status, answer.body), (201, Some(b"{}".to_vec())));

    assert!(node.engine.end_attempt(&held, ending).await.unwrap(), "the same once more is a retry");
    assert!(!ends(&node.engine, &held, 1, AttemptOutcome::Failed).await);
    assert_eq!(node.stored(&request), settled);
}

async fn a_late_refusal_settles_an_unknown_outcome_as_failed(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    for outcome in [
        AttemptOutcome::Failed,
        AttemptOutcome::NotSent,
        AttemptOutcome::NotDone,
        // On a first attempt this is a refusal.
        AttemptOutcome::AlreadyDone,
    ] {
        let request = node.approved().await;
        let held = loses_lease(&node, &other).await;
        assert!(ends(&node.engine, &held, 1, outcome).await);
        let settled = stored(&node, &request);
        assert_eq!(settled.read().state, State::Failed);
        assert_eq!(outcomes(&settled), [Some(outcome.name())]);
    }
}

async fn an_answer_after_people_settled_it_is_kept_and_moves_nothing(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.approved().await;
    let held = loses_lease(&node, &other).await;
    for name in ["anna", "bob"] {
        let (actor, id) = (checker(name), request.id);
        let origin = origin(&actor);
        let word = NewSettlementWord::new(SettledOutcome::Failed, "not in the log", None).unwrap();
        node.engine.settle(SettlementInput { actor, id, word, origin }).await.unwrap();
    }
    let before = stored(&node, &request).read();
    assert_eq!((before.state, before.ended_at), (State::Failed, Some(node.clock.now())));
    node.clock.advance(TimeDelta::seconds(1));
    let ending = answered(&held, 1, AttemptOutcome::Executed, 201);
    assert!(node.engine.end_attempt(&held, ending).await.unwrap());
    let after = stored(&node, &request);
    assert_eq!((after.read().state, after.read().ended_at), (State::Failed, before.ended_at));
    assert_eq!(after.execution.as_ref().unwrap().outcome(), Some(Outcome::Failed));
    assert_eq!(outcomes(&after), [Some("executed")]);
    let view = node.engine.find(&auditor(), request.id).await.unwrap();
    let findings = node.engine.explain(&auditor(), &view).await.unwrap().findings;
    let late =
        "Attempt 1 was still under way when people settled the outcome. It ended afterwards: It ended.";
    assert!(findings.iter().any(|finding| finding.sentence == late), "{findings:?}");
}

/// A request that waits for its repeat, because the lease of its first attempt was lost.
async fn waits_for_repeat(node: &Node, other: &Engine) -> (Request, HeldLease) {
    let request = node.approved_with_id(&node.clock.new_id().to_string()).await;
    let held = loses_lease(node, other).await;
    let waiting = stored(node, &request);
    let read = waiting.read();
    assert_eq!((read.state, read.sending.next_attempt_at), (State::Approved, Some(node.clock.now() + CALL)));
    assert_eq!(waiting.execution.unwrap().state, ExecutionState::Queued);
    (request, held)
}

async fn nothing_is_left_to_send(node: &Node, other: &Engine) {
    node.clock.advance(TimeDelta::hours(1));
    assert!(claim_all(other).await.is_empty() && claim_all(&node.engine).await.is_empty());
}

async fn a_late_answer_cancels_a_repeat_that_has_not_begun(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let (request, held) = waits_for_repeat(&node, &other).await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Executed).await);
    let settled = stored(&node, &request);
    let read = settled.read();
    assert_eq!((read.state, read.sending.next_attempt_at), (State::Executed, None));
    assert_eq!(settled.event_types()[4..], ["attempt_started", "attempt_ended", "late_answer"]);
    assert_eq!(settled.execution.unwrap().outcome(), Some(Outcome::Executed));
    nothing_is_left_to_send(&node, &other).await;
}

async fn a_late_refusal_cancels_a_repeat_that_has_not_begun(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let (request, held) = waits_for_repeat(&node, &other).await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Failed).await);
    assert_eq!(stored(&node, &request).read().state, State::Failed);
    nothing_is_left_to_send(&node, &other).await;
}

async fn an_attempt_that_was_late_to_say_that_it_was_not_sent_is_no_longer_ambiguous(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let (request, held) = waits_for_repeat(&node, &other).await;
    assert_eq!(refused_code(node.withdraw(&maker(), request.id).await), "attempt_under_way");
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::NotSent).await);
    let read = stored(&node, &request).read();
    assert_eq!((read.state, read.sending.ambiguous), (State::Approved, 0));
    node.withdraw(&maker(), request.id).await.unwrap();
    assert_eq!(stored(&node, &request).read().state, State::Withdrawn);
    nothing_is_left_to_send(&node, &other).await;
}

async fn what_a_begun_repeat_brings_is_kept_and_moves_nothing(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    for outcome in AttemptOutcome::ALL {
        let (request, first) = waits_for_repeat(&node, &other).await;
        node.clock.advance(CALL);
        let second = begin(&other, 2).await;
        assert!(second.token > first.token);
        let late = answered(&first, 1, AttemptOutcome::Executed, 200);
        assert!(node.engine.end_attempt(&first, late).await.unwrap());
        let settled = stored(&node, &request);
        assert_eq!((settled.read().state, settled.read().sending.is_open), (State::Executed, true));

        assert!(other.end_attempt(&second, answered(&second, 2, outcome, 409)).await.unwrap());
        let kept = stored(&node, &request);
        assert_eq!((kept.read().state, kept.read().ended_at), (State::Executed, settled.read().ended_at));
        assert_eq!(kept.read().sending.outcome_attempt, Some(1));
        assert_eq!(outcomes(&kept), [Some("executed"), Some(outcome.name())]);
        assert_eq!(kept.event_types().last(), Some(&"late_answer"));
        assert_eq!(kept.answers.len(), 2, "both answers are kept");
        let shown = node.engine.find(&auditor(), request.id).await.unwrap().answer.unwrap();
        assert_eq!(shown.status, 200, "the answer of the attempt that decided is shown");
    }
}

async fn a_late_refusal_waits_for_the_repeat_that_has_begun(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let (request, first) = waits_for_repeat(&node, &other).await;
    node.clock.advance(CALL);
    let second = begin(&other, 2).await;
    assert!(ends(&node.engine, &first, 1, AttemptOutcome::Failed).await);
    let read = stored(&node, &request).read();
    assert_eq!((read.state, read.sending.is_open, read.sending.ambiguous), (State::Approved, true, 0));
    assert!(ends(&other, &second, 2, AttemptOutcome::Executed).await);
    assert_eq!(stored(&node, &request).read().state, State::Executed);
}

async fn only_the_attempts_own_holder_reports_late(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let (request, first) = waits_for_repeat(&node, &other).await;
    node.clock.advance(CALL);
    let second = begin(&other, 2).await;
    let before = node.stored(&request);
    for (held, attempt) in [(&first, 2), (&second, 1), (&first, 3), (&first, 0)] {
        for outcome in [AttemptOutcome::Executed, AttemptOutcome::Failed, AttemptOutcome::NotSent] {
            assert!(!ends(&node.engine, held, attempt, outcome).await, "attempt {attempt}");
            assert_eq!(node.stored(&request), before);
        }
    }
}
