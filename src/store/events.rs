//! The table `events`: the audit trail. Rows are only ever added; triggers see to it. What is read of a request is one
//! row an event, also where one stored row stands for several: see [`joined_events`].

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::columns::{batch_insert, person};
use super::compact_text::CompactText;
use super::event_data::{self, KindColumns};
use super::requests::{Key, parse_state};
use super::schema::events;
use super::stored_bytes::{StoredDigest, StoredId};
use super::{AnyConnection, StoreError, from_micros, joined_events, to_micros};
use crate::domain::actor::Person;
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::lifecycle::{Event, EventKind, EventType};
use crate::domain::request::{Request, VERSION_ON_ARRIVAL};

pub use super::origin::Origin;

/// The version of the meaning of these columns.
const FORMAT: i64 = 1;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = events)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct EventRow {
    pub org_id: String,
    pub event_id: StoredId,
    pub request_id: Option<StoredId>,
    pub seq: Option<i64>,
    pub format: i64,
    pub at: i64,
    pub event_type: String,
    pub actor_iss: String,
    pub actor_sub: String,
    pub actor_user_id: String,
    pub actor_user_name: String,
    pub actor_token_id: Option<CompactText>,
    pub actor_address: Option<String>,
    pub via: Option<String>,
    pub from_state: Option<String>,
    pub to_state: Option<String>,
    pub message: Option<String>,
    pub digest: Option<StoredDigest>,
    pub attempt: Option<i64>,
    pub outcome: Option<String>,
    pub reference: CompactText,
    pub data: String,
    pub revision: Option<i64>,
}

/// The first id that is made in the millisecond of this time: ids are ordered by time.
pub(super) fn first_id_at(micros: i64) -> StoredId {
    let millis = u64::try_from(micros / 1_000).unwrap_or(0);
    StoredId(Uuid::from_u128(u128::from(millis) << 80))
}

impl EventRow {
    /// The row for an event of `request`.
    pub fn new(request: &Request, event: &Event, id: Uuid, origin: &Origin) -> Self {
        let by = event.by.clone();
        let KindColumns { message, attempt, outcome } = KindColumns::of(&event.kind);
        Self {
            org_id: request.org.to_string(),
            event_id: StoredId(id),
            request_id: Some(request.id.into()),
            seq: Some(event.seq),
            format: FORMAT,
            at: to_micros(event.at),
            event_type: EventType::of(&event.kind).name().to_owned(),
            actor_iss: by.iss,
            actor_sub: by.sub,
            actor_user_id: by.user_id,
            actor_user_name: by.user_name,
            actor_token_id: origin.token_id.as_deref().map(CompactText::of),
            actor_address: origin.address.clone(),
            via: origin.via.clone(),
            from_state: event.from.map(|state| state.name().to_owned()),
            to_state: Some(event.to.name().to_owned()),
            message,
            digest: is_bound(&event.kind).then_some(StoredDigest(request.digest)),
            attempt,
            outcome: outcome.map(|outcome| outcome.name().to_owned()),
            reference: CompactText::of(&origin.reference),
            data: event_data::write(&event.kind),
            revision: (event.revision > 1).then_some(event.revision),
        }
    }

    /// The row of an event of the engine and of no request; its org is empty.
    pub fn of_no_request(event_type: EventType, id: Uuid, at: DateTime<Utc>, data: &Value) -> Self {
        let by = Person::system();
        Self {
            org_id: String::new(),
            event_id: StoredId(id),
            request_id: None,
            seq: None,
            format: FORMAT,
            at: to_micros(at),
            event_type: event_type.name().to_owned(),
            actor_iss: by.iss,
            actor_sub: by.sub,
            actor_user_id: by.user_id,
            actor_user_name: by.user_name,
            actor_token_id: None,
            actor_address: None,
            via: None,
            from_state: None,
            to_state: None,
            message: None,
            digest: None,
            attempt: None,
            outcome: None,
            reference: CompactText::of(&id.to_string()),
            data: data.to_string(),
            revision: None,
        }
    }

    /// Who caused it.
    pub fn actor(&self) -> Person {
        person!(self, actor_iss, actor_sub, actor_user_id, actor_user_name)
    }

    /// The revision that was the present one after it.
    pub fn revision(&self) -> i64 {
        self.revision.unwrap_or(1)
    }

    /// Whether whoever read the request before it still knows all that counts.
    pub fn moves_nothing(&self) -> bool {
        EventType::parse(&self.event_type).is_some_and(EventType::moves_nothing)
    }

