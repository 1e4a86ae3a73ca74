//! The table `search_queue`: requests that changed since they were indexed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::search_queue;
use crate::domain::lifecycle::Event;
use crate::domain::request::Request;
use crate::store::columns::batch_insert;
use crate::store::requests::{Key, RequestRow, key_of};
use crate::store::stored_bytes::StoredId;
use crate::store::{AnyConnection, StoreError, from_micros, to_micros};

/// One row, without its position.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = search_queue)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct QueuedRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub at: i64,
}

impl QueuedRow {
    /// A submission.
    pub(in crate::store) fn of(request: &RequestRow) -> Self {
        Self { org_id: request.org_id.clone(), request_id: request.request_id, at: request.started_at }
    }

    /// A change of a request.
    pub fn of_event(request: &Request, event: &Event) -> Self {
        Self { org_id: request.org.to_string(), request_id: request.id.into(), at: to_micros(event.at) }
    }
}

/// A request that waits to be indexed.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its place in the queue.
    pub position: i64,
    /// The request.
    pub key: Key,
}

batch_insert!(pub fn insert(InsertQueued, search_queue, QueuedRow), [org_id, request_id, at]);

/// What has waited longest. The same request may be there several times.
pub fn oldest(conn: &mut AnyConnection, max: i64) -> Result<Vec<Queued>, StoreError> {
    let rows: Vec<(i64, String, StoredId)> = search_queue::table
        .order(search_queue::position)
        .limit(max)
        .select((search_queue::position, search_queue::org_id, search_queue::request_id))
        .load(conn)?;
    let queued = |(position, org, id): (i64, String, StoredId)| Queued { position, key: key_of(&org, id) };
    Ok(rows.into_iter().map(queued).collect())
}

/// Since when the first of the queue waits; `None` if nothing waits.
pub fn waits_since(conn: &mut AnyConnection) -> Result<Option<DateTime<Utc>>, StoreError> {
    let first = search_queue::table.order(search_queue::position).limit(1).select(search_queue::at);
    first.get_result(conn).optional()?.map(from_micros).transpose()
}

/// Takes these places out of the queue, and returns those that were still there.
pub(super) fn take(conn: &mut AnyConnection, positions: &[i64]) -> Result<Vec<i64>, StoreError> {
    let named = search_queue::table.filter(search_queue::position.eq_any(positions));
    Ok(diesel::delete(named).returning(search_queue::position).load(conn)?)
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    is_mine: bool,
}

/// Whether this transaction is the only one that indexes, until it ends. Never waits.
pub(super) fn is_alone(conn: &mut AnyConnection) -> Result<bool, StoreError> {
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
