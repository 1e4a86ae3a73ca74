//! The table `search_backlogs`: nodes that changed requests and may not have indexed them yet.

use chrono::{DateTime, Utc};
use diesel::dsl::min;
use diesel::prelude::*;

use super::schema::search_backlogs;
use crate::store::{AnyConnection, StoreError, from_micros, to_micros};

/// One row. What a node changed before `since` is indexed, or in another node's backlog.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = search_backlogs)]
pub struct BacklogRow {
    /// The process, by the id that it gave itself.
    pub node: String,
    /// When the change was made that has waited longest, by the node's own clock.
    pub since: i64,
    /// When the row was written last, by the database's clock.
    pub renewed_at: i64,
}

/// Writes a node's row. Both statements stay prepared, which an update does not.
pub fn put(conn: &mut AnyConnection, row: &BacklogRow) -> Result<(), StoreError> {
    remove(conn, &row.node)?;
    diesel::insert_into(search_backlogs::table).values(row).execute(conn)?;
    Ok(())
}

/// The node has indexed everything.
pub fn remove(conn: &mut AnyConnection, node: &str) -> Result<(), StoreError> {
    diesel::delete(search_backlogs::table.find(node)).execute(conn)?;
    Ok(())
}

/// A row that was not written again for so long that its node is gone, or has nothing left to tell.
pub fn abandoned(
    conn: &mut AnyConnection,
    renewed_before: DateTime<Utc>,
) -> Result<Option<BacklogRow>, StoreError> {
    let abandoned = search_backlogs::table
        .filter(search_backlogs::renewed_at.lt(to_micros(renewed_before)))
        .order(search_backlogs::renewed_at)
        .limit(1);
    Ok(abandoned.get_result(conn).optional()?)
}

/// Deletes the row, as it was read: `false` if its node has written it again, or somebody else has taken it.
pub fn take(conn: &mut AnyConnection, row: &BacklogRow) -> Result<bool, StoreError> {
    let unchanged =
        search_backlogs::table.find(&row.node).filter(search_backlogs::renewed_at.eq(row.renewed_at));
    Ok(diesel::delete(unchanged).execute(conn)? == 1)
}

/// Since when something waits to be indexed on any node; `None` if nothing does.
pub fn waits_since(conn: &mut AnyConnection) -> Result<Option<DateTime<Utc>>, StoreError> {
    let first: Option<i64> = search_backlogs::table.select(min(search_backlogs::since)).get_result(conn)?;
    first.map(from_micros).transpose()
}
