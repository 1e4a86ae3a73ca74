//! Which documents have what is sought, the newest first.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};

use super::schema::search_documents;
use super::{index, postgres, sqlite};
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::search::Sought;
use crate::store::stored_bytes::StoredId;
use crate::store::{AnyConnection, StoreError};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Match {
    /// The number of the document.
    #[diesel(sql_type = BigInt)]
    pub document: i64,
    /// The request. It may be another org's: whoever shows it reads it in theirs.
    #[diesel(sql_type = Binary)]
    pub request_id: StoredId,
}

/// The place before all documents.
pub fn beginning(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(index::last(conn)? + 1)
}

/// The place of a request in the list of all documents; `None` if it was never indexed.
pub fn place_of(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Option<i64>, StoreError> {
    let named =
        search_documents::org_id.eq(org.as_str()).and(search_documents::request_id.eq(StoredId::from(id)));
    let place = search_documents::table.filter(named).select(search_documents::document);
    Ok(place.get_result(conn).optional()?)
}

/// The first documents after a place, the newest first.
pub fn newest(
    conn: &mut AnyConnection,
    sought: &Sought,
    before: i64,
    limit: i64,
) -> Result<Vec<Match>, StoreError> {
    Ok(match conn {
        AnyConnection::Postgres(conn) => postgres::newest(conn, sought, before, limit)?,
        AnyConnection::Sqlite(conn) => sqlite::newest(conn, sought, before, limit)?,
    })
}
