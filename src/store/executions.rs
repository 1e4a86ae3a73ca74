//! The table `executions`: what is to be sent, who is sending it, how it ended.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::columns::{Column, Columns, batch_statement, push_insert, push_update};
use super::requests::{Key, key_texts, parse_id, planned_anew};
use super::schema::executions;
use super::{AnyConnection, StoreError, to_micros};
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::outcome::Outcome;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = executions)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct ExecutionRow {
    pub org_id: String,
    pub request_id: String,
    pub host: String,
    pub state: String,
    pub token: i64,
    pub node: Option<String>,
    pub leased_until: Option<i64>,
    pub queued_at: i64,
    pub ended_at: Option<i64>,
    pub outcome: Option<String>,
}

impl ExecutionRow {
    /// A new execution of the request `key`, due at once, against `host`.
    pub fn queued(key: &Key, host: &str, now: DateTime<Utc>) -> Self {
        Self {
            org_id: key.0.to_string(),
            request_id: key.1.to_string(),
            host: host.to_owned(),
            state: "queued".to_owned(),
            token: 0,
            node: None,
            leased_until: None,
            queued_at: to_micros(now),
            ended_at: None,
            outcome: None,
        }
    }

    /// The request it belongs to.
    pub fn key(&self) -> Result<Key, StoreError> {
        Ok((OrgId::new(self.org_id.clone()), parse_id(&self.request_id)?))
    }

    /// Whether somebody holds it with this fencing token.
    pub fn is_held_with(&self, token: i64) -> bool {
        self.state == "claimed" && self.token == token
    }

    /// Whether it is claimed and its lease has run out.
    pub fn is_lapsed(&self, now: DateTime<Utc>) -> bool {
        self.state == "claimed" && self.leased_until.is_some_and(|until| until <= to_micros(now))
    }

    /// Leases it to `node`; the token fences off every earlier holder.
    pub fn claim(&mut self, node: &str, until: DateTime<Utc>) {
        self.state = "claimed".to_owned();
        self.token += 1;
        self.node = Some(node.to_owned());
        self.leased_until = Some(to_micros(until));
    }

    /// Puts it back: nothing was sent.
    pub fn release(&mut self) {
        self.state = "queued".to_owned();
        self.node = None;
        self.leased_until = None;
    }

    /// Ends it.
    pub fn end(&mut self, outcome: Outcome, now: DateTime<Utc>) {
        self.release();
        self.state = "ended".to_owned();
        self.ended_at = Some(to_micros(now));
        self.outcome = Some(outcome.name().to_owned());
    }
}

batch_statement!(InsertExecutions, |out, columns| push_insert(&mut out, "executions", columns));

/// Adds executions.
pub fn insert(conn: &mut AnyConnection, rows: &[ExecutionRow]) -> Result<(), StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            InsertExecutions(columns(&rows.iter().collect::<Vec<_>>())).execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(executions::table).values(row).execute(conn)?;
            }
        }
    }
    Ok(())
}

fn columns<'a>(rows: &[&'a ExecutionRow]) -> Columns<'a> {
    vec![
        ("org_id", Column::text(rows, |row| &row.org_id)),
        ("request_id", Column::text(rows, |row| &row.request_id)),
        ("host", Column::text(rows, |row| &row.host)),
        ("state", Column::text(rows, |row| &row.state)),
        ("token", Column::number(rows, |row| row.token)),
        ("node", Column::nullable_text(rows, |row| row.node.as_deref())),
        ("leased_until", Column::nullable_number(rows, |row| row.leased_until)),
        ("queued_at", Column::number(rows, |row| row.queued_at)),
        ("ended_at", Column::nullable_number(rows, |row| row.ended_at)),
        ("outcome", Column::nullable_text(rows, |row| row.outcome.as_deref())),
    ]
}

batch_statement!(UpdateExecutions, |out, columns| push_update(
    &mut out,
    (
        "executions",
        (
            "state = new.state, token = new.token, node = new.node, leased_until = new.leased_until, \
             ended_at = new.ended_at, outcome = new.outcome",
            "executions.org_id = new.org_id AND executions.request_id = new.request_id \
             AND executions.token = new.token_before",
        ),
    ),
    columns
));

/// An execution that moved, and the token it had when it was loaded.
pub struct Moved {
    /// As it stands now.
    pub row: ExecutionRow,
    /// As it was loaded.
    pub token_before: i64,
}

