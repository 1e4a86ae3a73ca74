//! Faults on demand: a delay, a connection closed before or after the work, a status instead of the work.

use serde::{Deserialize, Serialize};

use super::reply::{Dialect, Refusal, Reply, Tally};

const DELAY_MS_MAX: u64 = 600_000;

/// A fault for the next calls of a path.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// Prefix of the affected paths; empty for every target.
    #[serde(default)]
    pub path: String,
    /// Number of calls that it still affects.
    #[serde(default = "once")]
    pub times: u32,
    /// Delay of the answer, or of closing the connection; the work is done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Closes the connection without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<Close>,
    /// Answers this status without doing the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// When a connection is closed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Close {
    /// Before the work is done.
    Before,
    /// After the work is done, without an answer.
    After,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A sentence that says why this fault is invalid, if it is.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.times == 0 {
            return Err("times must be at least 1.");
        }
        if self.delay_ms.is_none() && self.close.is_none() && self.status.is_none() {
            return Err("Give at least one of delay_ms, close and status.");
        }
        if self.close.is_some() && self.status.is_some() {
            return Err("close and status exclude each other: a cut connection has no answer.");
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("status must be between 200 and 599.");
        }
        if self.delay_ms.is_some_and(|delay_ms| delay_ms > DELAY_MS_MAX) {
            return Err("delay_ms must be at most 600000.");
        }
        Ok(())
    }

    /// The answer that replaces the work, if this fault prevents the work.
    pub fn instead_of_work(&self, dialect: Dialect) -> Option<Reply> {
        let status = match (self.status, self.close) {
            (Some(status), _) => status,
            // This response is never read: the connection is closed before.
            (None, Some(Close::Before)) => 500,
            (None, Some(Close::After) | None) => return None,
        };
        let refusal = Refusal::new(status, status.into(), "A fault was set in the sandbox");
        let reply = refusal.into_reply(dialect, None);
        if status >= 400 {
            return Some(reply);
        }
        Some(Reply { body: serde_json::json!({}), tally: Tally::default(), ..reply })
    }
}

/// Waiting faults, oldest first.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes the oldest fault that matches `path` and counts it down; the result has the remaining count.
    pub fn take(&mut self, path: &str) -> Option<Fault> {
        let at = self.0.iter().position(|fault| path.starts_with(&fault.path))?;
        self.0[at].times -= 1;
        let fault = self.0[at].clone();
        if fault.times == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }
}
