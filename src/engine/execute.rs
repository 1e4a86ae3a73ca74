//! The executor's side: claim, start an attempt, end it, settle.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use super::claimed_execution::{BegunAttempt, ClaimedExecution, Ending, HeldLease};
use super::command::{ClaimRoom, WriteCommand, WriteReply};
use super::outcome_waiters::RecordedEnd;
use super::rule_book::{RuleBook, approval_of};
use super::set_aside::LEFT_ALONE_FOR;
use super::under_way::Concurrency;
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::digest::Digest;
use crate::domain::execution::{Execution, Purpose};
use crate::domain::policy::Approval;
use crate::domain::policy::people::People;
use crate::domain::policy::progress::{PolicyInForce, progress};
use crate::domain::request::{Request, State, Verdict};
use crate::domain::request_type::RequestType;
use crate::domain::slots::Slots;
use crate::fault_points::{self, FaultPoint};
use crate::store::calls::CallRow;
use crate::store::claims::{self, NodeTime};
use crate::store::requests::Key;
use crate::store::{AnyConnection, StoreError, calls, executions, listing, requests};

/// The most interrupted executions settled in one sweep.
const SETTLE_MAX: i64 = 500;

/// A clock that differs by more is worth a warning.
const SKEW_MAX: TimeDelta = TimeDelta::seconds(1);

/// What has waited longer than this for the executor is counted as overdue.
const OVERDUE_AFTER: TimeDelta = TimeDelta::seconds(60);

/// What was claimed, or what of it can't be read.
type Loaded = Result<ClaimedExecution, (HeldLease, StoreError)>;

impl Engine {
    /// Resolves when an execution may have become due.
    pub async fn due(&self) {
        self.inner.due.notified().await;
    }

    /// Resolves [`Engine::due`].
    pub fn wake(&self) {
        self.inner.due.notify_one();
    }

    /// Claims what is due and what there is room for; `slots` then know what was taken.
    ///
    /// An execution whose rows can't be read is set aside.
    pub async fn claim(&self, slots: &mut Slots) -> Result<Vec<ClaimedExecution>, EngineError> {
        let (claimed, after) = self.claim_in(ClaimRoom::Given(slots.clone())).await?;
        *slots = after.unwrap_or(slots.clone());
        Ok(claimed)
    }

    /// Claims what is due and what this node's own calls leave room for.
    pub async fn claim_own(&self, most: Concurrency) -> Result<Vec<ClaimedExecution>, EngineError> {
        if self.inner.under_way.is_full(most) {
            return Ok(Vec::new());
        }
        Ok(self.claim_in(ClaimRoom::Own(most)).await?.0)
    }

    async fn claim_in(&self, room: ClaimRoom) -> Result<(Vec<ClaimedExecution>, Option<Slots>), EngineError> {
        let answer = self.inner.writer.write_own(WriteCommand::Claim(room)).await?;
        let WriteReply::Claimed { executions, slots } = answer else { return Ok((Vec::new(), None)) };
        Ok((self.load_claimed(executions).await?, Some(slots)))
    }

    async fn load_claimed(&self, executions: Vec<Execution>) -> Result<Vec<ClaimedExecution>, EngineError> {
        if executions.is_empty() {
            return Ok(Vec::new());
        }
        fault_points::pass(FaultPoint::ClaimCommitted);
        let book = self.inner.book.clone();
        let keys: Vec<Key> = executions.iter().map(Execution::key).collect();
        let load = move |conn: &mut AnyConnection| load(conn, &book, &executions);
        let loaded = self.inner.store.read_by_key(load).await.inspect_err(|_| {
            // Their leases will lapse.
            keys.iter().for_each(|key| drop(self.inner.under_way.remove(key)));
        })?;
        let mut claimed = Vec::new();
        for loaded in loaded {
            match loaded {
                Ok(execution) => claimed.push(execution),
                Err((held, error)) => {
                    self.inner.under_way.remove(&held.key);
                    if let Err(error) = self.set_aside(&held, &error.into()).await {
                        tracing::error!(%error, "it could not be set aside; its lease will lapse");
                    }
                }
            }
        }
        Ok(claimed)
    }

