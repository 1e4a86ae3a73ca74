//! The state machine: what a command does to a request.
//!
//! [`transition`] says what happens and changes nothing; [`Request::apply`] folds what happened.
//! Both are pure, and no match has a catch-all arm, so a new state or command does not compile
//! until every rule handles it.

mod comment;
mod decide;
mod event;
pub mod event_type;
mod fold;
mod probe;
mod refusal;
mod send;
mod send_back;
mod settle;
mod submit_again;
#[cfg(test)]
mod tests;
mod tried;
mod withdraw;

use chrono::{DateTime, Utc};

pub use self::comment::{COMMENTS_MAX, may_comment, words_of_comment};
use self::decide::decide;
pub use self::decide::{CheckerDecision, alone_because};
use self::event::next_event;
pub use self::event::{AttemptResult, Event, EventKind, GivenWord, NewRequest, NewRevision, Signature};
pub use self::event_type::{Belonging, EventType};
pub use self::probe::ProbeWish;
pub use self::refusal::{Refusal, refusal_of};
pub use self::send_back::{SendBackCommand, may_resubmit, may_send_back};
use self::settle::settle;
pub use self::settle::{SettlementCommand, words_that_count};
pub use self::submit_again::{NotRepeatable, may_submit_again};
pub use self::tried::Tried;
pub use self::withdraw::may_withdraw;
use self::withdraw::withdraw;
use super::actor::Person;
use super::ids::RequestId;
use super::policy::people::People;
use super::probe::ProbeEnd;
use super::request::Request;
use super::sending::{AttemptEnd, SendingRules};
use super::state::State;
use super::words::Words;

/// What somebody wants to do with a request.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// A checker approves or rejects.
    Decide(CheckerDecision<'a>),
    /// The maker withdraws it.
    Withdraw {
        /// Who asks.
        by: Person,
        /// The people file, which says what other accounts they have.
        people: &'a People,
        /// Why.
        reason: Words,
    },
    /// Somebody who may read it comments on it.
    Comment {
        /// Who.
        by: Person,
        /// What they say.
        words: Words,
    },
    /// A checker sends it back to its maker for changes.
    SendBack(SendBackCommand<'a>),
    /// The maker resubmits it.
    Resubmit {
        /// Who asks.
        by: Person,
        /// The people file, which says what other accounts they have.
        people: &'a People,
        /// What they submit.
        new: Box<NewRevision>,
        /// Until when the call must be sent, if a rule approves it without anybody.
        auto_approved: Option<DateTime<Utc>>,
    },
    /// Check whether the deadline of its decision has passed.
    Expire,
    /// Check whether the deadline of its execution has passed.
    Lapse,
    /// The executor is about to send the call.
    StartAttempt,
    /// The attempt under way is over.
    EndAttempt {
        /// How it ended.
        end: AttemptEnd,
        /// What decides whether another one follows.
        rules: SendingRules<'a>,
    },
    /// The engine itself will not send the call.
    Stop {
        /// Why: a sentence for people.
        reason: String,
        /// The attempt that has begun, if there is one: its holder says that no byte of it left.
        unsent: Option<i64>,
    },
    /// How an attempt ended became known after others had gone on without it.
    RecordLateAnswer(AttemptEnd),
    /// A person says how an unknown outcome ended.
    Settle(SettlementCommand<'a>),
    /// The maker submits it again, as a new request.
    SubmitAgain {
        /// Who asks.
        by: Person,
        /// The people file, which says what other accounts they have.
        people: &'a People,
        /// The new request.
        newer: RequestId,
    },
    /// A person wants the target to be asked now what became of the call.
    AskProbe(ProbeWish<'a>),
    /// The target was asked.
    EndProbe {
        /// What it said.
        end: ProbeEnd,
        /// When it is asked again, if it could not tell.
        next: Option<DateTime<Utc>>,
    },
}

/// The events of a submission that passed every check: it waits in `AdminTask`, or, if its rule approves it
/// without anybody, is approved until `auto_approved`.
pub fn submit(new: NewRequest, auto_approved: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Event> {
    let (maker, rule) = (new.maker.clone(), new.terms.rule.clone());
    let event = |seq, from, to, kind| Event { seq, at: now, by: maker.clone(), revision: 1, from, to, kind };
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
        Command::Withdraw { by, people, reason } => {
            withdraw(request, (by, people), reason, now)?.map(|kind| (by.clone(), kind))
        }
        Command::Comment { by, words } => Some((by.clone(), comment::comment(request, words)?)),
        Command::SendBack(command) => {
            send_back::send_back(request, command, now)?.map(|kind| (command.signer.person.clone(), kind))
        }
        Command::Resubmit { by, people, new, auto_approved } => {
            return send_back::resubmit(request, (by, people), (new, *auto_approved), now);
        }
        Command::Expire => is_overdue(request, now).then(|| by_system(EventKind::Expired)),
        Command::Lapse => send::lapse(request, now).map(by_system),
        Command::StartAttempt => Some(by_system(send::start_attempt(request, now)?)),
        Command::EndAttempt { end, rules } => Some(by_system(send::end_attempt(request, end, rules, now)?)),
        Command::Stop { reason, unsent } => Some(by_system(send::stop(request, reason, *unsent)?)),
        Command::RecordLateAnswer(end) => send::late_answer(request, end)?.map(by_system),
        Command::Settle(command) => {
            settle(request, command, now)?.map(|kind| (command.signer.person.clone(), kind))
        }
        Command::SubmitAgain { by, people, newer } => {
            Some((by.clone(), submit_again::submit_again(request, (by, people), *newer)?))
        }
        Command::AskProbe(wish) => probe::ask(request, wish)?.map(|kind| (wish.signer.person.clone(), kind)),
        Command::EndProbe { end, next } => Some(by_system(probe::end(request, end, *next)?)),
    };
    Ok(happened.map(|(by, kind)| next_event(request, by, kind, now)).into_iter().collect())
}

/// The event that records a refused command, with what was tried.
pub fn refused(request: &Request, command: &Command<'_>, refusal: &Refusal, now: DateTime<Utc>) -> Event {
    let (code, message, tried) = (refusal.code(), refusal.sentence(), Tried::of(command).map(Box::new));
    next_event(request, command.by(), EventKind::Refused { code, message, tried }, now)
}

fn is_overdue(request: &Request, now: DateTime<Utc>) -> bool {
    request.state.is_undecided() && now >= request.expires_at
}

fn by_system(kind: EventKind) -> (Person, EventKind) {
    (Person::system(), kind)
}
