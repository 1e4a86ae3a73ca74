//! Sending: what an attempt does to a request when it starts and when it ends.
//!
//! **Invariant:** `executed` only follows from an answer that says so, `failed` only if no attempt may have been
//! carried out. Everything else is `unknown`, or goes on.

use chrono::{DateTime, Utc};

use super::{AttemptResult, EventKind, Refusal};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::outcome::Outcome;
use crate::domain::request::Request;
use crate::domain::sending::{AttemptEnd, Sending, SendingRules};
use crate::domain::state::State;

/// What the passing of the execution's deadline does; nothing while it is ahead, or while an attempt is
/// under way: how that one ends says more.
pub(super) fn lapse(request: &Request, now: DateTime<Utc>) -> Option<EventKind> {
    let is_due = request.execute_before.is_some_and(|until| now >= until);
    if request.state != State::Approved || request.sending.is_open || !is_due {
        return None;
    }
    if request.sending.attempts == 0 {
        return Some(EventKind::Expired);
    }
    let outcome = request.sending.outcome_without_success();
    let reason = match outcome {
        Outcome::Unknown => {
            "The time for its execution is over, and of one attempt nobody knows what became of it."
        }
        Outcome::Executed | Outcome::Failed => {
            "The time for its execution is over, and no attempt was carried out."
        }
    };
    Some(EventKind::Ended { attempt: None, outcome, reason: reason.to_owned(), inferred: false })
}

/// The next attempt starts, if the request is approved, none is under way, and its deadline is ahead.
pub(super) fn start_attempt(request: &Request, now: DateTime<Utc>) -> Result<EventKind, Refusal> {
    let is_in_time = request.execute_before.is_none_or(|until| now < until);
    if request.state == State::Approved && !request.sending.is_open && is_in_time {
        Ok(EventKind::AttemptStarted { attempt: request.sending.attempts + 1 })
    } else {
        Err(Refusal::NotExecutable { state: request.state })
    }
}

/// The attempt under way ends: this ends the execution, or another attempt is to come.
pub(super) fn end_attempt(
    request: &Request,
    end: &AttemptEnd,
    rules: &SendingRules<'_>,
    now: DateTime<Utc>,
) -> Result<EventKind, Refusal> {
    let Sending { attempts, is_open, ambiguous, .. } = request.sending;
    if request.state != State::Approved || !is_open || attempts != end.attempt {
        return Err(Refusal::NotExecutable { state: request.state });
    }
    let next = request.execute_before.and_then(|until| rules.next_attempt_at(end, until, now));
    let was_ambiguous = ambiguous > 0;
    let without_success = request.sending.outcome_without_success();
    let ended = |outcome, inferred| Ok(ended(end, outcome, inferred));
    match (end.outcome, next) {
        (AttemptOutcome::Executed, _) => ended(Outcome::Executed, false),
        // A refusal says nothing of an earlier attempt that may have been carried out.
        (AttemptOutcome::Failed, _) => ended(without_success, false),
        (AttemptOutcome::AlreadyDone, _) if was_ambiguous && rules.is_only_user => {
            ended(Outcome::Executed, true)
        }
        (AttemptOutcome::AlreadyDone, _) => ended(without_success, false),
        (AttemptOutcome::NotSent | AttemptOutcome::NotDone, Some(at)) => Ok(goes_on(end, at)),
        (AttemptOutcome::Ambiguous, Some(at)) if rules.recognises_repeat => Ok(goes_on(end, at)),
        (AttemptOutcome::NotSent | AttemptOutcome::NotDone, None) => ended(without_success, false),
        (AttemptOutcome::Ambiguous, _) => ended(Outcome::Unknown, false),
    }
}

/// The engine will not send the call, nor did it in the attempt `unsent`, if that has begun. What earlier attempts did
/// is not undone by that.
pub(super) fn stop(request: &Request, reason: &str, unsent: Option<i64>) -> Result<EventKind, Refusal> {
    if request.state != State::Approved || request.sending.attempt_under_way() != unsent {
        return Err(Refusal::NotExecutable { state: request.state });
    }
    let outcome = request.sending.outcome_without_success();
    let attempt = unsent.map(|attempt| AttemptResult { attempt, outcome: AttemptOutcome::NotSent });
    Ok(EventKind::Ended { attempt, outcome, reason: reason.to_owned(), inferred: false })
}

