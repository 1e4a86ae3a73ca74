//! Whatever people, clocks and two nodes do: the stored events fold to exactly the stored rows.

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::execution::ExecutionState;
use countersign::domain::request::{NewDecision, Request, State, Verdict};
use countersign::domain::revision::NewSendBack;
use countersign::domain::settlement::{NewSettlementWord, SettledOutcome};
use countersign::domain::words::Words;
use countersign::engine::{AgainInput, Ending, Engine, EngineError, HeldLease, SettlementInput};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::on_both_stores;
use crate::support::claims::{claim_all, claim_some};
use crate::support::node::{APPROVAL_TTL, Node, Stored, actor, auditor, badge, deciding, origin};
use crate::support::stores::Database;

on_both_stores![the_events_fold_to_the_rows_after_any_commands];

const PEOPLE: [&str; 4] = ["maker", "second", "anna", "bob"];
const REQUESTS: usize = 3;

/// One command of a person or an executor; an `Index` picks one of the requests or leases.
#[derive(Clone, Debug)]
enum Act {
    Decide {
        request: Index,
        by: &'static str,
        approves: bool,
        digest: Option<bool>,
    },
    Withdraw {
        request: Index,
        by: &'static str,
    },
    Again {
        request: Index,
        by: &'static str,
    },
    Comment(Index, &'static str),
    SendBack(Index, &'static str),
    /// With another customer, or as it was.
    Resubmit(Index, &'static str, Option<i64>),
    Sweep,
    Claim,
    Start(Index),
    /// The attempt of this number, which may be another holder's.
    End(Index, i64, AttemptOutcome),
    Stop(Index),
    PutBack(Index),
    Renew(Index),
    Settle,
    Say {
        request: Index,
        by: &'static str,
        happened: bool,
    },
    Wait(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let request = || any::<Index>();
    let outcome = select(AttemptOutcome::ALL.to_vec());
    prop_oneof![
        6 => (request(), select(&PEOPLE[..]), any::<bool>(), select(vec![None, Some(true), Some(false)]))
            .prop_map(|(request, by, approves, digest)| Act::Decide { request, by, approves, digest }),
        1 => (request(), select(&PEOPLE[..])).prop_map(|(request, by)| Act::Withdraw { request, by }),
        2 => (request(), select(&PEOPLE[..])).prop_map(|(request, by)| Act::Again { request, by }),
        1 => (request(), select(&PEOPLE[..])).prop_map(|(request, by)| Act::Comment(request, by)),
        2 => (request(), select(&PEOPLE[..])).prop_map(|(request, by)| Act::SendBack(request, by)),
        3 => (request(), select(&PEOPLE[..2]), select(vec![None, Some(1), Some(2)]))
            .prop_map(|(request, by, customer)| Act::Resubmit(request, by, customer)),
        1 => Just(Act::Sweep),
        4 => Just(Act::Claim),
        4 => any::<Index>().prop_map(Act::Start),
        6 => (any::<Index>(), 1..4_i64, outcome)
            .prop_map(|(held, attempt, outcome)| Act::End(held, attempt, outcome)),
        1 => any::<Index>().prop_map(Act::Stop),
        1 => any::<Index>().prop_map(Act::PutBack),
        1 => any::<Index>().prop_map(Act::Renew),
        2 => Just(Act::Settle),
        3 => (request(), select(&PEOPLE[..]), any::<bool>())
            .prop_map(|(request, by, happened)| Act::Say { request, by, happened }),
        2 => select(vec![1, 10, 20, 3 * 24 * 3600, 40 * 24 * 3600]).prop_map(Act::Wait),
    ]
}

/// Some acts at once, one group after the other.
fn story() -> impl Strategy<Value = Vec<Vec<Act>>> {
    proptest::collection::vec(proptest::collection::vec(act(), 1..5), 0..14)
}

/// Two nodes over the same requests, and every lease that either of them got.
struct Play<'a> {
    node: &'a Node,
    other: &'a Engine,
    requests: Vec<Request>,
    /// What was submitted for each.
    bodies: Vec<String>,
    held: Vec<HeldLease>,
}

/// The maker also has the account `second`, with the same subject and another user id.
fn account(name: &str) -> Actor {
    let mut account = actor("100", name, &[Permission::Make, Permission::Check]);
    if name == "second" {
        account.signer.person.sub = "sub-maker".to_owned();
    }
    account
}

/// A refusal by the rules is fine; the store must not fail.
fn is_sound<T>(said: Result<T, EngineError>) {
    match said {
        Ok(_) | Err(EngineError::Refused(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
}

impl Play<'_> {
    /// Does one act; returns the leases that it claimed.
    async fn act(&self, act: &Act, engine: &Engine) -> Vec<HeldLease> {
        let held = |index: &Index| (!self.held.is_empty()).then(|| index.get(&self.held).clone());
        match act {
            Act::Decide { request, by, approves, digest } => {
                self.decide(engine, request.get(&self.requests), by, (*approves, *digest)).await;
            }
            Act::Withdraw { request, by } => {
                let (request, by) = (request.get(&self.requests), account(by));
                let reason = Words::new("a mistake").unwrap();
                is_sound(engine.withdraw(&by, request.id, reason, origin(&by)).await);
            }
            Act::Again { request, by } => {
                let by = account(by);
                let again = AgainInput {
                    actor: &by,
                    old: engine.find(&auditor(), request.get(&self.requests).id).await.unwrap(),
                    body: Ok(b"{}"),
                    idempotency_key: None,
                    reference: "ref",
                };
                is_sound(engine.submit_again(again).await);
            }
            Act::Comment(..) | Act::SendBack(..) | Act::Resubmit(..) => self.revise(act, engine).await,
            Act::Sweep => is_sound(engine.expire_overdue().await),
            Act::Settle => is_sound(engine.settle_lapsed(&[]).await),
            Act::Say { request, by, happened } => {
                let by = account(by);
                let outcome = if *happened { SettledOutcome::Executed } else { SettledOutcome::Failed };
                let word = NewSettlementWord::new(outcome, "seen in the log", None).unwrap();
                let (id, origin) = (request.get(&self.requests).id, origin(&by));
                is_sound(engine.settle(SettlementInput { actor: by, id, word, origin }).await);
            }
            Act::Claim => {
                return claim_some(engine, 1).await.into_iter().map(|claimed| claimed.held).collect();
            }
            Act::Start(index) => {
                is_sound(maybe(held(index), async |held| engine.start_attempt(&held).await).await)
            }
            Act::End(index, attempt, outcome) => {
                let ending = Ending::new(*attempt, *outcome, "It ended.");
                is_sound(maybe(held(index), async |held| engine.end_attempt(&held, ending).await).await);
            }
            Act::Stop(index) => {
                let reason = "The call is not what people approved.".to_owned();
                is_sound(maybe(held(index), async |held| engine.stop(&held, None, reason).await).await);
            }
            Act::PutBack(index) => {
                let wait = TimeDelta::seconds(1);
                is_sound(maybe(held(index), async |held| engine.put_back(&held, wait).await).await)
            }
            Act::Renew(index) => {
                let held: Vec<HeldLease> = held(index).into_iter().collect();
                is_sound(engine.lease_renewal().renew(&held).map_err(EngineError::from));
            }
            Act::Wait(seconds) => self.node.clock.advance(TimeDelta::seconds(*seconds)),
        }
        Vec::new()
    }

    /// Comments, sends back, or resubmits.
    async fn revise(&self, act: &Act, engine: &Engine) {
        match act {
            Act::Comment(request, by) => {
                let (request, by) = (request.get(&self.requests), account(by));
                let words = Words::new("Which receipt?").unwrap();
                is_sound(engine.comment(&by, request.id, words, origin(&by)).await);
            }
            Act::SendBack(request, by) => {
                let by = account(by);
                let read = self.now(request.get(&self.requests)).await;
                let wish = NewSendBack::new("Another customer.").unwrap();
                let wish = wish.on(Some(read.digest.to_string()), None);
                is_sound(engine.send_back(&by, read.id, wish, origin(&by)).await);
            }
            Act::Resubmit(request, by, customer) => {
                let body = self.changed(request, *customer);
                let by = account(by);
                let again = AgainInput {
                    actor: &by,
                    old: engine.find(&auditor(), request.get(&self.requests).id).await.unwrap(),
                    body: Ok(body.as_bytes()),
                    idempotency_key: None,
                    reference: "ref",
                };
                is_sound(engine.resubmit(again).await);
            }
            Act::Decide { .. }
            | Act::Withdraw { .. }
            | Act::Again { .. }
            | Act::Sweep
            | Act::Claim
            | Act::Start(_)
            | Act::End(..)
            | Act::Stop(_)
            | Act::PutBack(_)
            | Act::Renew(_)
            | Act::Settle
            | Act::Say { .. }
            | Act::Wait(_) => unreachable!("it revises nothing"),
        }
    }

    /// The request as it is now.
    async fn now(&self, request: &Request) -> Request {
        self.node.engine.find(&auditor(), request.id).await.unwrap().request
    }

    /// What was submitted first, for another customer if there is one.
    fn changed(&self, request: &Index, customer: Option<i64>) -> String {
        let mut body: serde_json::Value = serde_json::from_str(request.get::<String>(&self.bodies)).unwrap();
        if let Some(customer) = customer {
            body["payload"]["IntouchAPITask-Payload"]["body"]["customers"] = customer.into();
        }
        body.to_string()
    }

    async fn decide(
        &self,
        engine: &Engine,
        request: &Request,
        by: &str,
        (approves, digest): (bool, Option<bool>),
    ) {
        let by = account(by);
        let verdict = if approves { Verdict::Approved } else { Verdict::Rejected };
        let right = self.now(request).await.digest.to_string();
        let digest = digest.map(|is_right| if is_right { right } else { "sha256:wrong".to_owned() });
        let decision = NewDecision::new(verdict, "words", digest).unwrap();
        is_sound(engine.decide(deciding(&by, request.id, decision)).await);
    }

    async fn run(&mut self, story: &[Vec<Act>]) {
        for group in story {
            let engines = [&self.node.engine, self.other];
            let acts = group.iter().enumerate().map(|(at, act)| self.act(act, engines[at % 2]));
            let claimed = join_all(acts).await;
            self.held.extend(claimed.into_iter().flatten());
            for request in &self.requests {
                check(self.node, request).await;
            }
        }
    }
}

async fn maybe<T>(
    held: Option<HeldLease>,
    act: impl AsyncFnOnce(HeldLease) -> Result<T, EngineError>,
) -> Result<Option<T>, EngineError> {
    match held {
        Some(held) => act(held).await.map(Some),
        None => Ok(None),
    }
}

/// The rows of one request agree with its events and with each other.
async fn check(node: &Node, submitted: &Request) {
    let stored = node.stored(submitted);
    let request = stored.read();
    assert_eq!(stored.folded(), request);
    assert_eq!(node.engine.find(&auditor(), request.id).await.unwrap().request, request);
    let mut state = None;
    for (row, seq) in stored.events.iter().zip(1_i64..) {
        assert_eq!((row.seq, &row.from_state), (Some(seq), &state));
        state.clone_from(&row.to_state);
    }
    assert_eq!(request.version, i64::try_from(stored.events.len()).unwrap());
    assert!(stored.decisions.len() <= 1, "one checker is enough");
    assert!(
        request.earlier.iter().all(|earlier| earlier.decisions.is_empty() && earlier.sent_back.is_some())
    );
    assert!(stored.decisions.iter().all(|row| row.digest == request.digest));
    assert!(stored.decisions.iter().all(|row| row.checker.sub != "sub-maker"));
    assert!(stored.settlement.iter().all(|word| word.by.sub != "sub-maker"));
    assert_eq!(stored.request.settlement_words, i64::try_from(stored.settlement.len()).unwrap());

    if let Some(newer) = request.repeated_by {
        let newer = node.engine.find(&auditor(), newer).await.unwrap().request;
        assert_eq!(newer.repeat_of, Some(request.id));
        assert_eq!((newer.digest, node.stored(&newer).folded()), (request.digest, newer));
        assert!(request.state.frees_counters(), "{request:?}");
    }

    assert_eq!(stored.execution.is_some(), request.execute_before.is_some());
    assert_eq!(stored.attempts.len(), usize::try_from(request.sending.attempts).unwrap());
    check_execution(&stored, &request);
}

/// The execution and the attempts agree with the request, and no outcome is a guess.
fn check_execution(stored: &Stored, request: &Request) {
    let Some(execution) = &stored.execution else { return };
    assert_eq!(execution.has_ended(), request.state != State::Approved);
    if let Some(outcome) = execution.outcome() {
        let was_closed = [State::Expired, State::Withdrawn].contains(&request.state);
        assert_eq!(outcome.name(), if was_closed { "failed" } else { request.state.name() });
    }
    let known: Vec<Option<AttemptOutcome>> = stored
        .attempts
        .iter()
        .map(|row| row.outcome.as_deref().map(|name| AttemptOutcome::parse(name).unwrap()))
        .collect();
    for (row, number) in stored.attempts.iter().zip(1_i64..) {
        assert_eq!(row.attempt, number);
        assert!(row.token <= execution.token);
        let is_open = row.outcome.is_none();
        assert_eq!(is_open, request.sending.is_open && number == request.sending.attempts);
        if is_open && request.state == State::Approved {
            assert!(matches!(execution.state, ExecutionState::Claimed { .. }));
            assert_eq!(row.token, execution.token);
        }
    }
    let has = |outcome| known.contains(&Some(outcome));
    let ambiguous = known.iter().filter(|outcome| **outcome == Some(AttemptOutcome::Ambiguous)).count();
    assert_eq!(usize::try_from(request.sending.ambiguous).unwrap(), ambiguous);
    if request.settling_word().is_some() {
        return;
    }
    match request.state {
        State::Executed => assert!(has(AttemptOutcome::Executed) || request.sending.inferred),
        State::Unknown => assert!(ambiguous > 0),
        State::Expired => assert!(known.is_empty()),
        State::Withdrawn | State::Failed => assert_eq!(ambiguous, 0, "{stored:#?}"),
        State::Approved
        | State::Rejected
        | State::ValidateMakerAccess
        | State::ValidatePayload
        | State::SentBack
        | State::AdminTask => {}
    }
}

async fn the_events_fold_to_the_rows_after_any_commands(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let play = async |story: Vec<Vec<Act>>| {
        let maker = account("maker");
        let mut play =
            Play { node: &node, other: &other, requests: Vec::new(), bodies: Vec::new(), held: Vec::new() };
        for number in 0..REQUESTS {
            // The target recognises a repeat of every second one.
            let id = (number % 2 == 1).then(|| node.clock.new_id().to_string());
            let body = badge(id.as_deref());
            play.requests.push(node.submit_body(&maker, &body).await.unwrap().request);
            play.bodies.push(body);
        }
        play.run(&story).await;
        // Nothing is left for the next story to claim.
        node.clock.advance(APPROVAL_TTL);
        node.engine.settle_lapsed(&[]).await.unwrap();
        for claimed in claim_all(&node.engine).await {
            assert_eq!(node.engine.start_attempt(&claimed.held).await.unwrap(), None, "it is too late");
        }
        for request in &play.requests {
            check(&node, request).await;
            assert_ne!(node.stored(request).read().state, State::Approved);
        }
    };
    block_in_place(|| {
        TestRunner::new(config).run(&story(), |story| {
            Handle::current().block_on(play(story));
            Ok(())
        })
    })
    .unwrap();
}