/// Writes what moved.
///
/// # Errors
/// [`StoreError::Stale`] if somebody else claimed one of them since it was loaded.
pub fn save(conn: &mut AnyConnection, moved: &[Moved]) -> Result<(), StoreError> {
    let saved = match conn {
        AnyConnection::Postgres(conn) => {
            let rows: Vec<&ExecutionRow> = moved.iter().map(|moved| &moved.row).collect();
            let mut columns = columns(&rows);
            let before = moved.iter().map(|moved| moved.token_before).collect();
            columns.push(("token_before", Column::Number(before)));
            UpdateExecutions(columns).execute(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            let mut saved = 0;
            for Moved { row, token_before } in moved {
                let found = executions::table.find((row.org_id.as_str(), row.request_id.as_str()));
                saved += diesel::update(found.filter(executions::token.eq(token_before)))
                    .set((
                        executions::state.eq(&row.state),
                        executions::token.eq(row.token),
                        executions::node.eq(&row.node),
                        executions::leased_until.eq(row.leased_until),
                        executions::ended_at.eq(row.ended_at),
                        executions::outcome.eq(&row.outcome),
                    ))
                    .execute(conn)?;
            }
            saved
        }
    };
    if saved == moved.len() { Ok(()) } else { Err(StoreError::Stale) }
}

/// Loads the named rows for a write, locked in key order.
pub fn lock(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<ExecutionRow>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            let (orgs, ids) = key_texts(keys);
            Ok(executions::table
                .filter(executions::org_id.eq_any(orgs).and(executions::request_id.eq_any(ids)))
                .filter(planned_anew())
                .order((executions::org_id, executions::request_id))
                .for_update()
                .load(conn)?)
        }
        AnyConnection::Sqlite(conn) => {
            let find = |(org, id): &Key| {
                executions::table
                    .find((org.as_str(), id.to_string()))
                    .first(conn)
                    .optional()
                    .map(Option::into_iter)
            };
            let rows = keys.iter().map(find).collect::<QueryResult<Vec<_>>>()?;
            Ok(rows.into_iter().flatten().collect())
        }
    }
}

/// The oldest queued executions, except against `busy_hosts`; locked, rows that others hold left out.
pub fn lock_queued(
    conn: &mut AnyConnection,
    limit: i64,
    busy_hosts: &[String],
) -> Result<Vec<ExecutionRow>, StoreError> {
    let free = executions::host.ne_all(busy_hosts);
    let queued = executions::table
        .filter(executions::state.eq("queued").and(free))
        .order(executions::queued_at)
        .limit(limit);
    Ok(match conn {
        AnyConnection::Postgres(conn) => queued.for_update().skip_locked().load(conn)?,
        AnyConnection::Sqlite(conn) => queued.load(conn)?,
    })
}

/// Claimed executions whose lease has run out; a look, not a lock.
pub fn list_lapsed(
    conn: &mut AnyConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ExecutionRow>, StoreError> {
    Ok(executions::table
        .filter(executions::state.eq("claimed").and(executions::leased_until.le(to_micros(now))))
        .order(executions::leased_until)
        .limit(limit)
        .load(conn)?)
}

/// Ends every lease of this database at once: the only process that could hold one is starting.
pub fn lapse_all(conn: &mut AnyConnection, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let claimed = executions::table.filter(executions::state.eq("claimed"));
    Ok(diesel::update(claimed).set(executions::leased_until.eq(to_micros(now))).execute(conn)?)
}

/// Prolongs one lease; `false` if the token is no longer the holder's.
pub fn renew(
    conn: &mut AnyConnection,
    key: &Key,
    token: i64,
    until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let held = executions::table
        .find((key.0.as_str(), key.1.to_string()))
        .filter(executions::token.eq(token).and(executions::state.eq("claimed")));
    Ok(diesel::update(held).set(executions::leased_until.eq(to_micros(until))).execute(conn)? == 1)
}

/// Approved requests whose execution has been queued since before `since`; for the gauge.
pub fn count_overdue(conn: &mut AnyConnection, since: DateTime<Utc>) -> Result<i64, StoreError> {
    Ok(executions::table
        .filter(executions::state.eq("queued").and(executions::queued_at.le(to_micros(since))))
        .count()
        .get_result(conn)?)
}

/// A request's execution, for reading.
pub fn find(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
) -> Result<Option<ExecutionRow>, StoreError> {
    Ok(executions::table.find((org.as_str(), id.to_string())).first(conn).optional()?)
}
