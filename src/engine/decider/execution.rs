//! Executions: claimed, attempted, put back, settled.

use chrono::TimeDelta;

use super::{Decider, current, lapse, system_origin};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::lifecycle::Command;
use crate::domain::policy::may_decide::still_allowed;
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::{Request, State};
use crate::domain::request_type::RequestType;
use crate::domain::sending::SendingRules;
use crate::engine::batch_rows::BatchRows;
use crate::engine::claimed_execution::{Ending, HeldLease};
use crate::engine::command::{ClaimRoom, WriteCommand, WriteReply};
use crate::engine::execute::node_time;
use crate::engine::rule_book::approval_of;
use crate::fault_points::{self, FaultPoint, Sabotage, sabotage};
use crate::store::claims::{self, Lease};
use crate::store::requests::Key;
use crate::store::writer::Ran;
use crate::store::{AnyConnection, StoreError, attempts, executions, repeat_keys};

impl Decider {
    /// Leases queued executions to this process, as each `Claim` of the batch asks.
    pub(super) fn run_claims(
        &mut self,
        conn: &mut AnyConnection,
        commands: &[&WriteCommand],
        ran: &mut [Ran<WriteReply>],
    ) -> Result<(), StoreError> {
        for (command, ran) in commands.iter().zip(ran) {
            let WriteCommand::Claim(room) = command else { continue };
            let mut slots = match room {
                ClaimRoom::Own(most) => self.shared.under_way.slots_to_claim(*most),
                ClaimRoom::Given(slots) => slots.clone(),
            };
            let full: Vec<String> =
                slots.hosts.keys().filter(|host| !slots.has_room(host)).cloned().collect();
            let each_max = i64::try_from(slots.per_host).unwrap_or(i64::MAX);
            let due = claims::list_due(conn, node_time(&self.shared.clock), &full, each_max)?;
            let grants = slots.grant(&due.calls);
            let lease = Lease { node: self.node.clone(), now: due.now, lasts: self.shared.sending.lease };
            let executions = claims::claim(conn, &grants, &lease)?;
            if let ClaimRoom::Own(_) = room {
                self.take_slots(&executions);
                let granted: usize = grants.iter().map(|grant| grant.count).sum();
                let is_more = due.calls.iter().map(|due| due.count).sum::<usize>() > granted;
                let is_any_full = full.iter().any(|host| !slots.is_held_back(host));
                self.shared.under_way.note_claim(slots.clone(), is_more || is_any_full);
            }
            *ran = Ran::Replied(WriteReply::Claimed { executions, slots });
        }
        Ok(())
    }

    /// Right before bytes may leave: is it still in time, and still allowed?
    pub(super) fn run_start_attempt(
        &self,
        rows: &mut BatchRows<'_>,
        held: &HeldLease,
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        if !is_held(rows, held) {
            return Ok(WriteReply::Fenced);
        }
        if lapse(rows, &held.key)? {
            return Ok(current(rows, &held.key, true));
        }
        if let Err(why) = self.is_still_allowed(rows, &held.key)? {
            return run_stop(rows, held, (&format!("No byte left: {why}."), None));
        }
        let was_open = attempt_under_way(rows, &held.key).is_some();
        Ok(match rows.transition(&held.key, &Command::StartAttempt, &system_origin(&held.key))? {
            Ok(_) => {
                rows.open_attempt(&held.key, held.token);
                attempt_started(rows, &held.key)
            }
            // A retry after a commit that was reported as failed: the open attempt is this holder's own.
            Err(_) if is_retry && was_open => attempt_started(rows, &held.key),
            Err(refusal) => WriteReply::Refused(refusal),
        })
    }

    /// For a type that asks for it: whether the people who signed may still sign. The error is a sentence.
    pub(super) fn is_still_allowed(
        &self,
        rows: &BatchRows<'_>,
        key: &Key,
    ) -> Result<Result<(), String>, StoreError> {
        let pinned = rows.pinned(key).filter(|pinned| pinned.recheck_at_execution);
        let (Some(pinned), Some(request)) = (pinned, rows.request(key)) else { return Ok(Ok(())) };
        let rules = self.shared.book.current();
        let Some(approval) = approval_of(&pinned, request)? else {
            let is_active = rules.people.is_active(&request.maker, &request.terms.maker_act);
            let gone = || format!("the maker, {}, is no longer active", request.maker.user_name);
            return Ok(is_active.then_some(()).ok_or_else(gone));
        };
        let policy = PolicyInForce { approval, people: &rules.people };
        Ok(still_allowed(&request.context(), &policy))
    }

