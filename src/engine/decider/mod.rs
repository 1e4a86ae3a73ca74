//! What the writer does with a batch: every rule is asked here, on locked rows, in arrival order.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::EngineError;
use super::admission::{AdmissionRefusal, Deadlines, PreparedSubmission, call_row};
use super::change_feed::{Change, Feed};
use super::command::{Caller, Scope, WriteCommand, WriteReply};
use super::in_force::store_rules;
use super::lease::{Ending, HeldLease, LEASE};
use super::rule_book::{RuleBook, approval_of};
use super::working::{Named, Working};
use crate::clock::Clock;
use crate::domain::actor::Actor;
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::{Command, Refusal};
use crate::domain::outcome::Outcome;
use crate::domain::policy::bulk::DecisionMode;
use crate::domain::policy::may_decide::still_allowed;
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::{NewDecision, Request, State};
use crate::metrics::Metrics;
use crate::store::answers::AnswerRow;
use crate::store::events::Origin;
use crate::store::executions::{self, ExecutionRow};
use crate::store::refusals::{self, ROWS_PER_MINUTE_MAX};
use crate::store::requests::{self, Key, RequestRow};
use crate::store::submissions::{NewSubmission, SubmissionBatch};
use crate::store::writer::{Batch, BatchStats};
use crate::store::{AnyConnection, StoreError, sessions};

fn named<'a>(commands: &[&'a WriteCommand]) -> Named<'a> {
    let mut named = Named::default();
    for command in commands {
        if let Some(key) = command.request() {
            named.requests.insert(key.clone());
            if command.is_about_execution() {
                named.executions.insert(key.clone());
            }
        }
        if let WriteCommand::SubmitLocked(prepared) = command {
            named.watched.push(prepared);
        }
    }
    named
}

/// What the writer's half has in common with the rest of the engine.
pub(super) struct Shared {
    pub(super) feed: Arc<Feed>,
    pub(super) clock: Clock,
    pub(super) book: RuleBook,
    pub(super) deadlines: Deadlines,
    pub(super) metrics: Arc<Metrics>,
    pub(super) due: Arc<Notify>,
}

/// The engine's half of the writer.
pub(super) struct Decider {
    feed: Arc<Feed>,
    /// What the batch under way changes; told once it is committed.
    changes: Vec<Change>,
    clock: Clock,
    book: RuleBook,
    deadlines: Deadlines,
    metrics: Arc<Metrics>,
    due: Arc<Notify>,
    node: String,
    refused_lately: HashMap<String, (i64, i64)>,
}

impl Batch for Decider {
    type Command = WriteCommand;
    type Reply = WriteReply;

    fn run(
        &mut self,
        conn: &mut AnyConnection,
        commands: &[&WriteCommand],
        is_retry: bool,
    ) -> Result<Vec<WriteReply>, StoreError> {
        let clock = self.clock.clone();
        let mut working = Working::load(conn, &clock, &self.book, &named(commands))?;
        working.keeps_changes = self.feed.is_wanted();
        self.changes.clear();
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            answers.push(self.one(conn, &mut working, command, is_retry)?);
        }
        working.flush(conn)?;
        self.changes = std::mem::take(&mut working.changes);
        self.claim(conn, working.now, commands, &mut answers)?;
        Ok(answers)
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
        let answers = submissions.iter().map(|_| WriteReply::Done).collect();
        self.changes.clear();
        if self.feed.is_wanted() {
            let came_in = submissions.iter().map(|submission| Change::of_submission(&submission.request));
            self.changes = came_in.collect::<Result<_, _>>().ok()?;
        }
        Some((SubmissionBatch::new(&submissions), answers))
    }

    fn committed(&mut self, answers: &[WriteReply], batch: &BatchStats) {
        self.metrics.committed(batch.size, batch.took.as_secs_f64());
        self.feed.tell(std::mem::take(&mut self.changes));
        let is_due = |answer: &WriteReply| matches!(answer, WriteReply::Current { request, is_new: true } if request.state == State::Approved);
        if answers.iter().any(is_due) {
            self.due.notify_one();
        }
    }
}

impl Decider {
    pub(super) fn new(shared: Shared) -> Self {
        let Shared { feed, clock, book, deadlines, metrics, due } = shared;
        let node = clock.new_id().to_string();
        Self {
            feed,
            changes: Vec::new(),
            clock,
            book,
            deadlines,
            metrics,
            due,
            node,
            refused_lately: HashMap::new(),
        }
    }

