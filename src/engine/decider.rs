//! What the writer does with a batch: every rule is asked here, on locked rows, in arrival order.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::execute::{Ending, Held, LEASE};
use super::working::Working;
use crate::clock::Clock;
use crate::domain::actor::Actor;
use crate::domain::ids::RequestTypeName;
use crate::domain::lifecycle::{Command as Wish, Refusal};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Ballot, Request, State};
use crate::metrics::Metrics;
use crate::store::events::Origin;
use crate::store::executions::{self, ExecutionRow};
use crate::store::refusals::{self, ROWS_PER_MINUTE_MAX, RefusalRow};
use crate::store::requests::{self, Key};
use crate::store::submissions::{NewSubmission, SubmissionBatch};
use crate::store::writer::{Batch, BatchStats};
use crate::store::{AnyConnection, StoreError};

/// A person who wants something of one request.
pub(super) struct Caller {
    /// The request, in the org that the call is about.
    pub(super) key: Key,
    /// Who asks.
    pub(super) actor: Actor,
    /// Where the call came from.
    pub(super) origin: Origin,
}

/// One write, as the engine's methods hand it over.
pub(super) enum Command {
    /// A submission that passed every check.
    Submit(Box<NewSubmission>),
    /// A refused submission is kept.
    Refuse(Box<RefusalRow>),
    /// A checker decides.
    Decide { by: Caller, request_type: RequestTypeName, ballot: Ballot },
    /// The maker takes it back.
    Withdraw { by: Caller, reason: String },
    /// A deadline may have passed.
    Expire(Key),
    /// The executor wants up to `limit` executions, none against `busy_hosts`.
    Claim { limit: i64, busy_hosts: Vec<String> },
    /// The executor is about to send.
    StartAttempt(Held),
    /// The executor knows how it ended.
    End { held: Held, ending: Box<Ending> },
    /// The executor will not send it after all; nothing left.
    Release(Held),
    /// The executor still works on these.
    Renew(Vec<Held>),
    /// A lease has run out: nobody works on it any more.
    Settle(Key),
    /// This process is the database's only one and has just started: no lease can be alive.
    LapseAll,
}

impl Command {
    /// The request whose row it changes.
    fn request(&self) -> Option<&Key> {
        match self {
            Self::Decide { by, .. } | Self::Withdraw { by, .. } => Some(&by.key),
            Self::Expire(key) | Self::Settle(key) => Some(key),
            Self::StartAttempt(held) | Self::End { held, .. } | Self::Release(held) => Some(&held.key),
            Self::Submit(_) | Self::Refuse(_) | Self::Claim { .. } | Self::Renew(_) | Self::LapseAll => None,
        }
    }

    /// Whether it works on the request's execution.
    fn is_about_execution(&self) -> bool {
        matches!(self, Self::StartAttempt(_) | Self::End { .. } | Self::Release(_) | Self::Settle(_))
    }
}

/// What a command led to.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is done, and there is no more to say.
    Done,
    /// There is no such request for this person.
    NotFound,
    /// The rules forbid it.
    Refused(Refusal),
    /// The request as it now stands; `is_new` if this command moved it.
    Stands { request: Box<Request>, is_new: bool },
    /// These executions are yours.
    Claimed(Vec<ExecutionRow>),
    /// The lease belongs to somebody else by now.
    Fenced,
}

/// The engine's half of the writer.
pub(super) struct Decider {
    clock: Clock,
    metrics: Arc<Metrics>,
    due: Arc<Notify>,
    node: String,
    refused_lately: HashMap<String, (i64, i64)>,
}

impl Batch for Decider {
    type Command = Command;
    type Answer = Answer;

