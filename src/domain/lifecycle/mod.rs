//! The state machine: what a command does to a request.
//!
//! [`transition`] says what happens and changes nothing; [`Request::apply`] folds what happened.
//! Both are pure, and no match has a catch-all arm, so a new state or command does not compile
//! until every rule handles it.

mod decide;
mod event;
pub mod event_type;
mod fold;
mod refusal;
#[cfg(test)]
mod tests;
mod withdraw;

use chrono::{DateTime, Utc};

pub use self::decide::CheckerDecision;
use self::decide::decide;
use self::event::next_event;
pub use self::event::{Event, EventKind, NewRequest, Signature};
pub use self::event_type::EventType;
pub use self::refusal::{Refusal, refusal_of};
pub use self::withdraw::may_withdraw;
use self::withdraw::withdraw;
use super::actor::Person;
use super::outcome::Outcome;
use super::request::Request;
use super::state::State;

/// What somebody wants to do with a request.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// A checker approves or rejects.
    Decide(CheckerDecision<'a>),
    /// The maker withdraws it.
    Withdraw {
        /// Who asks.
        by: Person,
        /// Why.
        reason: String,
    },
    /// Check whether the deadline of its decision has passed.
    Expire,
    /// Check whether the deadline of its execution has passed.
    Lapse,
    /// The executor is about to send the call.
    StartAttempt,
    /// The executor knows how it ended.
    RecordOutcome {
        /// How it ended.
        outcome: Outcome,
        /// A sentence for people.
        reason: String,
    },
}

/// The events of a submission that passed every check: it waits in `AdminTask`, or, if its rule approves it
/// without anybody, is approved until `auto_approved`.
pub fn submit(new: NewRequest, auto_approved: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Event> {
    let (maker, rule) = (new.maker.clone(), new.terms.rule.clone());
    let event = |seq, from, to, kind| Event { seq, at: now, by: maker.clone(), from, to, kind };
    let last = if auto_approved.is_some() { State::ValidatePayload } else { State::AdminTask };
    let mut events = vec![
        event(1, None, State::ValidateMakerAccess, EventKind::Submitted(Box::new(new))),
        event(2, Some(State::ValidateMakerAccess), State::ValidatePayload, EventKind::MakerAccessValidated),
        event(3, Some(State::ValidatePayload), last, EventKind::PayloadValidated),
    ];
    if let Some(execute_before) = auto_approved {
        let kind = EventKind::AutoApproved { rule, execute_before };
        let by = Person::system();
        events.push(Event { by, ..event(4, Some(State::ValidatePayload), State::Approved, kind) });
    }
    events
}

/// Says what `command` does to `request` at `now`; changes nothing itself.
///
/// No events and no refusal mean that it was done before (a client's retry) or is not due.
pub fn transition(
    request: &Request,
    command: &Command<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Event>, Refusal> {
    let happened = match command {
        Command::Decide(command) => {
            decide(request, command, now)?.map(|kind| (command.signer.person.clone(), kind))
        }
        Command::Withdraw { by, reason } => {
            withdraw(request, by, reason, now)?.map(|kind| (by.clone(), kind))
        }
        Command::Expire => is_overdue(request, now).then(|| (Person::system(), EventKind::Expired)),
        Command::Lapse => has_lapsed(request, now).then(|| (Person::system(), EventKind::Expired)),
        Command::StartAttempt => Some((Person::system(), start_attempt(request, now)?)),
        Command::RecordOutcome { outcome, reason } => {
            Some((Person::system(), record_outcome(request, *outcome, reason)?))
        }
    };
    Ok(happened.map(|(by, kind)| next_event(request, by, kind, now)).into_iter().collect())
}

/// The event that records a refused command.
pub fn refused(request: &Request, by: &Person, refusal: &Refusal, now: DateTime<Utc>) -> Event {
    let kind = EventKind::Refused { code: refusal.code(), message: refusal.sentence() };
    next_event(request, by.clone(), kind, now)
}

fn is_overdue(request: &Request, now: DateTime<Utc>) -> bool {
    request.state.waits() && now >= request.expires_at
}

/// A call that was sent, or may have been, is not ended by a deadline.
fn has_lapsed(request: &Request, now: DateTime<Utc>) -> bool {
    let is_due = request.execute_before.is_some_and(|until| now >= until);
    request.state == State::Approved && request.attempts == 0 && is_due
}

fn start_attempt(request: &Request, now: DateTime<Utc>) -> Result<EventKind, Refusal> {
    match (request.state, request.attempts) {
        (State::Approved, 0) if !has_lapsed(request, now) => Ok(EventKind::AttemptStarted { attempt: 1 }),
        (state, _) => Err(Refusal::NotExecutable { state }),
    }
}

/// Without an attempt nothing can have been sent, so only `failed` is true then.
fn record_outcome(request: &Request, outcome: Outcome, reason: &str) -> Result<EventKind, Refusal> {
    let attempt = (request.attempts > 0).then_some(request.attempts);
    let is_true = attempt.is_some() || outcome == Outcome::Failed;
    if request.state != State::Approved || !is_true {
        return Err(Refusal::NotExecutable { state: request.state });
    }
    Ok(EventKind::Ended { attempt, outcome, reason: reason.to_owned() })
}