    fn one<'a>(
        &mut self,
        conn: &mut AnyConnection,
        working: &mut Working<'a>,
        command: &'a WriteCommand,
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        Ok(match command {
            WriteCommand::Submit(submission) => {
                if !(is_retry && is_there(conn, &submission.request)?) {
                    working.submit(Cow::Borrowed(submission))?;
                }
                WriteReply::Done
            }
            WriteCommand::SubmitLocked(prepared) => self.submit_locked(conn, working, prepared, is_retry)?,
            WriteCommand::PutInForce(rules) => {
                store_rules(conn, rules, &self.clock, working.now)?;
                WriteReply::Done
            }
            WriteCommand::KeepRefusal(row) => {
                if !(is_retry && refusals::is_there(conn, row)?) {
                    refusals::insert(conn, *row.clone())?;
                }
                WriteReply::Done
            }
            WriteCommand::Session(write) => {
                sessions::write(conn, write)?;
                WriteReply::Done
            }
            WriteCommand::Decide { by, scope, decision: ballot } => {
                let is_meant = working.request(&by.key).is_some_and(|found| match scope {
                    Scope::One(request_type) => found.request_type == *request_type,
                    Scope::Many => true,
                });
                if is_meant {
                    self.decide((conn, working), by, (ballot, scope))?
                } else {
                    WriteReply::NotFound
                }
            }
            WriteCommand::Withdraw { by, reason } => {
                let Caller { key, actor, .. } = by;
                let maker = working.request(key).map(|found| &found.maker);
                let is_seen =
                    maker.is_some_and(|maker| actor.sees_all() || maker.is_same_person(&actor.person));
                let wish = Command::Withdraw { by: actor.person.clone(), reason: reason.clone() };
                if is_seen { self.by_person(working, by, &wish)? } else { WriteReply::NotFound }
            }
            WriteCommand::Expire(key) => {
                let has_lapsed = lapse(working, key)?;
                expire(working, key)?;
                if has_lapsed { stands(working, key, true) } else { WriteReply::Done }
            }
            WriteCommand::StartAttempt(held) => self.start_attempt(working, held, is_retry)?,
            WriteCommand::End { held, ending } => end(working, held, ending)?,
            WriteCommand::Release(held) => release(working, held),
            WriteCommand::Settle(key) => settle(working, key)?,
            WriteCommand::Renew(held) => {
                renew(conn, working.now, held)?;
                WriteReply::Done
            }
            WriteCommand::LapseAll => {
                executions::lapse_all(conn, working.now)?;
                WriteReply::Done
            }
            // After the flush, so that it sees what this very batch approved.
            WriteCommand::Claim { .. } => WriteReply::Done,
        })
    }

    /// The one place where a decision is made, whichever door it came through.
    fn decide(
        &mut self,
        (conn, working): (&mut AnyConnection, &mut Working<'_>),
        by: &Caller,
        (ballot, scope): (&NewDecision, &Scope),
    ) -> Result<WriteReply, StoreError> {
        let Some(request) = working.request(&by.key) else { return Ok(WriteReply::NotFound) };
        let pinned = working.pinned(&by.key);
        let Some(approval) = approval_of(pinned.as_deref(), request)?.cloned() else {
            return Ok(WriteReply::Refused(Refusal::Closed { state: request.state }));
        };
        // What was tried and refused meanwhile does not make it another request.
        let now = request.version;
        let stands = ballot.version.map(|seen| working.stands_as_at(conn, &by.key, seen)).transpose()?;
        let version = if stands == Some(true) { Some(now) } else { ballot.version };
        let ballot = &ballot.clone().on_version(version);
        let rules = self.book.current();
        let ttl =
            pinned.as_ref().and_then(|pinned| pinned.approval_ttl).unwrap_or(self.deadlines.approval_ttl);
        let signer = by.actor.signer();
        let policy = PolicyInForce { approval: &approval, people: &rules.people };
        let company = match scope {
            Scope::One(_) => DecisionMode::Single,
            Scope::Many => {
                DecisionMode::Bulk { is_allowed_by_type: pinned.as_ref().is_some_and(|pinned| pinned.bulk) }
            }
        };
        let wish = Command::Decide { signer: &signer, ballot, company, policy, approval_ttl: ttl };
        self.by_person(working, by, &wish)
    }

    /// A person's command: first the deadline, then the rules; what they forbid is kept.
    fn by_person(
        &mut self,
        working: &mut Working<'_>,
        by: &Caller,
        wish: &Command<'_>,
    ) -> Result<WriteReply, StoreError> {
        let Caller { key, actor, origin } = by;
        expire(working, key)?;
        match working.command(key, wish, origin)? {
            Ok(is_new) => Ok(stands(working, key, is_new)),
            Err(refusal) => {
                if self.may_keep_refusal(actor, working.now) {
                    working.refuse(key, &actor.person, (&refusal, origin))?;
                }
                Ok(WriteReply::Refused(refusal))
            }
        }
    }

    /// Chooses the rule on locked counters; each submission of a batch sees those before it.
    fn submit_locked(
        &self,
        conn: &mut AnyConnection,
        working: &mut Working<'_>,
        prepared: &PreparedSubmission,
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        // Judged anew it would meet its own share, its own subject and its own key.
        if is_retry && let Some(request) = recorded(conn, prepared)? {
            return Ok(WriteReply::Current { request: Box::new(request), is_new: true });
        }
        if let (Some(client_key), Some(row)) = (&prepared.client_key, working.used_key(prepared)) {
            return Ok(match client_key.stands_for(row, &prepared.maker.person) {
                Ok(id) => WriteReply::Replayed(id),
                Err(EngineError::NotAdmitted(why)) => WriteReply::NotAdmitted(why),
                Err(_) => return Err(StoreError::Corrupt(format!("the key of {}", row.request_id))),
            });
        }
        let admitted = match prepared.admit(&working.surroundings(prepared), &self.clock) {
            Ok(admitted) => admitted,
            Err(why) => return Ok(WriteReply::NotAdmitted(why)),
        };
        if !working.can_count(&admitted.request) {
            return Ok(WriteReply::NotAdmitted(AdmissionRefusal::too_large()));
        }
        let call = call_row(prepared, prepared.submission.call_bytes.clone());
        let (request, submission) = admitted.with_call(call);
        working.submit_admitted(prepared, &request, submission)?;
        Ok(WriteReply::Current { request: Box::new(request), is_new: true })
    }

    /// Right before bytes may leave: is it still in time, and still allowed?
    fn start_attempt(
        &self,
        working: &mut Working<'_>,
        held: &HeldLease,
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        if !is_held(working, held) {
            return Ok(WriteReply::Fenced);
        }
        if lapse(working, &held.key)? {
            return Ok(stands(working, &held.key, true));
        }
        if let Err(why) = self.is_still_allowed(working, &held.key)? {
            let reason = format!("No byte left: {why}.");
            return finish(working, &held.key, (Outcome::Failed, &reason), None);
        }
        let attempts_before = working.request(&held.key).map_or(0, |request| request.attempts);
        Ok(match working.command(&held.key, &Command::StartAttempt, &system_origin(&held.key))? {
            Ok(_) => {
                working.open_attempt(&held.key, held.token);
                WriteReply::Done
            }
            // A retry after a commit that was reported as failed: the open attempt is this holder's own.
            Err(_) if is_retry && attempts_before == 1 => WriteReply::Done,
            Err(refusal) => WriteReply::Refused(refusal),
        })
    }

    /// For a type that says so: the people who signed are looked at again.
    fn is_still_allowed(&self, working: &Working<'_>, key: &Key) -> Result<Result<(), String>, StoreError> {
        let pinned = working.pinned(key).filter(|pinned| pinned.recheck_at_execution);
        let (Some(pinned), Some(request)) = (pinned, working.request(key)) else { return Ok(Ok(())) };
        let rules = self.book.current();
        let Some(approval) = approval_of(Some(&pinned), request)? else {
            let is_active = rules.people.is_active(&request.maker, &request.terms.maker_act);
            let gone = || format!("the maker, {}, is no longer active", request.maker.user_name);
            return Ok(is_active.then_some(()).ok_or_else(gone));
        };
        let votes = request.votes();
        let policy = PolicyInForce { approval, people: &rules.people };
        Ok(still_allowed(&request.matter(&votes), &policy))
    }

    /// Refused attempts are kept up to a number per person and minute, so that nobody can fill the trail.
    fn may_keep_refusal(&mut self, actor: &Actor, now: DateTime<Utc>) -> bool {
        let minute = now.timestamp() / 60;
        self.refused_lately.retain(|_, (at, _)| *at == minute);
        let person = format!("{}\n{}", actor.org, actor.person.key());
        let (_, count) = self.refused_lately.entry(person).or_insert((minute, 0));
        *count += 1;
        *count <= ROWS_PER_MINUTE_MAX
    }

    fn claim(
        &self,
        conn: &mut AnyConnection,
        now: DateTime<Utc>,
        commands: &[&WriteCommand],
        answers: &mut [WriteReply],
    ) -> Result<(), StoreError> {
        for (command, answer) in commands.iter().zip(answers) {
            let WriteCommand::Claim { limit, busy_hosts } = command else { continue };
            let mut claimed = executions::lock_queued(conn, *limit, busy_hosts)?;
            let take = |row: &mut ExecutionRow| {
                let token_before = row.token;
                row.claim(&self.node, now + LEASE);
                executions::Moved { row: row.clone(), token_before }
            };
            let moved: Vec<_> = claimed.iter_mut().map(take).collect();
            if !moved.is_empty() {
                executions::save(conn, &moved)?;
            }
            *answer = WriteReply::Claimed(claimed);
        }
        Ok(())
    }
}

