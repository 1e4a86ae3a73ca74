//! The tables `types_in_force` and `people_in_force`: what the rules were when they came into force last.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::schema::{people_in_force, type_versions, types_in_force};
use super::{AnyConnection, StoreError};

/// A type in force.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = types_in_force)]
pub struct TypeInForceRow {
    /// Its name.
    pub request_type: String,
    /// Its version.
    pub version: String,
    /// The name of the file that it came from; `None` for an embedded type.
    pub file: Option<String>,
}

/// The types in force, by name.
pub fn list_types(conn: &mut AnyConnection) -> Result<Vec<TypeInForceRow>, StoreError> {
    let rows = types_in_force::table.order(types_in_force::request_type);
    Ok(rows.select(TypeInForceRow::as_select()).load(conn)?)
}

/// The same, each with the definition of its version.
pub fn list_definitions(conn: &mut AnyConnection) -> Result<Vec<(TypeInForceRow, String)>, StoreError> {
    let rows = types_in_force::table
        .inner_join(type_versions::table.on(type_versions::version.eq(types_in_force::version)))
        .order(types_in_force::request_type);
    Ok(rows.select((TypeInForceRow::as_select(), type_versions::definition)).load(conn)?)
}

/// The version of this type that is in force.
pub fn version_of(conn: &mut AnyConnection, name: &str) -> Result<Option<String>, StoreError> {
    let found = types_in_force::table.find(name).select(types_in_force::version);
    Ok(found.get_result(conn).optional()?)
}

/// Puts these in place of all types in force.
pub fn replace_types(conn: &mut AnyConnection, rows: &[TypeInForceRow]) -> Result<(), StoreError> {
    diesel::delete(types_in_force::table).execute(conn)?;
    for row in rows {
        diesel::insert_into(types_in_force::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The digests of the people's entries in force, by name.
pub fn list_people(conn: &mut AnyConnection) -> Result<BTreeMap<String, String>, StoreError> {
    let rows: Vec<(String, String)> = people_in_force::table.load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Puts an entry of the people file in force, in place of the one of that name.
pub fn put_person(conn: &mut AnyConnection, name: &str, digest: &str) -> Result<(), StoreError> {
    remove_person(conn, name)?;
    let row = (people_in_force::name.eq(name), people_in_force::digest.eq(digest));
    diesel::insert_into(people_in_force::table).values(row).execute(conn)?;
    Ok(())
}

/// Takes the entry of this name out of force.
pub fn remove_person(conn: &mut AnyConnection, name: &str) -> Result<(), StoreError> {
    diesel::delete(people_in_force::table.find(name)).execute(conn)?;
    Ok(())
}
