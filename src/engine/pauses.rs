//! Pausing: nothing is sent to a host, or to any, until further notice. The trail says who did it and why.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Engine, EngineError, require};
use crate::clock::Clock;
use crate::domain::actor::{Actor, Permission};
use crate::domain::lifecycle::EventType;
use crate::store::events::{self, EventRow};
use crate::store::pauses::{self, PauseRow};
use crate::store::{AnyConnection, StoreError, from_micros, to_micros};

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

/// A pause that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The host and port, or [`EVERY_HOST`].
    pub host: String,
    /// Why.
    pub reason: String,
    /// Who paused it.
    pub by: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl Engine {
    /// The pauses that stand now, by host.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] for everybody but auditors.
    pub async fn pauses(&self, actor: &Actor) -> Result<Vec<Pause>, EngineError> {
        require(actor, Permission::Audit)?;
        let rows = self.inner.store.read(pauses::list).await?;
        let pause = |PauseRow { host, reason, by, at }| Ok(Pause { host, reason, by, at: from_micros(at)? });
        Ok(rows.into_iter().map(pause).collect::<Result<_, StoreError>>()?)
    }
}

/// Pauses sending, or lets it go on, on every node, and records an event of the engine that says so. No call is
/// claimed after the commit of a pause. A command beside the servers calls this, whether they run or not.
pub fn change_pause(conn: &mut AnyConnection, change: PauseChange, clock: &Clock) -> Result<(), StoreError> {
    let now = clock.now();
    let PauseChange { host, reason, by, begins } = change;
    let data = json!({ "host": host, "reason": reason, "by": by });
    conn.in_write_transaction(|conn| {
        let event_type = if begins {
            pauses::put(conn, &PauseRow { host, reason, by, at: to_micros(now) })?;
            EventType::SendingPaused
        } else {
            pauses::remove(conn, &host)?;
            EventType::SendingResumed
        };
        events::insert(conn, &[EventRow::of_no_request(event_type, clock.new_id(), now, &data)])
    })
}
