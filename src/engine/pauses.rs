//! Pausing: nothing is sent to a host, or to any, until further notice. The trail says who did it and why.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::command::WriteCommand;
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::lifecycle::EventType;
use crate::store::events::{self, EventRow};
use crate::store::pauses::{self, PauseRow};
use crate::store::{AnyConnection, StoreError, to_micros};

pub use crate::store::pauses::EVERY_HOST;

/// A pause begins or ends.
#[derive(Clone, Debug)]
pub struct PauseChange {
    /// The host and port as calls name them, or [`EVERY_HOST`].
    pub host: String,
    /// Why.
    pub reason: String,
    /// Who wants it.
    pub by: String,
    /// Whether it begins.
    pub begins: bool,
}

impl Engine {
    /// Pauses sending, or lets it go on, on every node: no call is claimed from the commit on.
    pub async fn change_pause(&self, change: PauseChange) -> Result<(), EngineError> {
        self.inner.writer.write(WriteCommand::Pause(Box::new(change))).await?;
        self.inner.due.notify_one();
        Ok(())
    }
}

/// Records a change and an event of the engine that names it.
pub fn store_pause(
    conn: &mut AnyConnection,
    change: &PauseChange,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let PauseChange { host, reason, by, begins } = change.clone();
    let data = json!({ "host": host, "reason": reason, "by": by });
    let event_type = if begins {
        pauses::put(conn, &PauseRow { host, reason, by, at: to_micros(now) })?;
        EventType::SendingPaused
    } else {
        pauses::remove(conn, &host)?;
        EventType::SendingResumed
    };
    events::insert(conn, &[EventRow::of_no_request(event_type, clock.new_id(), now, &data)])
}
