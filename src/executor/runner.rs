//! The loop: claim what is due, send each in a task of its own, record how it ended; and beside it the sweep.
//!
//! Nothing here belongs to a caller: a client that hangs up changes nothing.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

use super::attempt::{HostSign, Recorder, cut_off, execute};
use super::egress::Egress;
use super::lease_keeper::LeaseKeeper;
use super::under_way::{RunningCall, UnderWay};
use crate::domain::target_host::TargetHost;
use crate::engine::liveness::Liveness;
use crate::engine::{ClaimedExecution, Engine, EngineError, LEFT_ALONE_FOR};
use crate::fault_points::{self, FaultPoint};

pub use super::under_way::Concurrency;

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
    under_way: Arc<UnderWay>,
    liveness: Arc<Liveness>,
}

impl Executor {
    /// An executor that runs nothing yet.
    pub fn new(engine: Engine, egress: Egress, concurrency: Concurrency) -> Arc<Self> {
        Arc::new(Self {
            engine,
            egress: Arc::new(egress),
            concurrency,
            under_way: Arc::default(),
            liveness: Arc::default(),
        })
    }

    /// The hosts that this node has called or is calling.
    pub fn hosts(&self) -> Vec<TargetHost> {
        self.under_way.hosts_now()
    }

    /// How the loop is doing.
    pub fn liveness(&self) -> Arc<Liveness> {
        Arc::clone(&self.liveness)
    }

    /// Runs until `stopping`; then lets calls under way finish for `grace`, and records the truth about
    /// the rest.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let keeper = LeaseKeeper::start(&self.engine, &self.under_way);
        if let Err(error) = &keeper {
            tracing::error!(%error, "leases can't be renewed, so nothing is sent");
            return;
        }
        if let Err(error) = self.engine.recover().await {
            tracing::error!(%error, "interrupted executions could not be settled at start");
        }
        let sweeping = tokio::spawn(Arc::clone(&self).sweep_until(stopping.clone()));
        let mut calls = JoinSet::new();
        while !*stopping.borrow() {
            let rest = match self.claim_into(&mut calls).await {
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
                Some(_) = calls.join_next() => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                () = sleep(rest) => {}
            }
        }
        self.liveness.failed();
        sweeping.abort();
        self.stop(calls, grace).await;
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
        let settled = self.engine.settle_lapsed(&self.under_way.keys()).await.map(|settled| {
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
        let mut calls = JoinSet::new();
        loop {
            self.claim_into(&mut calls).await?;
            if calls.is_empty() {
                return Ok(());
            }
            while calls.join_next().await.is_some() {}
        }
    }

    /// One claim takes all that there is room for. What comes due later, and every slot that becomes free, brings
    /// the next one.
    async fn claim_into(self: &Arc<Self>, calls: &mut JoinSet<()>) -> Result<(), EngineError> {
        while calls.try_join_next().is_some() {}
        let mut slots = self.under_way.slots(self.concurrency);
        if slots.free == 0 {
            return Ok(());
        }
        let claimed = self.engine.claim(&mut slots).await?;
        self.under_way.add(&claimed, slots);
        for one in claimed {
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
        let recorder = Recorder { engine: &self.engine, egress: &self.egress, under_way: &self.under_way };
        let sending = AssertUnwindSafe(execute(recorder, &claimed)).catch_unwind();
        let sign = sending.instrument(span).await;
        let call = self.under_way.remove(&claimed.held.key);
        match sign {
            Ok(sign) => self.note_sign(&claimed.request.host, sign),
            Err(_) => self.settle_panicked(&claimed, call).await,
        }
    }

    fn note_sign(&self, host: &str, sign: HostSign) {
        let Some(is_open) = self.under_way.note_sign(host, sign) else { return };
        self.engine.metrics().set_breaker(host, is_open);
        if is_open {
            tracing::warn!(
                host,
                "calls to this host are held back: it did not take or answer several in a row"
            );
        } else {
            tracing::info!(host, "calls to this host go out again");
        }
    }

    /// A panic ends this execution only: what is known of it is recorded.
    async fn settle_panicked(&self, claimed: &ClaimedExecution, call: Option<RunningCall>) {
        tracing::error!(request.id = %claimed.request.id, "an execution panicked; the others go on");
        self.engine.metrics().set_aside();
        let attempt = call.as_ref().and_then(|call| call.attempt);
        let recorded = match attempt {
            Some(attempt) => {
                let ending = call.and_then(|call| call.ending).unwrap_or_else(|| {
                    cut_off(attempt, "The engine failed while it sent the call or read the answer.")
                });
                self.engine.end_attempt(&claimed.held, ending).await
            }
            None => self.engine.put_back(&claimed.held, LEFT_ALONE_FOR).await,
        };
        if let Err(error) = recorded {
            tracing::error!(%error, "a panicked execution could not be settled; its lease will lapse");
        }
    }

    async fn stop(&self, mut calls: JoinSet<()>, grace: Duration) {
        let deadline = Instant::now() + grace;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout(left, calls.join_next()).await {
                Ok(None) | Err(_) => break,
                Ok(Some(_)) => {}
            }
        }
        calls.shutdown().await;
        fault_points::pass(FaultPoint::StopBeforeRecord);
        let cut_off = self.under_way.drain();
        let recording =
            futures_util::future::join_all(cut_off.into_iter().map(|call| self.record_last(call)));
        if timeout(LAST_RECORDS, recording).await.is_err() {
            tracing::error!("what was cut off by the stop could not be recorded; the leases will lapse");
        }
    }

    /// Records what is known of a call that the stop cut off.
    async fn record_last(&self, call: RunningCall) {
        let recorded = match (call.attempt, call.ending) {
            (Some(_), Some(ending)) => self.engine.end_attempt(&call.held, ending).await,
            (Some(attempt), None) => {
                let ending = cut_off(attempt, "The server stopped before the answer came.");
                self.engine.end_attempt(&call.held, ending).await
            }
            (None, _) => self.engine.put_back(&call.held, TimeDelta::zero()).await,
        };
        if let Err(error) = recorded {
            tracing::error!(%error, "an execution could not be settled while stopping");
        }
    }
}