    /// Records how an attempt ended. A repeat by the same holder changes nothing.
    pub(super) fn run_end_attempt(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        held: &HeldLease,
        ending: &Ending,
    ) -> Result<WriteReply, StoreError> {
        let key = &held.key;
        let is_under_way = attempt_under_way(rows, key) == Some(ending.end.attempt);
        if is_held(rows, held) && is_under_way {
            return self.end_open_attempt(conn, rows, held, ending);
        }
        // The lease was lost, or somebody else has ended the execution: this is still the attempt's own holder.
        match attempts::find(conn, key, ending.end.attempt)?.filter(|row| row.token == held.token) {
            None => Ok(WriteReply::Fenced),
            Some(row) if row.outcome.as_deref() == Some(ending.end.outcome.name()) => {
                Ok(current(rows, key, false))
            }
            Some(row) => match row.outcome.as_deref().map(AttemptOutcome::parse) {
                None | Some(Some(AttemptOutcome::Ambiguous)) => late_answer(rows, held, ending),
                Some(_) => Ok(WriteReply::Fenced),
            },
        }
    }

    /// The attempt under way ends, and with it the execution, or it is queued for another attempt.
    fn end_open_attempt(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        held: &HeldLease,
        ending: &Ending,
    ) -> Result<WriteReply, StoreError> {
        let key = &held.key;
        let (Some(pinned), Some(request)) = (rows.pinned(key), rows.request(key)) else {
            return Ok(WriteReply::NotFound);
        };
        let repeat = repeat_of(conn, &pinned, request, ending.end.outcome)?;
        let rules = SendingRules {
            retry: &pinned.retry,
            recognises_repeat: repeat.is_recognised,
            is_only_user: repeat.is_only_user,
            call_limit: pinned.total_timeout.unwrap_or(self.shared.sending.call),
            jitter: ending.jitter,
        };
        let mut end = ending.end.clone();
        if sabotage(Sabotage::FirstRepeatAnswerIsDone) && end.outcome == AttemptOutcome::AlreadyDone {
            end.outcome = AttemptOutcome::Executed;
        }
        let command = Command::EndAttempt { end, rules };
        if let Err(refusal) = rows.transition(key, &command, &system_origin(key))? {
            return Ok(WriteReply::Refused(refusal));
        }
        rows.end_attempt(held, ending);
        let next = rows.request(key).and_then(|request| request.sending.next_attempt_at);
        if let Some(next) = next {
            // The wait is what counts: the queue goes by the database's clock.
            let due_at = rows.database_now(conn)? + (next - rows.now);
            if let Some(execution) = rows.execution(key) {
                execution.release(held.token, due_at)?;
            }
        }
        Ok(current(rows, key, true))
    }

    /// Puts a claimed execution back, of whose call nothing left. An attempt that is open all the same, because its
    /// start was committed and its holder did not hear of it, was not sent.
    pub(super) fn run_put_back(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        held: &HeldLease,
        wait: TimeDelta,
    ) -> Result<WriteReply, StoreError> {
        if !is_held(rows, held) {
            return Ok(WriteReply::Fenced);
        }
        if let Some(attempt) = attempt_under_way(rows, &held.key) {
            let reason = "No byte left: the start of the attempt was not confirmed in time.";
            let ending = Ending::new(attempt, AttemptOutcome::NotSent, reason);
            return self.end_open_attempt(conn, rows, held, &ending);
        }
        let due_at = rows.database_now(conn)? + wait;
        if let Some(execution) = rows.execution(&held.key) {
            execution.release(held.token, due_at)?;
        }
        Ok(WriteReply::Done)
    }

    /// The holder of a lease is gone. With an attempt open, bytes may have left; without one it is due again.
    pub(super) fn run_settle(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        key: &Key,
    ) -> Result<WriteReply, StoreError> {
        let now = rows.database_now(conn)?;
        let attempt = attempt_under_way(rows, key);
        let lapsed = rows.execution(key).filter(|execution| execution.is_lapsed(now));
        let Some(execution) = lapsed else { return Ok(WriteReply::Done) };
        let held = HeldLease { key: key.clone(), token: execution.token };
        let Some(attempt) = attempt else {
            execution.release(held.token, now)?;
            return Ok(WriteReply::Done);
        };
        let reason = "The process that sent the call stopped before it knew the answer.";
        let ending = Ending::new(attempt, AttemptOutcome::Ambiguous, reason);
        self.end_open_attempt(conn, rows, &held, &ending)
    }
}

