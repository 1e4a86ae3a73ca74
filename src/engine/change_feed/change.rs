//! A change: one thing that happened to a request. Of its payload it has the amount, which everybody who may read the
//! request sees.

use chrono::{DateTime, Utc};

use crate::domain::actor::Person;
use crate::domain::amount::Amount;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::lifecycle::{Event, EventType};
use crate::domain::outcome::Outcome;
use crate::domain::policy::{Capacity, Risk};
use crate::domain::request::{Request, State, Verdict};
use crate::domain::unit::Unit;
use crate::store::requests::{BriefTerms, RequestRow, parse_state};
use crate::store::{StoreError, from_micros};

/// One thing that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its position in this process's feed.
    pub seq: u64,
    /// The request's org.
    pub org: OrgId,
    /// The request.
    pub id: RequestId,
    /// The request's version after it.
    pub version: i64,
    /// The request's state after it.
    pub state: State,
    /// The request's type.
    pub request_type: RequestTypeName,
    /// Who submitted the request.
    pub maker: Person,
    /// Who can help now.
    pub waits_for: Vec<Capacity>,
    /// How it waited before; `None` where only the stored event is known.
    pub waited_for: Option<WaitedFor>,
    /// The request's risk.
    pub risk: Option<Risk>,
    /// How much its call is about.
    pub amount: Option<Amount>,
    /// What that amount counts.
    pub unit: Option<Unit>,
    /// When its rule wants it decided.
    pub due_at: Option<DateTime<Utc>>,
    /// Its place in an inbox.
    pub sort_at: DateTime<Utc>,
    /// Who did it; the system, where no person did.
    pub by: Person,
    /// What happened.
    pub kind: ChangeKind,
    /// When.
    pub at: DateTime<Utc>,
}

/// How a request waited before it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitedFor {
    /// Who could help.
    pub capacities: Vec<Capacity>,
    /// Who had decided it.
    pub decided_by: Vec<Person>,
}

impl WaitedFor {
    /// Of a request that is about to change.
    pub(in crate::engine) fn of(request: &Request) -> Self {
        let decided_by = request.decisions.iter().map(|decision| decision.checker.clone()).collect();
        Self { capacities: request.waits_for.clone(), decided_by }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A maker submitted the request.
    Submitted,
    /// A checker decided; the request may wait for others.
    Decided(Verdict),
    /// Somebody commented on it.
    Commented,
    /// A checker sent it back to its maker.
    SentBack,
    /// The maker resubmitted it.
    Resubmitted,
    /// The maker withdrew it.
    Withdrawn,
    /// A deadline passed.
    Expired,
    /// An attempt brought no end, and another one is to come.
    AttemptEnded,
    /// How an attempt ended became known late.
    LateAnswer,
    /// Its execution ended.
    Ended(Outcome),
    /// A person said how its unknown outcome ended.
    SettlementProposed,
    /// A second person said the same.
    Settled,
    /// The maker submitted it again, as a new request.
    SubmittedAgain,
    /// Its target was asked what became of the call.
    Probed,
}

impl ChangeKind {
    /// The kind of an event; `None` for checks, starts of attempts and refusals, which are not published.
    pub(in crate::engine) fn of(event_type: EventType) -> Option<Self> {
        match event_type {
            EventType::Submitted => Some(Self::Submitted),
            EventType::Approved | EventType::ApprovalGiven => Some(Self::Decided(Verdict::Approved)),
            EventType::Rejected | EventType::RejectionGiven => Some(Self::Decided(Verdict::Rejected)),
            EventType::Commented => Some(Self::Commented),
            EventType::SentBack => Some(Self::SentBack),
            EventType::Resubmitted => Some(Self::Resubmitted),
            EventType::Withdrawn => Some(Self::Withdrawn),
            EventType::Expired => Some(Self::Expired),
            EventType::AttemptEnded => Some(Self::AttemptEnded),
            EventType::LateAnswer => Some(Self::LateAnswer),
            EventType::Executed => Some(Self::Ended(Outcome::Executed)),
            EventType::Failed => Some(Self::Ended(Outcome::Failed)),
            EventType::OutcomeUnknown => Some(Self::Ended(Outcome::Unknown)),
            EventType::SettlementProposed => Some(Self::SettlementProposed),
            EventType::Settled => Some(Self::Settled),
            EventType::SubmittedAgain => Some(Self::SubmittedAgain),
            EventType::Probed => Some(Self::Probed),
            EventType::MakerAccessValidated
            | EventType::PayloadValidated
            | EventType::AutoApproved
            | EventType::AttemptStarted
            | EventType::Refused
            | EventType::ProbeAsked
            | EventType::RulesInForce
            | EventType::PeopleInForce
            | EventType::RulesStale
            | EventType::SendingPaused
            | EventType::SendingResumed
            | EventType::DeliveryGivenUp
            | EventType::SubscriptionSwitchedOff
            | EventType::SignedIn
            | EventType::SignedOut
            | EventType::SessionEnded => None,
        }
    }

    /// The types of the events that are published.
    pub(super) fn types() -> Vec<EventType> {
        EventType::ALL.into_iter().filter(|known| Self::of(*known).is_some()).collect()
    }
}

/// What a row of the table `events` adds to the request's own row.
pub(super) struct StoredEvent {
    pub(super) kind: ChangeKind,
    pub(super) by: Person,
    pub(super) version: i64,
    /// Microseconds since 1970.
    pub(super) at: i64,
}

impl Change {
    /// What `event` did to `request`, which has it folded in and waited so before.
    pub(in crate::engine) fn of(request: &Request, event: &Event, waited_for: WaitedFor) -> Option<Self> {
        Some(Self {
            seq: 0,
            org: request.org.clone(),
            id: request.id,
            version: request.version,
            state: request.state,
            request_type: request.request_type.clone(),
            maker: request.maker.clone(),
            waits_for: request.waits_for.clone(),
            waited_for: Some(waited_for),
            risk: request.terms.risk,
            amount: request.terms.amount,
            unit: request.terms.unit.clone(),
            due_at: request.terms.due_at,
            sort_at: request.sort_at(),
            by: event.by.clone(),
            kind: ChangeKind::of(EventType::of(&event.kind))?,
            at: event.at,
        })
    }

    /// A new submission.
    pub(in crate::engine) fn of_submission(row: &RequestRow) -> Result<Self, StoreError> {
        let (kind, version, at) = (ChangeKind::Submitted, row.version, row.started_at);
        Self::of_row(row, StoredEvent { kind, by: row.maker(), version, at })
    }

    /// A stored event of the request in `row`.
    pub(super) fn of_row(row: &RequestRow, event: StoredEvent) -> Result<Self, StoreError> {
        let BriefTerms { risk, due_at, amount, unit, .. } = row.brief_terms()?;
        Ok(Self {
            seq: 0,
            org: OrgId::new(row.org_id.clone()),
            id: row.request_id.into(),
            version: event.version,
            state: parse_state(&row.state)?,
            request_type: RequestTypeName::new(row.request_type.clone()),
            waits_for: row.waits_for()?,
            waited_for: None,
            risk,
            amount,
            unit,
            due_at,
            sort_at: from_micros(row.sort_at)?,
            by: event.by,
            maker: row.maker(),
            kind: event.kind,
            at: from_micros(event.at)?,
        })
    }

    /// Names the event, the same in every process. A submission is its request's first event.
    pub(super) fn key(&self) -> EventKey {
        (self.id, if self.kind == ChangeKind::Submitted { 1 } else { self.version })
    }
}

/// A request and the number of its event.
pub(super) type EventKey = (RequestId, i64);
