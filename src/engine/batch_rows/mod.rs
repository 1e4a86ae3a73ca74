//! The rows that one batch works on: loaded once, changed in memory, written back together.
//!
//! A second command on a request sees what the first one did, because both work on the same entry.

mod attempts;
mod ended_executions;
mod flush;
mod reading;
mod revision;
mod submission;
mod usage;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::admission::PreparedSubmission;
use super::change_feed::{Change, WaitedFor};
use super::command::Caller;
use super::deliveries::outboxed;
use super::rule_book::RuleBook;
use super::search::backlog::Unindexed;
use crate::clock::Clock;
use crate::domain::execution::Execution;
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::{Command, Event, EventKind, EventType, Refusal, refused, transition};
use crate::domain::policy::usage::Usage;
use crate::domain::request::{Request, State};
use crate::domain::request_type::RequestType;
use crate::domain::subscription::Subscriptions;
use crate::store::answers::AnswerRow;
use crate::store::attempts::AttemptRow;
use crate::store::calls::CallRow;
use crate::store::claims::{self, NodeTime};
use crate::store::decisions::DecisionRow;
use crate::store::events::{self, EventRow, Origin};
use crate::store::outbox::OutboxRow;
use crate::store::queue_ahead::{self, QueueAhead};
use crate::store::request_parts;
use crate::store::requests::{self, Key};
use crate::store::revisions::RevisionRow;
use crate::store::send_backs::SendBackRow;
use crate::store::settlement_words::SettlementWordRow;
use crate::store::submission_keys::SubmissionKeyRow;
use crate::store::submissions::NewSubmission;
use crate::store::usage::{UsageKey, UsageRow};
use crate::store::{AnyConnection, StoreError, executions, joined_events};

/// A request as loaded and as changed.
struct Entry {
    request: Request,
    pinned: Arc<RequestType>,
    version_before: i64,
    revision_before: i64,
}

/// What the commands of a batch work on, and so what is locked for it.
#[derive(Default)]
pub(super) struct LockSet<'a> {
    pub(super) requests: BTreeSet<Key>,
    /// Requests whose execution may change, too.
    pub(super) executions: BTreeSet<Key>,
    /// Submissions whose admission depends on stored rows.
    pub(super) submissions: Vec<&'a PreparedSubmission>,
}

/// An execution as loaded and as changed.
struct ExecutionEntry {
    execution: Execution,
    /// `None` if it is new.
    before: Option<Execution>,
}

/// One batch's rows.
pub(super) struct BatchRows<'a> {
    clock: &'a Clock,
    pub(super) now: DateTime<Utc>,
    database_now: Option<DateTime<Utc>>,
    queue_ahead: Option<QueueAhead>,
    requests: HashMap<Key, Entry>,
    executions: HashMap<Key, ExecutionEntry>,
    /// Requests that another transaction holds, or whose execution it holds.
    held: BTreeSet<Key>,
    usage: BTreeMap<UsageKey, UsageRow>,
    /// The counters that changed.
    counted: BTreeSet<UsageKey>,
    /// Open requests by subject.
    pending: HashMap<UsageKey, Vec<RequestId>>,
    /// Idempotency keys by org and key.
    client_keys: HashMap<(String, String), SubmissionKeyRow>,
    new_client_keys: Vec<SubmissionKeyRow>,
    submissions: Vec<Cow<'a, NewSubmission>>,
    decisions: Vec<DecisionRow>,
    send_backs: Vec<SendBackRow>,
    /// Revisions that others took the place of.
    replaced: Vec<RevisionRow>,
    /// The calls of the revisions in their place.
    new_calls: Vec<CallRow>,
    settlement_words: Vec<SettlementWordRow>,
    events: Vec<EventRow>,
    /// Who is told of which changes.
    subscriptions: Subscriptions,
    outbox: Vec<OutboxRow>,
    /// Requests that are found by something else from now on.
    pub(super) unindexed: Vec<Unindexed>,
    /// Whether the batch makes a change that somebody is told of.
    pub(super) has_outbox: bool,
    new_attempts: Vec<AttemptRow>,
    ended_attempts: Vec<AttemptRow>,
    answers: Vec<AnswerRow>,
    /// Whether the change feed has subscribers, so that changes are worth keeping.
    pub(super) keeps_changes: bool,
    /// What happened to requests, in order.
    pub(super) changes: Vec<Change>,
}

