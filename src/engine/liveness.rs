//! Whether the executor's loop runs and reaches the store, and when it last turned.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How the executor's loop is doing; for the readiness check.
#[derive(Debug, Default)]
pub struct Liveness(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_alive: bool,
    last_turn: Option<Instant>,
}

impl Liveness {
    /// The loop has turned: it reached the store, and claimed what was due.
    pub fn turned(&self) {
        *self.lock() = State { is_alive: true, last_turn: Some(Instant::now()) };
    }

    /// The loop has ended, or could not reach the store at its last turn.
    pub fn failed(&self) {
        self.lock().is_alive = false;
    }

    /// Whether the loop runs and reached the store at its last turn.
    pub fn is_alive(&self) -> bool {
        self.lock().is_alive
    }

    /// Time since the last turn that reached the store; `None` if there was none yet.
    pub fn age(&self) -> Option<Duration> {
        self.lock().last_turn.map(|at| at.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding the state of the loop")
    }
}
