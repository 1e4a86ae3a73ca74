//! The table `calls`: what will be sent, and the echo that people were shown.

use std::collections::HashMap;

use diesel::prelude::*;

use super::by_key::{Named, named_rows};
use super::columns::batch_insert;
use super::requests::{Key, key_columns, key_of};
use super::schema::{calls, requests};
use super::stored_bytes::StoredId;
use super::stored_call::StoredCall;
use super::{AnyConnection, StoreError};
use crate::domain::ids::RequestId;
use crate::domain::request::Request;

/// One row; inserted with the request and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls)]
pub struct CallRow {
    /// The org.
    pub org_id: String,
    /// The request.
    pub request_id: StoredId,
    /// The revision that it was submitted with.
    pub revision: i64,
    /// The target's label at submission.
    pub label: String,
    /// How many bytes the call and its echo have when they are unpacked, the body of the call counted twice.
    pub read_bytes: i64,
    /// The call and its echo, as [`StoredCall::pack`] writes them.
    pub packed: Vec<u8>,
}

impl CallRow {
    /// The row of the call of a request's revision.
    pub fn new(((org, id), revision): (&Key, i64), stored: &StoredCall, label: &str) -> Self {
        Self {
            org_id: org.to_string(),
            request_id: (*id).into(),
            revision,
            label: label.to_owned(),
            read_bytes: i64::try_from(stored.read_bytes()).unwrap_or(i64::MAX),
            packed: stored.pack(),
        }
    }

    /// The call and its echo.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if somebody damaged them.
    pub fn unpack(&self) -> Result<StoredCall, StoreError> {
        StoredCall::unpack(&self.packed).map_err(|_| {
            StoreError::Corrupt(format!("{}: the stored call can't be unpacked", self.request_id))
        })
    }
}

batch_insert!(pub fn insert(InsertCalls, calls, CallRow), [
    org_id, request_id, revision, label, read_bytes, packed,
]);

/// The call of one request in its present revision.
pub fn find(conn: &mut AnyConnection, key: &Key) -> Result<CallRow, StoreError> {
    rows_of(conn, std::slice::from_ref(key))?.pop().ok_or_else(|| missing(key))
}

/// The call of one request in this revision.
pub fn find_revision(conn: &mut AnyConnection, key: &Key, revision: i64) -> Result<CallRow, StoreError> {
    let named = calls::table.find((key.0.as_str(), StoredId::from(key.1), revision));
    named.get_result(conn).optional()?.ok_or_else(|| missing(key))
}

fn missing(key: &Key) -> StoreError {
    StoreError::Corrupt(format!("{} has no call", key.1))
}

/// The calls of the named requests in their present revisions, by request.
pub fn list(conn: &mut AnyConnection, keys: &[Key]) -> Result<HashMap<Key, CallRow>, StoreError> {
    let rows = rows_of(conn, keys)?.into_iter();
    Ok(rows.map(|row| (key_of(&row.org_id, row.request_id), row)).collect())
}

/// How many bytes whoever reads the present calls of these requests gets, by id. The database knows it without reading
/// them.
pub fn read_bytes(conn: &mut AnyConnection, page: &[Request]) -> Result<HashMap<RequestId, i64>, StoreError> {
    let keys: Vec<Key> = page.iter().map(|request| (request.org.clone(), request.id)).collect();
    let (orgs, ids) = key_columns(&keys);
    let sizes = calls::table.filter(calls::org_id.eq_any(orgs).and(calls::request_id.eq_any(ids))).select((
        calls::request_id,
        calls::revision,
        calls::read_bytes,
    ));
    let present: HashMap<RequestId, i64> =
        page.iter().map(|request| (request.id, request.revision)).collect();
    let sizes = sizes.load::<(StoredId, i64, i64)>(conn)?.into_iter();
    let sizes = sizes.map(|(id, revision, read_bytes)| (RequestId::from(id), revision, read_bytes));
    let sizes = sizes.filter(|(id, revision, _)| present.get(id) == Some(revision));
    Ok(sizes.map(|(id, _, read_bytes)| (id, read_bytes)).collect())
}

/// The present calls of these requests, by request, without those that are longer than `bytes_max`.
pub fn list_short(
    conn: &mut AnyConnection,
    page: &[Request],
    bytes_max: i64,
) -> Result<HashMap<Key, CallRow>, StoreError> {
    if page.is_empty() {
        return Ok(HashMap::new());
    }
    let sizes = read_bytes(conn, page)?;
    let is_short = |request: &&Request| sizes.get(&request.id).is_some_and(|size| *size <= bytes_max);
    let short: Vec<Key> =
        page.iter().filter(is_short).map(|request| (request.org.clone(), request.id)).collect();
    if short.is_empty() { Ok(HashMap::new()) } else { list(conn, &short) }
}

named_rows!(
    ReadCalls,
    calls,
    &calls::all_columns,
    calls::SqlType,
    concat!(
        " JOIN requests ON requests.org_id = named.org_id AND requests.request_id = named.request_id",
        " AND requests.revision = calls.revision",
    )
);

fn rows_of(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<CallRow>, StoreError> {
    let conn = match conn {
        AnyConnection::Postgres(conn) => return Ok(ReadCalls(&Named::new(keys)).load(conn)?),
        AnyConnection::Sqlite(conn) => conn,
    };
    let mut rows = Vec::with_capacity(keys.len());
    for (org, id) in keys {
        let id = StoredId::from(*id);
        let present = requests::org_id
            .eq(calls::org_id)
            .and(requests::request_id.eq(calls::request_id))
            .and(requests::revision.eq(calls::revision));
        let named = calls::org_id.eq(org.as_str()).and(calls::request_id.eq(id));
        let found = calls::table.inner_join(requests::table.on(present)).filter(named);
        rows.extend(found.select(CallRow::as_select()).load::<CallRow>(conn)?);
    }
    Ok(rows)
}
