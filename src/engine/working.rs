//! The rows that one batch works on: loaded once, changed in memory, written back together.
//!
//! A second command on a request sees what the first one did, because both work on the same entry.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::domain::actor::Person;
use crate::domain::lifecycle::{Command, Event, EventKind, Refusal, refused, transition};
use crate::domain::outcome::Outcome;
use crate::domain::request::Request;
use crate::store::answers::{self, AnswerRow};
use crate::store::attempts::{self, AttemptRow};
use crate::store::decisions::{self, DecisionRow};
use crate::store::events::{self, EventRow, Origin};
use crate::store::executions::{self, ExecutionRow};
use crate::store::requests::{self, Key, RequestRow};
use crate::store::submissions::{self, NewSubmission};
use crate::store::{AnyConnection, StoreError, to_micros};

/// A request as loaded and as changed.
pub(super) struct Entry {
    pub(super) request: Request,
    version_before: i64,
}

/// An execution as loaded and as changed.
struct ExecutionEntry {
    row: ExecutionRow,
    /// `None` if it is new.
    before: Option<ExecutionRow>,
}

/// One batch's rows.
pub(super) struct Working<'a> {
    clock: &'a Clock,
    pub(super) now: DateTime<Utc>,
    requests: HashMap<Key, Entry>,
    executions: HashMap<Key, ExecutionEntry>,
    submissions: Vec<&'a NewSubmission>,
    decisions: Vec<DecisionRow>,
    events: Vec<EventRow>,
    new_attempts: Vec<AttemptRow>,
    ended_attempts: Vec<AttemptRow>,
    answers: Vec<AnswerRow>,
}

impl<'a> Working<'a> {
    /// Loads and locks what the commands name: requests first, then executions, each in key order.
    pub(super) fn load(
        conn: &mut AnyConnection,
        clock: &'a Clock,
        named: &BTreeSet<Key>,
        executed: &BTreeSet<Key>,
    ) -> Result<Self, StoreError> {
        let mut working = Self {
            clock,
            now: clock.now(),
            requests: HashMap::new(),
            executions: HashMap::new(),
            submissions: Vec::new(),
            decisions: Vec::new(),
            events: Vec::new(),
            new_attempts: Vec::new(),
            ended_attempts: Vec::new(),
            answers: Vec::new(),
        };
        working.load_requests(conn, named)?;
        working.load_executions(conn, executed)?;
        Ok(working)
    }

    fn load_requests(&mut self, conn: &mut AnyConnection, named: &BTreeSet<Key>) -> Result<(), StoreError> {
        if named.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = named.iter().cloned().collect();
        let rows = requests::lock(conn, &keys)?;
        let mut decided = HashMap::new();
        for row in decisions::list(conn, &keys)? {
            decided.insert((row.org_id.clone(), row.request_id.clone()), row.into_decision()?);
        }
        for row in rows {
            let decision = decided.remove(&(row.org_id.clone(), row.request_id.clone()));
            let request = row.into_request(decision)?;
            let entry = Entry { version_before: request.version, request };
            self.requests.insert((entry.request.org.clone(), entry.request.id), entry);
        }
        Ok(())
    }

    fn load_executions(&mut self, conn: &mut AnyConnection, named: &BTreeSet<Key>) -> Result<(), StoreError> {
        if named.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = named.iter().cloned().collect();
        for row in executions::lock(conn, &keys)? {
            let entry = ExecutionEntry { before: Some(row.clone()), row };
            self.executions.insert(entry.row.key()?, entry);
        }
        Ok(())
    }

    /// The request as it stands in this batch.
    pub(super) fn request(&self, key: &Key) -> Option<&Request> {
        self.requests.get(key).map(|entry| &entry.request)
    }

    /// The execution as it stands in this batch.
    pub(super) fn execution(&mut self, key: &Key) -> Option<&mut ExecutionRow> {
        self.executions.get_mut(key).map(|entry| &mut entry.row)
    }

    /// Adds a submission that passed every check.
    pub(super) fn submit(&mut self, submission: &'a NewSubmission) {
        self.submissions.push(submission);
    }

    /// Asks the domain, and folds what it says into the request. `Ok(false)`: nothing happened.
    pub(super) fn command(&mut self, key: &Key, command: &Command, origin: &Origin) -> Result<bool, Refusal> {
        let Some(entry) = self.requests.get(key) else { return Ok(false) };
        let happened = transition(&entry.request, command, self.now)?;
        for event in &happened {
            self.record(key, event, origin);
        }
        Ok(!happened.is_empty())
    }

