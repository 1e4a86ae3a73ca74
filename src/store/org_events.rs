//! Events of an org and of no org, the last one first, for auditors.
//!
//! **Invariant:** what is asked for is walked type by type, each in an index and from where the page begins, so that no
//! filter makes it read an org's events from end to end. Of the events of no org only the types are read that belong
//! to the whole server.
//!
//! Of events that are stored as one row, its place in the list is theirs.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use uuid::Uuid;

use super::columns::person;
use super::compact_text::CompactText;
use super::events::first_id_at;
use super::joined_events::BegunAttempt;
use super::schema::events;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, joined_events};
use crate::domain::actor::Person;
use crate::domain::caseless;
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::{Belonging, EventType};
use crate::domain::request::VERSION_ON_ARRIVAL;

/// The org of the events that belong to none.
const NO_ORG: &str = "";

/// A page ends after the event with which its words and data take more memory than this.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// In the words of the index `events_by_person`, so that the databases use it.
const IS_OF_A_PERSON: &str = "actor_iss <> 'countersign'";

/// An approval with which the first attempt began, in the words of the index `events_begun`.
const HAS_BEGUN: &str = "type = 'approved' AND attempt IS NOT NULL";

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those at or after this time, in microseconds since 1970.
    pub from: Option<i64>,
    /// Only those before this time.
    pub before: Option<i64>,
    /// Only those of this type.
    pub event_type: Option<EventType>,
    /// Only those that the person with this user id caused, in whatever spelling.
    pub user_id: Option<String>,
}

/// Where an event is in the list: later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its id; of events that are stored together that of the first of them.
    pub id: StoredId,
    /// The number of an event of a submission in its request, 1 of an attempt that began with the approval, 0 for any
    /// other.
    pub number: i64,
}

impl Place {
    /// The place of the event with this id, in hyphenated spelling; `None` if that is no id.
    pub fn parse(id: &str, number: i64) -> Option<Self> {
        Uuid::try_parse(id).ok().map(|id| Self { id: StoredId(id), number })
    }
}

/// One event of the list.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = events)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct OrgEventRow {
    pub event_id: StoredId,
    pub request_id: Option<StoredId>,
    pub seq: Option<i64>,
    pub at: i64,
    pub event_type: String,
    pub actor_iss: String,
    pub actor_sub: String,
    pub actor_user_id: String,
    pub actor_user_name: String,
    pub via: Option<String>,
    pub message: Option<String>,
    pub reference: CompactText,
    pub attempt: Option<i64>,
}

impl OrgEventRow {
    /// Who caused it.
    pub fn actor(&self) -> Person {
        person!(self, actor_iss, actor_sub, actor_user_id, actor_user_name)
    }
}

/// A page of the list.
#[derive(Clone, Debug, Default)]
pub struct OrgEventPage {
    /// The events, the last one first; those of no request with their data.
    pub rows: Vec<(OrgEventRow, Option<String>)>,
    /// After which event the next page begins, if there is one.
    pub next: Option<Place>,
}

/// Events of the org and of none, the last one first: those before the place `after`, `max` at most.
pub fn newest(
    conn: &mut AnyConnection,
    org: &OrgId,
    filter: &EventFilter,
    (after, max): (Option<&Place>, usize),
) -> Result<OrgEventPage, StoreError> {
    let mut found = Vec::new();
    let spellings = filter.user_id.as_deref().map(|id| spellings_of(conn, org, id)).transpose()?;
    for walk in walks(org, filter, spellings.as_deref()) {
        found.extend(walk.read(conn, filter, (after, max + 1))?);
    }
    // The ids are ordered by time.
    found.sort_unstable_by_key(|key| Reverse(key.place));
    let has_more = found.len() > max;
    found.truncate(max);
    let mut of_requests = read_of_requests(conn, org, &found)?;
    let (mut page, mut bytes, mut left) = (OrgEventPage::default(), 0, found.iter());
    let mut last = None;
    for key in left.by_ref() {
        let read = match key.event_type.belongs_to() {
            Belonging::Request => of_requests.remove(&key.place).map(|row| (row, None)),
            Belonging::Org | Belonging::Server => read_of_none(conn, key)?,
        };
        let Some((row, data)) = read else { continue };
        bytes += row.message.as_ref().map_or(0, String::len) + data.as_ref().map_or(0, String::len);
        page.rows.push((row, data));
        last = Some(key.place);
        if bytes > BYTES_MAX {
            break;
        }
    }
    page.next = last.filter(|_| has_more || left.next().is_some());
    Ok(page)
}

/// An event that was found, before the rest of it is read.
struct Key<'a> {
    place: Place,
    org: &'a str,
    event_type: EventType,
}