/// How an attempt ended becomes known late. It settles what is not final yet, if it can; it never moves what is.
///
/// # Errors
/// The request has no such attempt.
pub(super) fn late_answer(request: &Request, end: &AttemptEnd) -> Result<Option<EventKind>, Refusal> {
    let Sending { attempts, is_open, ambiguous, .. } = request.sending;
    if end.attempt < 1 || end.attempt > attempts {
        return Err(Refusal::NotExecutable { state: request.state });
    }
    // One that is under way in an ended request was never counted; all others were counted as ambiguous.
    let is_own_end = is_open && end.attempt == attempts;
    if end.outcome == AttemptOutcome::Ambiguous && !is_own_end {
        return Ok(None);
    }
    let others = if is_own_end { ambiguous } else { (ambiguous - 1).max(0) };
    let settles = match (request.state, end.outcome) {
        (State::Approved | State::Unknown, AttemptOutcome::Executed) => Some(Outcome::Executed),
        (
            State::Unknown,
            AttemptOutcome::Failed
            | AttemptOutcome::NotSent
            | AttemptOutcome::NotDone
            | AttemptOutcome::AlreadyDone,
        ) if others == 0 => Some(Outcome::Failed),
        // The target refused it for good, so a repeat that has not begun makes no sense.
        (State::Approved, AttemptOutcome::Failed | AttemptOutcome::AlreadyDone)
            if others == 0 && !is_open =>
        {
            Some(Outcome::Failed)
        }
        // Not sent or not done: the next attempt, which is due already, is an ordinary one. And what has ended stays.
        (
            State::Approved | State::Unknown,
            AttemptOutcome::Failed
            | AttemptOutcome::NotSent
            | AttemptOutcome::NotDone
            | AttemptOutcome::AlreadyDone
            | AttemptOutcome::Ambiguous,
        )
        | (
            State::ValidateMakerAccess
            | State::ValidatePayload
            | State::AdminTask
            | State::SentBack
            | State::Executed
            | State::Failed
            | State::Rejected
            | State::Withdrawn
            | State::Expired,
            AttemptOutcome::Executed
            | AttemptOutcome::Failed
            | AttemptOutcome::NotSent
            | AttemptOutcome::NotDone
            | AttemptOutcome::AlreadyDone
            | AttemptOutcome::Ambiguous,
        ) => None,
    };
    let attempt = AttemptResult { attempt: end.attempt, outcome: end.outcome };
    Ok(Some(EventKind::LateAnswer { attempt, reason: end.reason.clone(), settles }))
}

fn ended(end: &AttemptEnd, outcome: Outcome, inferred: bool) -> EventKind {
    let attempt = Some(AttemptResult { attempt: end.attempt, outcome: end.outcome });
    EventKind::Ended { attempt, outcome, reason: end.reason.clone(), inferred }
}

fn goes_on(end: &AttemptEnd, next_attempt_at: DateTime<Utc>) -> EventKind {
    let AttemptEnd { attempt, outcome, reason, .. } = end.clone();
    EventKind::AttemptEnded { attempt, outcome, reason, next_attempt_at }
}

impl Sending {
    /// After something happened: only events about attempts change it.
    #[must_use]
    pub(super) fn after(&self, kind: &EventKind) -> Self {
        let mut after = self.clone();
        match kind {
            EventKind::AttemptStarted { attempt } => {
                (after.attempts, after.is_open) = (*attempt, true);
                after.forget_next_attempt();
            }
            EventKind::AttemptEnded { outcome, next_attempt_at, reason, .. } => {
                after.is_open = false;
                after.ambiguous += i64::from(*outcome == AttemptOutcome::Ambiguous);
                after.next_attempt_at = Some(*next_attempt_at);
                after.next_attempt_reason = Some(reason.clone());
            }
            EventKind::Ended { attempt, inferred, .. } => {
                (after.is_open, after.inferred) = (false, *inferred);
                if let Some(AttemptResult { attempt, outcome }) = attempt {
                    after.ambiguous += i64::from(*outcome == AttemptOutcome::Ambiguous);
                    after.outcome_attempt = Some(*attempt);
                }
            }
            EventKind::LateAnswer { attempt: AttemptResult { attempt, outcome }, settles, .. } => {
                after.answered_late(*attempt, *outcome);
                if settles.is_some() {
                    after.outcome_attempt = Some(*attempt);
                }
            }
            EventKind::Probed { verdict, settles, .. } => {
                after.probes += 1;
                after.last_probe = Some(*verdict);
                after.inferred |= *settles == Some(Outcome::Executed);
            }
            EventKind::Submitted(_)
            | EventKind::MakerAccessValidated
            | EventKind::PayloadValidated
            | EventKind::Decided { .. }
            | EventKind::AutoApproved { .. }
            | EventKind::Commented { .. }
            | EventKind::SentBack { .. }
            | EventKind::Resubmitted { .. }
            | EventKind::Withdrawn { .. }
            | EventKind::Expired
            | EventKind::Refused { .. }
            | EventKind::SettlementWordGiven { .. }
            | EventKind::SubmittedAgain { .. }
            | EventKind::ProbeAsked => {}
        }
        after
    }

    /// No further attempt is to come, or it has come.
    pub(super) fn forget_next_attempt(&mut self) {
        (self.next_attempt_at, self.next_attempt_reason) = (None, None);
    }

    fn answered_late(&mut self, attempt: i64, outcome: AttemptOutcome) {
        let is_ambiguous = outcome == AttemptOutcome::Ambiguous;
        if self.is_open && attempt == self.attempts {
            self.is_open = false;
            self.ambiguous += i64::from(is_ambiguous);
        } else if !is_ambiguous {
            self.ambiguous = (self.ambiguous - 1).max(0);
        }
    }
}
