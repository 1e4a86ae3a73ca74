//! Renews the leases of what is under way, on a thread and a connection of its own: no backlog, no full queue and no
//! slow statement of others delays it.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::engine::under_way::UnderWay;
use crate::engine::{Engine, LeaseRenewal};

/// Renewals in the time of one lease: two may fail.
const RENEWALS: u32 = 3;
/// After a renewal that failed, the next one comes so much sooner.
const SOONER: u32 = 5;

/// The running thread; it ends when this is dropped.
pub(super) struct LeaseKeeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LeaseKeeper {
    /// Starts the thread, if leases have to be renewed.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let renewal = engine.lease_renewal();
        if !renewal.is_needed() {
            return Ok(Self { stop: None, thread: None });
        }
        let (stop, stopping) = mpsc::channel();
        let under_way = Arc::clone(engine.under_way());
        let every = renewal.lease() / RENEWALS;
        let thread = std::thread::Builder::new()
            .name("lease-keeper".to_owned())
            .spawn(move || keep(renewal, &under_way, every, &stopping))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Its statements have limits, so this does not wait for long.
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the lease keeper panicked");
        }
    }
}

fn keep(mut renewal: LeaseRenewal, under_way: &UnderWay, every: Duration, stopping: &mpsc::Receiver<()>) {
    let mut pause = every;
    while let Err(RecvTimeoutError::Timeout) = stopping.recv_timeout(pause) {
        let held = under_way.leases();
        pause = match renewal.renew(&held) {
            Ok(()) => every,
            Err(error) => {
                tracing::warn!(%error, "leases could not be renewed; tried again soon");
                every / SOONER
            }
        };
    }
}