/// The events of one type in one org.
struct Walk<'a> {
    org: &'a str,
    event_type: EventType,
    by: By<'a>,
    /// Whether only those are looked for with which the first attempt began.
    has_begun: bool,
    /// The numbers of the events that each one found stands for.
    numbers: &'static [i64],
}

/// Who caused the events that are asked for.
#[derive(Clone, Copy)]
enum By<'a> {
    Anybody,
    Person(&'a str),
    Engine,
}

/// The place of the start of an attempt after the approval with which it is stored.
const ATTEMPT_NUMBER: i64 = 1;

/// The most spellings of one user id that are looked for.
const SPELLINGS_MAX: usize = 16;

/// Walks from one user id to the next in the index `events_by_person`.
fn user_ids_statement() -> String {
    format!(
        "WITH RECURSIVE ids (id) AS ( \
             SELECT min(actor_user_id) FROM events WHERE org_id = $1 AND {IS_OF_A_PERSON} \
             UNION ALL \
             SELECT (SELECT min(actor_user_id) FROM events WHERE org_id = $1 AND actor_user_id > ids.id \
                 AND {IS_OF_A_PERSON}) \
             FROM ids WHERE ids.id IS NOT NULL \
         ) \
         SELECT id FROM ids WHERE id IS NOT NULL"
    )
}

#[derive(QueryableByName)]
struct UserId {
    #[diesel(sql_type = Text)]
    id: String,
}

/// How a user id is spelled in events of the org and of none.
fn spellings_of(conn: &mut AnyConnection, org: &OrgId, user_id: &str) -> Result<Vec<String>, StoreError> {
    let mut spellings = vec![user_id.to_owned()];
    for org in [org.as_str(), NO_ORG] {
        let statement = diesel::sql_query(user_ids_statement()).bind::<Text, _>(org);
        let ids: Vec<UserId> = match conn {
            AnyConnection::Postgres(conn) => statement.load(conn)?,
            AnyConnection::Sqlite(conn) => statement.load(conn)?,
        };
        let others = ids.into_iter().map(|found| found.id).filter(|id| caseless::is_same(id, user_id));
        spellings.extend(others);
    }
    spellings.sort_unstable();
    spellings.dedup();
    spellings.truncate(SPELLINGS_MAX);
    Ok(spellings)
}

/// One walk for each type that may be found, in the org where it may be.
fn walks<'a>(org: &'a OrgId, filter: &EventFilter, spellings: Option<&'a [String]>) -> Vec<Walk<'a>> {
    let types = EventType::ALL.into_iter();
    let mut walks = Vec::new();
    for (event_type, numbers) in types.filter_map(|known| Some((known, numbers(known, filter.event_type)?))) {
        let org = match event_type.belongs_to() {
            Belonging::Request | Belonging::Org => org.as_str(),
            Belonging::Server => NO_ORG,
        };
        let mut walk = |by| {
            walks.push(Walk { org, event_type, by, has_begun: false, numbers });
            if event_type == EventType::AttemptStarted && !matches!(by, By::Person(_)) {
                let (event_type, numbers) = (EventType::Approved, &[ATTEMPT_NUMBER][..]);
                walks.push(Walk { org, event_type, by: By::Anybody, has_begun: true, numbers });
            }
        };
        match spellings {
            None => walk(By::Anybody),
            Some(spellings) => {
                spellings.iter().for_each(|user_id| walk(By::Person(user_id)));
                let is_engine = filter.user_id.as_deref() == Some(Person::system().user_id.as_str());
                if is_engine && event_type.is_of_the_engine() {
                    walk(By::Engine);
                }
            }
        }
    }
    walks
}

/// Which events are asked for where one of type `walked` is found; `None` if it need not be looked for.
fn numbers(walked: EventType, asked: Option<EventType>) -> Option<&'static [i64]> {
    match (walked, asked) {
        (EventType::MakerAccessValidated | EventType::PayloadValidated, _) => None,
        (EventType::Submitted, None) => Some(&[1, 2, 3]),
        (EventType::Submitted, Some(EventType::Submitted)) => Some(&[1]),
        (EventType::Submitted, Some(EventType::MakerAccessValidated)) => Some(&[2]),
        (EventType::Submitted, Some(EventType::PayloadValidated)) => Some(&[3]),
        (walked, asked) => asked.is_none_or(|asked| asked == walked).then_some(&[0]),
    }
}

