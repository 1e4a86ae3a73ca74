//! Who signs in and out: the session's row, and the event that says so, in one transaction.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Decider;
use crate::domain::lifecycle::EventType;
use crate::store::events::{self, EventRow};
use crate::store::sessions::{self, SessionGrant, SessionRow, SessionWrite};
use crate::store::{AnyConnection, StoreError};

impl Decider {
    pub(super) fn run_session(
        &self,
        conn: &mut AnyConnection,
        write: &SessionWrite,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let happened = happened(conn, write)?;
        sessions::write(conn, write)?;
        let Some((event_type, session)) = happened else { return Ok(()) };
        let person = SessionGrant::from_text(&session.claims)?.person;
        let event = EventRow {
            org_id: session.org_id,
            actor_iss: person.iss,
            actor_sub: person.sub,
            actor_user_id: person.user_id,
            actor_user_name: person.user_name,
            ..EventRow::of_no_request(event_type, self.shared.clock.new_id(), now, &json!({}))
        };
        events::insert(conn, &[event])
    }
}

/// What the write does that people should be able to find; nothing if it was done before.
fn happened(
    conn: &mut AnyConnection,
    write: &SessionWrite,
) -> Result<Option<(EventType, SessionRow)>, StoreError> {
    Ok(match write {
        SessionWrite::Open { row, .. } => {
            let is_new = sessions::find(conn, &row.session_id)?.is_none();
            is_new.then(|| (EventType::SignedIn, *row.clone()))
        }
        SessionWrite::End { id, .. } => {
            let live = sessions::find(conn, id)?.filter(|session| session.ended_at.is_none());
            live.map(|session| (EventType::SignedOut, session))
        }
        SessionWrite::Touch { .. } | SessionWrite::Switch { .. } => None,
    })
}
