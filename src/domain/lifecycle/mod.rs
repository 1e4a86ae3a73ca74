//! The state machine: what a command does to a request.
//!
//! [`transition`] says what happens and changes nothing; [`Request::apply`] folds what happened.
//! Both are pure, and no match has a catch-all arm, so a new state or command does not compile
//! until every rule has answered it.

mod decide;
pub mod event_type;
#[cfg(test)]
mod tests;
mod withdraw;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::event_type::EventType;
use super::actor::Person;
use super::code::Code;
use super::decision::Decision;
use super::digest::Digest;
use super::entity::EntityInfo;
use super::ids::{OrgId, RequestId, RequestTypeName};
use super::outcome::Outcome;
use super::period;
use super::policy::Capacity;
use super::policy::may_decide::{self, WhyNot};
use super::request::{Request, Terms};
use super::state::{State, Verdict};

pub use self::decide::CheckerDecision;
use self::decide::decide;
pub use self::withdraw::may_withdraw;
use self::withdraw::withdraw;

/// What a request is when it is submitted; the first event carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// The org it belongs to.
    pub org: OrgId,
    /// Its id.
    pub id: RequestId,
    /// What kind of call it wraps.
    pub request_type: RequestTypeName,
    /// The version of the type in force.
    pub type_version: String,
    /// Who submits it.
    pub maker: Person,
    /// The entities it is about.
    pub entity: EntityInfo,
    /// The digest of the call.
    pub digest: Digest,
    /// Where the call goes: the host, and the port if it is not the scheme's own.
    pub host: String,
    /// From this instant on nobody can decide it.
    pub expires_at: DateTime<Utc>,
    /// Under which terms it is admitted.
    pub terms: Terms,
    /// Who can help first; empty if nobody needs to.
    pub waits_for: Vec<Capacity>,
}

/// A wish to change a request.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// A checker approves or rejects.
    Decide(CheckerDecision<'a>),
    /// The maker takes it back.
    Withdraw {
        /// Who asks.
        by: Person,
        /// Why.
        reason: String,
    },
    /// Nobody may have decided it in time.
    Expire,
    /// It was approved, but may not have been sent in time.
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

/// A fact: what happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The request's events are numbered from 1.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who caused it.
    pub by: Person,
    /// The state before; `None` for the first event.
    pub from: Option<State>,
    /// The state after; the same as before where nothing moved.
    pub to: State,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A maker submitted it.
    Submitted(Box<NewRequest>),
    /// The maker may ask for this.
    MakerAccessValidated,
    /// The payload is sound.
    PayloadValidated,
    /// A checker decided about the call with this digest.
    Decided {
        /// What he said.
        verdict: Verdict,
        /// His words, and what he signed as.
        signature: Box<Signature>,
        /// Where it leads: `AdminTask` while the policy asks for more.
        leads_to: State,
        /// Who can help now.
        waits_for: Vec<Capacity>,
        /// Until when the call must have left, once it is approved.
        execute_before: Option<DateTime<Utc>>,
    },
    /// A rule of the policy asks for nobody.
    AutoApproved {
        /// The rule.
        rule: String,
        /// Until when the call must have left.
        execute_before: DateTime<Utc>,
    },
    /// The maker took it back.
    Withdrawn {
        /// Why.
        reason: String,
    },
    /// Nobody decided in time, or the approved call did not leave in time.
    Expired,
    /// From here on bytes may leave.
    AttemptStarted {
        /// Numbered from 1.
        attempt: i64,
    },
    /// How the execution ended.
    Ended {
        /// The attempt; `None` if it ended before one began.
        attempt: Option<i64>,
        /// How.
        outcome: Outcome,
        /// A sentence for people.
        reason: String,
    },
    /// Somebody tried what the rules forbid; nothing changed.
    Refused {
        /// The refusal's code.
        code: Code,
        /// What he was told.
        message: String,
    },
}

/// A decision's words, and what the checker signed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// His words.
    pub message: String,
    /// The stage, counted from 0.
    pub stage: usize,
    /// The seats that he held.
    pub capacities: Vec<Capacity>,
    /// Who acted through his token.
    pub act: Vec<Person>,
}