impl<'a> Walk<'a> {
    fn read(
        &self,
        conn: &mut AnyConnection,
        filter: &EventFilter,
        (after, max): (Option<&Place>, usize),
    ) -> Result<Vec<Key<'a>>, StoreError> {
        let mut query = events::table.filter(events::org_id.eq(self.org)).into_boxed();
        query = if self.has_begun {
            query.filter(sql::<Bool>(HAS_BEGUN))
        } else {
            query.filter(events::event_type.eq(self.event_type.name()))
        };
        match self.by {
            // The types that the engine causes are caused by nobody else.
            By::Anybody | By::Engine => {}
            By::Person(user_id) => {
                query = query.filter(sql::<Bool>(IS_OF_A_PERSON)).filter(events::actor_user_id.eq(user_id));
            }
        }
        if let Some(after) = after {
            // Others that are stored together with it may be left.
            query = query.filter(events::event_id.le(after.id));
        }
        // By id, so that the index is read there only, and by time, which is exact.
        if let Some(from) = filter.from {
            let first = first_id_at(from - ID_MARGIN_MICROS);
            query = query.filter(events::event_id.ge(first).and(events::at.ge(from)));
        }
        if let Some(before) = filter.before {
            let end = first_id_at(before + ID_MARGIN_MICROS);
            query = query.filter(events::event_id.lt(end).and(events::at.lt(before)));
        }
        let limit = i64::try_from(max + 1).unwrap_or(i64::MAX);
        // Nothing but what the index has.
        let found: Vec<StoredId> =
            query.order(events::event_id.desc()).limit(limit).select(events::event_id).load(conn)?;
        let (org, event_type) = (self.org, self.event_type);
        let keys = found.into_iter().flat_map(|id| {
            let place = move |number: &i64| Place { id, number: *number };
            self.numbers.iter().map(place).map(move |place| Key { place, org, event_type })
        });
        Ok(keys.filter(|key| after.is_none_or(|after| key.place < *after)).collect())
    }
}

/// The events of requests among these.
fn read_of_requests(
    conn: &mut AnyConnection,
    org: &OrgId,
    keys: &[Key<'_>],
) -> Result<BTreeMap<Place, OrgEventRow>, StoreError> {
    let mut by_type: BTreeMap<&str, Vec<StoredId>> = BTreeMap::new();
    for key in keys.iter().filter(|key| key.event_type.is_of_request()) {
        by_type.entry(key.event_type.name()).or_default().push(key.place.id);
    }
    let mut found = BTreeMap::new();
    for (name, mut ids) in by_type {
        ids.dedup();
        let rows: Vec<OrgEventRow> = events::table
            .filter(events::org_id.eq(org.as_str()).and(events::event_type.eq(name)))
            .filter(events::event_id.eq_any(ids))
            .select(OrgEventRow::as_select())
            .load(conn)?;
        found.extend(rows.into_iter().flat_map(placed));
    }
    Ok(found)
}

/// The events that a row stands for.
fn placed(row: OrgEventRow) -> Vec<(Place, OrgEventRow)> {
    let place = |number| Place { id: row.event_id, number };
    if joined_events::has_begun(&row.event_type, row.attempt) {
        return vec![(place(ATTEMPT_NUMBER), begun(&row)), (place(0), row)];
    }
    if row.event_type != EventType::Submitted.name() {
        return vec![(place(0), row)];
    }
    let numbered = |number| {
        let event_type = joined_events::type_of(number)?.name().to_owned();
        let event_id = joined_events::id_of(row.event_id, number);
        // Only whoever submits says why.
        let message = row.message.clone().filter(|_| number == 1);
        Some((place(number), OrgEventRow { event_id, seq: Some(number), event_type, message, ..row.clone() }))
    };
    (1..=VERSION_ON_ARRIVAL).filter_map(numbered).collect()
}

/// The start of the attempt that began with an approval.
fn begun(row: &OrgEventRow) -> OrgEventRow {
    let BegunAttempt { event_id, seq, event_type, by, reference } =
        BegunAttempt::of((row.event_id, row.seq), row.request_id);
    OrgEventRow {
        event_id,
        seq,
        event_type,
        actor_iss: by.iss,
        actor_sub: by.sub,
        actor_user_id: by.user_id,
        actor_user_name: by.user_name,
        via: None,
        message: None,
        reference,
        ..row.clone()
    }
}

/// An event of no request, with its data.
fn read_of_none(
    conn: &mut AnyConnection,
    key: &Key<'_>,
) -> Result<Option<(OrgEventRow, Option<String>)>, StoreError> {
    let of_none = events::org_id.eq(key.org).and(events::event_id.eq(key.place.id));
    let found = events::table.filter(of_none.and(events::request_id.is_null()));
    let read: Option<(OrgEventRow, String)> =
        found.select((OrgEventRow::as_select(), events::data)).first(conn).optional()?;
    Ok(read.map(|(row, data)| (row, Some(data))))
}

/// Ids are made a moment before or after the time of their event.
const ID_MARGIN_MICROS: i64 = 60_000_000;
