//! The loop: claim what is due, send each in a task of its own, record how it ended; and beside it the sweep.
//!
//! Nothing here belongs to a caller: a client that hangs up changes nothing.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::Instrument;

use super::attempt::{Recorder, cut_off, execute, unsent};
use super::egress::Egress;
use super::lease_keeper::LeaseKeeper;
use super::probe::probe;
use crate::domain::execution::Purpose;
use crate::domain::target_host::TargetHost;
use crate::engine::liveness::Liveness;
use crate::engine::under_way::{Concurrency, HostSign, RunningCall, UnderWay};
use crate::engine::{
    BegunExecution, ClaimedExecution, Ending, Engine, EngineError, HeldLease, LEFT_ALONE_FOR, Unloaded,
};
use crate::fault_points::{self, FaultPoint};

/// How often the queue is polled: another node may have filled it, and a delay may be over.
const POLL: Duration = Duration::from_millis(500);
/// How often deadlines and lapsed leases are swept.
const SWEEP: Duration = Duration::from_secs(1);
/// How long the loop rests after the store failed.
const REST: Duration = Duration::from_millis(500);
/// How long a stop may take to record what it cut off.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// Carries out what was approved.
pub struct Executor {
    engine: Engine,
    egress: Arc<Egress>,
    concurrency: Concurrency,
    liveness: Arc<Liveness>,
}

impl Executor {
    /// An executor that runs nothing yet.
    pub fn new(engine: Engine, egress: Egress, concurrency: Concurrency) -> Arc<Self> {
        Arc::new(Self { engine, egress: Arc::new(egress), concurrency, liveness: Arc::default() })
    }

    /// The hosts that this node has called or is calling.
    pub fn hosts(&self) -> Vec<TargetHost> {
        self.under_way().hosts()
    }

    /// How the loop is doing.
    pub fn liveness(&self) -> Arc<Liveness> {
        Arc::clone(&self.liveness)
    }

