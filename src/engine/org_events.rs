//! What happened in an org, and what happened to all of them: the list for auditors.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Engine, EngineError, require};
use crate::domain::actor::{Actor, Permission, Person};
use crate::domain::ids::RequestId;
use crate::domain::json;
use crate::store::org_events::OrgEventRow;
use crate::store::{StoreError, from_micros, org_events};

pub use crate::store::org_events::{EventFilter, Place};

/// One event of an org, or of none.
#[derive(Clone, Debug)]
pub struct OrgEvent {
    /// The event's id.
    pub event_id: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The name of its type, as stored.
    pub event_type: String,
    /// Who caused it.
    pub actor: Person,
    /// The name of the client that the call came through.
    pub via: Option<String>,
    /// The request that it is about, and the number of the event in it.
    pub request: Option<(RequestId, i64)>,
    /// What the person wrote, or a sentence about it.
    pub message: Option<String>,
    /// The id under which the log has the API call.
    pub reference: String,
    /// What else is recorded of an event of no request. That of a request is in its history, which hides what is not
    /// public.
    pub data: Option<Value>,
}

impl Engine {
    /// Events of the actor's org and of none, the last one first, from after a place in the list on; and where the next
    /// page begins, if there is one.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] for everybody but auditors.
    pub async fn org_events(
        &self,
        actor: &Actor,
        filter: EventFilter,
        (after, max): (Option<Place>, usize),
    ) -> Result<(Vec<OrgEvent>, Option<Place>), EngineError> {
        require(actor, Permission::Audit)?;
        let org = actor.org.clone();
        let read = move |conn: &mut _| {
            let page = org_events::newest(conn, &org, &filter, (after.as_ref(), max))?;
            let events = page.rows.into_iter().map(|(row, data)| OrgEvent::of(row, data));
            Ok((events.collect::<Result<Vec<_>, StoreError>>()?, page.next))
        };
        Ok(self.inner.store.read(read).await?)
    }
}

impl OrgEvent {
    fn of(row: OrgEventRow, data: Option<String>) -> Result<Self, StoreError> {
        let id = row.request_id.map(RequestId::from);
        Ok(Self {
            at: from_micros(row.at)?,
            actor: row.actor(),
            request: id.zip(row.seq),
            data: data.and_then(|data| json::read(data.as_bytes()).ok()),
            event_id: row.event_id.to_string(),
            event_type: row.event_type,
            via: row.via,
            message: row.message,
            reference: row.reference.into(),
        })
    }
}
