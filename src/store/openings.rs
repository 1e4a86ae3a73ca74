//! The table `openings`: who opened the page of a request. Facts of the pages, beside the trail and no part of it.

use diesel::prelude::*;
use uuid::Uuid;

use super::columns::person;
use super::requests::Key;
use super::schema::{openings, requests};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError};
use crate::domain::actor::Person;
use crate::domain::ids::{OrgId, RequestId};

/// The most people of whom one request keeps it.
pub const PEOPLE_MAX: usize = 50;

/// One row: a person and a request, with the revision that they opened last.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = openings)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct OpeningRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub person_key: String,
    pub iss: String,
    pub sub: String,
    pub user_id: String,
    pub user_name: String,
    pub revision: i64,
    pub first_at: i64,
    pub last_at: i64,
}

impl OpeningRow {
    /// Who opened it.
    pub fn person(&self) -> Person {
        person!(self, iss, sub, user_id, user_name)
    }
}

/// Where the search for rows of requests that have ended goes on: after this request of this org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepPlace {
    org_id: String,
    request_id: StoredId,
}

impl Default for SweepPlace {
    /// Before the first row.
    fn default() -> Self {
        Self { org_id: String::new(), request_id: StoredId(Uuid::nil()) }
    }
}

/// Keeps that a person opened a request; `true` if there is a row more. Doing it a second time changes nothing, and
/// beyond [`PEOPLE_MAX`] people nothing is kept.
pub fn note(conn: &mut AnyConnection, row: &OpeningRow) -> Result<bool, StoreError> {
    let key = (row.org_id.as_str(), row.request_id, row.person_key.as_str());
    let known: Option<OpeningRow> = openings::table.find(key).get_result(conn).optional()?;
    let Some(known) = known else { return add(conn, row) };
    let own = openings::table.find(key);
    // Whoever opened a page twice may be heard of in the other order.
    if known.revision < row.revision {
        let later = (openings::first_at.eq(row.first_at), openings::last_at.eq(row.last_at));
        diesel::update(own).set((openings::revision.eq(row.revision), later)).execute(conn)?;
    } else if known.revision == row.revision && known.last_at < row.last_at {
        diesel::update(own).set(openings::last_at.eq(row.last_at)).execute(conn)?;
    }
    Ok(false)
}

fn add(conn: &mut AnyConnection, row: &OpeningRow) -> Result<bool, StoreError> {
    let of_request = openings::org_id.eq(row.org_id.as_str()).and(openings::request_id.eq(row.request_id));
    let people: i64 = openings::table.filter(of_request).count().get_result(conn)?;
    if usize::try_from(people).is_ok_and(|people| people >= PEOPLE_MAX) {
        return Ok(false);
    }
    // Another node may have heard of the same.
    let added = match conn {
        AnyConnection::Postgres(conn) => {
            diesel::insert_into(openings::table).values(row).on_conflict_do_nothing().execute(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            diesel::insert_or_ignore_into(openings::table).values(row).execute(conn)?
        }
    };
    Ok(added > 0)
}

/// Who opened a request, whoever opened it first comes first.
pub fn list(conn: &mut AnyConnection, (org, id): &Key) -> Result<Vec<OpeningRow>, StoreError> {
    let of_request = openings::org_id.eq(org.as_str()).and(openings::request_id.eq(StoredId::from(*id)));
    let mut rows: Vec<OpeningRow> = openings::table.filter(of_request).load(conn)?;
    rows.sort_unstable_by(|one, other| {
        (one.first_at, &one.person_key).cmp(&(other.first_at, &other.person_key))
    });
    Ok(rows)
}

/// What one person opened of these requests: each with the revision that they opened last, and when first.
pub fn of_person(
    conn: &mut AnyConnection,
    (org, person_key): (&OrgId, &str),
    ids: &[RequestId],
) -> Result<Vec<(RequestId, i64, i64)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<StoredId> = ids.iter().copied().map(StoredId::from).collect();
    let rows: Vec<(StoredId, i64, i64)> = openings::table
        .filter(openings::org_id.eq(org.as_str()).and(openings::request_id.eq_any(ids)))
        .filter(openings::person_key.eq(person_key))
        .select((openings::request_id, openings::revision, openings::first_at))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, revision, first_at)| (id.into(), revision, first_at)).collect())
}

/// Looks at the next few requests that have rows, in the order of the table and round again, and deletes the rows of
/// those that have ended. Returns where the next look goes on.
pub fn sweep(
    conn: &mut AnyConnection,
    from: &SweepPlace,
    requests_max: i64,
) -> Result<SweepPlace, StoreError> {
    let after = openings::org_id.eq(from.org_id.clone()).and(openings::request_id.gt(from.request_id));
    let ids: Vec<StoredId> = openings::table
        .filter(after)
        .select(openings::request_id)
        .distinct()
        .order(openings::request_id)
        .limit(requests_max)
        .load(conn)?;
    let last =
        ids.last().copied().filter(|_| i64::try_from(ids.len()).is_ok_and(|found| found == requests_max));
    let ended: Vec<StoredId> = requests::table
        .filter(requests::org_id.eq(from.org_id.clone()).and(requests::request_id.eq_any(ids)))
        .filter(requests::ended_at.is_not_null())
        .select(requests::request_id)
        .load(conn)?;
    if !ended.is_empty() {
        let theirs = openings::org_id.eq(from.org_id.clone()).and(openings::request_id.eq_any(ended));
        diesel::delete(openings::table.filter(theirs)).execute(conn)?;
    }
    match last {
        Some(request_id) => Ok(SweepPlace { org_id: from.org_id.clone(), request_id }),
        // New requests come in at the end of their org: whoever waited there would never go round.
        None => after_org(conn, &from.org_id),
    }
}

/// The beginning of the next org, or of the first one after the last.
fn after_org(conn: &mut AnyConnection, org: &str) -> Result<SweepPlace, StoreError> {
    let orgs = openings::table.select(openings::org_id).order(openings::org_id);
    let next: Option<String> = orgs.filter(openings::org_id.gt(org.to_owned())).first(conn).optional()?;
    let next = match next {
        Some(next) => Some(next),
        None => orgs.first(conn).optional()?,
    };
    let start = SweepPlace::default();
    Ok(next.map_or(start.clone(), |org_id| SweepPlace { org_id, ..start }))
}
