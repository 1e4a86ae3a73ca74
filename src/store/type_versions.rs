//! The table `type_versions`: every version of a request type that was ever in force.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::schema::type_versions;
use super::{AnyConnection, StoreError, to_micros};

/// A version's definition; `None` if it was never in force here.
pub fn find(conn: &mut AnyConnection, version: &str) -> Result<Option<String>, StoreError> {
    let found = type_versions::table.find(version).select(type_versions::definition);
    Ok(found.get_result(conn).optional()?)
}

/// Adds a version; `true` if it is new.
pub fn keep(
    conn: &mut AnyConnection,
    (version, request_type): (&str, &str),
    definition: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if find(conn, version)?.is_some() {
        return Ok(false);
    }
    let row = (
        type_versions::version.eq(version),
        type_versions::request_type.eq(request_type),
        type_versions::definition.eq(definition),
        type_versions::first_at.eq(to_micros(now)),
    );
    diesel::insert_into(type_versions::table).values(row).execute(conn)?;
    Ok(true)
}