    /// Runs until `stopping`; then lets calls under way finish for `grace`, and records the truth about
    /// the rest.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let keeper = LeaseKeeper::start(&self.engine);
        if let Err(error) = &keeper {
            tracing::error!(%error, "leases can't be renewed, so nothing is sent");
            return;
        }
        if let Err(error) = self.engine.recover().await {
            tracing::error!(%error, "interrupted executions could not be settled at start");
        }
        let sweeping = tokio::spawn(Arc::clone(&self).sweep_until(stopping.clone()));
        let begun = self.under_way().open(self.concurrency);
        let calls = Arc::new(Calls::default());
        let mut sending = tokio::spawn(Arc::clone(&self).send_begun(begun, Arc::clone(&calls)));
        while !*stopping.borrow() {
            let rest = match self.claim_into(&calls).await {
                Ok(()) => {
                    self.liveness.turned();
                    POLL
                }
                Err(error) => {
                    self.liveness.failed();
                    tracing::error!(%error, "the executor can't reach the store");
                    REST
                }
            };
            tokio::select! {
                () = self.engine.due() => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                () = sleep(rest) => {}
            }
        }
        self.liveness.failed();
        sweeping.abort();
        let deadline = Instant::now() + grace;
        // Its task ends once it has begun to send what was handed over before.
        self.under_way().close();
        if timeout_at(deadline, &mut sending).await.is_err() {
            sending.abort();
        }
        self.stop(calls.take(), deadline).await;
    }

    /// Sends what the decider begins, until the executor stops.
    async fn send_begun(
        self: Arc<Self>,
        mut begun: UnboundedReceiver<Vec<BegunExecution>>,
        calls: Arc<Calls>,
    ) {
        while let Some(mut batch) = begun.recv().await {
            // What has come meanwhile is loaded together with it.
            while let Ok(more) = begun.try_recv() {
                batch.extend(more);
            }
            for loaded in self.engine.load_begun(batch).await {
                let executor = Arc::clone(&self);
                calls.spawn(async move {
                    match loaded {
                        Ok(claimed) => executor.execute(claimed).await,
                        Err(unloaded) => executor.give_up_begun(&unloaded).await,
                    }
                });
            }
        }
    }

    /// The call of a begun execution can't be loaded.
    async fn give_up_begun(&self, unloaded: &Unloaded) {
        let Unloaded { held, attempt, error } = unloaded;
        tracing::error!(request.id = %held.key.1, %error, "a call can't be loaded, so nothing was sent");
        self.engine.metrics().set_aside();
        self.recorder().end_unsent(held, *attempt, "the stored call could not be loaded").await;
        self.free_slot(held);
    }

    fn recorder(&self) -> Recorder<'_> {
        Recorder { engine: &self.engine, egress: &self.egress }
    }

    fn under_way(&self) -> &UnderWay {
        self.engine.under_way()
    }

    /// Frees a slot, and has the queue looked at if something may wait for it.
    fn free_slot(&self, held: &HeldLease) -> Option<RunningCall> {
        let (call, has_backlog) = self.under_way().remove(&held.key);
        if has_backlog {
            self.engine.wake();
        }
        call
    }

    async fn sweep_until(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            if let Err(error) = self.sweep().await {
                tracing::error!(%error, "deadlines and lapsed leases could not be swept");
            }
            tokio::select! {
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                () = sleep(SWEEP) => {}
            }
        }
    }

    /// Deadlines, lapsed leases, gauges: each is tried, whatever became of the others.
    ///
    /// # Errors
    /// The first thing that failed.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        let expired = self.engine.expire_overdue().await.map(drop);
        let settled = self.engine.settle_lapsed(&self.under_way().keys()).await.map(|settled| {
            if settled > 0 {
                tracing::warn!(settled, "interrupted executions were settled");
            }
        });
        let measured = self.engine.measure_open().await;
        let skew = self.engine.measure_clock().await;
        expired.and(settled).and(measured).and(skew)
    }

    /// Claims and runs what is due until nothing is, and waits for all of it: a test's step.
    pub async fn run_due(self: &Arc<Self>) -> Result<(), EngineError> {
        let calls = Calls::default();
        loop {
            self.claim_into(&calls).await?;
            let mut begun = calls.take();
            if begun.is_empty() {
                return Ok(());
            }
            while begun.join_next().await.is_some() {}
        }
    }

    /// One claim takes all that there is room for. What is queued later, and every slot that becomes free while
    /// something may wait for it, brings the next one.
    async fn claim_into(self: &Arc<Self>, calls: &Calls) -> Result<(), EngineError> {
        for one in self.engine.claim_own(self.concurrency).await? {
            let executor = Arc::clone(self);
            calls.spawn(async move { executor.execute(one).await });
        }
        Ok(())
    }

    async fn execute(&self, claimed: ClaimedExecution) {
        let span = tracing::info_span!(
            "execution",
            request.id = %claimed.request.id,
            org = claimed.request.org.as_str(),
            actor = "system",
            request.type = claimed.request.request_type.as_str(),
            request.state = tracing::field::Empty,
        );
        let sending = AssertUnwindSafe(carry_out(self.recorder(), &claimed)).catch_unwind();
        let sign = sending.instrument(span).await;
        let call = self.free_slot(&claimed.held);
        match sign {
            Ok(sign) => self.note_sign(&claimed.request.host, sign),
            Err(_) => self.settle_panicked(&claimed, call).await,
        }
    }

    fn note_sign(&self, host: &str, sign: HostSign) {
        let Some(is_open) = self.under_way().note_sign(host, sign) else { return };
        self.engine.metrics().set_breaker(host, is_open);
        if is_open {
            tracing::warn!(
                host,
                "calls to this host are held back: it did not take or answer several in a row"
            );
        } else {
            tracing::info!(host, "calls to this host go out again");
            self.engine.wake();
        }
    }

    /// A panic ends this execution only: what is known of it is recorded.
    async fn settle_panicked(&self, claimed: &ClaimedExecution, call: Option<RunningCall>) {
        tracing::error!(request.id = %claimed.request.id, "an execution panicked; the others go on");
        self.engine.metrics().set_aside();
        let ending = call.and_then(|call| {
            last_ending(
                &call,
                "the engine failed",
                "The engine failed while it sent the call or read the answer.",
            )
        });
        let recorded = match ending {
            Some(ending) => self.engine.end_attempt(&claimed.held, ending).await,
            None => self.engine.put_back(&claimed.held, LEFT_ALONE_FOR).await,
        };
        if let Err(error) = recorded {
            tracing::error!(%error, "a panicked execution could not be settled; its lease will lapse");
        }
    }

    async fn stop(&self, mut calls: JoinSet<()>, deadline: Instant) {
        while let Ok(Some(_)) = timeout_at(deadline, calls.join_next()).await {}
        calls.shutdown().await;
        fault_points::pass(FaultPoint::StopBeforeRecord);
        let cut_off = self.under_way().drain();
        let recording =
            futures_util::future::join_all(cut_off.into_iter().map(|call| self.record_last(call)));
        if timeout(LAST_RECORDS, recording).await.is_err() {
            tracing::error!("what was cut off by the stop could not be recorded; the leases will lapse");
        }
    }

    /// Records what is known of a call that the stop cut off.
    async fn record_last(&self, call: RunningCall) {
        let ending = last_ending(&call, "the server stopped", "The server stopped before the answer came.");
        let recorded = match ending {
            Some(ending) => self.engine.end_attempt(&call.held, ending).await,
            None => self.engine.put_back(&call.held, TimeDelta::zero()).await,
        };
        if let Err(error) = recorded {
            tracing::error!(%error, "an execution could not be settled while stopping");
        }
    }
}

/// Does what the execution was claimed for.
async fn carry_out(recorder: Recorder<'_>, claimed: &ClaimedExecution) -> HostSign {
    match claimed.purpose {
        Purpose::Call => execute(recorder, claimed).await,
        Purpose::Probe { .. } => probe(recorder, claimed).await,
    }
}

/// The tasks of the calls under way.
#[derive(Default)]
struct Calls(Mutex<JoinSet<()>>);

impl Calls {
    fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        let mut calls = self.lock();
        // Those that are over leave room.
        while calls.try_join_next().is_some() {}
        calls.spawn(call);
    }

    fn take(&self) -> JoinSet<()> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().expect("nobody panics while holding the calls")
    }
}

/// How the attempt of a call ended that nobody goes on with, as far as it is known; `None` if none has begun. `why` is
/// a clause, `reason` a sentence for bytes that may have left.
fn last_ending(call: &RunningCall, why: &str, reason: &str) -> Option<Ending> {
    let attempt = call.attempt?;
    let ending = call.ending.clone();
    Some(
        ending.unwrap_or_else(|| {
            if call.may_have_left { cut_off(attempt, reason) } else { unsent(attempt, why) }
        }),
    )
}