impl<'a> BatchRows<'a> {
    /// Loads and locks the rows: requests first, then executions, then counters, each in key order. It waits
    /// for no request or execution that another transaction holds.
    pub(super) fn load(
        conn: &mut AnyConnection,
        clock: &'a Clock,
        book: &RuleBook,
        locks: &LockSet<'_>,
    ) -> Result<Self, StoreError> {
        let mut rows = Self {
            clock,
            now: clock.now(),
            database_now: None,
            queue_ahead: None,
            requests: HashMap::new(),
            executions: HashMap::new(),
            held: BTreeSet::new(),
            usage: BTreeMap::new(),
            counted: BTreeSet::new(),
            pending: HashMap::new(),
            client_keys: HashMap::new(),
            new_client_keys: Vec::new(),
            submissions: Vec::new(),
            decisions: Vec::new(),
            send_backs: Vec::new(),
            replaced: Vec::new(),
            new_calls: Vec::new(),
            settlement_words: Vec::new(),
            events: Vec::new(),
            subscriptions: book.current().subscriptions.clone(),
            outbox: Vec::new(),
            unindexed: Vec::new(),
            has_outbox: false,
            new_attempts: Vec::new(),
            ended_attempts: Vec::new(),
            answers: Vec::new(),
            keeps_changes: false,
            changes: Vec::new(),
        };
        rows.load_requests(conn, book, &locks.requests)?;
        rows.load_executions(conn, &locks.executions)?;
        rows.load_usage(conn, &locks.submissions)?;
        for prepared in &locks.submissions {
            rows.load_client_key(conn, prepared)?;
            rows.load_pending(conn, prepared)?;
        }
        Ok(rows)
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
        let locked = requests::lock(conn, &keys)?;
        self.held.extend(locked.held);
        for request in request_parts::complete(conn, locked.rows)? {
            let key = (request.org.clone(), request.id);
            let pinned = book.pinned(conn, &request)?;
            let (version_before, revision_before) = (request.version, request.revision);
            self.requests.insert(key, Entry { request, pinned, version_before, revision_before });
        }
        Ok(())
    }

    fn load_executions(&mut self, conn: &mut AnyConnection, named: &BTreeSet<Key>) -> Result<(), StoreError> {
        if named.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = named.iter().cloned().collect();
        let locked = executions::lock(conn, &keys)?;
        self.held.extend(locked.held);
        for execution in locked.rows {
            let entry = ExecutionEntry { before: Some(execution.clone()), execution };
            self.executions.insert(entry.execution.key(), entry);
        }
        Ok(())
    }

    /// Whether another transaction holds the rows of a request, so that nothing can be done with it now.
    pub(super) fn is_held(&self, key: &Key) -> bool {
        self.held.contains(key)
    }

    /// The request as it is in this batch.
    pub(super) fn request(&self, key: &Key) -> Option<&Request> {
        self.requests.get(key).map(|entry| &entry.request)
    }

    /// The version that somebody read, or the present one if nothing that
    /// [moves](crate::domain::lifecycle::EventType::moves_nothing) the request has happened since.
    pub(super) fn version_read(
        &self,
        conn: &mut AnyConnection,
        key: &Key,
        read: Option<i64>,
    ) -> Result<Option<i64>, StoreError> {
        let Some(seen) = read else { return Ok(None) };
        let now = self.request(key).map(|request| request.version);
        Ok(if self.is_unchanged_since(conn, key, seen)? { now } else { read })
    }

    fn is_unchanged_since(
        &self,
        conn: &mut AnyConnection,
        key: &Key,
        version: i64,
    ) -> Result<bool, StoreError> {
        let now = self.request(key).map_or(0, |request| request.version);
        if !(1..now).contains(&version) {
            return Ok(version == now);
        }
        let is_later = |row: &&EventRow| {
            row.org_id == key.0.as_str()
                && row.request_id == Some(key.1.into())
                && row.last_seq().is_some_and(|seq| seq > version)
        };
        Ok(self.events.iter().filter(is_later).all(EventRow::moves_nothing)
            && !events::has_moved_since(conn, key, version)?)
    }

    /// The execution as it is in this batch.
    pub(super) fn execution(&mut self, key: &Key) -> Option<&mut Execution> {
        self.executions.get_mut(key).map(|entry| &mut entry.execution)
    }

    /// The request's type in the version that it is pinned to.
    pub(super) fn pinned(&self, key: &Key) -> Option<Arc<RequestType>> {
        self.requests.get(key).map(|entry| Arc::clone(&entry.pinned))
    }

