//! What the writer does with a batch: every rule is applied here, on locked rows, in arrival order.

mod backlog;
mod begin;
mod decision;
mod execution;
mod opening;
mod probe;
mod revision;
mod session;
mod settlement;
mod submission;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use self::backlog::BacklogMark;
use super::SendingLimits;
use super::admission::Deadlines;
use super::batch_rows::{BatchRows, LockSet};
use super::begun::BegunExecution;
use super::change_feed::{Change, Feed};
use super::command::{WriteCommand, WriteReply};
use super::deliveries::{end_delivery, hand_over, tidy};
use super::error::AdmissionRefusal;
use super::in_force::store_rules;
use super::rule_book::RuleBook;
use super::search::backlog::{Backlog, Unindexed};
use super::under_way::UnderWay;
use crate::clock::Clock;
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::Command;
use crate::domain::request::State;
use crate::fault_points::{self, FaultPoint};
use crate::metrics::Metrics;
use crate::store::events::Origin;
use crate::store::openings::SweepPlace;
use crate::store::preferences::PreferenceWrite;
use crate::store::requests::Key;
use crate::store::search::index;
use crate::store::submissions::{NewSubmission, SubmissionBatch};
use crate::store::writer::{Batch, BatchStats, Ran};
use crate::store::{
    AnyConnection, StoreError, clients, deliveries, executions, preferences, refusals, repeat_keys,
};

/// What the decider and the rest of the engine share.
pub(super) struct Shared {
    pub(super) feed: Arc<Feed>,
    pub(super) clock: Clock,
    pub(super) book: RuleBook,
    pub(super) deadlines: Deadlines,
    pub(super) metrics: Arc<Metrics>,
    pub(super) due: Arc<Notify>,
    pub(super) outbox_filled: Arc<Notify>,
    pub(super) sending: SendingLimits,
    pub(super) under_way: Arc<UnderWay>,
    pub(super) backlog: Arc<Backlog>,
}

/// The engine's half of the writer.
pub(super) struct Decider {
    shared: Shared,
    /// What the running batch changes; published once it is committed.
    changes: Vec<Change>,
    /// Whether the running batch fills the outbox.
    has_outbox: bool,
    /// Whether the running batch leaves a new execution in the queue.
    has_queued: bool,
    /// Executions that the running batch begins; handed over once it is committed.
    begun: Vec<BegunExecution>,
    /// The slots that the running batch has taken.
    taken: Vec<Key>,
    /// Before the running batch read anything, or its first try did: its leases and attempts begin later.
    since: Instant,
    node: String,
    /// Kept refusals of this minute by person: the minute, and how many.
    refused_lately: HashMap<String, (i64, i64)>,
    /// What the store knows of what this node has to index.
    mark: BacklogMark,
    /// How far the rows of openings were looked through for those of requests that have ended.
    swept: SweepPlace,
}

impl Batch for Decider {
    type Command = WriteCommand;
    type Reply = WriteReply;

    fn run(
        &mut self,
        conn: &mut AnyConnection,
        commands: &[&WriteCommand],
        is_retry: bool,
    ) -> Result<Vec<Ran<WriteReply>>, StoreError> {
        if !is_retry {
            self.since = Instant::now();
        }
        let clock = self.shared.clock.clone();
        let mut rows = BatchRows::load(conn, &clock, &self.shared.book, &lock_set(commands))?;
        rows.keeps_changes = self.shared.feed.is_wanted();
        self.forget_batch();
        if commands.iter().all(|command| matches!(command, WriteCommand::Index(_))) {
            index::commit_without_flush(conn)?;
        }
        let mut ran = Vec::with_capacity(commands.len());
        for command in commands {
            let is_held = command.request().is_some_and(|key| rows.is_held(&key));
            let one = if is_held {
                Ran::NotNow
            } else {
                Ran::Replied(self.apply_one(conn, &mut rows, command, is_retry)?)
            };
            ran.push(one);
        }
        rows.flush(conn)?;
        self.keep_backlog(conn, &mut rows)?;
        self.changes = std::mem::take(&mut rows.changes);
        self.has_outbox = rows.has_outbox;
        self.has_queued = rows.has_queued();
        self.run_hand_overs(conn, &mut rows, commands, &mut ran)?;
        self.run_claims(conn, commands, &mut ran)?;
        let replied = commands.iter().zip(&ran).filter(|(_, ran)| ran.reply().is_some());
        replied.filter_map(|(command, _)| command.fault_point()).for_each(fault_points::pass);
        Ok(ran)
    }