    /// Leaves a claimed execution alone that can't be read.
    pub async fn set_aside(&self, held: &HeldLease, error: &EngineError) -> Result<(), EngineError> {
        tracing::error!(request.id = %held.key.1, %error, "an execution can't be read and is set aside");
        self.inner.metrics.set_aside();
        self.inner
            .writer
            .write_own(WriteCommand::SetAside { held: held.clone(), wait: LEFT_ALONE_FOR })
            .await?;
        Ok(())
    }

    /// Records that bytes may leave from now on. Returns the attempt's number; `None` if another holder has the
    /// lease, or if the call must not leave any more: then its end is recorded.
    pub async fn start_attempt(&self, held: &HeldLease) -> Result<Option<i64>, EngineError> {
        match self.inner.writer.write_own(WriteCommand::StartAttempt(held.clone())).await? {
            WriteReply::AttemptStarted(attempt) => Ok(Some(attempt)),
            reply @ (WriteReply::Current { .. }
            | WriteReply::Done
            | WriteReply::NotFound
            | WriteReply::Full
            | WriteReply::Refused(_)
            | WriteReply::Claimed { .. }
            | WriteReply::Fenced
            | WriteReply::HandedOver(_)
            | WriteReply::Indexed(_)
            | WriteReply::Replayed(_)
            | WriteReply::NotAdmitted(_)) => {
                self.note_end(&held.key, reply);
                Ok(None)
            }
        }
    }

    /// Puts a claimed execution back: nothing left. It is due again after `wait`.
    pub async fn put_back(&self, held: &HeldLease, wait: TimeDelta) -> Result<bool, EngineError> {
        let reply = self.inner.writer.write_own(WriteCommand::PutBack { held: held.clone(), wait }).await?;
        if matches!(reply, WriteReply::Done) {
            self.inner.outcomes.announce(&held.key, None);
            return Ok(true);
        }
        Ok(self.note_end(&held.key, reply))
    }

    /// Ends a claimed execution without sending it; `false` if another holder has the lease by now. The attempt
    /// `unsent` has begun, if it is given, and no byte of it left.
    pub async fn stop(
        &self,
        held: &HeldLease,
        unsent: Option<i64>,
        reason: String,
    ) -> Result<bool, EngineError> {
        let command = WriteCommand::Stop { held: held.clone(), reason, unsent };
        let reply = self.inner.writer.write_own(command).await?;
        Ok(self.note_end(&held.key, reply))
    }

    /// Records how an attempt ended, whoever holds the lease by now: the first answer to an attempt is kept.
    /// `false` if the attempt is not this holder's, or was recorded otherwise before.
    pub async fn end_attempt(&self, held: &HeldLease, ending: Ending) -> Result<bool, EngineError> {
        let attempt = ending.end.attempt;
        // Copied for those who wait, because a read costs them more.
        let answer = if self.inner.outcomes.is_awaited(&held.key) { ending.answer.clone() } else { None };
        let command = WriteCommand::EndAttempt { held: held.clone(), ending: Box::new(ending) };
        let reply = self.inner.writer.write(command).await?;
        fault_points::pass(FaultPoint::OutcomeCommitted);
        let Some((request, is_new)) = self.count_end(reply) else { return Ok(false) };
        // Of another attempt's answer, and of one that was recorded before, nothing is known here.
        let is_shown = is_new && request.sending.outcome_attempt == Some(attempt);
        let end = is_shown.then_some(RecordedEnd { request, answer });
        self.inner.outcomes.announce(&held.key, end);
        Ok(true)
    }

    /// Counts an execution that ended and wakes those who wait for it; `false` if nothing was recorded.
    pub(super) fn note_end(&self, key: &Key, reply: WriteReply) -> bool {
        let is_recorded = self.count_end(reply).is_some();
        if is_recorded {
            // Also if another attempt is to come: that may be long.
            self.inner.outcomes.announce(key, None);
        }
        is_recorded
    }

