//! Requests that changed since an instant, found in what is stored anyway.

use diesel::dsl::min;
use diesel::prelude::*;

use crate::domain::lifecycle::EventType;
use crate::store::events::first_id_at;
use crate::store::requests::{Key, key_of};
use crate::store::schema::{events, requests};
use crate::store::stored_bytes::StoredId;
use crate::store::{AnyConnection, StoreError};

/// A walk over all requests that changed since an instant, org by org. The same request may be met several times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    since: i64,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// All orgs up to this one are done.
    After(String),
    /// In the org's submissions, after the one of this time and id.
    Submissions(String, (i64, Option<StoredId>)),
    /// In the org's later events: of the type of this number in [`EventType::ALL`], after this one.
    Events(String, usize, StoredId),
}

/// What one part of a walk met.
#[derive(Debug, Default)]
pub struct Met {
    /// Requests.
    pub keys: Vec<Key>,
    /// Where to go on; `None` at the end.
    pub next: Option<Walk>,
}

/// The id of a request may be made so much later than the request started, in microseconds; much less, in fact.
const ID_LATE_MAX: i64 = 1_000_000;

/// Questions to the database in one part.
const QUESTIONS_MAX: usize = 256;

impl Walk {
    /// From the beginning; `since` is in microseconds.
    pub fn new(since: i64) -> Self {
        Self { since, place: Place::After(String::new()) }
    }

    /// The instant.
    pub fn since(&self) -> i64 {
        self.since
    }

    /// The next requests, about `max` of them.
    pub fn go_on(self, conn: &mut AnyConnection, max: usize) -> Result<Met, StoreError> {
        let mut met = Met { keys: Vec::new(), next: Some(self) };
        for _ in 0..QUESTIONS_MAX {
            if met.keys.len() >= max {
                break;
            }
            let Some(walk) = met.next.take() else { break };
            met.next = walk.ask(conn, max, &mut met.keys)?;
        }
        Ok(met)
    }

    fn ask(
        self,
        conn: &mut AnyConnection,
        max: usize,
        keys: &mut Vec<Key>,
    ) -> Result<Option<Self>, StoreError> {
        let Self { since, place } = self;
        let limit = i64::try_from(max).unwrap_or(i64::MAX);
        let place = match place {
            Place::After(org) => {
                let next = requests::table.filter(requests::org_id.gt(org)).select(min(requests::org_id));
                let Some(org) = next.get_result::<Option<String>>(conn)? else { return Ok(None) };
                Place::Submissions(org, (since, None))
            }
            Place::Submissions(org, (at, id)) => {
                let rows = submissions(conn, &org, (at, id), limit)?;
                keys.extend(rows.iter().map(|(_, id)| key_of(&org, *id)));
                match rows.last() {
                    Some((at, id)) if rows.len() >= max => Place::Submissions(org, (*at, Some(*id))),
                    Some(_) | None => Place::Events(org, 0, first_id_at(since)),
                }
            }
            Place::Events(org, number, id) => {
                // One type after the other, as they stand in the index.
                let Some(of) = EventType::ALL.get(number) else {
                    return Ok(Some(Self { since, place: Place::After(org) }));
                };
                let rows = later_events(conn, &org, (*of, id), limit)?;
                // Whatever was submitted since then is met already.
                let met_from = first_id_at(since + ID_LATE_MAX);
                let older = rows.iter().filter_map(|(_, id)| id.filter(|id| *id < met_from));
                keys.extend(older.map(|id| key_of(&org, id)));
                match rows.last() {
                    Some((id, _)) if rows.len() >= max => Place::Events(org, number, *id),
                    Some(_) | None => Place::Events(org, number + 1, first_id_at(since)),
                }
            }
        };
        Ok(Some(Self { since, place }))
    }
}

fn submissions(
    conn: &mut AnyConnection,
    org: &str,
    (at, id): (i64, Option<StoredId>),
    limit: i64,
) -> Result<Vec<(i64, StoredId)>, StoreError> {
    let from = requests::org_id.eq(org).and(requests::started_at.ge(at));
    let mut query = requests::table.into_boxed().filter(from);
    if let Some(id) = id {
        query = query.filter(requests::started_at.gt(at).or(requests::request_id.gt(id)));
    }
    let query = query.order((requests::started_at, requests::request_id)).limit(limit);
    Ok(query.select((requests::started_at, requests::request_id)).load(conn)?)
}

fn later_events(
    conn: &mut AnyConnection,
    org: &str,
    (of, after): (EventType, StoredId),
    limit: i64,
) -> Result<Vec<(StoredId, Option<StoredId>)>, StoreError> {
    Ok(events::table
        .filter(events::org_id.eq(org).and(events::event_type.eq(of.name())))
        .filter(events::event_id.gt(after))
        .order(events::event_id)
        .limit(limit)
        .select((events::event_id, events::request_id))
        .load(conn)?)
}
