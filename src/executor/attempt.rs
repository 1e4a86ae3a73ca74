//! One execution from claim to end: verify, clear, start the attempt, send, judge, record.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{Instant, sleep};

use super::egress::{ClearedCall, Egress, NotCleared};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::call::Call;
use crate::domain::outcome::{Exchange, Judgement, TargetResponse, judge};
use crate::engine::under_way::{HostSign, UnderWay};
use crate::engine::{BegunAttempt, ClaimedExecution, Ending, Engine, EngineError, HeldLease};
use crate::fault_points::{self, FaultPoint, Sabotage, sabotage};

/// Pause before something that the store did not take is tried again; it doubles up to the longest.
const TRY_AGAIN_FIRST: Duration = Duration::from_millis(100);
const TRY_AGAIN_LONGEST: Duration = Duration::from_secs(5);

/// How long an execution waits that this process could not send for lack of descriptors or memory.
pub(super) const PUT_BACK_FOR: TimeDelta = TimeDelta::seconds(1);

/// Where an execution is recorded and how it leaves.
#[derive(Clone, Copy)]
pub(super) struct Recorder<'a> {
    pub(super) engine: &'a Engine,
    pub(super) egress: &'a Egress,
}

/// Carries out one claimed execution.
pub(super) async fn execute(recorder: Recorder<'_>, claimed: &ClaimedExecution) -> HostSign {
    let began = Instant::now();
    match verify(recorder.engine, claimed) {
        Ok(call) => recorder.attempt(claimed, &call, began).await,
        Err(reason) => {
            recorder.stop(claimed, reason).await;
            HostSign::None
        }
    }
}

/// The call, if it still is what people approved. If not, somebody has tampered with the database.
pub(super) fn verify(engine: &Engine, claimed: &ClaimedExecution) -> Result<Call, String> {
    claimed.verified_call().map_err(|reason| {
        engine.metrics().digest_stopped();
        tracing::error!(reason, "an execution was stopped: the stored call is not the approved one");
        format!("Stopped before sending. {reason} Nothing was sent.")
    })
}

impl Recorder<'_> {
    async fn attempt(&self, claimed: &ClaimedExecution, call: &Call, began: Instant) -> HostSign {
        match self.egress.clear(call).await {
            Ok(cleared) => self.send(claimed, call, cleared.within(claimed.total_timeout), began).await,
            Err(NotCleared::Refused(reason)) => {
                self.stop(claimed, format!("The call never left: {reason}.")).await;
                HostSign::None
            }
            Err(NotCleared::NoAddress(reason)) => {
                self.end_not_sent(claimed, reason, began).await;
                HostSign::Silent
            }
            Err(NotCleared::NoCredential(reason)) => {
                self.end_not_sent(claimed, reason, began).await;
                HostSign::None
            }
            Err(NotCleared::NoRoomHere(reason)) => {
                tracing::warn!(reason, "this process lacks something to send a call; it is put back");
                self.put_back(claimed).await;
                HostSign::None
            }
        }
    }

    /// An attempt of which nothing left; whether another one follows, the usual rules say.
    async fn end_not_sent(&self, claimed: &ClaimedExecution, reason: String, began: Instant) {
        if let Some(begun) = self.start(claimed).await {
            self.end(claimed, begun.number, Exchange::NotSent { reason }, began).await;
        }
    }

    async fn send(
        &self,
        claimed: &ClaimedExecution,
        call: &Call,
        cleared: ClearedCall,
        began: Instant,
    ) -> HostSign {
        let held = &claimed.held;
        // From the commit of this on, a crash means that bytes may have left.
        let Some(BegunAttempt { number, since }) = self.start(claimed).await else { return HostSign::None };
        self.under_way().may_leave(&held.key);
        let sent = self.egress.send(cleared.since(since), call, &own_headers(held)).await;
        let sign = HostSign::of(&sent.exchange, sent.has_timed_out);
        self.end(claimed, number, sent.exchange, began).await;
        sign
    }

    /// The attempt; `None` if the call must not leave now. If the store does not say whether the start is
    /// recorded, nothing is sent, and the execution is put back.
    async fn start(&self, claimed: &ClaimedExecution) -> Option<BegunAttempt> {
        let (held, since) = (&claimed.held, std::time::Instant::now());
        if claimed.begun.is_some() {
            fault_points::pass(FaultPoint::AttemptCommitted);
            return claimed.begun;
        }
        if sabotage(Sabotage::NoAttemptRow) {
            return Some(BegunAttempt { number: 1, since });
        }
        match self.engine.start_attempt(held).await {
            Ok(attempt) => {
                fault_points::pass(FaultPoint::AttemptCommitted);
                if let Some(attempt) = attempt {
                    self.under_way().has_started(&held.key, attempt);
                }
                attempt.map(|number| BegunAttempt { number, since })
            }
            Err(error) if error.is_unreadable_row() => {
                let set_aside = || async { self.engine.set_aside(held, &error).await.map(|()| true) };
                until_taken("that an execution is set aside", set_aside).await;
                None
            }
            Err(error) => {
                tracing::error!(%error, "an attempt could not be recorded, so nothing was sent");
                self.put_back(claimed).await;
                None
            }
        }
    }

    async fn end(&self, claimed: &ClaimedExecution, attempt: i64, exchange: Exchange, began: Instant) {
        let held = &claimed.held;
        let judgement =
            judge(&exchange, &claimed.answer_rules, claimed.repeat.as_ref(), self.engine.clock().now());
        fault_points::pass(FaultPoint::AnswerRead);
        if judgement.outcome == AttemptOutcome::AlreadyDone {
            fault_points::pass(FaultPoint::RepeatAnswerRead);
        }
        let ending = ending(held, attempt, &judgement, exchange).with_jitter(self.engine.jitter());
        let outcome = ending.end.outcome;
        // Known from here on: a stop of the server records it, too.
        self.under_way().has_ended(&held.key, ending.clone());
        let is_recorded = until_taken("an outcome", || self.engine.end_attempt(held, ending.clone())).await;
        if !is_recorded {
            tracing::error!(outcome = outcome.name(), "another outcome of this attempt is on record");
        }
        tracing::Span::current().record("request.state", outcome.name());
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(outcome = outcome.name(), attempt, duration_ms, "an attempt ended");
    }

    async fn stop(&self, claimed: &ClaimedExecution, reason: String) {
        let begun = claimed.begun.map(|begun| begun.number);
        let stop = || self.engine.stop(&claimed.held, begun, reason.clone());
        until_taken("the end of an execution", stop).await;
    }

    async fn put_back(&self, claimed: &ClaimedExecution) {
        match claimed.begun {
            Some(begun) => {
                self.end_unsent(&claimed.held, begun.number, "this server lacked what it needs for it").await;
            }
            None => {
                until_taken("an execution", || self.engine.put_back(&claimed.held, PUT_BACK_FOR)).await;
            }
        }
    }

    /// Ends an attempt of which no byte left; `why` is a clause. Another one follows, if there is time for it.
    pub(super) async fn end_unsent(&self, held: &HeldLease, attempt: i64, why: &str) {
        let ending = unsent(attempt, why).with_jitter(self.engine.jitter());
        until_taken("an attempt", || self.engine.end_attempt(held, ending.clone())).await;
    }

    fn under_way(&self) -> &UnderWay {
        self.engine.under_way()
    }
}

