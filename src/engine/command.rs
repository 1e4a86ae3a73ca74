//! What the engine's methods ask the writer to do, and what it replies.
//!
//! The vocabulary only: `decider` carries the commands out.

use std::sync::Arc;

use chrono::TimeDelta;

use super::admission::PreparedSubmission;
use super::claimed_execution::{Ending, HeldLease};
use super::deliveries::{DeliveryEnding, HandedOver, Room};
use super::error::AdmissionRefusal;
use super::openings::ReadBefore;
use super::under_way::Concurrency;
use crate::domain::actor::Actor;
use crate::domain::execution::Execution;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::lifecycle::Refusal;
use crate::domain::probe::ProbeEnd;
use crate::domain::request::{NewDecision, Request, State};
use crate::domain::revision::NewSendBack;
use crate::domain::rules::SettledRules;
use crate::domain::settlement::NewSettlementWord;
use crate::domain::slots::Slots;
use crate::domain::words::Words;
use crate::fault_points::FaultPoint;
use crate::store::StoreError;
use crate::store::calls::CallRow;
use crate::store::clients::ClientWrite;
use crate::store::events::Origin;
use crate::store::openings::OpeningRow;
use crate::store::preferences::PreferenceWrite;
use crate::store::refusals::RefusalRow;
use crate::store::requests::Key;
use crate::store::search::backlogs::BacklogRow;
use crate::store::search::index::Document;
use crate::store::sessions::SessionWrite;
use crate::store::submissions::NewSubmission;

/// A person who wants something of one request.
pub(super) struct Caller {
    /// The request, in the org that the call names.
    pub(super) key: Key,
    pub(super) actor: Actor,
    pub(super) origin: Origin,
}

/// What a checker's call is about.
pub(super) enum Scope {
    /// One request, which is of this type.
    One(RequestTypeName),
    /// Many requests of any type.
    Many,
}

impl Scope {
    /// Whether the call is about this request.
    pub(super) fn covers(&self, request: &Request) -> bool {
        match self {
            Self::One(request_type) => request.request_type == *request_type,
            Self::Many => true,
        }
    }
}

/// A checker's decision on one request.
pub(super) struct DecideCommand {
    pub(super) by: Caller,
    pub(super) scope: Scope,
    pub(super) decision: NewDecision,
    pub(super) read_before: ReadBefore,
}

/// The room for executions to claim.
pub(super) enum ClaimRoom {
    /// What this node's own calls leave, as it is when the command runs.
    Own(Concurrency),
    /// What the caller says.
    Given(Slots),
}

/// One write, as the engine's methods hand it over.
pub(super) enum WriteCommand {
    /// A submission that passed every check.
    Submit(Box<NewSubmission>),
    /// A submission whose admission depends on stored rows, which are locked first; and its call.
    SubmitLocked(Box<PreparedSubmission>, Box<CallRow>),
    /// These rules come into force: what changes is kept, and the trail says so.
    PutInForce(Arc<SettledRules>),
    /// A refused submission is kept.
    KeepRefusal(Box<RefusalRow>),
    /// Somebody opened a request's page.
    NoteOpening(Box<OpeningRow>),
    /// Somebody signs in or out, or uses a session.
    Session(SessionWrite),
    /// Somebody sets something for themselves.
    Preference(PreferenceWrite),
    /// A client gets a token, or was used.
    Client(ClientWrite),
    /// A checker decides.
    Decide(DecideCommand),
    /// Somebody comments on the request.
    Comment { by: Caller, words: Words },
    /// A checker sends the request back to its maker.
    SendBack { by: Caller, wish: NewSendBack },
    /// The maker withdraws the request.
    Withdraw { by: Caller, reason: Words },
    /// A deadline may have passed: the decision's, or the approval's.
    Expire(Key),
    /// The executor has room for more executions.
    Claim(ClaimRoom),
    /// The executor is about to send.
    StartAttempt(HeldLease),
    /// The executor knows how its attempt ended.
    EndAttempt { held: HeldLease, ending: Box<Ending> },
    /// The engine itself will not send the call: people's decision does not cover it, or a rule forbids it. No byte of
    /// the attempt `unsent` left, if that has begun.
    Stop { held: HeldLease, reason: String, unsent: Option<i64> },
    /// Nothing left, and nothing is wrong with the call: it is due again after this time.
    PutBack { held: HeldLease, wait: TimeDelta },
    /// Its rows can't be read: it is left alone for this time.
    SetAside { held: HeldLease, wait: TimeDelta },
    /// A lease has run out: its holder is gone.
    Settle(Key),
    /// Subscribers are found for changes, and deliveries for the room that this node has.
    HandOver(Vec<Room>),
    /// Deliveries that nobody waits for any more are given up or forgotten.
    TidyDeliveries,
    /// An attempt to deliver has ended.
    EndDelivery(Box<DeliveryEnding>),
    /// These requests are indexed for search.
    Index(Vec<Document>),
    /// What another node had to index becomes this node's.
    TakeBacklog(BacklogRow),
    /// An auditor wants a delivery sent again.
    Redeliver { org: OrgId, id: String },
    /// This process is the database's only one and has just started: no lease can be alive.
    LapseAll,
    /// A person says how an unknown outcome ended.
    GiveSettlementWord { by: Caller, word: NewSettlementWord },
    /// A person wants the target to be asked now what became of a call.
    AskProbe(Caller),
    /// The target was asked.
    EndProbe { held: HeldLease, end: ProbeEnd, jitter: u16 },
}

