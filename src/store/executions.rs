//! The table `executions`: the queue of approved calls, their leases and their outcomes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::by_key::{Locked, lock_by_key};
use super::columns::{batch_insert, batch_update};
use super::requests::Key;
use super::schema::executions;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, from_micros, to_micros};
use crate::domain::execution::{Execution, ExecutionRefusal, ExecutionState, Purpose};
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::outcome::Outcome;

const QUEUED: &str = "queued";
pub(super) const CLAIMED: &str = "claimed";
const ENDED: &str = "ended";

const CALL: &str = "call";
const PROBE: &str = "probe";

/// One row.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = executions)]
pub(super) struct ExecutionRow {
    org_id: String,
    request_id: StoredId,
    host: String,
    state: String,
    token: i64,
    node: Option<String>,
    leased_until: Option<i64>,
    queued_at: i64,
    due_at: i64,
    ended_at: Option<i64>,
    outcome: Option<String>,
    purpose: String,
    probe_until: Option<i64>,
}

impl From<&Execution> for ExecutionRow {
    fn from(execution: &Execution) -> Self {
        let (purpose, probe_until) = match execution.purpose {
            Purpose::Call => (CALL, None),
            Purpose::Probe { until } => (PROBE, Some(to_micros(until))),
        };
        let row = Self {
            org_id: execution.org.to_string(),
            request_id: execution.request.into(),
            host: execution.host.clone(),
            state: QUEUED.to_owned(),
            token: execution.token,
            node: None,
            leased_until: None,
            queued_at: to_micros(execution.queued_at),
            due_at: to_micros(execution.due_at),
            ended_at: None,
            outcome: None,
            purpose: purpose.to_owned(),
            probe_until,
        };
        match &execution.state {
            ExecutionState::Queued => row,
            ExecutionState::Claimed { node, until } => Self {
                state: CLAIMED.to_owned(),
                node: Some(node.clone()),
                leased_until: Some(to_micros(*until)),
                ..row
            },
            ExecutionState::Ended { outcome, at } => Self {
                state: ENDED.to_owned(),
                ended_at: Some(to_micros(*at)),
                outcome: Some(outcome.name().to_owned()),
                ..row
            },
        }
    }
}

impl ExecutionRow {
    fn into_execution(self) -> Result<Execution, StoreError> {
        Ok(Execution {
            state: self.state()?,
            purpose: self.purpose()?,
            request: self.request_id.into(),
            org: OrgId::new(self.org_id),
            host: self.host,
            queued_at: from_micros(self.queued_at)?,
            due_at: from_micros(self.due_at)?,
            token: self.token,
        })
    }

    fn purpose(&self) -> Result<Purpose, StoreError> {
        match (self.purpose.as_str(), self.probe_until) {
            (CALL, None) => Ok(Purpose::Call),
            (PROBE, Some(until)) => Ok(Purpose::Probe { until: from_micros(until)? }),
            _ => Err(StoreError::Corrupt(format!("purpose of the execution of {}", self.request_id))),
        }
    }

    fn state(&self) -> Result<ExecutionState, StoreError> {
        let outcome = self.outcome.as_deref().and_then(Outcome::parse);
        let columns = (self.state.as_str(), &self.node, self.leased_until, outcome, self.ended_at);
        Ok(match columns {
            (QUEUED, None, None, None, None) => ExecutionState::Queued,
            (CLAIMED, Some(node), Some(until), None, None) => {
                ExecutionState::Claimed { node: node.clone(), until: from_micros(until)? }
            }
            (ENDED, None, None, Some(outcome), Some(at)) => {
                ExecutionState::Ended { outcome, at: from_micros(at)? }
            }
            _ => return Err(StoreError::Corrupt(format!("execution of {}", self.request_id))),
        })
    }
}

/// An execution that is not in the state its request implies: no version of this program leaves it so.
impl From<ExecutionRefusal> for StoreError {
    fn from(refusal: ExecutionRefusal) -> Self {
        Self::Corrupt(refusal.to_string())
    }
}

pub(super) fn executions_of(rows: Vec<ExecutionRow>) -> Result<Vec<Execution>, StoreError> {
    rows.into_iter().map(ExecutionRow::into_execution).collect()
}

/// The readable ones. One that can't be read keeps its claim; once that has lapsed, the sweep sets it aside.
pub(super) fn readable_of(rows: Vec<ExecutionRow>) -> Vec<Execution> {
    let read = |row: ExecutionRow| {
        let note = |error| tracing::error!(%error, "an execution was claimed that can't be read");
        row.into_execution().map_err(note).ok()
    };
    rows.into_iter().filter_map(read).collect()
}