    fn as_one_statement<'c>(
        &mut self,
        commands: &[&'c WriteCommand],
    ) -> Option<(SubmissionBatch<'c>, Vec<WriteReply>)> {
        let submission = |command: &&'c WriteCommand| {
            let WriteCommand::Submit(submission) = *command else { return None };
            submission.execution.is_none().then_some(&**submission)
        };
        let submissions: Vec<&NewSubmission> = commands.iter().map(submission).collect::<Option<_>>()?;
        let replies = submissions.iter().map(|_| WriteReply::Done).collect();
        self.forget_batch();
        if !self.mark.is_fresh() {
            return None;
        }
        self.shared
            .backlog
            .add(submissions.iter().map(|submission| Unindexed::submitted(&submission.request)));
        self.has_outbox = submissions.iter().any(|submission| submission.outbox.is_some());
        if self.shared.feed.is_wanted() {
            let changes = submissions.iter().map(|submission| Change::of_submission(&submission.request));
            self.changes = changes.collect::<Result<_, _>>().ok()?;
        }
        Some((SubmissionBatch::new(&submissions), replies))
    }

    fn committed(&mut self, batch: &BatchStats) {
        self.shared.metrics.committed(batch.size, batch.took.as_secs_f64());
        self.shared.feed.publish(std::mem::take(&mut self.changes));
        self.mark.committed();
        self.taken.clear();
        if !self.begun.is_empty() {
            fault_points::pass(FaultPoint::WakeUp);
            self.shared.under_way.hand_over(std::mem::take(&mut self.begun));
        }
        if std::mem::take(&mut self.has_queued) {
            fault_points::pass(FaultPoint::WakeUp);
            self.shared.due.notify_one();
        }
        if std::mem::take(&mut self.has_outbox) {
            self.shared.outbox_filled.notify_one();
        }
    }
}

/// The rows that a batch works on, to be locked before its first command runs.
fn lock_set<'a>(commands: &[&'a WriteCommand]) -> LockSet<'a> {
    let mut locks = LockSet::default();
    for command in commands {
        if let Some(key) = command.request() {
            if command.is_about_execution() {
                locks.executions.insert(key.clone());
            }
            locks.requests.insert(key);
        }
        if let WriteCommand::SubmitLocked(prepared, _) = command {
            locks.submissions.push(prepared);
        }
    }
    locks
}

impl Decider {
    pub(super) fn new(shared: Shared) -> Self {
        let node = shared.clock.new_id().to_string();
        Self {
            shared,
            changes: Vec::new(),
            has_outbox: false,
            has_queued: false,
            begun: Vec::new(),
            taken: Vec::new(),
            since: Instant::now(),
            node,
            refused_lately: HashMap::new(),
            mark: BacklogMark::default(),
            swept: SweepPlace::default(),
        }
    }

    /// Forgets what an earlier batch left that was not committed.
    fn forget_batch(&mut self) {
        self.changes.clear();
        (self.has_outbox, self.has_queued) = (false, false);
        self.mark.forget_batch();
        self.give_slots_back();
    }

    /// The batch's own changes are in the outbox by now.
    fn run_hand_overs(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        commands: &[&WriteCommand],
        ran: &mut [Ran<WriteReply>],
    ) -> Result<(), StoreError> {
        for (command, ran) in commands.iter().zip(ran) {
            let WriteCommand::HandOver(rooms) = command else { continue };
            let now = rows.database_now(conn)?;
            let rules = self.shared.book.current();
            let handed = hand_over(conn, &rules.subscriptions, &self.shared.clock, (now, rooms))?;
            *ran = Ran::Replied(WriteReply::HandedOver(handed));
        }
        Ok(())
    }

