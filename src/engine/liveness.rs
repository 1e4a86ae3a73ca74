//! When the executor's loop last turned.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// When the executor's loop last turned; for the readiness check.
#[derive(Debug, Default)]
pub struct Liveness(Mutex<Option<Instant>>);

impl Liveness {
    /// The loop has turned: it reached the store, and claimed what was due.
    pub fn turned(&self) {
        *self.last() = Some(Instant::now());
    }

    /// Time since the last turn; `None` if the loop has never turned.
    pub fn age(&self) -> Option<Duration> {
        self.last().map(|at| at.elapsed())
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().expect("nobody panics while holding the time of the last turn")
    }
}