impl WriteCommand {
    /// The request whose row it changes, if it is there already.
    pub(super) fn request(&self) -> Option<Key> {
        match self {
            Self::Decide(DecideCommand { by, .. })
            | Self::Withdraw { by, .. }
            | Self::Comment { by, .. }
            | Self::SendBack { by, .. }
            | Self::GiveSettlementWord { by, .. }
            | Self::AskProbe(by) => Some(by.key.clone()),
            Self::Expire(key) | Self::Settle(key) => Some(key.clone()),
            Self::SubmitLocked(prepared, _) => prepared.ground.key(),
            Self::StartAttempt(held)
            | Self::EndAttempt { held, .. }
            | Self::Stop { held, .. }
            | Self::PutBack { held, .. }
            | Self::EndProbe { held, .. } => Some(held.key.clone()),
            Self::Submit(_)
            | Self::PutInForce(_)
            | Self::KeepRefusal(_)
            | Self::NoteOpening(_)
            | Self::Session(_)
            | Self::Preference(_)
            | Self::Client(_)
            | Self::Claim(_)
            | Self::SetAside { .. }
            | Self::HandOver(_)
            | Self::TidyDeliveries
            | Self::EndDelivery(_)
            | Self::Index(_)
            | Self::TakeBacklog(_)
            | Self::Redeliver { .. }
            | Self::LapseAll => None,
        }
    }

    /// The fault point at which it is written and not committed.
    pub(super) fn fault_point(&self) -> Option<FaultPoint> {
        match self {
            Self::Submit(_) | Self::SubmitLocked(..) => Some(FaultPoint::SubmissionBeforeCommit),
            Self::Decide(_) => Some(FaultPoint::DecisionBeforeCommit),
            Self::Expire(_) => Some(FaultPoint::ExpiryBeforeCommit),
            Self::StartAttempt(_) => Some(FaultPoint::AttemptBeforeCommit),
            Self::EndAttempt { .. } => Some(FaultPoint::OutcomeBeforeCommit),
            Self::Settle(_) => Some(FaultPoint::SettlementBeforeCommit),
            Self::PutInForce(_)
            | Self::KeepRefusal(_)
            | Self::NoteOpening(_)
            | Self::Session(_)
            | Self::Preference(_)
            | Self::Client(_)
            | Self::Comment { .. }
            | Self::SendBack { .. }
            | Self::Withdraw { .. }
            | Self::Claim(_)
            | Self::Stop { .. }
            | Self::PutBack { .. }
            | Self::SetAside { .. }
            | Self::HandOver(_)
            | Self::TidyDeliveries
            | Self::EndDelivery(_)
            | Self::Index(_)
            | Self::TakeBacklog(_)
            | Self::Redeliver { .. }
            | Self::LapseAll
            | Self::GiveSettlementWord { .. }
            | Self::AskProbe(_)
            | Self::EndProbe { .. } => None,
        }
    }

    /// Whether it works on the execution of the request that it names.
    pub(super) fn is_about_execution(&self) -> bool {
        match self {
            Self::StartAttempt(_)
            | Self::EndAttempt { .. }
            | Self::Stop { .. }
            | Self::PutBack { .. }
            | Self::Settle(_)
            | Self::Expire(_)
            // An approved request can be withdrawn, and its execution ends with it.
            | Self::Withdraw { .. }
            | Self::GiveSettlementWord { .. }
            | Self::AskProbe(_)
            | Self::EndProbe { .. } => true,
            Self::Decide(_)
            | Self::Comment { .. }
            | Self::SendBack { .. }
            | Self::Submit(_)
            | Self::SubmitLocked(..)
            | Self::PutInForce(_)
            | Self::KeepRefusal(_)
            | Self::NoteOpening(_)
            | Self::Session(_)
            | Self::Preference(_)
            | Self::Client(_)
            | Self::Claim(_)
            | Self::SetAside { .. }
            | Self::HandOver(_)
            | Self::TidyDeliveries
            | Self::EndDelivery(_)
            | Self::Index(_)
            | Self::TakeBacklog(_)
            | Self::Redeliver { .. }
            | Self::LapseAll => false,
        }
    }
}

/// What a command led to.
#[derive(Debug)]
pub(super) enum WriteReply {
    /// It is done, and there is no more to say.
    Done,
    /// There is no such request for this person.
    NotFound,
    /// There are as many of them as there may be.
    Full,
    /// The rules forbid it.
    Refused(Refusal),
    /// The request as it is now; `is_new` if this command changed it.
    Current { request: Box<Request>, is_new: bool },
    /// These executions are yours; the slots as they are now.
    Claimed { executions: Vec<Execution>, slots: Slots },
    /// The attempt of this number has begun.
    AttemptStarted(i64),
    /// Another holder has the lease by now.
    Fenced,
    /// These deliveries are yours.
    HandedOver(HandedOver),
    /// The requests were indexed, or wait again because they changed; `false` while another node indexes.
    Indexed(bool),
    /// The idempotency key already names this request.
    Replayed(RequestId),
    /// The policy, a limit or another request refuses the submission.
    NotAdmitted(AdmissionRefusal),
}

impl WriteReply {
    /// Whether the command has just approved a request, whose execution is due now.
    pub(super) fn approves(&self) -> bool {
        match self {
            Self::Current { request, is_new } => *is_new && request.state == State::Approved,
            Self::Done
            | Self::NotFound
            | Self::Full
            | Self::Refused(_)
            | Self::Claimed { .. }
            | Self::AttemptStarted(_)
            | Self::Fenced
            | Self::HandedOver(_)
            | Self::Indexed(_)
            | Self::Replayed(_)
            | Self::NotAdmitted(_) => false,
        }
    }

    /// The error for a reply that belongs to another command: the decider has a bug.
    pub(super) fn unexpected() -> StoreError {
        StoreError::Corrupt("a reply to another command".to_owned())
    }
}
