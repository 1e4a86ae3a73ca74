//! The table `pauses`: hosts to which nothing is sent for now.

use diesel::prelude::*;

use super::schema::pauses;
use super::{AnyConnection, StoreError};

/// The host that stands for all of them.
pub const EVERY_HOST: &str = "";

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = pauses)]
pub struct PauseRow {
    /// The host and port as calls name them, or [`EVERY_HOST`].
    pub host: String,
    /// Why.
    pub reason: String,
    /// Who paused it.
    pub by: String,
    /// Since when.
    pub at: i64,
}

/// Every pause, by host.
pub fn list(conn: &mut AnyConnection) -> Result<Vec<PauseRow>, StoreError> {
    Ok(pauses::table.order(pauses::host).load(conn)?)
}

/// Pauses a host; a pause that stands gets the new reason.
pub fn put(conn: &mut AnyConnection, row: &PauseRow) -> Result<(), StoreError> {
    let found = diesel::update(pauses::table.find(&row.host)).set(row).execute(conn)?;
    if found == 0 {
        diesel::insert_into(pauses::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Ends the pause of a host; `false` if there is none.
pub fn remove(conn: &mut AnyConnection, host: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(pauses::table.find(host)).execute(conn)? == 1)
}