/// Whether the target recognises a repeat of this call, and whether nobody else can have used its id.
struct Repeat {
    is_recognised: bool,
    is_only_user: bool,
}

/// Asked only for the outcomes that depend on it.
fn repeat_of(
    conn: &mut AnyConnection,
    pinned: &RequestType,
    request: &Request,
    outcome: AttemptOutcome,
) -> Result<Repeat, StoreError> {
    let is_blind = pinned.repeat.is_none() && sabotage(Sabotage::BlindRepeat);
    let is_recognised = is_blind || pinned.recognises_repeat(request.terms.repeat_key.as_deref());
    let is_only_user = match outcome {
        AttemptOutcome::AlreadyDone => !repeat_keys::was_repeat_key_sent_by_another(conn, request)?,
        AttemptOutcome::Executed
        | AttemptOutcome::Failed
        | AttemptOutcome::NotSent
        | AttemptOutcome::NotDone
        | AttemptOutcome::Ambiguous => false,
    };
    Ok(Repeat { is_recognised, is_only_user })
}

/// How an attempt ended becomes known after others have gone on without it.
fn late_answer(
    rows: &mut BatchRows<'_>,
    held: &HeldLease,
    ending: &Ending,
) -> Result<WriteReply, StoreError> {
    let key = &held.key;
    fault_points::pass(FaultPoint::LateAnswerBeforeCommit);
    let command = Command::RecordLateAnswer(ending.end.clone());
    Ok(match rows.transition(key, &command, &system_origin(key))? {
        Ok(has_happened) => {
            if has_happened {
                rows.end_attempt(held, ending);
                if rows.request(key).is_some_and(|request| request.state != State::Unknown) {
                    rows.settle_execution_as_its_request(key);
                }
            }
            current(rows, key, has_happened)
        }
        Err(refusal) => WriteReply::Refused(refusal),
    })
}

/// The engine itself ends a claimed execution, and the attempt of it that has begun.
pub(super) fn run_stop(
    rows: &mut BatchRows<'_>,
    held: &HeldLease,
    (reason, unsent): (&str, Option<i64>),
) -> Result<WriteReply, StoreError> {
    if !is_held(rows, held) {
        return Ok(WriteReply::Fenced);
    }
    let command = Command::Stop { reason: reason.to_owned(), unsent };
    Ok(match rows.transition(&held.key, &command, &system_origin(&held.key))? {
        Ok(_) => {
            if let Some(attempt) = unsent {
                rows.end_attempt(held, &Ending::new(attempt, AttemptOutcome::NotSent, reason));
            }
            current(rows, &held.key, true)
        }
        Err(refusal) => WriteReply::Refused(refusal),
    })
}

/// Sets a claimed execution aside without reading its request.
pub(super) fn run_set_aside(
    conn: &mut AnyConnection,
    rows: &mut BatchRows<'_>,
    held: &HeldLease,
    wait: TimeDelta,
) -> Result<WriteReply, StoreError> {
    let due_at = rows.database_now(conn)? + wait;
    let is_set_aside = executions::set_aside(conn, &held.key, held.token, due_at)?;
    Ok(if is_set_aside { WriteReply::Done } else { WriteReply::Fenced })
}

/// The number of the attempt that is under way.
fn attempt_under_way(rows: &BatchRows<'_>, key: &Key) -> Option<i64> {
    rows.request(key).and_then(|request| request.sending.attempt_under_way())
}

fn attempt_started(rows: &BatchRows<'_>, key: &Key) -> WriteReply {
    match rows.request(key) {
        Some(request) => WriteReply::AttemptStarted(request.sending.attempts),
        None => WriteReply::NotFound,
    }
}

fn is_held(rows: &mut BatchRows<'_>, held: &HeldLease) -> bool {
    sabotage(Sabotage::NoFencing)
        || rows.execution(&held.key).is_some_and(|execution| execution.is_held_with(held.token))
}
