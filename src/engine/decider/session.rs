//! Who signs in and out: the session's row, and the events that say so, in one transaction.

use chrono::{DateTime, Utc};

use super::Decider;
use crate::engine::sessions::{SessionEvent, SignOut};
use crate::store::sessions::{self, SessionRow, SessionWrite};
use crate::store::{AnyConnection, StoreError, events, to_micros};

impl Decider {
    pub(super) fn run_session(
        &self,
        conn: &mut AnyConnection,
        write: &SessionWrite,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let happened = happened(conn, write, now)?;
        sessions::write(conn, write)?;
        let row = |event: SessionEvent| event.row(self.shared.clock.new_id(), now);
        events::insert(conn, &happened.into_iter().map(row).collect::<Result<Vec<_>, _>>()?)
    }
}

/// What the write does that people should be able to find; nothing if it was done before.
fn happened(
    conn: &mut AnyConnection,
    write: &SessionWrite,
    now: DateTime<Utc>,
) -> Result<Vec<SessionEvent>, StoreError> {
    let live = |conn: &mut AnyConnection, id: &str| -> Result<Option<SessionRow>, StoreError> {
        let found = sessions::find(conn, id)?;
        Ok(found.filter(|session| session.ended_at.is_none() && session.expires_at > to_micros(now)))
    };
    Ok(match write {
        SessionWrite::Open { row, .. } if sessions::find(conn, &row.session_id)?.is_some() => Vec::new(),
        SessionWrite::Open { row, replaces } => {
            let replaced = replaces.as_deref().map(|id| live(conn, id)).transpose()?.flatten();
            let ended = replaced.map(|session| SessionEvent::SignedOut(session, SignOut::Replaced));
            ended.into_iter().chain([SessionEvent::SignedIn(*row.clone())]).collect()
        }
        SessionWrite::End { id, .. } => {
            let ended = live(conn, id)?.map(|session| SessionEvent::SignedOut(session, SignOut::Asked));
            ended.into_iter().collect()
        }
        SessionWrite::Switch { id, org } => {
            let left = live(conn, id)?.filter(|session| session.org_id != org.as_str());
            let Some(left) = left else { return Ok(Vec::new()) };
            let entered = SessionRow { org_id: org.to_string(), ..left.clone() };
            vec![SessionEvent::SignedOut(left, SignOut::Switched), SessionEvent::SignedIn(entered)]
        }
        SessionWrite::Touch { .. } => Vec::new(),
    })
}
