//! The table `calls`: what will be sent, and the echo that people were shown.

use diesel::prelude::*;

use super::columns::{Columns, columns};
use super::requests::{Key, key_texts};
use super::schema::calls;
use super::{AnyConnection, StoreError};

/// One row; inserted with the request and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls)]
pub struct CallRow {
    /// The org.
    pub org_id: String,
    /// The request.
    pub request_id: String,
    /// The call in the format `countersign-call-v1`.
    pub call: Vec<u8>,
    /// The normalised task as JSON.
    pub echo: String,
    /// The target's label at submission.
    pub label: String,
}

pub(super) fn columns<'a>(rows: &[&'a CallRow]) -> Columns<'a> {
    columns!(rows, [org_id, request_id, call, echo, label,])
}

/// The call of one request.
pub fn find(conn: &mut AnyConnection, (org, id): &Key) -> Result<CallRow, StoreError> {
    let found = calls::table.find((org.as_str(), id.to_string())).get_result(conn).optional()?;
    found.ok_or_else(|| StoreError::Corrupt(format!("{id} has no call")))
}

/// The calls of some requests, in no order: one query on PostgreSQL, cached single-row statements on SQLite.
pub fn load(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<CallRow>, StoreError> {
    match conn {
        AnyConnection::Postgres(_) => list(conn, keys),
        AnyConnection::Sqlite(conn) => {
            let find = |(org, id): &Key| calls::table.find((org.as_str(), id.to_string())).get_result(conn);
            let found = keys.iter().map(find).map(OptionalExtension::optional);
            Ok(found.filter_map(Result::transpose).collect::<QueryResult<_>>()?)
        }
    }
}

/// The calls of the named requests, in no order.
pub fn list(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<CallRow>, StoreError> {
    let (orgs, ids) = key_texts(keys);
    Ok(calls::table.filter(calls::org_id.eq_any(orgs).and(calls::request_id.eq_any(ids))).load(conn)?)
}
