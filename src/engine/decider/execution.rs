//! Executions: claimed, begun, ended, put back.

use chrono::{DateTime, Utc};

use super::{Decider, current, lapse, system_origin};
use crate::domain::execution::Execution;
use crate::domain::lease::LEASE;
use crate::domain::lifecycle::Command;
use crate::domain::outcome::Outcome;
use crate::domain::policy::may_decide::still_allowed;
use crate::domain::policy::progress::PolicyInForce;
use crate::engine::batch_rows::BatchRows;
use crate::engine::claimed_execution::{Ending, HeldLease};
use crate::engine::command::{WriteCommand, WriteReply};
use crate::engine::rule_book::approval_of;
use crate::store::executions::{self, ExecutionUpdate};
use crate::store::requests::Key;
use crate::store::{AnyConnection, StoreError};

impl Decider {
    /// Leases queued executions to this process, as each `Claim` of the batch asks.
    pub(super) fn run_claims(
        &self,
        conn: &mut AnyConnection,
        now: DateTime<Utc>,
        commands: &[&WriteCommand],
        replies: &mut [WriteReply],
    ) -> Result<(), StoreError> {
        for (command, reply) in commands.iter().zip(replies) {
            let WriteCommand::Claim { limit, busy_hosts } = command else { continue };
            let mut claimed = executions::lock_queued(conn, *limit, busy_hosts)?;
            let take = |execution: &mut Execution| {
                let token_before = execution.token;
                execution.claim(&self.node, now)?;
                Ok(ExecutionUpdate { execution: execution.clone(), token_before })
            };
            let updates = claimed.iter_mut().map(take).collect::<Result<Vec<_>, StoreError>>()?;
            if !updates.is_empty() {
                executions::save(conn, &updates)?;
            }
            *reply = WriteReply::Claimed(claimed);
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
            return finish(rows, held, &Ending::new(Outcome::Failed, format!("No byte left: {why}.")));
        }
        let attempts_before = rows.request(&held.key).map_or(0, |request| request.attempts);
        Ok(match rows.transition(&held.key, &Command::StartAttempt, &system_origin(&held.key))? {
            Ok(_) => {
                rows.open_attempt(&held.key, held.token);
                WriteReply::Done
            }
            // A retry after a commit that was reported as failed: the open attempt is this holder's own.
            Err(_) if is_retry && attempts_before == 1 => WriteReply::Done,
            Err(refusal) => WriteReply::Refused(refusal),
        })
    }

    /// For a type that asks for it: whether the people who signed may still sign. The error is a sentence.
    fn is_still_allowed(&self, rows: &BatchRows<'_>, key: &Key) -> Result<Result<(), String>, StoreError> {
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
}

/// Records how a claimed execution ended. A repeat by the same holder changes nothing.
pub(super) fn run_end(
    rows: &mut BatchRows<'_>,
    held: &HeldLease,
    ending: &Ending,
) -> Result<WriteReply, StoreError> {
    let is_own_end = rows.execution(&held.key).is_some_and(|execution| {
        execution.token == held.token && execution.outcome() == Some(ending.outcome)
    });
    if is_own_end {
        return Ok(current(rows, &held.key, false));
    }
    if !is_held(rows, held) {
        return Ok(WriteReply::Fenced);
    }
    finish(rows, held, ending)
}

/// Puts a claimed execution back, unless an attempt has begun.
pub(super) fn run_release(rows: &mut BatchRows<'_>, held: &HeldLease) -> WriteReply {
    let has_attempt = rows.request(&held.key).is_some_and(|request| request.attempts > 0);
    let execution = rows.execution(&held.key).filter(|_| !has_attempt);
    match execution.map(|execution| execution.release(held.token)) {
        Some(Ok(())) => WriteReply::Done,
        Some(Err(_)) | None => WriteReply::Fenced,
    }
}

/// With an attempt open, bytes may have left: unknown. Without one, nothing left: it is due again.
pub(super) fn run_settle(rows: &mut BatchRows<'_>, key: &Key) -> Result<WriteReply, StoreError> {
    let now = rows.now;
    let has_attempt = rows.request(key).is_none_or(|request| request.attempts > 0);
    let lapsed = rows.execution(key).filter(|execution| execution.is_lapsed(now));
    let Some(execution) = lapsed else { return Ok(WriteReply::Done) };
    if !has_attempt {
        execution.release(execution.token)?;
        return Ok(WriteReply::Done);
    }
    let held = HeldLease { key: key.clone(), token: execution.token };
    let reason = "The process that sent the call stopped before it knew the answer.";
    finish(rows, &held, &Ending::new(Outcome::Unknown, reason))
}

/// Prolongs leases; one that was lost is only reported.
pub(super) fn run_renew(
    conn: &mut AnyConnection,
    now: DateTime<Utc>,
    held: &[HeldLease],
) -> Result<(), StoreError> {
    for lease in held {
        if !executions::renew(conn, &lease.key, lease.token, now + LEASE)? {
            tracing::warn!(request.id = %lease.key.1, "a lease was lost; its outcome will not be recorded here");
        }
    }
    Ok(())
}

/// Records how an execution ended, with or without an attempt.
fn finish(rows: &mut BatchRows<'_>, held: &HeldLease, ending: &Ending) -> Result<WriteReply, StoreError> {
    let key = &held.key;
    let command = Command::RecordOutcome { outcome: ending.outcome, reason: ending.reason.clone() };
    Ok(match rows.transition(key, &command, &system_origin(key))? {
        Ok(_) => {
            rows.end_execution(held, ending)?;
            current(rows, key, true)
        }
        Err(refusal) => WriteReply::Refused(refusal),
    })
}

fn is_held(rows: &mut BatchRows<'_>, held: &HeldLease) -> bool {
    rows.execution(&held.key).is_some_and(|execution| execution.is_held_with(held.token))
}