/// A command that the rules forbid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody decides his own request.
    MakerIsChecker,
    /// Only the maker takes a request back.
    NotTheMaker,
    /// A decision stands already.
    AlreadyDecided {
        /// The decision that stands.
        decision: Box<Decision>,
        /// The state it led to.
        state: State,
    },
    /// It is not waiting for anybody.
    Closed {
        /// The state that stands.
        state: State,
    },
    /// Its deadline has passed.
    Expired {
        /// The deadline.
        expires_at: DateTime<Utc>,
    },
    /// The checker read something else than what is stored.
    DigestMismatch,
    /// Something has happened to it since the checker read it.
    Moved {
        /// The version that he read.
        seen: i64,
        /// The version that stands.
        version: i64,
    },
    /// It has to be looked at by itself.
    BulkNotAllowed,
    /// The rule asks for a sign-in that is not older than this before somebody approves.
    FreshSignInRequired {
        /// So old may it be.
        within: TimeDelta,
    },
    /// The policy does not let this person decide, or not now.
    NotAllowed(WhyNot),
    /// There is nothing to execute, or it was begun already.
    NotExecutable {
        /// The state that stands.
        state: State,
    },
}

impl Refusal {
    /// The stable word for it.
    pub fn code(&self) -> Code {
        match self {
            Self::MakerIsChecker => Code::MakerIsChecker,
            Self::NotTheMaker => Code::NotTheMaker,
            Self::AlreadyDecided { .. } => Code::AlreadyDecided,
            Self::Closed { .. } => Code::RequestClosed,
            Self::Expired { .. } => Code::RequestExpired,
            Self::DigestMismatch => Code::DigestMismatch,
            Self::Moved { .. } => Code::RequestMoved,
            Self::BulkNotAllowed => Code::BulkNotAllowed,
            Self::FreshSignInRequired { .. } => Code::FreshSignInRequired,
            Self::NotAllowed(why) => why.code(),
            // The executor's own question; no client asks it.
            Self::NotExecutable { .. } => Code::Internal,
        }
    }

    /// A sentence that says what stands and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::MakerIsChecker => {
                "You submitted this request, so you can't decide it. Ask another checker, or withdraw it."
                    .to_owned()
            }
            Self::NotTheMaker => "Only its maker can withdraw a request. A checker can reject it.".to_owned(),
            Self::AlreadyDecided { decision, state } => format!(
                "{} {} this request at {}; its state is {state}. Your call changed nothing.",
                decision.checker.user_name,
                decision.verdict.name(),
                decision.at.format("%Y-%m-%dT%H:%M:%SZ"),
            ),
            Self::Closed { state } => {
                format!("This request is {state} and takes no more commands. Your call changed nothing.")
            }
            Self::Expired { expires_at } => format!(
                "This request expired at {}. Nothing was sent; submit it again if it is still wanted.",
                expires_at.format("%Y-%m-%dT%H:%M:%SZ"),
            ),
            Self::DigestMismatch => {
                "The digest you sent is not this request's. Read the request again before you decide."
                    .to_owned()
            }
            Self::Moved { seen, version } => format!(
                "You read version {seen} of this request, and by now it is version {version}. Your call changed \
                 nothing. Read the request again before you decide.",
            ),
            Self::BulkNotAllowed => {
                "This request is decided by itself, not with others. It still waits; open it, and decide it there."
                    .to_owned()
            }
            Self::FreshSignInRequired { within } => format!(
                "To approve this request you must have signed in at most {} ago. Your call changed nothing. \
                 Sign in again, and then approve it.",
                period::words(*within),
            ),
            Self::NotAllowed(why) => why.sentence(),
            Self::NotExecutable { state } => format!("This request is {state}; there is nothing to execute."),
        }
    }
}

/// The events of a submission that passed every check: it rests in `AdminTask`, or is approved at once
/// until `auto_approved` if its rule asks for nobody.
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

/// The event that keeps an attempt which the rules forbade.
pub fn refused(request: &Request, by: &Person, refusal: &Refusal, now: DateTime<Utc>) -> Event {
    let kind = EventKind::Refused { code: refusal.code(), message: refusal.sentence() };
    next_event(request, by.clone(), kind, now)
}

/// The policy's answer in the words of the wire: where a request stands is told as to anybody else.
pub fn refusal_of(request: &Request, why: WhyNot) -> Refusal {
    match why {
        WhyNot::MakerIsChecker => Refusal::MakerIsChecker,
        WhyNot::Expired { .. } => expired(request),
        WhyNot::NotWaiting { state } => closed(request, state),
        WhyNot::AlreadyDecidedByYou if !request.state.waits() => closed(request, request.state),
        WhyNot::OtherOrg
        | WhyNot::PermissionMissing
        | WhyNot::PersonInactive
        | WhyNot::AlreadyDecidedByYou
        | WhyNot::NotInStage { .. }
        | WhyNot::NotNeeded { .. } => Refusal::NotAllowed(why),
    }
}

