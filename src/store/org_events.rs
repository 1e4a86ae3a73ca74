//! Events of an org and of no org, the last one first, for auditors.

use diesel::prelude::*;
use uuid::Uuid;

use super::columns::lower;
use super::events::EventRow;
use super::schema::events;
use super::{AnyConnection, StoreError};
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::EventType;

/// The org of the events that belong to none.
const NO_ORG: &str = "";

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Only those at or after this time, in microseconds since 1970.
    pub from: Option<i64>,
    /// Only those before this time.
    pub before: Option<i64>,
    /// Only those of this type.
    pub event_type: Option<EventType>,
    /// Only those that the person with this user id caused, in capital or small letters.
    pub user_id: Option<String>,
}

/// Events of the org and of none, the last one first: those before the event `after`, `max` at most.
pub fn newest(
    conn: &mut AnyConnection,
    org: &OrgId,
    filter: &EventFilter,
    (after, max): (Option<&str>, i64),
) -> Result<Vec<EventRow>, StoreError> {
    let mut rows = of_org(conn, org.as_str(), filter, (after, max))?;
    rows.extend(of_org(conn, NO_ORG, filter, (after, max))?);
    // The ids are ordered by time.
    rows.sort_unstable_by(|one, other| other.event_id.cmp(&one.event_id));
    rows.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    Ok(rows)
}

fn of_org(
    conn: &mut AnyConnection,
    org: &str,
    filter: &EventFilter,
    (after, max): (Option<&str>, i64),
) -> Result<Vec<EventRow>, StoreError> {
    let mut query = events::table.filter(events::org_id.eq(org)).into_boxed();
    if let Some(after) = after {
        query = query.filter(events::event_id.lt(after));
    }
    // By id, so that the index is read from there on, and by time, which is exact.
    if let Some(from) = filter.from {
        query = query.filter(events::event_id.ge(first_id_of(from)).and(events::at.ge(from)));
    }
    if let Some(before) = filter.before {
        query = query.filter(events::at.lt(before));
    }
    if let Some(event_type) = filter.event_type {
        query = query.filter(events::event_type.eq(event_type.name()));
    }
    if let Some(user_id) = &filter.user_id {
        query = query.filter(lower(events::actor_user_id).eq(user_id.to_ascii_lowercase()));
    }
    Ok(query.order(events::event_id.desc()).limit(max).load(conn)?)
}

/// The first id that is made in the millisecond before this time: ids are made a moment before or after the time of
/// their event.
fn first_id_of(micros: i64) -> String {
    const MARGIN_MS: i64 = 60_000;
    let millis = u64::try_from(micros / 1_000 - MARGIN_MS).unwrap_or(0);
    Uuid::from_u128(u128::from(millis) << 80).to_string()
}
