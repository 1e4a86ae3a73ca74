//! Words of two people at once, and probes whose holder is gone.

use chrono::TimeDelta;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::execution::Purpose;
use countersign::domain::outcome::Outcome;
use countersign::domain::probe::{ProbeEnd, ProbeVerdict};
use countersign::domain::request::{Request, State};
use countersign::domain::settlement::{NewSettlementWord, SettledOutcome};
use countersign::engine::SettlementInput;

use crate::on_both_stores;
use crate::support::claims::{CALL, LEASE, begin, claim, claim_all, ends};
use crate::support::node::{Node, approval, checker, origin};
use crate::support::pay_out::type_file;
use crate::support::payments::{decide_payment, payment, payment_rules};
use crate::support::stores::Database;

on_both_stores![
    two_words_in_one_batch_settle_it_once,
    a_probe_whose_holder_is_gone_is_made_again,
    what_a_void_holder_heard_is_dropped,
];

const PROBE: &str = "[probe]\npath = \"/p\"\nhappened_if_true = [\"/paid\"]\n";

fn end(verdict: ProbeVerdict) -> ProbeEnd {
    ProbeEnd { verdict, reason: "It was asked.".to_owned(), is_last: false }
}

async fn two_words_in_one_batch_settle_it_once(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let held = begin(&node.engine, 1).await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Ambiguous).await);
    let says = |name: &str| {
        let (actor, id) = (checker(name), request.id);
        let origin = origin(&actor);
        let word = NewSettlementWord::new(SettledOutcome::Failed, "not in the log", None).unwrap();
        node.engine.settle(SettlementInput { actor, id, word, origin })
    };
    let said = node.all_at_once(["anna", "bob", "carl"].map(says)).await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 2, "the third one has nothing to settle");
    let stored = node.stored(&request);
    assert_eq!(stored.folded(), stored.read());
    assert_eq!((stored.read().state, stored.settlement.len()), (State::Failed, 2));
    assert_eq!(stored.execution.unwrap().outcome(), Some(Outcome::Failed));
}

/// A payment of which nobody knows whether it was made, and whose target can be asked.
async fn lost_payment(node: &Node) -> Request {
    let request = payment(node, "c-1", 10).await;
    decide_payment(&node.engine, &checker("anna"), request.id, approval()).await.unwrap();
    let held = begin(&node.engine, 1).await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Ambiguous).await);
    assert!(claim_all(&node.engine).await.is_empty(), "the target may be at work");
    node.clock.advance(CALL);
    request
}

async fn a_probe_whose_holder_is_gone_is_made_again(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", PROBE), None));
    let request = lost_payment(&node).await;
    let first = claim(&node.engine).await;
    assert!(matches!(first.purpose, Purpose::Probe { .. }) && first.probe.is_some());
    assert_eq!(node.engine.start_attempt(&first.held).await.unwrap(), None, "it is never a send");
    node.clock.advance(LEASE);
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 1);
    let second = claim(&node.engine).await;
    assert!(node.engine.end_probe(&second.held, end(ProbeVerdict::Happened)).await.unwrap());
    let stored = node.stored(&request);
    assert_eq!(stored.folded(), stored.read());
    assert_eq!((stored.read().state, stored.read().sending.attempts), (State::Executed, 1));
    assert_eq!(stored.execution.unwrap().outcome(), Some(Outcome::Executed));
    assert!(claim_all(&node.engine).await.is_empty());
}

async fn what_a_void_holder_heard_is_dropped(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", PROBE), None));
    let request = lost_payment(&node).await;
    let first = claim(&node.engine).await;
    node.clock.advance(LEASE);
    node.engine.settle_lapsed(&[]).await.unwrap();
    assert!(!node.engine.end_probe(&first.held, end(ProbeVerdict::Happened)).await.unwrap());
    let second = claim(&node.engine).await;
    assert!(!node.engine.end_probe(&first.held, end(ProbeVerdict::Happened)).await.unwrap());
    assert_eq!(node.stored(&request).read().sending.probes, 0);
    // One that can't tell is due again later, and its time ends.
    assert!(node.engine.end_probe(&second.held, end(ProbeVerdict::CannotTell)).await.unwrap());
    assert!(claim_all(&node.engine).await.is_empty());
    node.clock.advance(TimeDelta::hours(2));
    let last = claim(&node.engine).await;
    assert!(node.engine.end_probe(&last.held, end(ProbeVerdict::CannotTell)).await.unwrap());
    let stored = node.stored(&request);
    assert_eq!((stored.read().state, stored.read().sending.probes), (State::Unknown, 2));
    assert_eq!(stored.execution.unwrap().outcome(), Some(Outcome::Unknown));
}