    /// What happened.
    ///
    /// # Errors
    /// A type that this version does not know.
    pub fn event_type(&self) -> Result<EventType, StoreError> {
        parse_event_type(&self.event_type)
    }

    /// The event of `request` as the domain folds it. What was submitted stands in the request and its revisions only.
    pub fn into_event(self, request: &Request) -> Result<Event, StoreError> {
        let to = self.to_state.as_deref().ok_or_else(|| corrupt("to_state"))?;
        Ok(Event {
            seq: self.seq.ok_or_else(|| corrupt("seq"))?,
            at: from_micros(self.at)?,
            from: self.from_state.as_deref().map(parse_state).transpose()?,
            to: parse_state(to)?,
            kind: self.kind(request)?,
            revision: self.revision(),
            by: self.actor(),
        })
    }
}

/// Whether somebody signs the digest with it. All other events leave it to the revision, where it never changes.
fn is_bound(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Decided { .. })
}

/// The type in a row of the table.
pub fn parse_event_type(text: &str) -> Result<EventType, StoreError> {
    EventType::parse(text).ok_or_else(|| corrupt(text))
}

pub(super) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("event: {what}"))
}

batch_insert!(pub fn insert(InsertEvents, events, EventRow), [
    org_id, event_id, request_id, seq, format, at, event_type as "type", actor_iss, actor_sub, actor_user_id,
    actor_user_name, actor_token_id, actor_address, via, from_state, to_state, message, digest, attempt,
    outcome, reference, data, revision,
]);

/// Whether anything that [moves](EventType::moves_nothing) it has happened to a request after `version`.
pub fn has_moved_since(conn: &mut AnyConnection, (org, id): &Key, version: i64) -> Result<bool, StoreError> {
    if version < VERSION_ON_ARRIVAL {
        return Ok(true);
    }
    let of_request = events::org_id.eq(org.as_str()).and(events::request_id.eq(StoredId::from(*id)));
    // An attempt that began with the approval `version` is later than that.
    let has_begun = events::event_type.eq(EventType::Approved.name()).and(events::attempt.is_not_null());
    let later = events::seq.gt(version).or(events::seq.eq(version).and(has_begun));
    let still = EventType::ALL.into_iter().filter(|known| known.moves_nothing()).map(EventType::name);
    let moved = later.and(events::event_type.ne_all(still));
    let found = events::table.filter(of_request.and(moved)).select(events::event_id).first::<StoredId>(conn);
    Ok(found.optional()?.is_some())
}

/// One event of a request.
pub fn find(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
    seq: i64,
) -> Result<Option<EventRow>, StoreError> {
    let of_request = events::org_id.eq(org.as_str()).and(events::request_id.eq(StoredId::from(id)));
    let [first, last] = joined_events::stored_seqs(seq);
    let stored = of_request.and(events::seq.ge(first)).and(events::seq.le(last));
    let rows = joined_events::expand(events::table.filter(stored).order(events::seq).load(conn)?);
    Ok(rows.into_iter().find(|row| row.seq == Some(seq)))
}

/// Under which id the log has the last API call by a person that changed the request up to event `seq`; `None` if
/// there was none.
pub fn last_reference(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
    seq: i64,
) -> Result<Option<String>, StoreError> {
    let system = Person::system();
    let of_request = events::org_id.eq(org.as_str()).and(events::request_id.eq(StoredId::from(id)));
    let by_a_person = events::actor_sub.ne(system.sub).or(events::actor_iss.ne(system.iss));
    let found = events::table
        .filter(of_request.and(events::seq.le(seq)).and(by_a_person))
        .filter(events::event_type.ne(EventType::Refused.name()))
        .order(events::seq.desc())
        .select(events::reference)
        .first::<CompactText>(conn);
    Ok(found.optional()?.map(String::from))
}

/// A request's first events in order, `max` at most.
pub fn first(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
    max: i64,
) -> Result<Vec<EventRow>, StoreError> {
    let rows: Vec<EventRow> = events::table
        .filter(events::org_id.eq(org.as_str()).and(events::request_id.eq(StoredId::from(id))))
        .order(events::seq)
        .limit(max)
        .load(conn)?;
    let mut rows = joined_events::expand(rows);
    rows.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    Ok(rows)
}

/// A request's events in order.
pub fn list(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Vec<EventRow>, StoreError> {
    first(conn, org, id, i64::MAX)
}