    fn run(
        &mut self,
        conn: &mut AnyConnection,
        commands: &[&Command],
        is_retry: bool,
    ) -> Result<Vec<Answer>, StoreError> {
        let named: BTreeSet<Key> = commands.iter().filter_map(|command| command.request()).cloned().collect();
        let executed = commands.iter().filter(|command| command.is_about_execution());
        let executed: BTreeSet<Key> = executed.filter_map(|command| command.request()).cloned().collect();
        let clock = self.clock.clone();
        let mut working = Working::load(conn, &clock, &named, &executed)?;
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            answers.push(self.one(conn, &mut working, command, is_retry)?);
        }
        working.flush(conn)?;
        self.claim(conn, working.now, commands, &mut answers)?;
        Ok(answers)
    }

    fn as_one_statement<'c>(
        &mut self,
        commands: &[&'c Command],
    ) -> Option<(SubmissionBatch<'c>, Vec<Answer>)> {
        let submission = |command: &&'c Command| {
            let Command::Submit(submission) = *command else { return None };
            Some(&**submission)
        };
        let submissions: Vec<&NewSubmission> = commands.iter().map(submission).collect::<Option<_>>()?;
        let answers = submissions.iter().map(|_| Answer::Done).collect();
        Some((SubmissionBatch::new(&submissions), answers))
    }

    fn committed(&mut self, answers: &[Answer], batch: &BatchStats) {
        self.metrics.committed(batch.size, batch.took.as_secs_f64());
        let is_due = |answer: &Answer| matches!(answer, Answer::Stands { request, is_new: true } if request.state == State::Approved);
        if answers.iter().any(is_due) {
            self.due.notify_one();
        }
    }
}

impl Decider {
    pub(super) fn new(clock: Clock, metrics: Arc<Metrics>, due: Arc<Notify>, node: String) -> Self {
        Self { clock, metrics, due, node, refused_lately: HashMap::new() }
    }

    fn one<'a>(
        &mut self,
        conn: &mut AnyConnection,
        working: &mut Working<'a>,
        command: &'a Command,
        is_retry: bool,
    ) -> Result<Answer, StoreError> {
        Ok(match command {
            Command::Submit(submission) => {
                if !(is_retry && is_there(conn, submission)?) {
                    working.submit(submission);
                }
                Answer::Done
            }
            Command::Refuse(row) => {
                if !(is_retry && refusals::is_there(conn, row)?) {
                    refusals::insert(conn, *row.clone())?;
                }
                Answer::Done
            }
            Command::Decide { by, request_type, ballot } => {
                let found = working.request(&by.key);
                let is_of_type = found.is_some_and(|found| found.request_type == *request_type);
                let wish = Wish::Decide { checker: by.actor.person.clone(), ballot: ballot.clone() };
                if is_of_type { self.by_person(working, by, wish) } else { Answer::NotFound }
            }
            Command::Withdraw { by, reason } => {
                let Caller { key, actor, .. } = by;
                let maker = working.request(key).map(|found| &found.maker);
                let is_seen =
                    maker.is_some_and(|maker| actor.sees_all() || maker.is_same_person(&actor.person));
                let wish = Wish::Withdraw { by: actor.person.clone(), reason: reason.clone() };
                if is_seen { self.by_person(working, by, wish) } else { Answer::NotFound }
            }
            Command::Expire(key) => {
                expire(working, key);
                Answer::Done
            }
            Command::StartAttempt(held) => start_attempt(working, held, is_retry),
            Command::End { held, ending } => end(working, held, ending),
            Command::Release(held) => release(working, held),
            Command::Settle(key) => settle(working, key),
            Command::Renew(held) => {
                renew(conn, working.now, held)?;
                Answer::Done
            }
            Command::LapseAll => {
                executions::lapse_all(conn, working.now)?;
                Answer::Done
            }
            // After the flush, so that it sees what this very batch approved.
            Command::Claim { .. } => Answer::Done,
        })
    }

    /// A person's command: first the deadline, then the rules; what they forbid is kept.
    fn by_person(&mut self, working: &mut Working<'_>, by: &Caller, wish: Wish) -> Answer {
        let Caller { key, actor, origin } = by;
        expire(working, key);
        match working.command(key, &wish, origin) {
            Ok(is_new) => stands(working, key, is_new),
            Err(refusal) => {
                if self.may_keep_refusal(actor, working.now) {
                    working.refuse(key, &actor.person, &refusal, origin);
                }
                Answer::Refused(refusal)
            }
        }
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
        commands: &[&Command],
        answers: &mut [Answer],
    ) -> Result<(), StoreError> {
        for (command, answer) in commands.iter().zip(answers) {
            let Command::Claim { limit, busy_hosts } = command else { continue };
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
            *answer = Answer::Claimed(claimed);
        }
        Ok(())
    }
}

