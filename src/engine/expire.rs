//! Deadlines pass: requests that were not decided in time expire, and so do approvals that were not sent.

use super::command::WriteCommand;
use super::{Engine, EngineError};
use crate::store::requests;

/// Deadlines recorded in one sweep.
const SWEEP_MAX: i64 = 500;

impl Engine {
    /// Records every deadline that has passed; returns the number of requests looked at.
    pub async fn expire_overdue(&self) -> Result<usize, EngineError> {
        let now = self.inner.clock.now();
        let limit = SWEEP_MAX + i64::try_from(self.inner.set_aside.count(now)).unwrap_or(0);
        let keys = self.inner.store.read(move |conn| requests::list_overdue(conn, now, limit)).await?;
        let keys = self.inner.set_aside.without(keys);
        let found = keys.len();
        let expiries = keys.iter().map(|key| self.inner.writer.write_own(WriteCommand::Expire(key.clone())));
        let done = futures_util::future::join_all(expiries).await;
        for (key, done) in keys.iter().zip(done) {
            if let Err(error) = done {
                self.leave_alone(key, error)?;
            }
        }
        Ok(found)
    }
}