batch_insert!(fn insert_rows(InsertExecutions, executions, ExecutionRow), [
    org_id, request_id, host, state, token, node, leased_until, queued_at, due_at, ended_at, outcome, purpose,
    probe_until,
]);

batch_update!(
    fn update_rows(UpdateExecutions, UpdateExecution, executions, ExecutionRow),
    key [org_id, request_id], fence token, only if "TRUE",
    set [state, token, node, leased_until, due_at, ended_at, outcome, purpose, probe_until]
);

lock_by_key!(fn lock_rows(LockExecutions, NamedExecutions, executions) -> ExecutionRow);

/// Adds executions.
pub fn insert(conn: &mut AnyConnection, executions: &[Execution]) -> Result<(), StoreError> {
    let rows: Vec<ExecutionRow> = executions.iter().map(ExecutionRow::from).collect();
    insert_rows(conn, &rows)
}

/// Loads the named executions for a write, locked in key order, but for those that somebody else holds.
pub fn lock(conn: &mut AnyConnection, keys: &[Key]) -> Result<Locked<Execution>, StoreError> {
    let Locked { rows, held } = lock_rows(conn, keys)?;
    Ok(Locked { rows: executions_of(rows)?, held })
}

/// An execution that changed, and the token it had when it was loaded.
pub struct ExecutionUpdate {
    /// Its new state.
    pub execution: Execution,
    /// The token it was loaded with.
    pub token_before: i64,
}

/// Writes what changed.
///
/// # Errors
/// [`StoreError::Stale`] if another node claimed one of them since it was loaded.
pub fn save(conn: &mut AnyConnection, updates: &[ExecutionUpdate]) -> Result<(), StoreError> {
    let rows: Vec<ExecutionRow> =
        updates.iter().map(|update| ExecutionRow::from(&update.execution)).collect();
    let rows: Vec<(&ExecutionRow, i64)> =
        rows.iter().zip(updates).map(|(row, update)| (row, update.token_before)).collect();
    if update_rows(conn, &rows)? == updates.len() { Ok(()) } else { Err(StoreError::Stale) }
}

/// Claimed executions whose lease has run out, without a lock.
pub fn list_lapsed(conn: &mut AnyConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<Key>, StoreError> {
    let rows: Vec<(String, StoredId)> = executions::table
        .filter(executions::state.eq(CLAIMED).and(executions::leased_until.le(to_micros(now))))
        .order(executions::leased_until)
        .limit(limit)
        .select((executions::org_id, executions::request_id))
        .load(conn)?;
    Ok(rows.into_iter().map(|(org, id)| (OrgId::new(org), id.into())).collect())
}

/// Ends every lease of the database: the only process that could have one is starting.
pub fn lapse_all(conn: &mut AnyConnection, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let claimed = executions::table.filter(executions::state.eq(CLAIMED));
    Ok(diesel::update(claimed).set(executions::leased_until.eq(to_micros(now))).execute(conn)?)
}

/// Puts an execution aside until `due_at` without reading anything else of it: it can't be read.
/// `false` if the token is no longer the holder's.
pub fn set_aside(
    conn: &mut AnyConnection,
    key: &Key,
    token: i64,
    due_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let held = executions::table
        .find((key.0.as_str(), StoredId::from(key.1)))
        .filter(executions::token.eq(token).and(executions::state.eq(CLAIMED)));
    let queued = (
        executions::state.eq(QUEUED),
        executions::node.eq(None::<String>),
        executions::leased_until.eq(None::<i64>),
        executions::due_at.eq(to_micros(due_at)),
    );
    Ok(diesel::update(held).set(queued).execute(conn)? == 1)
}

/// Number of queued calls and probes that were due before `since`; for the gauge.
pub fn count_overdue(conn: &mut AnyConnection, since: DateTime<Utc>) -> Result<i64, StoreError> {
    Ok(executions::table
        .filter(executions::state.eq(QUEUED).and(executions::due_at.le(to_micros(since))))
        .count()
        .get_result(conn)?)
}

/// A request's execution, without a lock.
pub fn find(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Option<Execution>, StoreError> {
    let row: Option<ExecutionRow> =
        executions::table.find((org.as_str(), StoredId::from(id))).get_result(conn).optional()?;
    row.map(ExecutionRow::into_execution).transpose()
}
