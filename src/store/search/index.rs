//! Requests get into the index.

use std::collections::HashMap;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::search_documents;
use super::{postgres, sqlite};
use crate::store::columns::batch_insert;
use crate::store::requests::{self, Key, key_columns, key_of};
use crate::store::stored_bytes::StoredId;
use crate::store::{AnyConnection, StoreError};

/// A request as it is indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The request.
    pub key: Key,
    /// The version of the request that was read; `None` if it was not there.
    pub version: Option<i64>,
    /// Its words as keys, with spaces between them; never empty for a request that was there.
    pub words: String,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = search_documents)]
pub(super) struct DocumentRow {
    document: i64,
    org_id: String,
    request_id: StoredId,
}

batch_insert!(fn insert(InsertDocuments, search_documents, DocumentRow), [document, org_id, request_id]);

/// Indexes these requests, but for those that are no longer as they were read: whoever read them later may have indexed
/// them already. Returns those, which have to be read again; `None` while another transaction indexes.
pub fn write(conn: &mut AnyConnection, documents: &[Document]) -> Result<Option<Vec<Key>>, StoreError> {
    if documents.is_empty() {
        return Ok(Some(Vec::new()));
    }
    if !is_alone(conn)? {
        return Ok(None);
    }
    let keys: Vec<Key> = documents.iter().map(|document| document.key.clone()).collect();
    let versions = requests::versions(conn, &keys)?;
    let is_unchanged = |document: &&Document| versions.get(&document.key).copied() == document.version;
    let (unchanged, changed): (Vec<&Document>, Vec<&Document>) = documents.iter().partition(is_unchanged);
    let changed: Vec<Key> = changed.into_iter().map(|document| document.key.clone()).collect();
    // One that is still not there was rolled back.
    let there: Vec<&Document> = unchanged.into_iter().filter(|document| document.version.is_some()).collect();
    put(conn, &there)?;
    Ok(Some(changed))
}

/// Writes these documents, which are requests that nobody else indexes now.
pub fn put(conn: &mut AnyConnection, documents: &[&Document]) -> Result<(), StoreError> {
    if documents.is_empty() {
        return Ok(());
    }
    let known = known(conn, documents)?;
    let mut next = last(conn)? + 1;
    let (mut new, mut words) = (Vec::new(), Vec::new());
    for Document { key, words: text, .. } in documents {
        let document = known.get(key).copied().unwrap_or_else(|| {
            let document = next;
            next += 1;
            new.push(DocumentRow { document, org_id: key.0.to_string(), request_id: key.1.into() });
            document
        });
        words.push((document, text.as_str()));
    }
    insert(conn, &new)?;
    match conn {
        AnyConnection::Postgres(conn) => postgres::write(conn, &words)?,
        AnyConnection::Sqlite(conn) => sqlite::write(conn, &words)?,
    }
    Ok(())
}

/// The documents of requests that were indexed before.
fn known(conn: &mut AnyConnection, documents: &[&Document]) -> Result<HashMap<Key, i64>, StoreError> {
    let keys: Vec<Key> = documents.iter().map(|document| document.key.clone()).collect();
    let (orgs, ids) = key_columns(&keys);
    let named = search_documents::org_id.eq_any(orgs).and(search_documents::request_id.eq_any(ids));
    let rows: Vec<DocumentRow> = search_documents::table.filter(named).load(conn)?;
    Ok(rows.into_iter().map(|row| (key_of(&row.org_id, row.request_id), row.document)).collect())
}

/// The number of the last document; 0 if there is none.
pub(super) fn last(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    let last: Option<i64> =
        search_documents::table.select(max(search_documents::document)).get_result(conn)?;
    Ok(last.unwrap_or(0))
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    is_mine: bool,
}

/// Whether this transaction is the only one that indexes, until it ends. Never waits.
fn is_alone(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    match conn {
        // The writer's transaction has the whole database.
        AnyConnection::Sqlite(_) => Ok(true),
        AnyConnection::Postgres(conn) => {
            // A database has one for each schema.
            let statement =
                "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema(), 2)) AS is_mine";
            Ok(diesel::sql_query(statement).get_result::<Lock>(conn)?.is_mine)
        }
    }
}

/// The running transaction need not be on disk when it is reported as committed: if it is lost, so is the news that its
/// requests are indexed. SQLite has no such thing for one transaction.
pub fn commit_without_flush(conn: &mut AnyConnection) -> Result<(), StoreError> {
    use diesel::connection::SimpleConnection;
    if let AnyConnection::Postgres(conn) = conn {
        conn.batch_execute("SET LOCAL synchronous_commit = off")?;
    }
    Ok(())
}
