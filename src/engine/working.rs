//! The rows that one batch works on: loaded once, changed in memory, written back together.
//!
//! A second command on a request sees what the first one did, because both work on the same entry.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::admission::{PreparedSubmission, StoredContext, can_hold, usage_key, usage_of};
use super::change_feed::Change;
use super::rule_book::RuleBook;
use crate::clock::Clock;
use crate::domain::actor::Person;
use crate::domain::amount::Amount;
use crate::domain::lifecycle::{Command, Event, EventKind, Refusal, refused, transition};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Request, State};
use crate::domain::request_type::RequestType;
use crate::store::answers::{self, AnswerRow};
use crate::store::attempts::{self, AttemptRow};
use crate::store::decisions::{self, DecisionRow};
use crate::store::events::{self, EventRow, Origin};
use crate::store::executions::{self, ExecutionRow};
use crate::store::requests::{self, Key, RequestRow};
use crate::store::submission_keys::{self, SubmissionKeyRow};
use crate::store::submissions::{self, NewSubmission};
use crate::store::usage::{self, UsageKey, UsageRow};
use crate::store::{AnyConnection, StoreError, to_micros};

/// A request as loaded and as changed.
pub(super) struct Entry {
    pub(super) request: Request,
    pinned: Option<Arc<RequestType>>,
    version_before: i64,
}

/// What a batch names, and so what is locked for it.
#[derive(Default)]
pub(super) struct Named<'a> {
    /// Requests.
    pub(super) requests: BTreeSet<Key>,
    /// Those whose execution may move, too.
    pub(super) executions: BTreeSet<Key>,
    /// Submissions that something stored has a say in.
    pub(super) watched: Vec<&'a PreparedSubmission>,
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
    usage: BTreeMap<UsageKey, UsageRow>,
    /// The counters that moved.
    counted: BTreeSet<UsageKey>,
    pending: HashMap<UsageKey, Vec<String>>,
    keys: HashMap<(String, String), SubmissionKeyRow>,
    new_keys: Vec<SubmissionKeyRow>,
    submissions: Vec<Cow<'a, NewSubmission>>,
    decisions: Vec<DecisionRow>,
    events: Vec<EventRow>,
    new_attempts: Vec<AttemptRow>,
    ended_attempts: Vec<AttemptRow>,
    answers: Vec<AnswerRow>,
    /// Whether somebody wants to be told what happens here.
    pub(super) keeps_changes: bool,
    /// What happened to requests, in its order.
    pub(super) changes: Vec<Change>,
}

impl<'a> Working<'a> {
    /// Loads and locks what the commands name: requests first, then executions, then counters, each in
    /// key order.
    pub(super) fn load(
        conn: &mut AnyConnection,
        clock: &'a Clock,
        book: &RuleBook,
        named: &Named<'_>,
    ) -> Result<Self, StoreError> {
        let mut working = Self {
            clock,
            now: clock.now(),
            requests: HashMap::new(),
            executions: HashMap::new(),
            usage: BTreeMap::new(),
            counted: BTreeSet::new(),
            pending: HashMap::new(),
            keys: HashMap::new(),
            new_keys: Vec::new(),
            submissions: Vec::new(),
            decisions: Vec::new(),
            events: Vec::new(),
            new_attempts: Vec::new(),
            ended_attempts: Vec::new(),
            answers: Vec::new(),
            keeps_changes: false,
            changes: Vec::new(),
        };
        working.load_requests(conn, book, &named.requests)?;
        working.load_executions(conn, &named.executions)?;
        working.load_usage(conn, &named.watched)?;
        Ok(working)
    }

    fn load_requests(
        &mut self,
        conn: &mut AnyConnection,
        book: &RuleBook,
        named: &BTreeSet<Key>,
    ) -> Result<(), StoreError> {
        if named.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = named.iter().cloned().collect();
        let rows = requests::lock(conn, &keys)?;
        let mut decided = decisions::list(conn, &keys)?;
        for row in rows {
            let request = row.into_request(Vec::new())?;
            let key = (request.org.clone(), request.id);
            let request = Request { decisions: decided.remove(&key).unwrap_or_default(), ..request };
            let pinned = book.pinned(conn, &request)?;
            self.requests.insert(key, Entry { version_before: request.version, request, pinned });
        }
        Ok(())
    }

    /// Counters of what may end here, and of what is submitted; what a submission finds on its subject
    /// and under its client's key.
    fn load_usage(
        &mut self,
        conn: &mut AnyConnection,
        watched: &[&PreparedSubmission],
    ) -> Result<(), StoreError> {
        let mut keys: BTreeSet<UsageKey> = watched.iter().flat_map(|prepared| prepared.locks()).collect();
        for Entry { request, .. } in self.requests.values() {
            let name = request.request_type.as_str();
            let own =
                request.terms.counted.iter().map(|counted| usage_key(request.org.as_str(), name, counted));
            keys.extend(own);
        }
        let keys: Vec<UsageKey> = keys.into_iter().collect();
        for row in usage::lock(conn, &keys)? {
            self.usage.insert(row.key(), row);
        }
        for prepared in watched {
            self.load_key(conn, prepared)?;
            self.load_pending(conn, prepared)?;
        }
        Ok(())
    }