/// Whether an earlier try of this submission was committed although it was reported as failed.
fn is_there(conn: &mut AnyConnection, row: &RequestRow) -> Result<bool, StoreError> {
    let (org, id) = (OrgId::new(row.org_id.clone()), requests::parse_id(&row.request_id)?);
    Ok(requests::find(conn, &org, id)?.is_some_and(|found| found.digest == row.digest))
}

/// What an earlier try of this submission recorded, although its commit was reported as failed.
fn recorded(conn: &mut AnyConnection, prepared: &PreparedSubmission) -> Result<Option<Request>, StoreError> {
    let found = requests::find(conn, &prepared.maker.org, prepared.id)?;
    found.map(|row| row.into_request(Vec::new())).transpose()
}

fn system_origin(key: &Key) -> Origin {
    Origin { reference: key.1.to_string(), ..Origin::default() }
}

fn expire(working: &mut Working<'_>, key: &Key) -> Result<(), StoreError> {
    // `Expire` is never refused: it either is due or does nothing.
    working.command(key, &Command::Expire, &system_origin(key)).map(drop)
}

/// Whether the approval had lapsed and is ended now. Never refused, like `expire`.
fn lapse(working: &mut Working<'_>, key: &Key) -> Result<bool, StoreError> {
    Ok(working.command(key, &Command::Lapse, &system_origin(key))?.unwrap_or(false))
}

