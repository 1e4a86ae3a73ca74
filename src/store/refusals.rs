//! The table `refusals`: submissions that were refused. Never the payload.

use diesel::prelude::*;

use super::columns::person;
use super::schema::refusals;
use super::{AnyConnection, StoreError};
use crate::domain::actor::Person;
use crate::domain::ids::OrgId;

/// Refusals kept one by one per person and minute; further ones are counted in one more row.
pub const ROWS_PER_MINUTE_MAX: i64 = 60;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = refusals)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct RefusalRow {
    pub org_id: String,
    pub refusal_id: String,
    pub at: i64,
    pub minute: i64,
    pub is_overflow: bool,
    pub iss: String,
    pub sub: String,
    pub user_id: String,
    pub user_name: String,
    pub person_key: String,
    pub request_type: String,
    pub codes: String,
    pub digest: Option<String>,
    pub reference: String,
    pub count: i64,
}

impl RefusalRow {
    /// Who sent it.
    pub fn actor(&self) -> Person {
        person!(self, iss, sub, user_id, user_name)
    }
}

/// Whether this refusal is stored already.
pub fn is_there(conn: &mut AnyConnection, row: &RefusalRow) -> Result<bool, StoreError> {
    let key = (row.org_id.as_str(), row.refusal_id.as_str());
    let found: Option<RefusalRow> = refusals::table.find(key).get_result(conn).optional()?;
    Ok(found.is_some())
}

/// Adds a refusal, or counts it if the person has used up their rows of this minute.
pub fn insert(conn: &mut AnyConnection, mut row: RefusalRow) -> Result<(), StoreError> {
    let mine = refusals::org_id
        .eq(row.org_id.clone())
        .and(refusals::person_key.eq(row.person_key.clone()))
        .and(refusals::minute.eq(row.minute));
    let rows: i64 = refusals::table.filter(mine.clone()).count().get_result(conn)?;
    if rows >= ROWS_PER_MINUTE_MAX {
        let overflow = refusals::table.filter(mine.and(refusals::is_overflow.eq(true)));
        let counted = diesel::update(overflow)
            .set((refusals::count.eq(refusals::count + 1), refusals::at.eq(row.at)))
            .execute(conn)?;
        if counted > 0 {
            return Ok(());
        }
        row.is_overflow = true;
    }
    diesel::insert_into(refusals::table).values(row).execute(conn)?;
    Ok(())
}

/// The org's refusals, newest first, after the position `(at, id)`.
pub fn list(
    conn: &mut AnyConnection,
    org: &OrgId,
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<RefusalRow>, StoreError> {
    let mut query = refusals::table
        .filter(refusals::org_id.eq(org.to_string()))
        .order((refusals::at.desc(), refusals::refusal_id.desc()))
        .limit(limit)
        .into_boxed();
    if let Some((at, id)) = after {
        let later = refusals::at.lt(at).or(refusals::at.eq(at).and(refusals::refusal_id.lt(id)));
        query = query.filter(refusals::at.le(at).and(later));
    }
    Ok(query.load(conn)?)
}