    fn load_key(
        &mut self,
        conn: &mut AnyConnection,
        prepared: &PreparedSubmission,
    ) -> Result<(), StoreError> {
        let Some(client_key) = &prepared.client_key else { return Ok(()) };
        let org = prepared.maker.org.to_string();
        if let Some(row) = submission_keys::find(conn, &org, &client_key.key)? {
            self.keys.insert((org, client_key.key.clone()), row);
        }
        Ok(())
    }

    fn load_pending(
        &mut self,
        conn: &mut AnyConnection,
        prepared: &PreparedSubmission,
    ) -> Result<(), StoreError> {
        let Some(at) = pending_key(prepared) else { return Ok(()) };
        if let hash_map::Entry::Vacant(open) = self.pending.entry(at) {
            let (org, name, _, subject, _) = open.key();
            let found = requests::list_pending_on(conn, (org, name), subject, 1)?;
            open.insert(found);
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

    /// Whether nothing but refused attempts has happened to the request since `version`: else anybody who
    /// may not decide could keep those who may from it.
    pub(super) fn stands_as_at(
        &self,
        conn: &mut AnyConnection,
        key: &Key,
        version: i64,
    ) -> Result<bool, StoreError> {
        let now = self.request(key).map_or(0, |request| request.version);
        if !(1..now).contains(&version) {
            return Ok(version == now);
        }
        let id = key.1.to_string();
        let is_later = |row: &&EventRow| {
            row.org_id == key.0.as_str()
                && row.request_id.as_deref() == Some(id.as_str())
                && row.seq.is_some_and(|seq| seq > version)
        };
        Ok(self.events.iter().filter(is_later).all(EventRow::is_refused_attempt)
            && !events::has_moved_since(conn, key, version)?)
    }

    /// The execution as it stands in this batch.
    pub(super) fn execution(&mut self, key: &Key) -> Option<&mut ExecutionRow> {
        self.executions.get_mut(key).map(|entry| &mut entry.row)
    }

    /// The request's type in the version that it is pinned to.
    pub(super) fn pinned(&self, key: &Key) -> Option<Arc<RequestType>> {
        self.requests.get(key).and_then(|entry| entry.pinned.clone())
    }

    /// Adds a submission that passed every check.
    pub(super) fn submit(&mut self, submission: Cow<'a, NewSubmission>) -> Result<(), StoreError> {
        if self.keeps_changes {
            self.changes.push(Change::of_submission(&submission.request)?);
        }
        if let Some(row) = &submission.execution {
            self.executions.insert(row.key()?, ExecutionEntry { row: row.clone(), before: None });
        }
        self.submissions.push(submission);
        Ok(())
    }

    /// What the client's key stands for: from before, or from earlier in this batch.
    pub(super) fn used_key(&self, prepared: &PreparedSubmission) -> Option<&SubmissionKeyRow> {
        let client_key = prepared.client_key.as_ref()?;
        self.keys.get(&(prepared.maker.org.to_string(), client_key.key.clone()))
    }

    /// What else has a say in a submission, as it stands in this batch.
    pub(super) fn surroundings(&self, prepared: &PreparedSubmission) -> StoredContext {
        let (org, name) = (prepared.maker.org.as_str(), prepared.request_type.name.as_str());
        let usage = prepared.counted().into_iter().filter_map(|counted| {
            let row = self.usage.get(&usage_key(org, name, &counted))?;
            Some((counted.counter, usage_of(row.count, &row.sum)?))
        });
        let pending = pending_key(prepared).and_then(|at| self.pending.get(&at).cloned());
        StoredContext { usage: usage.collect(), pending: pending.unwrap_or_default() }
    }

    /// Adds an admitted submission, and counts it for those that come after it.
    pub(super) fn submit_admitted(
        &mut self,
        prepared: &PreparedSubmission,
        request: &Request,
        submission: NewSubmission,
    ) -> Result<(), StoreError> {
        self.count(request, 1)?;
        let id = submission.request.request_id.clone();
        if let Some(at) = pending_key(prepared) {
            self.pending.entry(at).or_default().push(id.clone());
        }
        if let Some(client_key) = &prepared.client_key {
            let row = SubmissionKeyRow {
                org_id: prepared.maker.org.to_string(),
                key: client_key.key.clone(),
                request_id: id,
                person_key: prepared.maker.person.key(),
                digest: client_key.digest.to_string(),
            };
            self.keys.insert((row.org_id.clone(), row.key.clone()), row.clone());
            self.new_keys.push(row);
        }
        self.submit(Cow::Owned(submission))
    }

    /// Whether its counters can hold a request exactly.
    pub(super) fn can_count(&self, request: &Request) -> bool {
        request.terms.counted.iter().all(|counted| {
            let key = usage_key(request.org.as_str(), request.request_type.as_str(), counted);
            let sum = self.usage.get(&key).and_then(|row| Amount::parse(&row.sum).ok());
            sum.is_some_and(|sum| can_hold(sum, request.terms.amount))
        })
    }

    /// Counts a request in its counters, or (`by` is -1) no longer. A negative amount counts with its
    /// size: it must not make room for others.
    fn count(&mut self, request: &Request, by: i64) -> Result<(), StoreError> {
        let corrupt = || StoreError::Corrupt(format!("the counters of {}", request.id));
        for counted in &request.terms.counted {
            let key = usage_key(request.org.as_str(), request.request_type.as_str(), counted);
            let row = self.usage.get_mut(&key).ok_or_else(corrupt)?;
            row.count = (row.count + by).max(0);
            if let Some(size) = request.terms.amount.and_then(Amount::size) {
                let sum = Amount::parse(&row.sum).map_err(|_| corrupt())?;
                let sum = if by > 0 { sum.checked_add(size) } else { sum.checked_sub(size) };
                row.sum = sum.ok_or_else(corrupt)?.to_string();
            }
            self.counted.insert(key);
        }
        Ok(())
    }

    /// Asks the domain, and folds what it says into the request. `Ok(false)`: nothing happened.
    pub(super) fn command(
        &mut self,
        key: &Key,
        command: &Command<'_>,
        origin: &Origin,
    ) -> Result<Result<bool, Refusal>, StoreError> {
        let Some(entry) = self.requests.get(key) else { return Ok(Ok(false)) };
        let happened = match transition(&entry.request, command, self.now) {
            Ok(happened) => happened,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for event in &happened {
            self.record(key, event, origin)?;
        }
        Ok(Ok(!happened.is_empty()))
    }

    /// Keeps an attempt that the rules forbade.
    pub(super) fn refuse(
        &mut self,
        key: &Key,
        by: &Person,
        (refusal, origin): (&Refusal, &Origin),
    ) -> Result<(), StoreError> {
        let Some(entry) = self.requests.get(key) else { return Ok(()) };
        let event = refused(&entry.request, by, refusal, self.now);
        self.record(key, &event, origin)
    }

    fn record(&mut self, key: &Key, event: &Event, origin: &Origin) -> Result<(), StoreError> {
        let Some(entry) = self.requests.get_mut(key) else { return Ok(()) };
        let before = entry.request.state;
        entry.request = entry.request.clone().apply(event);
        let request = entry.request.clone();
        if self.keeps_changes {
            self.changes.extend(Change::of(&request, event));
        }
        self.events.push(EventRow::new(&request, event, self.clock.new_id(), origin));
        if let (EventKind::Decided { .. }, Some(decision)) = (&event.kind, request.last_decision()) {
            self.decisions.push(DecisionRow::new(&request, decision, request.decisions.len() - 1));
        }
        if before == State::AdminTask && request.state == State::Approved {
            let row = ExecutionRow::queued(key, &request.host, self.now);
            self.executions.insert(key.clone(), ExecutionEntry { row, before: None });
        }
        if before == State::Approved && request.state == State::Expired {
            let now = self.now;
            if let Some(row) = self.execution(key) {
                row.end(Outcome::Failed, now);
            }
        }
        let is_off =
            matches!(request.state, State::Rejected | State::Withdrawn | State::Expired | State::Failed);
        if is_off && !matches!(before, State::Rejected | State::Withdrawn | State::Expired | State::Failed) {
            self.count(&request, -1)?;
        }
        Ok(())
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
        let new = std::mem::take(&mut self.submissions);
        if !new.is_empty() {
            submissions::insert(conn, &new.iter().map(|submission| &**submission).collect::<Vec<_>>())?;
        }
        write_all(conn, std::mem::take(&mut self.new_keys), submission_keys::insert)?;
        let counted = self.counted.iter().filter_map(|key| self.usage.get(key).cloned());
        write_all(conn, counted.collect(), usage::save)?;
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

/// Where a submission that should be alone on its subject finds the others.
fn pending_key(prepared: &PreparedSubmission) -> Option<UsageKey> {
    let subject = prepared.submission.subject.clone().filter(|_| prepared.must_be_alone())?;
    let (org, name) = (prepared.maker.org.to_string(), prepared.request_type.name.to_string());
    Some((org, name, String::new(), subject, 0))
}
