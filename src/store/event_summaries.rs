//! Events as the change feed reads them: what the other processes wrote lately.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::columns::person;
use super::events::first_id_at;
use super::schema::{events, requests};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, to_micros};
use crate::domain::actor::Person;
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::EventType;

/// As much of an event as the change feed publishes.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = events)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct EventSummary {
    pub request_id: Option<StoredId>,
    pub seq: Option<i64>,
    pub at: i64,
    pub event_type: String,
    pub actor_iss: String,
    pub actor_sub: String,
    pub actor_user_id: String,
    pub actor_user_name: String,
}

impl EventSummary {
    /// Who caused it.
    pub fn actor(&self) -> Person {
        person!(self, actor_iss, actor_sub, actor_user_id, actor_user_name)
    }
}

/// An org's events of these types, but for those of a submission, whose ids were made from `from` on; `max` at
/// most. The ids are ordered by time.
pub fn glance(
    conn: &mut AnyConnection,
    org: &OrgId,
    (from, types): (DateTime<Utc>, &[EventType]),
    max: i64,
) -> Result<Vec<EventSummary>, StoreError> {
    let first = first_id_at(to_micros(from));
    Ok(events::table
        .filter(events::org_id.eq(org.as_str()).and(events::event_id.ge(first)))
        .filter(events::event_type.eq_any(types.iter().map(|wanted| wanted.name())))
        .order(events::event_id)
        .limit(max)
        .select(EventSummary::as_select())
        .load(conn)?)
}

/// The first events of the org's requests that were submitted from `from` on; `max` at most. Read from the
/// requests: an index over these events would be paid for by every submission.
pub fn glance_submissions(
    conn: &mut AnyConnection,
    org: &OrgId,
    from: DateTime<Utc>,
    max: i64,
) -> Result<Vec<EventSummary>, StoreError> {
    let rows: Vec<Submitted> = requests::table
        .filter(requests::org_id.eq(org.as_str()).and(requests::started_at.ge(to_micros(from))))
        .order((requests::started_at, requests::request_id))
        .limit(max)
        .select(Submitted::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(EventSummary::from).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = requests)]
struct Submitted {
    request_id: StoredId,
    started_at: i64,
    maker_iss: String,
    maker_sub: String,
    maker_user_id: String,
    maker_user_name: String,
}

impl From<Submitted> for EventSummary {
    fn from(row: Submitted) -> Self {
        Self {
            request_id: Some(row.request_id),
            seq: Some(1),
            at: row.started_at,
            event_type: EventType::Submitted.name().to_owned(),
            actor_iss: row.maker_iss,
            actor_sub: row.maker_sub,
            actor_user_id: row.maker_user_id,
            actor_user_name: row.maker_user_name,
        }
    }
}
