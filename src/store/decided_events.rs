//! The decisions of an org in a time range, the last one first, and what each is compared with: who made the request,
//! and when and from where each revision was submitted.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use diesel::prelude::*;

use super::columns::person;
use super::compact_text::CompactText;
use super::events::first_id_at;
use super::schema::{events, requests};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError};
use crate::domain::actor::Person;
use crate::domain::conduct::Source;
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::EventType;

/// Ids are made a moment before or after the time of their event.
const ID_MARGIN_MICROS: i64 = 60_000_000;

/// One decision.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct DecidedRow {
    pub event_id: StoredId,
    pub request_id: Option<StoredId>,
    pub at: i64,
    pub event_type: String,
    pub actor_iss: String,
    pub actor_sub: String,
    pub actor_user_id: String,
    pub actor_user_name: String,
    pub actor_token_id: Option<CompactText>,
    pub actor_address: Option<String>,
    pub revision: Option<i64>,
}

impl DecidedRow {
    /// Who decided.
    pub fn actor(&self) -> Person {
        person!(self, actor_iss, actor_sub, actor_user_id, actor_user_name)
    }

    /// From where.
    pub fn source(&self) -> Source {
        Source {
            address: self.actor_address.clone(),
            token_id: self.actor_token_id.as_ref().map(String::from),
        }
    }

    /// The revision that was decided.
    pub fn revision(&self) -> i64 {
        self.revision.unwrap_or(1)
    }
}

/// A walk over decisions, the last one first: each type in its index, and what comes next of any of them first.
pub struct Decisions {
    walks: Vec<Walk>,
    from: i64,
    before: i64,
}

/// The events of one type, as far as they are read.
struct Walk {
    event_type: EventType,
    /// Read and not taken.
    rows: VecDeque<DecidedRow>,
    last: Option<StoredId>,
    is_at_end: bool,
}

impl Decisions {
    /// The events of these types at or after `from` and before `before`, in microseconds since 1970.
    pub fn of(types: impl IntoIterator<Item = EventType>, (from, before): (i64, i64)) -> Self {
        let walk = |event_type| Walk { event_type, rows: VecDeque::new(), last: None, is_at_end: false };
        Self { walks: types.into_iter().map(walk).collect(), from, before }
    }

    /// The next ones, `max` at most; none at the end.
    pub fn next(
        &mut self,
        conn: &mut AnyConnection,
        org: &OrgId,
        max: usize,
    ) -> Result<Vec<DecidedRow>, StoreError> {
        let mut taken = Vec::new();
        while taken.len() < max {
            for walk in self.walks.iter_mut().filter(|walk| walk.rows.is_empty() && !walk.is_at_end) {
                walk.read(conn, org, (self.from, self.before), max)?;
            }
            let newest = self.walks.iter_mut().max_by_key(|walk| walk.rows.front().map(|row| row.event_id));
            let Some(row) = newest.and_then(|walk| walk.rows.pop_front()) else { break };
            taken.push(row);
        }
        Ok(taken)
    }
}

impl Walk {
    fn read(
        &mut self,
        conn: &mut AnyConnection,
        org: &OrgId,
        (from, before): (i64, i64),
        max: usize,
    ) -> Result<(), StoreError> {
        let end = self.last.unwrap_or_else(|| first_id_at(before + ID_MARGIN_MICROS));
        // By id, so that the index is read there only, and by time, which is exact. Nothing but what the index has:
        // otherwise SQLite reads the events of every type.
        let ids: Vec<StoredId> = events::table
            .filter(events::org_id.eq(org.as_str()).and(events::event_type.eq(self.event_type.name())))
            .filter(events::event_id.lt(end).and(events::event_id.ge(first_id_at(from - ID_MARGIN_MICROS))))
            .filter(events::at.ge(from).and(events::at.lt(before)))
            .order(events::event_id.desc())
            .limit(i64::try_from(max).unwrap_or(i64::MAX))
            .select(events::event_id)
            .load(conn)?;
        self.is_at_end = ids.len() < max;
        let Some(last) = ids.last().copied() else { return Ok(()) };
        self.last = Some(last);
        let named = events::org_id.eq(org.as_str()).and(events::event_id.eq_any(ids));
        let mut rows: Vec<DecidedRow> =
            events::table.filter(named).select(DecidedRow::as_select()).load(conn)?;
        rows.sort_unstable_by_key(|row| Reverse(row.event_id));
        self.rows.extend(rows);
        Ok(())
    }
}

/// What was submitted: when, and from where.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// Microseconds since 1970.
    pub at: i64,
    /// From where.
    pub from: Source,
}

type SubmittedRow = (Option<StoredId>, Option<i64>, i64, Option<String>, Option<CompactText>);

/// When and from where each revision of these requests was submitted.
pub fn submitted(
    conn: &mut AnyConnection,
    org: &OrgId,
    ids: &[StoredId],
) -> Result<HashMap<(StoredId, i64), Submitted>, StoreError> {
    let types = [EventType::Submitted, EventType::Resubmitted].map(EventType::name);
    let rows: Vec<SubmittedRow> = events::table
        .filter(events::org_id.eq(org.as_str()).and(events::request_id.eq_any(ids.to_vec())))
        .filter(events::event_type.eq_any(types))
        .select((
            events::request_id,
            events::revision,
            events::at,
            events::actor_address,
            events::actor_token_id,
        ))
        .load(conn)?;
    let submitted = |(id, revision, at, address, token_id): SubmittedRow| {
        let from = Source { address, token_id: token_id.map(String::from) };
        Some(((id?, revision.unwrap_or(1)), Submitted { at, from }))
    };
    Ok(rows.into_iter().filter_map(submitted).collect())
}

/// Who made these requests.
pub fn makers(
    conn: &mut AnyConnection,
    org: &OrgId,
    ids: &[StoredId],
) -> Result<HashMap<StoredId, Person>, StoreError> {
    let rows: Vec<(StoredId, String, String, String, String)> = requests::table
        .filter(requests::org_id.eq(org.as_str()).and(requests::request_id.eq_any(ids.to_vec())))
        .select((
            requests::request_id,
            requests::maker_iss,
            requests::maker_sub,
            requests::maker_user_id,
            requests::maker_user_name,
        ))
        .load(conn)?;
    let maker = |(id, iss, sub, user_id, user_name)| (id, Person { iss, sub, user_id, user_name });
    Ok(rows.into_iter().map(maker).collect())
}
