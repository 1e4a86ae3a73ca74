//! Attempts begin and end.

use super::BatchRows;
use crate::engine::claimed_execution::{Ending, HeldLease};
use crate::store::attempts::AttemptRow;
use crate::store::requests::Key;
use crate::store::to_micros;

impl BatchRows<'_> {
    /// Opens the attempt that the request has just begun.
    pub(in crate::engine) fn open_attempt(&mut self, key: &Key, token: i64) {
        let attempt = self.requests.get(key).map_or(1, |entry| entry.request.sending.attempts);
        self.new_attempts.push(AttemptRow {
            org_id: key.0.to_string(),
            request_id: key.1.into(),
            attempt,
            token,
            started_at: to_micros(self.now),
            ended_at: None,
            outcome: None,
            reason: None,
        });
    }

    /// Records how an attempt ended, under the token that it began with.
    pub(in crate::engine) fn end_attempt(&mut self, held: &HeldLease, ending: &Ending) {
        let HeldLease { key, token } = held;
        let now = to_micros(self.now);
        self.ended_attempts.push(AttemptRow {
            org_id: key.0.to_string(),
            request_id: key.1.into(),
            attempt: ending.end.attempt,
            token: *token,
            // The start is no column of this update.
            started_at: now,
            ended_at: Some(now),
            outcome: Some(ending.end.outcome.name().to_owned()),
            reason: Some(ending.end.reason.clone()),
        });
        self.answers.extend(ending.answer.clone());
    }
}
