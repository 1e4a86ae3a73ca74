//! How the writer is doing: for the readiness check.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How the writer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteHealth {
    /// The age of the last successful commit, or of the start if there was none yet.
    pub last_write: Duration,
    /// For how long writes have waited or failed without one that succeeded. `None` if none waits and the
    /// last one succeeded.
    pub blocked: Option<Duration>,
}

/// Shared by the thread, which notes, and the health check, which asks.
pub(super) struct Progress(Mutex<State>);

struct State {
    last_write: Instant,
    /// Since when the thread works on a batch without a commit.
    working_since: Option<Instant>,
    /// Since when the database is away, only reads, or is full.
    failing_since: Option<Instant>,
}

impl Progress {
    /// At the start of the thread.
    pub(super) fn new() -> Self {
        let last_write = Instant::now();
        Self(Mutex::new(State { last_write, working_since: None, failing_since: None }))
    }

    /// The thread begins with a batch.
    pub(super) fn begin(&self) {
        self.lock().working_since.get_or_insert_with(Instant::now);
    }

    /// The thread has answered the batch, one way or another.
    pub(super) fn rest(&self) {
        self.lock().working_since = None;
    }

    /// A transaction was committed. While the database fails this proves nothing: a transaction that wrote
    /// nothing succeeds on a full disk, too.
    pub(super) fn committed(&self) {
        let (mut state, now) = (self.lock(), Instant::now());
        state.working_since = state.working_since.map(|_| now);
        if state.failing_since.is_none() {
            state.last_write = now;
        }
    }

    /// The database is away, only reads, or is full.
    pub(super) fn failed(&self) {
        self.lock().failing_since.get_or_insert_with(Instant::now);
    }

    /// The database takes writes again.
    pub(super) fn recovered(&self) {
        let mut state = self.lock();
        state.failing_since = None;
        state.last_write = Instant::now();
    }

    /// Whether the last write failed because of the database.
    pub(super) fn is_failing(&self) -> bool {
        self.lock().failing_since.is_some()
    }

    /// How the writer is doing now.
    pub(super) fn health(&self) -> WriteHealth {
        let state = self.lock();
        let since = [state.working_since, state.failing_since].into_iter().flatten().min();
        WriteHealth { last_write: state.last_write.elapsed(), blocked: since.map(|since| since.elapsed()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding the progress")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_rests_is_not_blocked() {
        let progress = Progress::new();
        assert_eq!(progress.health().blocked, None);
        progress.begin();
        assert!(progress.health().blocked.is_some());
        progress.committed();
        progress.rest();
        assert_eq!(progress.health().blocked, None);
    }

    #[test]
    fn after_a_failure_only_a_proof_counts() {
        let progress = Progress::new();
        progress.failed();
        let before = progress.0.lock().unwrap().last_write;
        progress.committed();
        assert!(progress.is_failing() && progress.health().blocked.is_some());
        assert_eq!(progress.0.lock().unwrap().last_write, before);
        progress.recovered();
        assert_eq!(progress.health().blocked, None);
    }
}
