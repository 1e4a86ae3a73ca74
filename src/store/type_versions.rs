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

/// The names of all types that were ever in force, in order.
pub fn names(conn: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let names = type_versions::table.select(type_versions::request_type).distinct();
    Ok(names.order(type_versions::request_type).load(conn)?)
}

/// The versions of a type that were ever in force, the last one first: each with the time since when.
pub fn of_type(conn: &mut AnyConnection, name: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let versions = type_versions::table.filter(type_versions::request_type.eq(name));
    let newest = (type_versions::first_at.desc(), type_versions::version);
    Ok(versions.order(newest).select((type_versions::version, type_versions::first_at)).load(conn)?)
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
