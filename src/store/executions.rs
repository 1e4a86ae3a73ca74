//! The tables `executions` and `attempts`: what is to be sent, who is sending it, how it ended.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::requests::{Key, key_texts, parse_id};
use super::schema::{attempts, executions};
use super::{AnyConnection, StoreError, to_micros};
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::outcome::Outcome;

/// One row of `executions`.
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

/// One row of `attempts`.
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

/// Adds an execution.
pub fn insert(conn: &mut AnyConnection, row: ExecutionRow) -> Result<(), StoreError> {
    diesel::insert_into(executions::table).values(row).execute(conn)?;
    Ok(())
}

/// Writes what moved, if the token is still `token_before`.
pub fn save(conn: &mut AnyConnection, row: &ExecutionRow, token_before: i64) -> Result<(), StoreError> {
    let found = executions::table.find((row.org_id.as_str(), row.request_id.as_str()));
    let saved = diesel::update(found.filter(executions::token.eq(token_before)))
        .set((
            executions::state.eq(row.state.as_str()),
            executions::token.eq(row.token),
            executions::node.eq(row.node.as_deref()),
            executions::leased_until.eq(row.leased_until),
            executions::ended_at.eq(row.ended_at),
            executions::outcome.eq(row.outcome.as_deref()),
        ))
        .execute(conn)?;
    if saved == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Loads the named rows for a write, locked in key order.
pub fn lock(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<ExecutionRow>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            let (orgs, ids) = key_texts(keys);
            Ok(executions::table
                .filter(executions::org_id.eq_any(orgs).and(executions::request_id.eq_any(ids)))
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

/// Adds an open attempt.
pub fn insert_attempt(conn: &mut AnyConnection, row: AttemptRow) -> Result<(), StoreError> {
    diesel::insert_into(attempts::table).values(row).execute(conn)?;
    Ok(())
}

/// Ends an open attempt.
pub fn end_attempt(conn: &mut AnyConnection, row: &AttemptRow) -> Result<(), StoreError> {
    let key = (row.org_id.as_str(), row.request_id.as_str(), row.attempt);
    let ended = diesel::update(attempts::table.find(key).filter(attempts::ended_at.is_null()))
        .set((
            attempts::ended_at.eq(row.ended_at),
            attempts::outcome.eq(row.outcome.as_deref()),
            attempts::reason.eq(row.reason.as_deref()),
        ))
        .execute(conn)?;
    if ended == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// A request's execution, for reading.
pub fn find(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
) -> Result<Option<ExecutionRow>, StoreError> {
    Ok(executions::table.find((org.as_str(), id.to_string())).first(conn).optional()?)
}

/// A request's attempts in order, for reading.
pub fn list_attempts(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
) -> Result<Vec<AttemptRow>, StoreError> {
    Ok(attempts::table
        .filter(attempts::org_id.eq(org.as_str()).and(attempts::request_id.eq(id.to_string())))
        .order(attempts::attempt)
        .load(conn)?)
}
