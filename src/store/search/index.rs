//! Requests get into the index.

use std::collections::{HashMap, HashSet};

use diesel::dsl::max;
use diesel::prelude::*;

use super::schema::search_documents;
use super::{postgres, queue, sqlite};
use crate::store::columns::batch_insert;
use crate::store::requests::{Key, key_columns, key_of};
use crate::store::stored_bytes::StoredId;
use crate::store::{AnyConnection, StoreError};

/// A request as it is indexed.
#[derive(Clone, Debug)]
pub struct Document {
    /// The request.
    pub key: Key,
    /// Its words as keys, with spaces between them; never empty.
    pub words: String,
    /// Its places in the queue.
    pub positions: Vec<i64>,
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

/// Indexes these requests, each once, and takes them out of the queue. Does nothing with those that somebody else has taken
/// out, who knows more; nothing at all while another transaction indexes. Returns how many were indexed.
pub fn write(conn: &mut AnyConnection, documents: &[Document]) -> Result<usize, StoreError> {
    if documents.is_empty() || !queue::is_alone(conn)? {
        return Ok(0);
    }
    let positions: Vec<i64> = documents.iter().flat_map(|document| document.positions.clone()).collect();
    let taken: HashSet<i64> = queue::take(conn, &positions)?.into_iter().collect();
    let is_ours = |document: &&Document| document.positions.iter().any(|position| taken.contains(position));
    let ours: Vec<&Document> = documents.iter().filter(is_ours).collect();
    if ours.is_empty() {
        return Ok(0);
    }
    let known = known(conn, &ours)?;
    let mut next = last(conn)? + 1;
    let (mut new, mut words) = (Vec::new(), Vec::new());
    for Document { key, words: text, .. } in &ours {
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
    Ok(ours.len())
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