    /// Counts an execution that ended: the request as it is now, and whether the write changed it.
    fn count_end(&self, reply: WriteReply) -> Option<(Request, bool)> {
        let WriteReply::Current { request, is_new } = reply else { return None };
        if is_new && request.state != State::Approved {
            self.inner.metrics.executed(request.request_type.as_str(), request.state.name());
        }
        Some((*request, is_new))
    }

    /// At start: on an embedded database no other process can hold a lease, so none is waited for.
    pub async fn recover(&self) -> Result<usize, EngineError> {
        if self.inner.store.is_exclusive() {
            self.inner.writer.write_own(WriteCommand::LapseAll).await?;
        }
        self.settle_lapsed(&[]).await
    }

    /// Settles executions whose lease has run out, but for those `under_way` in this process. One that can't be
    /// read is left alone for a while, and counted.
    pub async fn settle_lapsed(&self, under_way: &[Key]) -> Result<usize, EngineError> {
        let (time, now) = (node_time(&self.inner.clock), self.inner.clock.now());
        let limit = SETTLE_MAX + i64::try_from(self.inner.set_aside.count(now)).unwrap_or(0);
        let list = move |conn: &mut AnyConnection| {
            let now = claims::database_now(conn, time)?;
            executions::list_lapsed(conn, now, limit)
        };
        let mut keys = self.inner.set_aside.without(self.inner.store.read(list).await?);
        keys.retain(|key| !under_way.contains(key));
        let found = keys.len();
        let settling = keys.iter().map(|key| self.inner.writer.write_own(WriteCommand::Settle(key.clone())));
        let answers = futures_util::future::join_all(settling).await;
        for (key, answer) in keys.iter().zip(answers) {
            match answer {
                Ok(reply) => drop(self.note_end(key, reply)),
                Err(error) => self.leave_alone(key, error)?,
            }
            self.inner.outcomes.announce(key, None);
            self.inner.due.notify_one();
        }
        Ok(found)
    }

    /// A request that can't be read, or whose rows somebody else holds, is left alone; any other error is the
    /// caller's.
    pub(super) fn leave_alone(&self, key: &Key, error: StoreError) -> Result<(), EngineError> {
        if !error.is_of_one_request() {
            return Err(error.into());
        }
        tracing::error!(request.id = %key.1, %error, "a request can't be worked on and is left alone for a while");
        self.inner.metrics.set_aside();
        self.inner.set_aside.add(key, self.inner.clock.now());
        Ok(())
    }

    /// A random number from 0 to 1000, for delays.
    pub fn jitter(&self) -> u16 {
        // The last bytes of an id are random.
        let [.., high, low] = *self.inner.clock.new_id().as_bytes();
        u16::from_be_bytes([high, low]) % 1001
    }

    /// Reads the database's clock: what is due goes by it. By how much this node's is ahead is a metric, and a
    /// warning if it is much.
    pub async fn measure_clock(&self) -> Result<(), EngineError> {
        let engine = self.clone();
        let measure = move |conn: &mut AnyConnection| {
            let before = engine.inner.clock.now();
            let database = claims::database_now(conn, node_time(&engine.inner.clock))?;
            let after = engine.inner.clock.now();
            engine.note_database_time(database);
            Ok(before + (after - before) / 2 - database)
        };
        let ahead = self.inner.store.read(measure).await?;
        self.inner.metrics.set_clock_skew(ahead);
        // Told when it begins, not at every look.
        let is_off = ahead.abs() > SKEW_MAX;
        let was_off = self.inner.is_clock_off.swap(is_off, Ordering::Relaxed);
        if is_off && !was_off {
            tracing::warn!(
                ahead_ms = ahead.num_milliseconds(),
                "this node's clock differs from the database's: deadlines and the times in the trail are off by that"
            );
        }
        Ok(())
    }

    /// An embedded database has no clock of its own.
    fn note_database_time(&self, now: DateTime<Utc>) {
        if !self.inner.store.is_exclusive() {
            self.inner.clock.note_database_time(now);
        }
    }

    /// Counts what is open right now into the gauges.
    pub async fn measure_open(&self) -> Result<(), EngineError> {
        let since = self.inner.clock.now() - OVERDUE_AFTER;
        let count = move |conn: &mut _| {
            let unknown = requests::count_open(conn, State::Unknown)?;
            Ok((unknown, executions::count_overdue(conn, since)?))
        };
        let (unknown, overdue) = self.inner.store.read(count).await?;
        self.inner.metrics.set_open(unknown, overdue);
        Ok(())
    }
}