    /// Asks the domain, and folds what happened into the request. `Ok(false)`: nothing happened.
    pub(super) fn transition(
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
    pub(super) fn record_refusal(
        &mut self,
        by: &Caller,
        command: &Command<'_>,
        refusal: &Refusal,
    ) -> Result<(), StoreError> {
        let Some(entry) = self.requests.get(&by.key) else { return Ok(()) };
        let event = refused(&entry.request, command, refusal, self.now);
        self.record(&by.key, &event, &by.origin)
    }

    fn record(&mut self, key: &Key, event: &Event, origin: &Origin) -> Result<(), StoreError> {
        let Some(entry) = self.requests.get_mut(key) else { return Ok(()) };
        let before = entry.request.state;
        let waited_for = self.keeps_changes.then(|| WaitedFor::of(&entry.request));
        entry.request.take_in(event);
        let request = &entry.request;
        self.changes.extend(waited_for.and_then(|waited_for| Change::of(request, event, waited_for)));
        if let (EventKind::AttemptStarted { attempt }, Some(last)) = (&event.kind, self.events.last_mut())
            && joined_events::join_attempt(last, request, (event.seq, *attempt))
        {
            return Ok(());
        }
        let is_moved = event.from.is_some_and(|from| from != event.to);
        if is_moved || EventType::of(&event.kind).adds_words() {
            self.unindexed.push(Unindexed::new(key.clone(), event.at));
        }
        let row = EventRow::new(request, event, self.clock.new_id(), origin);
        if let Some(change) = outboxed(&self.subscriptions, &row, &request.request_type) {
            self.has_outbox = true;
            self.outbox.push(change);
        }
        self.events.push(row);
        if let (EventKind::Decided { .. }, Some(decision)) = (&event.kind, request.last_decision()) {
            self.decisions.push(DecisionRow::new(request, decision, request.decisions.len() - 1));
        }
        if let (EventKind::SettlementWordGiven { .. }, Some(word)) = (&event.kind, request.settlement.last())
        {
            let number = request.settlement.len() - 1;
            self.settlement_words.push(SettlementWordRow::new(request, word, number));
        }
        if let (EventKind::SentBack { .. }, Some(sent_back)) = (&event.kind, &request.sent_back) {
            self.send_backs.push(SendBackRow::new(request, sent_back));
        }
        if let (EventKind::Resubmitted { .. }, Some(replaced)) = (&event.kind, request.earlier.last()) {
            self.replaced.push(RevisionRow::new(request, replaced));
        }
        if before.is_undecided() && request.state == State::Approved {
            let (org, id, due_at) = (request.org.clone(), request.id, self.clock.due_now());
            let execution = Execution::queued(org, id, &request.host, self.now, due_at);
            self.executions.insert(key.clone(), ExecutionEntry { execution, before: None });
        }
        let after = request.state;
        let is_freed = after.frees_counters() && !before.frees_counters();
        let freed = (is_freed && !request.terms.counted.is_empty()).then(|| request.clone());
        self.close_execution(key, before, after)?;
        freed.map_or(Ok(()), |request| self.count(&request, Usage::remove))
    }

    /// What stands before new calls to the hosts of this batch, asked once a batch.
    pub(super) fn queue_ahead(&mut self, conn: &mut AnyConnection) -> Result<&QueueAhead, StoreError> {
        let ahead = match self.queue_ahead.take() {
            Some(known) => known,
            None => {
                let hosts: BTreeSet<&str> =
                    self.requests.values().map(|entry| entry.request.host.as_str()).collect();
                let hosts: Vec<&str> = hosts.into_iter().collect();
                queue_ahead::look(conn, self.node_time(), &hosts)?
            }
        };
        self.database_now.get_or_insert(ahead.now);
        Ok(self.queue_ahead.insert(ahead))
    }

    /// A call to this host is left in the queue, so later ones of this batch queue behind it.
    pub(super) fn add_to_queue(&mut self, host: &str) {
        if let Some(ahead) = &mut self.queue_ahead {
            ahead.add(host);
        }
    }

    /// Whether this batch leaves a new execution in the queue.
    pub(super) fn has_queued(&self) -> bool {
        self.executions.values().any(|entry| entry.before.is_none() && entry.execution.is_queued())
    }

    fn node_time(&self) -> NodeTime {
        NodeTime { now: self.now, injected: self.clock.injected() }
    }

    /// The database's time, asked once a batch by commands that need it.
    pub(super) fn database_now(&mut self, conn: &mut AnyConnection) -> Result<DateTime<Utc>, StoreError> {
        if let Some(known) = self.database_now {
            return Ok(known);
        }
        let now = claims::database_now(conn, self.node_time())?;
        self.database_now = Some(now);
        Ok(now)
    }
}
