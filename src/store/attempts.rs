//! The table `attempts`: numbered sends of an execution.

use diesel::prelude::*;

use super::columns::{batch_insert, batch_update};
use super::schema::attempts;
use super::{AnyConnection, StoreError};
use crate::domain::ids::{OrgId, RequestId};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = attempts)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct AttemptRow {
    pub org_id: String,
    pub request_id: String,
    pub attempt: i64,
    pub token: i64,
    pub started_at: i64,
    pub ended_at: Option<i64>,
    pub outcome: Option<String>,
    pub reason: Option<String>,
}

batch_insert!(pub fn insert(InsertAttempts, attempts, AttemptRow), [
    org_id, request_id, attempt, token, started_at, ended_at, outcome, reason,
]);

batch_update!(
    EndAttempts(attempts [org_id, request_id, attempt], guard "attempts.ended_at IS NULL"),
    AttemptEnd(AttemptRow) {
        ended_at: Option<i64>,
        outcome: Option<String>,
        reason: Option<String>,
    }
);

/// Ends open attempts.
///
/// # Errors
/// [`StoreError::Stale`] if one of them is not open.
pub fn end(conn: &mut AnyConnection, rows: &[AttemptRow]) -> Result<(), StoreError> {
    let ended = match conn {
        AnyConnection::Postgres(conn) => {
            EndAttempts(EndAttempts::columns(&rows.iter().collect::<Vec<_>>())).execute(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            let mut ended = 0;
            for row in rows {
                let key = (row.org_id.as_str(), row.request_id.as_str(), row.attempt);
                ended += diesel::update(attempts::table.find(key).filter(attempts::ended_at.is_null()))
                    .set(AttemptEnd::from(row))
                    .execute(conn)?;
            }
            ended
        }
    };
    if ended == rows.len() { Ok(()) } else { Err(StoreError::Stale) }
}

/// A request's attempts in order, for reading.
pub fn list(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Vec<AttemptRow>, StoreError> {
    Ok(attempts::table
        .filter(attempts::org_id.eq(org.as_str()).and(attempts::request_id.eq(id.to_string())))
        .order(attempts::attempt)
        .load(conn)?)
}