/// The instants that the store needs for what goes by the database's clock.
pub(super) fn node_time(clock: &Clock) -> NodeTime {
    NodeTime { now: clock.now(), injected: clock.injected() }
}

fn lease_of(execution: &Execution) -> HeldLease {
    HeldLease { key: execution.key(), token: execution.token }
}

/// Loads what was claimed: all of it together, or one by one if one of them can't be read.
fn load(
    conn: &mut AnyConnection,
    book: &RuleBook,
    executions: &[Execution],
) -> Result<Vec<Loaded>, StoreError> {
    match load_together(conn, book, executions) {
        Ok(loaded) => Ok(loaded.into_iter().map(Ok).collect()),
        Err(error) if error.is_of_one_request() => {
            let load_one = |one: &Execution| {
                let loaded = load_together(conn, book, std::slice::from_ref(one));
                loaded.map_err(|error| (lease_of(one), error)).map(|mut one| one.remove(0))
            };
            Ok(executions.iter().map(load_one).collect())
        }
        Err(error) => Err(error),
    }
}

/// As many as `executions`, in their order.
fn load_together(
    conn: &mut AnyConnection,
    book: &RuleBook,
    executions: &[Execution],
) -> Result<Vec<ClaimedExecution>, StoreError> {
    let keys: Vec<Key> = executions.iter().map(Execution::key).collect();
    let requests = listing::load_requests(conn, &keys)?.into_iter();
    let mut requests: HashMap<Key, Request> =
        requests.map(|request| ((request.org.clone(), request.id), request)).collect();
    let mut stored = calls::list(conn, &keys)?;
    let claimed = |execution: &Execution| {
        let key = execution.key();
        let without = |what: &str| StoreError::Corrupt(format!("{} has an execution but no {what}", key.1));
        let request = requests.remove(&key).ok_or_else(|| without("request"))?;
        let stored = stored.remove(&key).ok_or_else(|| without("call"))?;
        let pinned = book.pinned(conn, &request)?;
        let claimed = with_call((lease_of(execution), None), request, &pinned, stored)?;
        Ok(ClaimedExecution { purpose: execution.purpose, ..claimed })
    };
    executions.iter().map(claimed).collect()
}

/// What the executor needs to send a claimed execution; `begun` is the attempt that its holder has begun already. An
/// open attempt of a request may be another holder's, so it is not asked for here.
pub(super) fn with_call(
    (held, begun): (HeldLease, Option<BegunAttempt>),
    request: Request,
    pinned: &RequestType,
    stored: CallRow,
) -> Result<ClaimedExecution, StoreError> {
    // What somebody damaged is an empty call here: it has not the digest that was approved, so it is never sent.
    let stored = stored.unpack().unwrap_or_default();
    Ok(ClaimedExecution {
        answer_rules: pinned.answer.clone(),
        repeat: pinned.repeat.clone(),
        total_timeout: pinned.total_timeout,
        purpose: Purpose::Call,
        probe: pinned.probe.clone(),
        credential: pinned.credential.clone(),
        begun,
        approved: approved_digest(&request, approval_of(pinned, &request)?),
        held,
        request,
        echo: stored.echo().into_owned(),
        call: stored.call,
    })
}

/// The digest that all required people signed; `None` if one is missing, or if they signed different ones.
/// A rule that approves without anybody takes the request's own.
fn approved_digest(request: &Request, approval: Option<&Approval>) -> Option<Digest> {
    let Some(approval) = approval else { return Some(request.digest) };
    let approvals = || request.decisions.iter().filter(|decision| decision.verdict == Verdict::Approved);
    let first = approvals().next()?.digest;
    // Without the people file: whether it is asked again right before sending is the type's to say.
    let policy = PolicyInForce { approval, people: &People::none() };
    let is_whole = progress(&request.context(), &policy).approved;
    (is_whole && approvals().all(|decision| decision.digest == first)).then_some(first)
}