fn end(working: &mut Working<'_>, held: &HeldLease, ending: &Ending) -> Result<WriteReply, StoreError> {
    let is_own_end = working
        .execution(&held.key)
        .is_some_and(|row| row.token == held.token && row.outcome.as_deref() == Some(ending.outcome.name()));
    if is_own_end {
        return Ok(stands(working, &held.key, false));
    }
    if !is_held(working, held) {
        return Ok(WriteReply::Fenced);
    }
    finish(working, &held.key, (ending.outcome, &ending.reason), ending.answer.clone())
}

/// Records how an execution ended, with or without an attempt.
fn finish(
    working: &mut Working<'_>,
    key: &Key,
    (outcome, reason): (Outcome, &str),
    answer: Option<AnswerRow>,
) -> Result<WriteReply, StoreError> {
    let wish = Command::RecordOutcome { outcome, reason: reason.to_owned() };
    Ok(match working.command(key, &wish, &system_origin(key))? {
        Ok(_) => {
            working.end(key, outcome, reason, answer);
            stands(working, key, true)
        }
        Err(refusal) => WriteReply::Refused(refusal),
    })
}

fn release(working: &mut Working<'_>, held: &HeldLease) -> WriteReply {
    let has_attempt = working.request(&held.key).is_some_and(|request| request.attempts > 0);
    if has_attempt || !is_held(working, held) {
        return WriteReply::Fenced;
    }
    if let Some(row) = working.execution(&held.key) {
        row.release();
    }
    WriteReply::Done
}

fn is_held(working: &mut Working<'_>, held: &HeldLease) -> bool {
    working.execution(&held.key).is_some_and(|row| row.is_held_with(held.token))
}

/// With an attempt open, bytes may have left: unknown. Without one, nothing left: it is due again.
fn settle(working: &mut Working<'_>, key: &Key) -> Result<WriteReply, StoreError> {
    let now = working.now;
    if !working.execution(key).is_some_and(|row| row.is_lapsed(now)) {
        return Ok(WriteReply::Done);
    }
    if working.request(key).is_some_and(|request| request.attempts == 0) {
        if let Some(row) = working.execution(key) {
            row.release();
        }
        return Ok(WriteReply::Done);
    }
    let reason = "The process that sent the call stopped before it knew the answer.";
    finish(working, key, (Outcome::Unknown, reason), None)
}

/// The request as it stands in this batch.
fn stands(working: &Working<'_>, key: &Key, is_new: bool) -> WriteReply {
    working.request(key).map_or(WriteReply::NotFound, |request| WriteReply::Current {
        request: Box::new(request.clone()),
        is_new,
    })
}

fn renew(conn: &mut AnyConnection, now: DateTime<Utc>, held: &[HeldLease]) -> Result<(), StoreError> {
    for lease in held {
        if !executions::renew(conn, &lease.key, lease.token, now + LEASE)? {
            tracing::warn!(request.id = %lease.key.1, "a lease was lost; its outcome will not be recorded here");
        }
    }
    Ok(())
}
