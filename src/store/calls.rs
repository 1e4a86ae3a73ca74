//! The table `calls`: what will be sent, and the echo that people were shown.

use std::collections::HashMap;

use diesel::prelude::*;

use super::by_key::load_by_key;
use super::columns::{Columns, columns};
use super::requests::{Key, parse_id};
use super::schema::calls;
use super::stored_call::StoredCall;
use super::{AnyConnection, StoreError};
use crate::domain::ids::OrgId;

/// One row; inserted with the request and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls)]
pub struct CallRow {
    /// The org.
    pub org_id: String,
    /// The request.
    pub request_id: String,
    /// The target's label at submission.
    pub label: String,
    /// How many bytes the call and its echo have when they are unpacked, the body of the call counted twice.
    pub read_bytes: i64,
    /// The call and its echo, as [`StoredCall::pack`] writes them.
    pub packed: Vec<u8>,
}

impl CallRow {
    /// The row of a request's call.
    pub fn new((org, id): &Key, stored: &StoredCall, label: &str) -> Self {
        Self {
            org_id: org.to_string(),
            request_id: id.to_string(),
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

pub(super) fn columns<'a>(rows: &[&'a CallRow]) -> Columns<'a> {
    columns!(rows, [org_id, request_id, label, read_bytes, packed,])
}

/// The call of one request.
pub fn find(conn: &mut AnyConnection, key: &Key) -> Result<CallRow, StoreError> {
    let found = rows_of(conn, std::slice::from_ref(key))?.pop();
    found.ok_or_else(|| StoreError::Corrupt(format!("{} has no call", key.1)))
}

/// The calls of the named requests, by request.
pub fn list(conn: &mut AnyConnection, keys: &[Key]) -> Result<HashMap<Key, CallRow>, StoreError> {
    let rows = rows_of(conn, keys)?.into_iter();
    rows.map(|row| Ok(((OrgId::new(row.org_id.clone()), parse_id(&row.request_id)?), row))).collect()
}

load_by_key!(fn rows_of(ReadCalls, calls) -> CallRow);
