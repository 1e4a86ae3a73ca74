//! The table `attempts`: numbered sends of an execution.

use diesel::prelude::*;

use super::columns::{Column, Columns, batch_statement, push_insert, push_update};
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

batch_statement!(InsertAttempts, |out, columns| push_insert(&mut out, "attempts", columns));

/// Adds open attempts.
pub fn insert(conn: &mut AnyConnection, rows: &[AttemptRow]) -> Result<(), StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            InsertAttempts(columns(&rows.iter().collect::<Vec<_>>())).execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(attempts::table).values(row).execute(conn)?;
            }
        }
    }
    Ok(())
}

batch_statement!(EndAttempts, |out, columns| push_update(
    &mut out,
    (
        "attempts",
        (
            "ended_at = new.ended_at, outcome = new.outcome, reason = new.reason",
            "attempts.org_id = new.org_id AND attempts.request_id = new.request_id \
             AND attempts.attempt = new.attempt AND attempts.ended_at IS NULL",
        ),
    ),
    columns
));

/// Ends open attempts.
///
/// # Errors
/// [`StoreError::Stale`] if one of them is not open.
pub fn end(conn: &mut AnyConnection, rows: &[AttemptRow]) -> Result<(), StoreError> {
    let ended = match conn {
        AnyConnection::Postgres(conn) => {
            EndAttempts(columns(&rows.iter().collect::<Vec<_>>())).execute(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            let mut ended = 0;
            for row in rows {
                let key = (row.org_id.as_str(), row.request_id.as_str(), row.attempt);
                ended += diesel::update(attempts::table.find(key).filter(attempts::ended_at.is_null()))
                    .set((
                        attempts::ended_at.eq(row.ended_at),
                        attempts::outcome.eq(&row.outcome),
                        attempts::reason.eq(&row.reason),
                    ))
                    .execute(conn)?;
            }
            ended
        }
    };
    if ended == rows.len() { Ok(()) } else { Err(StoreError::Stale) }
}

fn columns<'a>(rows: &[&'a AttemptRow]) -> Columns<'a> {
    vec![
        ("org_id", Column::text(rows, |row| &row.org_id)),
        ("request_id", Column::text(rows, |row| &row.request_id)),
        ("attempt", Column::number(rows, |row| row.attempt)),
        ("token", Column::number(rows, |row| row.token)),
        ("started_at", Column::number(rows, |row| row.started_at)),
        ("ended_at", Column::nullable_number(rows, |row| row.ended_at)),
        ("outcome", Column::nullable_text(rows, |row| row.outcome.as_deref())),
        ("reason", Column::nullable_text(rows, |row| row.reason.as_deref())),
    ]
}

/// A request's attempts in order, for reading.
pub fn list(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Vec<AttemptRow>, StoreError> {
    Ok(attempts::table
        .filter(attempts::org_id.eq(org.as_str()).and(attempts::request_id.eq(id.to_string())))
        .order(attempts::attempt)
        .load(conn)?)
}