/// Whether an earlier try of this submission was committed although it was reported as failed.
fn is_there(conn: &mut AnyConnection, submission: &NewSubmission) -> Result<bool, StoreError> {
    let key = submission_key(submission)?;
    Ok(requests::find(conn, &key.0, key.1)?.is_some_and(|row| row.digest == submission.request.digest))
}

fn submission_key(submission: &NewSubmission) -> Result<Key, StoreError> {
    let row = &submission.request;
    Ok((crate::domain::ids::OrgId::new(row.org_id.clone()), requests::parse_id(&row.request_id)?))
}

fn system_origin(key: &Key) -> Origin {
    Origin { reference: key.1.to_string(), ..Origin::default() }
}

fn expire(working: &mut Working<'_>, key: &Key) {
    // `Expire` is never refused: it either is due or does nothing.
    let _ = working.command(key, &Wish::Expire, &system_origin(key));
}

fn start_attempt(working: &mut Working<'_>, held: &Held, is_retry: bool) -> Answer {
    if !is_held(working, held) {
        return Answer::Fenced;
    }
    let attempts_before = working.request(&held.key).map_or(0, |request| request.attempts);
    match working.command(&held.key, &Wish::StartAttempt, &system_origin(&held.key)) {
        Ok(_) => {
            working.open_attempt(&held.key, held.token);
            Answer::Done
        }
        // A retry after a commit that was reported as failed: the open attempt is this holder's own.
        Err(_) if is_retry && attempts_before == 1 => Answer::Done,
        Err(refusal) => Answer::Refused(refusal),
    }
}

fn end(working: &mut Working<'_>, held: &Held, ending: &Ending) -> Answer {
    let is_own_end = working
        .execution(&held.key)
        .is_some_and(|row| row.token == held.token && row.outcome.as_deref() == Some(ending.outcome.name()));
    if is_own_end {
        return stands(working, &held.key, false);
    }
    if !is_held(working, held) {
        return Answer::Fenced;
    }
    let wish = Wish::RecordOutcome { outcome: ending.outcome, reason: ending.reason.clone() };
    match working.command(&held.key, &wish, &system_origin(&held.key)) {
        Ok(_) => {
            working.end(&held.key, ending.outcome, &ending.reason, ending.answer.clone());
            stands(working, &held.key, true)
        }
        Err(refusal) => Answer::Refused(refusal),
    }
}

fn release(working: &mut Working<'_>, held: &Held) -> Answer {
    let has_attempt = working.request(&held.key).is_some_and(|request| request.attempts > 0);
    if has_attempt || !is_held(working, held) {
        return Answer::Fenced;
    }
    if let Some(row) = working.execution(&held.key) {
        row.release();
    }
    Answer::Done
}

fn is_held(working: &mut Working<'_>, held: &Held) -> bool {
    working.execution(&held.key).is_some_and(|row| row.is_held_with(held.token))
}

/// With an attempt open, bytes may have left: unknown. Without one, nothing left: it is due again.
fn settle(working: &mut Working<'_>, key: &Key) -> Answer {
    let now = working.now;
    if !working.execution(key).is_some_and(|row| row.is_lapsed(now)) {
        return Answer::Done;
    }
    if working.request(key).is_some_and(|request| request.attempts == 0) {
        if let Some(row) = working.execution(key) {
            row.release();
        }
        return Answer::Done;
    }
    let reason = "The process that sent the call stopped before it knew the answer.";
    let wish = Wish::RecordOutcome { outcome: Outcome::Unknown, reason: reason.to_owned() };
    match working.command(key, &wish, &system_origin(key)) {
        Ok(_) => {
            working.end(key, Outcome::Unknown, reason, None);
            stands(working, key, true)
        }
        Err(refusal) => Answer::Refused(refusal),
    }
}

/// The request as it stands in this batch.
fn stands(working: &Working<'_>, key: &Key, is_new: bool) -> Answer {
    working
        .request(key)
        .map_or(Answer::NotFound, |request| Answer::Stands { request: Box::new(request.clone()), is_new })
}

fn renew(conn: &mut AnyConnection, now: DateTime<Utc>, held: &[Held]) -> Result<(), StoreError> {
    for lease in held {
        if !executions::renew(conn, &lease.key, lease.token, now + LEASE)? {
            tracing::warn!(request.id = %lease.key.1, "a lease was lost; its outcome will not be recorded here");
        }
    }
    Ok(())
}
