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

/// The versions of a type that were ever in force, the one that came into force last first: each with the time since
/// when it is known.
pub fn of_type(conn: &mut AnyConnection, name: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let versions = type_versions::table.filter(type_versions::request_type.eq(name));
    let newest = (type_versions::last_at.desc(), type_versions::version);
    Ok(versions.order(newest).select((type_versions::version, type_versions::first_at)).load(conn)?)
}

/// Notes that a version comes into force, and adds it if it is new.
pub fn keep(
    conn: &mut AnyConnection,
    (version, request_type): (&str, &str),
    definition: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let known =
        diesel::update(type_versions::table.find(version)).set(type_versions::last_at.eq(to_micros(now)));
    if known.execute(conn)? > 0 {
        return Ok(());
    }
    let row = (
        type_versions::version.eq(version),
        type_versions::request_type.eq(request_type),
        type_versions::definition.eq(definition),
        type_versions::first_at.eq(to_micros(now)),
        type_versions::last_at.eq(to_micros(now)),
    );
    diesel::insert_into(type_versions::table).values(row).execute(conn)?;
    Ok(())
}
