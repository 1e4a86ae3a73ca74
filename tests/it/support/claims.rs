//! Claiming approved calls and ending their attempts, as an executor does.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::slots::{HostSlots, Slots};
use countersign::engine::{ClaimedExecution, Ending, Engine, HeldLease};

/// How long a claim lasts: the default of `executor.lease_ms`.
pub const LEASE: TimeDelta = TimeDelta::seconds(15);
/// How long a call may take: the default of `executor.total_timeout_ms`.
pub const CALL: TimeDelta = TimeDelta::seconds(30);

/// Room for this many calls to one host.
pub fn room_for(calls: usize) -> Slots {
    // A host gets a slot only while it holds fewer than are free.
    Slots { free: 2 * calls, per_host: calls, hosts: BTreeMap::new() }
}

/// The same, but none for these hosts.
pub fn room_except_for(hosts: &[&str], calls: usize) -> Slots {
    let full = HostSlots { limit: Some(0), ..HostSlots::default() };
    let hosts = hosts.iter().map(|host| ((*host).to_owned(), full.clone())).collect();
    Slots { hosts, ..room_for(calls) }
}

/// Claims at most this many of each host.
pub async fn claim_some(engine: &Engine, calls: usize) -> Vec<ClaimedExecution> {
    engine.claim(&mut room_for(calls)).await.unwrap()
}

/// Claims everything that is due.
pub async fn claim_all(engine: &Engine) -> Vec<ClaimedExecution> {
    claim_some(engine, 1_000).await
}

/// Claims the only execution that is due.
pub async fn claim(engine: &Engine) -> ClaimedExecution {
    let mut claimed = claim_all(engine).await;
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

/// Claims the only execution that is due, and starts its attempt of this number.
pub async fn begin(engine: &Engine, attempt: i64) -> HeldLease {
    let held = claim(engine).await.held;
    assert_eq!(engine.start_attempt(&held).await.unwrap(), Some(attempt));
    held
}

/// Records how an attempt ended; `false` if the engine does not take it.
pub async fn ends(engine: &Engine, held: &HeldLease, attempt: i64, outcome: AttemptOutcome) -> bool {
    engine.end_attempt(held, Ending::new(attempt, outcome, "It ended.")).await.unwrap()
}
