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
        let keys = self.inner.store.read(move |conn| requests::list_overdue(conn, now, SWEEP_MAX)).await?;
        let found = keys.len();
        let expiries = keys.into_iter().map(|key| self.inner.writer.write_own(WriteCommand::Expire(key)));
        for done in futures_util::future::join_all(expiries).await {
            done?;
        }
        Ok(found)
    }
}
