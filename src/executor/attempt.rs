//! One execution from claim to end: verify, clear, begin, send, judge, record.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::egress::Egress;
use crate::domain::call::Call;
use crate::domain::outcome::{Exchange, Judgement, Outcome, TargetResponse, judge};
use crate::engine::{ClaimedExecution, Ending, Engine, HeldLease};

/// Pause before the record of an end that the store did not take is tried again.
const RECORD_AGAIN: Duration = Duration::from_millis(250);
/// How often it tries; after that the lease lapses and the outcome is unknown, which is true.
const RECORD_TRIES_MAX: usize = 240;

/// Where an execution is recorded and how it leaves.
#[derive(Clone, Copy)]
pub(super) struct Recorder<'a> {
    pub(super) engine: &'a Engine,
    pub(super) egress: &'a Egress,
}

/// Carries out one claimed execution.
pub(super) async fn execute(recorder: Recorder<'_>, claimed: ClaimedExecution) {
    let began = Instant::now();
    let held = claimed.held.clone();
    let ending = match verify(recorder.engine, &claimed) {
        Ok(call) => recorder.attempt(&claimed, &call).await,
        Err(reason) => Some(Ending::new(Outcome::Failed, reason)),
    };
    let Some(ending) = ending else { return };
    let outcome = ending.outcome.name();
    recorder.record(&held, ending).await;
    tracing::Span::current().record("request.state", outcome);
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(outcome, attempt = 1, duration_ms, "an execution ended");
}

/// The call, if it still is what people approved. If not, somebody has tampered with the database.
fn verify(engine: &Engine, claimed: &ClaimedExecution) -> Result<Call, String> {
    claimed.verified_call().map_err(|reason| {
        engine.metrics().digest_stopped();
        tracing::error!(reason, "an execution was stopped: the stored call is not the approved one");
        format!("Stopped before sending. {reason} Nothing was sent.")
    })
}

impl Recorder<'_> {
    /// `None` if the lease was lost: another holder records how it ended.
    async fn attempt(&self, claimed: &ClaimedExecution, call: &Call) -> Option<Ending> {
        let held = &claimed.held;
        let cleared = match self.egress.clear(call).await {
            Ok(cleared) => cleared.within(claimed.total_timeout),
            Err(reason) => {
                return Some(Ending::new(Outcome::Failed, format!("The call never left: {reason}.")));
            }
        };
        // From the commit of this on, a crash means that bytes may have left.
        if !self.begin(held).await {
            return None;
        }
        let exchange = self.egress.send(&cleared, call, &own_headers(held)).await;
        let judgement = judge(&exchange, &claimed.answer_rules);
        Some(ending(held, judgement, exchange))
    }

    async fn begin(&self, held: &HeldLease) -> bool {
        match self.engine.start_attempt(held).await {
            Ok(is_ours) => is_ours,
            Err(error) => {
                // Nothing left; the lease lapses, and whoever settles it sees whether an attempt is open.
                tracing::error!(%error, "an attempt could not be recorded, so nothing was sent");
                false
            }
        }
    }

    /// The answer is here: the record of it is tried until the store takes it.
    async fn record(&self, held: &HeldLease, ending: Ending) {
        for _ in 0..RECORD_TRIES_MAX {
            match self.engine.end(held, ending.clone()).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::error!("the lease was lost before the outcome was recorded; it stays as it is");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "an outcome could not be recorded yet");
                    sleep(RECORD_AGAIN).await;
                }
            }
        }
        tracing::error!("an outcome could not be recorded; it will be unknown");
    }
}

/// The engine's own headers beside Host, Content-Length and User-Agent.
fn own_headers(held: &HeldLease) -> Vec<(String, String)> {
    let id = held.key.1.to_string();
    let trace = id.replace('-', "");
    // The parent span: the request's last 16 digits, so that both halves are found from one id.
    let parent = &trace[16..];
    vec![
        ("traceparent".to_owned(), format!("00-{trace}-{parent}-01")),
        ("x-countersign-request-id".to_owned(), id),
    ]
}

fn ending(held: &HeldLease, judgement: Judgement, exchange: Exchange) -> Ending {
    let ending = Ending::new(judgement.outcome, judgement.reason);
    match exchange {
        Exchange::Answered(answer) => ending.with_answer(&held.key, answer, &judgement.warnings),
        Exchange::NoFullAnswer { partial: Some(partial), .. } => {
            ending.with_answer(&held.key, TargetResponse { cut: true, ..partial }, &judgement.warnings)
        }
        Exchange::NoFullAnswer { partial: None, .. } | Exchange::NotSent { .. } => ending,
    }
}