    /// Carries out one command, and has the target asked where that leaves an outcome unknown.
    fn apply_one<'a>(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'a>,
        command: &'a WriteCommand,
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        let is_in = |rows: &BatchRows<'_>, state| {
            command.request().filter(|key| rows.request(key).is_some_and(|found| found.state == state))
        };
        let was_approved = is_in(rows, State::Approved).is_some();
        let reply = self.apply(conn, rows, command, is_retry)?;
        if let Some(key) = is_in(rows, State::Unknown).filter(|_| was_approved) {
            self.queue_probe(conn, rows, &key)?;
        }
        Ok(reply)
    }

    /// Carries out one command on the batch's rows.
    fn apply<'a>(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'a>,
        command: &'a WriteCommand,
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        match command {
            WriteCommand::Submit(submission) => {
                if is_retry && submission::is_stored(conn, &submission.request)? {
                    return Ok(WriteReply::Done);
                }
                // The first try leaves it to the unique index, which costs nothing while no key is used twice.
                if is_retry && repeat_keys::is_repeat_key_in_use(conn, &submission.request)? {
                    return Ok(WriteReply::NotAdmitted(AdmissionRefusal::repeat_key_in_use()));
                }
                rows.submit(Cow::Borrowed(submission))?;
            }
            WriteCommand::SubmitLocked(prepared, call) => {
                return self.run_submit_locked(conn, rows, (prepared, call), is_retry);
            }
            WriteCommand::PutInForce(rules) => store_rules(conn, rules, &self.shared.clock, rows.now)?,
            WriteCommand::KeepRefusal(row) => {
                if !(is_retry && refusals::is_there(conn, row)?) {
                    refusals::insert(conn, *row.clone())?;
                }
            }
            WriteCommand::NoteOpening(row) => self.run_note_opening(conn, row)?,
            WriteCommand::Session(write) => self.run_session(conn, write, rows.now)?,
            WriteCommand::Preference(write) => return run_preference(conn, write),
            WriteCommand::Client(write) => clients::write(conn, write)?,
            WriteCommand::Decide(asked) => return self.run_decide(conn, rows, asked, is_retry),
            WriteCommand::Comment { by, words } => return self.run_comment(rows, by, words),
            WriteCommand::SendBack { by, wish } => return self.run_send_back(conn, rows, (by, wish)),
            WriteCommand::Withdraw { by, reason } => return self.run_withdraw(rows, by, reason),
            WriteCommand::GiveSettlementWord { by, word } => {
                return self.run_settlement_word(conn, rows, (by, word));
            }
            WriteCommand::AskProbe(by) => return self.run_ask_probe(conn, rows, by),
            WriteCommand::EndProbe { held, end, jitter } => {
                return self.run_end_probe(conn, rows, held, (end, *jitter));
            }
            WriteCommand::Expire(key) => return run_expire(rows, key),
            WriteCommand::StartAttempt(held) => return self.run_start_attempt(rows, held, is_retry),
            WriteCommand::EndAttempt { held, ending } => {
                return self.run_end_attempt(conn, rows, held, ending);
            }
            WriteCommand::Stop { held, reason, unsent } => {
                return execution::run_stop(rows, held, (reason, *unsent));
            }
            WriteCommand::PutBack { held, wait } => {
                return self.run_put_back(conn, rows, held, *wait);
            }
            WriteCommand::SetAside { held, wait } => {
                return execution::run_set_aside(conn, rows, held, *wait);
            }
            WriteCommand::Settle(key) => return self.run_settle(conn, rows, key),
            WriteCommand::LapseAll => {
                let now = rows.database_now(conn)?;
                executions::lapse_all(conn, now)?;
                deliveries::lapse_all(conn, now)?;
            }
            WriteCommand::TidyDeliveries => {
                let now = rows.database_now(conn)?;
                tidy(conn, &self.shared.book.current().subscriptions, now)?;
            }
            WriteCommand::EndDelivery(ending) => {
                let now = rows.database_now(conn)?;
                end_delivery(conn, ending, &self.shared.clock, now)?;
            }
            WriteCommand::Index(documents) => return self.run_index(conn, documents),
            WriteCommand::TakeBacklog(row) => self.run_take_backlog(conn, row)?,
            WriteCommand::Redeliver { org, id } => return run_redeliver(conn, rows, org, id),
            // After the flush, so that they see what this very batch changed.
            WriteCommand::Claim(_) | WriteCommand::HandOver(_) => {}
        }
        Ok(WriteReply::Done)
    }
}

fn run_redeliver(
    conn: &mut AnyConnection,
    rows: &mut BatchRows<'_>,
    org: &OrgId,
    id: &str,
) -> Result<WriteReply, StoreError> {
    if deliveries::find(conn, org, id)?.is_none() {
        return Ok(WriteReply::NotFound);
    }
    let now = rows.database_now(conn)?;
    deliveries::send_again(conn, (org, id), now)?;
    Ok(WriteReply::Done)
}

fn run_preference(conn: &mut AnyConnection, write: &PreferenceWrite) -> Result<WriteReply, StoreError> {
    Ok(if preferences::write(conn, write)? { WriteReply::Done } else { WriteReply::Full })
}

/// Ends what its deadline has passed by: the request, or the execution of an approved one.
fn run_expire(rows: &mut BatchRows<'_>, key: &Key) -> Result<WriteReply, StoreError> {
    let has_lapsed = lapse(rows, key)?;
    expire(rows, key)?;
    Ok(if has_lapsed { current(rows, key, true) } else { WriteReply::Done })
}

fn expire(rows: &mut BatchRows<'_>, key: &Key) -> Result<(), StoreError> {
    // `Expire` is never refused: it either is due or does nothing.
    rows.transition(key, &Command::Expire, &system_origin(key)).map(drop)
}

/// Whether the approval had lapsed and is ended now. Never refused, like `expire`.
fn lapse(rows: &mut BatchRows<'_>, key: &Key) -> Result<bool, StoreError> {
    Ok(rows.transition(key, &Command::Lapse, &system_origin(key))?.unwrap_or(false))
}

fn system_origin(key: &Key) -> Origin {
    Origin { reference: key.1.to_string(), ..Origin::default() }
}

/// The request as it is in this batch.
fn current(rows: &BatchRows<'_>, key: &Key, is_new: bool) -> WriteReply {
    rows.request(key).map_or(WriteReply::NotFound, |request| WriteReply::Current {
        request: Box::new(request.clone()),
        is_new,
    })
}