fn closed(request: &Request, state: State) -> Refusal {
    match state {
        State::Approved | State::Executed | State::Failed | State::Unknown | State::Rejected => {
            match request.last_decision() {
                Some(last) => Refusal::AlreadyDecided { decision: Box::new(last.clone()), state },
                None => Refusal::Closed { state },
            }
        }
        State::Expired => expired(request),
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask | State::Withdrawn => {
            Refusal::Closed { state }
        }
    }
}

/// Names the deadline that passed: once it was approved, the one of the call.
fn expired(request: &Request) -> Refusal {
    Refusal::Expired { expires_at: request.execute_before.unwrap_or(request.expires_at) }
}

/// Refuses unless the request waits for people and its deadline is ahead.
fn must_wait(request: &Request, now: DateTime<Utc>) -> Result<(), Refusal> {
    may_decide::must_wait(request.state, request.expires_at, now).map_err(|why| refusal_of(request, why))
}

fn is_overdue(request: &Request, now: DateTime<Utc>) -> bool {
    request.state.waits() && now >= request.expires_at
}

/// A call that left, or may have, is not called back by a deadline.
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

/// Without an attempt nothing can have left, so only `failed` is true then.
fn record_outcome(request: &Request, outcome: Outcome, reason: &str) -> Result<EventKind, Refusal> {
    let attempt = (request.attempts > 0).then_some(request.attempts);
    let is_true = attempt.is_some() || outcome == Outcome::Failed;
    if request.state != State::Approved || !is_true {
        return Err(Refusal::NotExecutable { state: request.state });
    }
    Ok(EventKind::Ended { attempt, outcome, reason: reason.to_owned() })
}

fn next_event(request: &Request, by: Person, kind: EventKind, now: DateTime<Utc>) -> Event {
    let to = match &kind {
        EventKind::Submitted(_) => State::ValidateMakerAccess,
        EventKind::MakerAccessValidated => State::ValidatePayload,
        EventKind::PayloadValidated => State::AdminTask,
        EventKind::Decided { leads_to, .. } => *leads_to,
        EventKind::AutoApproved { .. } => State::Approved,
        EventKind::Withdrawn { .. } => State::Withdrawn,
        EventKind::Expired => State::Expired,
        EventKind::Ended { outcome, .. } => outcome.state(),
        EventKind::AttemptStarted { .. } | EventKind::Refused { .. } => request.state,
    };
    Event { seq: request.version + 1, at: now, by, from: Some(request.state), to, kind }
}

impl Request {
    /// The request as it is right after its first event.
    pub fn new(new: NewRequest, at: DateTime<Utc>) -> Self {
        Self {
            org: new.org,
            id: new.id,
            request_type: new.request_type,
            type_version: new.type_version,
            maker: new.maker,
            entity: new.entity,
            digest: new.digest,
            host: new.host,
            state: State::ValidateMakerAccess,
            version: 1,
            attempts: 0,
            started_at: at,
            expires_at: new.expires_at,
            ended_at: None,
            execute_before: None,
            terms: new.terms,
            waits_for: new.waits_for,
            decisions: Vec::new(),
        }
    }

    /// Folds one event in. Total: an event that was recorded is never refused.
    #[must_use]
    pub fn apply(mut self, event: &Event) -> Self {
        match &event.kind {
            EventKind::Submitted(new) => self = Self::new(*new.clone(), event.at),
            EventKind::Decided { verdict, signature, waits_for, execute_before, .. } => {
                self.decisions.push(decide::recorded(event, *verdict, signature, self.digest));
                self.waits_for.clone_from(waits_for);
                self.execute_before = *execute_before;
            }
            EventKind::AutoApproved { execute_before, .. } => self.execute_before = Some(*execute_before),
            EventKind::AttemptStarted { attempt } => self.attempts = *attempt,
            EventKind::MakerAccessValidated
            | EventKind::PayloadValidated
            | EventKind::Withdrawn { .. }
            | EventKind::Expired
            | EventKind::Ended { .. }
            | EventKind::Refused { .. } => {}
        }
        let was_final = self.state.is_final();
        self.state = event.to;
        if !self.state.is_undecided() {
            self.waits_for.clear();
        }
        self.version = event.seq;
        if self.state.is_final() && !was_final {
            self.ended_at = Some(event.at);
        }
        self
    }

    /// Folds a whole history; `None` if it does not begin with a submission.
    pub fn fold(events: &[Event]) -> Option<Self> {
        let (first, rest) = events.split_first()?;
        let EventKind::Submitted(new) = &first.kind else { return None };
        let first_state = Self::new(*new.clone(), first.at);
        Some(rest.iter().fold(first_state, Self::apply))
    }
}
