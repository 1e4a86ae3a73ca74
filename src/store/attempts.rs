//! The table `attempts`: numbered sends of an execution.

use diesel::prelude::*;

use super::columns::{batch_insert, batch_update};
use super::requests::Key;
use super::schema::attempts;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::ids::{OrgId, RequestId};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = attempts)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct AttemptRow {
    pub org_id: String,
    pub request_id: StoredId,
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
    fn end_rows(EndAttempts, EndAttempt, attempts, AttemptRow),
    key [org_id, request_id, attempt], fence token,
    only if "(attempts.ended_at IS NULL OR attempts.outcome = 'ambiguous')",
    set [ended_at, outcome, reason]
);

/// Records how attempts ended: of an open one, or of one of which nobody knew how it ended, under the fencing
/// token that it began with.
///
/// # Errors
/// [`StoreError::Stale`] if one of them ended with certainty before, or has another token.
pub fn end(conn: &mut AnyConnection, rows: &[AttemptRow]) -> Result<(), StoreError> {
    let held: Vec<(&AttemptRow, i64)> = rows.iter().map(|row| (row, row.token)).collect();
    if end_rows(conn, &held)? == rows.len() { Ok(()) } else { Err(StoreError::Stale) }
}

/// One attempt.
pub fn find(
    conn: &mut AnyConnection,
    (org, id): &Key,
    attempt: i64,
) -> Result<Option<AttemptRow>, StoreError> {
    Ok(attempts::table.find((org.as_str(), StoredId::from(*id), attempt)).get_result(conn).optional()?)
}

/// A request's attempts in order, for reading.
pub fn list(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Vec<AttemptRow>, StoreError> {
    Ok(attempts::table
        .filter(attempts::org_id.eq(org.as_str()).and(attempts::request_id.eq(StoredId::from(id))))
        .order(attempts::attempt)
        .load(conn)?)
}

/// Whether the answer to any attempt of a request says that its call was carried out.
pub fn was_carried_out(conn: &mut AnyConnection, (org, id): &Key) -> Result<bool, StoreError> {
    let found = attempts::table
        .filter(attempts::org_id.eq(org.as_str()).and(attempts::request_id.eq(StoredId::from(*id))))
        .filter(attempts::outcome.eq(AttemptOutcome::Executed.name()))
        .select(attempts::attempt)
        .first::<i64>(conn);
    Ok(found.optional()?.is_some())
}