/// Hands something to the store until it takes it, as long as this process lives.
pub(super) async fn until_taken<F>(what: &str, mut hand_over: impl FnMut() -> F) -> bool
where
    F: Future<Output = Result<bool, EngineError>>,
{
    let mut pause = TRY_AGAIN_FIRST;
    loop {
        match hand_over().await {
            Ok(is_ours) => return is_ours,
            Err(error) => {
                tracing::warn!(%error, what, "it could not be recorded yet");
                sleep(pause).await;
                pause = (pause * 2).min(TRY_AGAIN_LONGEST);
            }
        }
    }
}

/// The engine's own headers beside Host, Content-Length and User-Agent.
pub(super) fn own_headers(held: &HeldLease) -> Vec<(String, String)> {
    let id = held.key.1.to_string();
    let trace = id.replace('-', "");
    // The parent span: the request's last 16 digits, so that both halves are found from one id.
    let parent = &trace[16..];
    vec![
        ("traceparent".to_owned(), format!("00-{trace}-{parent}-01")),
        ("x-countersign-request-id".to_owned(), id),
    ]
}

fn ending(held: &HeldLease, attempt: i64, judgement: &Judgement, exchange: Exchange) -> Ending {
    let ending = Ending::judged(attempt, judgement);
    match exchange {
        Exchange::Answered(answer) => ending.with_answer(&held.key, answer, &judgement.warnings),
        Exchange::NoFullAnswer { partial: Some(partial), .. } => {
            ending.with_answer(&held.key, TargetResponse { cut: true, ..partial }, &judgement.warnings)
        }
        Exchange::NoFullAnswer { partial: None, .. } | Exchange::NotSent { .. } => ending,
    }
}

/// The end of an attempt of which no byte left; `why` is a clause.
pub(super) fn unsent(attempt: i64, why: &str) -> Ending {
    Ending::new(attempt, AttemptOutcome::NotSent, format!("No byte left: {why}."))
}

/// The end of an attempt that was cut off here: bytes may have left.
pub(super) fn cut_off(attempt: i64, reason: &str) -> Ending {
    Ending::new(attempt, AttemptOutcome::Ambiguous, reason)
}
