//! The loop: claim what is due, send each once in a task of its own, record how it ended.
//!
//! Nothing here belongs to a caller: a client that hangs up changes nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

use super::attempt::{Recorder, execute};
use super::egress::Egress;
use crate::domain::lease::RENEW_EVERY;
use crate::domain::outcome::Outcome;
use crate::engine::liveness::Liveness;
use crate::engine::{ClaimedExecution, Ending, Engine, EngineError, HeldLease};

/// How often the queue is polled: another node may have filled it.
const POLL: Duration = Duration::from_millis(500);
/// How often deadlines and lapsed leases are swept.
const SWEEP: Duration = Duration::from_secs(1);
/// How long the loop rests after the store failed.
const REST: Duration = Duration::from_millis(500);

/// How many calls may be under way at once.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// In all.
    pub total: usize,
    /// To one host.
    pub per_host: usize,
}

/// A call under way: its lease and where it goes.
struct RunningCall {
    held: HeldLease,
    host: String,
}

/// Carries out what was approved.
pub struct Executor {
    engine: Engine,
    egress: Arc<Egress>,
    concurrency: Concurrency,
    under_way: Mutex<HashMap<crate::engine::RequestKey, RunningCall>>,
    alive: Arc<AtomicBool>,
    liveness: Arc<Liveness>,
}

impl Executor {
    /// An executor that runs nothing yet.
    pub fn new(engine: Engine, egress: Egress, concurrency: Concurrency) -> Arc<Self> {
        Arc::new(Self {
            engine,
            egress: Arc::new(egress),
            concurrency,
            under_way: Mutex::default(),
            alive: Arc::new(AtomicBool::new(false)),
            liveness: Arc::default(),
        })
    }

    /// True while the loop runs and reaches the store.
    pub fn sign_of_life(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.alive)
    }

    /// When the loop last turned.
    pub fn liveness(&self) -> Arc<Liveness> {
        Arc::clone(&self.liveness)
    }

    /// Runs until `stopping`; then lets calls under way finish for `grace`, and records the truth about
    /// the rest: their outcome is unknown.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>, grace: Duration) {
        if let Err(error) = self.engine.recover().await {
            tracing::error!(%error, "interrupted executions could not be settled at start");
        }
        let mut calls = JoinSet::new();
        let (mut sweep_at, mut renew_at) = (Instant::now(), Instant::now() + RENEW_EVERY);
        while !*stopping.borrow() {
            let done = self.turn(&mut calls, &mut sweep_at, &mut renew_at).await;
            self.alive.store(done.is_ok(), Ordering::Relaxed);
            let rest = match done {
                Ok(()) => {
                    self.liveness.turned();
                    POLL
                }
                Err(error) => {
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
        self.alive.store(false, Ordering::Relaxed);
        self.stop(calls, grace).await;
    }

    /// One turn of the loop: claim, and now and then sweep and renew.
    async fn turn(
        self: &Arc<Self>,
        calls: &mut JoinSet<()>,
        sweep_at: &mut Instant,
        renew_at: &mut Instant,
    ) -> Result<(), EngineError> {
        self.claim_into(calls).await?;
        if Instant::now() >= *renew_at {
            *renew_at = Instant::now() + RENEW_EVERY;
            self.renew().await?;
        }
        if Instant::now() >= *sweep_at {
            *sweep_at = Instant::now() + SWEEP;
            self.sweep().await?;
        }
        Ok(())
    }

    /// Deadlines, lapsed leases, gauges.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        self.engine.expire_overdue().await?;
        let under_way: Vec<_> = self.lock().keys().cloned().collect();
        let settled = self.engine.settle_lapsed(&under_way).await?;
        if settled > 0 {
            tracing::warn!(settled, "interrupted executions were settled");
        }
        self.engine.measure_open().await
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

    async fn claim_into(self: &Arc<Self>, calls: &mut JoinSet<()>) -> Result<(), EngineError> {
        loop {
            while calls.try_join_next().is_some() {}
            let free = self.concurrency.total.saturating_sub(self.lock().len());
            if free == 0 {
                return Ok(());
            }
            let claimed = self.engine.claim(free, self.busy_hosts()).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            let mut put_back = Vec::new();
            for one in claimed {
                if self.take(&one) {
                    let executor = Arc::clone(self);
                    calls.spawn(async move { executor.execute(one).await });
                } else {
                    put_back.push(one.held);
                }
            }
            for held in &put_back {
                self.engine.release(held).await?;
            }
        }
    }

    /// Notes the call as under way, if its host has room: one claim may bring many for one host.
    fn take(&self, claimed: &ClaimedExecution) -> bool {
        let mut under_way = self.lock();
        let host = claimed.request.host.clone();
        let busy = under_way.values().filter(|other| other.host == host).count();
        let has_room = busy < self.concurrency.per_host;
        if has_room {
            under_way.insert(claimed.held.key.clone(), RunningCall { held: claimed.held.clone(), host });
        }
        has_room
    }

    fn busy_hosts(&self) -> Vec<String> {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for call in self.lock().values() {
            *counts.entry(call.host.clone()).or_default() += 1;
        }
        counts
            .into_iter()
            .filter(|(_, count)| *count >= self.concurrency.per_host)
            .map(|(host, _)| host)
            .collect()
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
        let key = claimed.held.key.clone();
        let recorder = Recorder { engine: &self.engine, egress: &self.egress };
        execute(recorder, claimed).instrument(span).await;
        self.lock().remove(&key);
    }

    async fn renew(&self) -> Result<(), EngineError> {
        let held: Vec<HeldLease> = self.lock().values().map(|call| call.held.clone()).collect();
        if held.is_empty() { Ok(()) } else { self.engine.renew(held).await }
    }

    async fn stop(&self, mut calls: JoinSet<()>, grace: Duration) {
        let deadline = Instant::now() + grace;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).min(RENEW_EVERY);
            match timeout(left, calls.join_next()).await {
                Ok(None) => break,
                Ok(Some(_)) => {}
                Err(_) if Instant::now() >= deadline => break,
                Err(_) => {
                    if let Err(error) = self.renew().await {
                        tracing::warn!(%error, "leases could not be prolonged while stopping");
                    }
                }
            }
        }
        calls.shutdown().await;
        let cut_off: Vec<HeldLease> = self.lock().drain().map(|(_, call)| call.held).collect();
        for held in cut_off {
            let ending = Ending::new(Outcome::Unknown, "The server stopped before the answer came.");
            // Refused for a call whose attempt had not begun: then nothing left, and it is due again.
            let is_recorded = self.engine.end(&held, ending).await.unwrap_or(false);
            if !is_recorded && let Err(error) = self.engine.release(&held).await {
                tracing::error!(%error, "an execution could not be put back while stopping");
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<crate::engine::RequestKey, RunningCall>> {
        self.under_way.lock().expect("nobody panics while holding the list")
    }
}