    /// Keeps an attempt that the rules forbade.
    pub(super) fn refuse(&mut self, key: &Key, by: &Person, refusal: &Refusal, origin: &Origin) {
        if let Some(entry) = self.requests.get(key) {
            let event = refused(&entry.request, by, refusal, self.now);
            self.record(key, &event, origin);
        }
    }

    fn record(&mut self, key: &Key, event: &Event, origin: &Origin) {
        let Some(entry) = self.requests.get_mut(key) else { return };
        entry.request = entry.request.clone().apply(event);
        let request = &entry.request;
        self.events.push(EventRow::new(request, event, self.clock.new_id(), origin));
        let Some(decision) = &request.decision else { return };
        let is_approval = matches!(event.kind, EventKind::Approved { .. });
        if is_approval || matches!(event.kind, EventKind::Rejected { .. }) {
            self.decisions.push(DecisionRow::new(request, decision));
        }
        if is_approval {
            let row = ExecutionRow::queued(key, &request.host, self.now);
            self.executions.insert(key.clone(), ExecutionEntry { row, before: None });
        }
    }

    /// Opens the attempt that the request has just begun.
    pub(super) fn open_attempt(&mut self, key: &Key, token: i64) {
        let attempt = self.requests.get(key).map_or(1, |entry| entry.request.attempts);
        self.new_attempts.push(self.attempt(key, attempt, token));
    }

    /// Ends the open attempt, if there is one, and the execution.
    pub(super) fn end(&mut self, key: &Key, outcome: Outcome, reason: &str, answer: Option<AnswerRow>) {
        let attempt = self.requests.get(key).map_or(0, |entry| entry.request.attempts);
        let now = self.now;
        let Some(execution) = self.execution(key) else { return };
        let token = execution.token;
        execution.end(outcome, now);
        if attempt == 0 {
            return;
        }
        let ended = AttemptRow {
            ended_at: Some(to_micros(now)),
            outcome: Some(outcome.name().to_owned()),
            reason: Some(reason.to_owned()),
            ..self.attempt(key, attempt, token)
        };
        self.ended_attempts.push(ended);
        self.answers.extend(answer);
    }

    fn attempt(&self, key: &Key, attempt: i64, token: i64) -> AttemptRow {
        AttemptRow {
            org_id: key.0.to_string(),
            request_id: key.1.to_string(),
            attempt,
            token,
            started_at: to_micros(self.now),
            ended_at: None,
            outcome: None,
            reason: None,
        }
    }

    /// Writes everything that moved. Parents before children, for the foreign keys.
    pub(super) fn flush(&mut self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        write_all(conn, std::mem::take(&mut self.submissions), submissions::insert)?;
        write_all(conn, self.moved_requests(), requests::save)?;
        write_all(conn, std::mem::take(&mut self.decisions), decisions::insert)?;
        let (new, moved) = self.moved_executions();
        write_all(conn, new, executions::insert)?;
        write_all(conn, moved, executions::save)?;
        write_all(conn, std::mem::take(&mut self.new_attempts), attempts::insert)?;
        write_all(conn, std::mem::take(&mut self.ended_attempts), attempts::end)?;
        write_all(conn, std::mem::take(&mut self.answers), answers::insert)?;
        write_all(conn, std::mem::take(&mut self.events), events::insert)
    }

    fn moved_requests(&self) -> Vec<requests::Moved> {
        let moved = self.requests.values().filter(|entry| entry.request.version != entry.version_before);
        moved
            .map(|entry| requests::Moved {
                row: RequestRow::from(&entry.request),
                version_before: entry.version_before,
            })
            .collect()
    }

    fn moved_executions(&self) -> (Vec<ExecutionRow>, Vec<executions::Moved>) {
        let (mut new, mut moved) = (Vec::new(), Vec::new());
        for ExecutionEntry { row, before } in self.executions.values() {
            match before {
                None => new.push(row.clone()),
                Some(before) if before != row => {
                    moved.push(executions::Moved { row: row.clone(), token_before: before.token });
                }
                Some(_) => {}
            }
        }
        (new, moved)
    }
}

fn write_all<R>(
    conn: &mut AnyConnection,
    rows: Vec<R>,
    write: fn(&mut AnyConnection, &[R]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if rows.is_empty() { Ok(()) } else { write(conn, &rows) }
}
