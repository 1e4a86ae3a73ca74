//! The words for what happened: one per kind of event, as the database and the wire spell it.

use super::EventKind;
use crate::domain::outcome::Outcome;
use crate::domain::request::{State, Verdict};

/// The type of an event; clients match on its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// A maker submitted the request.
    Submitted,
    /// The maker may submit this type.
    MakerAccessValidated,
    /// The payload has no fault.
    PayloadValidated,
    /// A rule that needs no checker approved it.
    AutoApproved,
    /// A checker approved; the policy needs more decisions.
    ApprovalGiven,
    /// A checker rejected; the policy needs more rejections to end it.
    RejectionGiven,
    /// A checker approved, and that was the last approval needed.
    Approved,
    /// A checker rejected, and that ended it.
    Rejected,
    /// Somebody who may read it commented on it.
    Commented,
    /// A checker sent it back to its maker for changes.
    SentBack,
    /// The maker resubmitted it, as the next revision.
    Resubmitted,
    /// The maker withdrew it.
    Withdrawn,
    /// A deadline passed.
    Expired,
    /// The executor is about to send the call.
    AttemptStarted,
    /// An attempt is over, and another one is to come.
    AttemptEnded,
    /// How an attempt ended became known after others had gone on without it.
    LateAnswer,
    /// The target did what was asked.
    Executed,
    /// The target did not do it.
    Failed,
    /// Whether the target did it is not known.
    OutcomeUnknown,
    /// Someone tried what the rules forbid; nothing changed.
    Refused,
    /// The maker submitted it again, as a new request.
    SubmittedAgain,
    /// Other types are in force; an event of the engine, not of a request.
    RulesInForce,
    /// Another people file is in force; an event of the engine.
    PeopleInForce,
    /// Files of the rules can't be used, at a start or a reload; an event of the engine.
    RulesStale,
    /// Nothing is sent to a host, or to any, until further notice; an event of the engine.
    SendingPaused,
    /// Sending goes on; an event of the engine.
    SendingResumed,
    /// A subscriber did not take an event for as long as it was offered; an event of its org.
    DeliveryGivenUp,
    /// A subscriber wants no more events; an event of its org.
    SubscriptionSwitchedOff,
    /// Someone signed in to the pages; an event of their org.
    SignedIn,
    /// Someone signed out of the pages; an event of their org.
    SignedOut,
    /// Whoever runs the server ended someone's session; an event of the session's org.
    SessionEnded,
    /// A person said how an unknown outcome ended; a second person must say the same.
    SettlementProposed,
    /// A second person said the same, and the outcome is known.
    Settled,
    /// Someone who may settle an unknown outcome wants the target to be asked now.
    ProbeAsked,
    /// The target was asked what became of the call.
    Probed,
}

/// Whose event it is, and so who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// That of a request, and so of its org.
    Request,
    /// That of one org: other orgs never see it.
    Org,
    /// That of the whole server: the auditors of every org see it, so it names nothing of any org.
    Server,
}

impl EventType {
    /// Every type, in the order of a request's life.
    pub const ALL: [Self; 35] = [
        Self::Submitted,
        Self::MakerAccessValidated,
        Self::PayloadValidated,
        Self::AutoApproved,
        Self::ApprovalGiven,
        Self::RejectionGiven,
        Self::Approved,
        Self::Rejected,
        Self::Commented,
        Self::SentBack,
        Self::Resubmitted,
        Self::Withdrawn,
        Self::Expired,
        Self::AttemptStarted,
        Self::AttemptEnded,
        Self::LateAnswer,
        Self::Executed,
        Self::Failed,
        Self::OutcomeUnknown,
        Self::Refused,
        Self::SubmittedAgain,
        Self::RulesInForce,
        Self::PeopleInForce,
        Self::RulesStale,
        Self::SendingPaused,
        Self::SendingResumed,
        Self::DeliveryGivenUp,
        Self::SubscriptionSwitchedOff,
        Self::SignedIn,
        Self::SignedOut,
        Self::SessionEnded,
        Self::SettlementProposed,
        Self::Settled,
        Self::ProbeAsked,
        Self::Probed,
    ];

    /// The type of an event of this kind.
    pub fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::Submitted(_) => Self::Submitted,
            EventKind::MakerAccessValidated => Self::MakerAccessValidated,
            EventKind::PayloadValidated => Self::PayloadValidated,
            EventKind::Decided { verdict, leads_to, .. } => Self::of_decision(*verdict, *leads_to),
            EventKind::AutoApproved { .. } => Self::AutoApproved,
            EventKind::Commented { .. } => Self::Commented,
            EventKind::SentBack { .. } => Self::SentBack,
            EventKind::Resubmitted { .. } => Self::Resubmitted,
            EventKind::Withdrawn { .. } => Self::Withdrawn,
            EventKind::Expired => Self::Expired,
            EventKind::AttemptStarted { .. } => Self::AttemptStarted,
            EventKind::AttemptEnded { .. } => Self::AttemptEnded,
            EventKind::LateAnswer { .. } => Self::LateAnswer,
            EventKind::Ended { outcome: Outcome::Executed, .. } => Self::Executed,
            EventKind::Ended { outcome: Outcome::Failed, .. } => Self::Failed,
            EventKind::Ended { outcome: Outcome::Unknown, .. } => Self::OutcomeUnknown,
            EventKind::Refused { .. } => Self::Refused,
            EventKind::SettlementWordGiven { settles: false, .. } => Self::SettlementProposed,
            EventKind::SettlementWordGiven { settles: true, .. } => Self::Settled,
            EventKind::SubmittedAgain { .. } => Self::SubmittedAgain,
            EventKind::ProbeAsked => Self::ProbeAsked,
            EventKind::Probed { .. } => Self::Probed,
        }
    }

    fn of_decision(verdict: Verdict, leads_to: State) -> Self {
        let is_last = leads_to != State::AdminTask;
        match (verdict, is_last) {
            (Verdict::Approved, false) => Self::ApprovalGiven,
            (Verdict::Approved, true) => Self::Approved,
            (Verdict::Rejected, false) => Self::RejectionGiven,
            (Verdict::Rejected, true) => Self::Rejected,
        }
    }

    /// The word in the database and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::MakerAccessValidated => "maker_access_validated",
            Self::PayloadValidated => "payload_validated",
            Self::AutoApproved => "auto_approved",
            Self::ApprovalGiven => "approval_given",
            Self::RejectionGiven => "rejection_given",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Commented => "commented",
            Self::SentBack => "sent_back",
            Self::Resubmitted => "resubmitted",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::AttemptStarted => "attempt_started",
            Self::AttemptEnded => "attempt_ended",
            Self::LateAnswer => "late_answer",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Refused => "refused",
            Self::SubmittedAgain => "submitted_again",
            Self::RulesInForce => "rules_in_force",
            Self::PeopleInForce => "people_in_force",
            Self::RulesStale => "rules_stale",
            Self::SendingPaused => "sending_paused",
            Self::SendingResumed => "sending_resumed",
            Self::DeliveryGivenUp => "delivery_given_up",
            Self::SubscriptionSwitchedOff => "subscription_switched_off",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::SessionEnded => "session_ended",
            Self::SettlementProposed => "settlement_proposed",
            Self::Settled => "settled",
            Self::ProbeAsked => "probe_asked",
            Self::Probed => "probed",
        }
    }

    /// Reads [`EventType::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == text)
    }

    /// Whose event it is.
    pub fn belongs_to(self) -> Belonging {
        match self {
            Self::Submitted
            | Self::MakerAccessValidated
            | Self::PayloadValidated
            | Self::AutoApproved
            | Self::ApprovalGiven
            | Self::RejectionGiven
            | Self::Approved
            | Self::Rejected
            | Self::Commented
            | Self::SentBack
            | Self::Resubmitted
            | Self::Withdrawn
            | Self::Expired
            | Self::AttemptStarted
            | Self::AttemptEnded
            | Self::LateAnswer
            | Self::Executed
            | Self::Failed
            | Self::OutcomeUnknown
            | Self::Refused
            | Self::SettlementProposed
            | Self::Settled
            | Self::SubmittedAgain
            | Self::ProbeAsked
            | Self::Probed => Belonging::Request,
            Self::DeliveryGivenUp
            | Self::SubscriptionSwitchedOff
            | Self::SignedIn
            | Self::SignedOut
            | Self::SessionEnded => Belonging::Org,
            Self::RulesInForce
            | Self::PeopleInForce
            | Self::RulesStale
            | Self::SendingPaused
            | Self::SendingResumed => Belonging::Server,
        }
    }

    /// Whether whoever read the request before it still knows all that counts: a comment, or an attempt that the rules
    /// forbade. Otherwise anybody could keep those who decide from deciding.
    pub fn moves_nothing(self) -> bool {
        matches!(self, Self::Commented | Self::Refused)
    }

    /// Whether a request is found by other words after it: somebody wrote something, or did something under their name.
    pub fn adds_words(self) -> bool {
        match self {
            Self::Submitted
            | Self::ApprovalGiven
            | Self::RejectionGiven
            | Self::Approved
            | Self::Rejected
            | Self::Commented
            | Self::SentBack
            | Self::Resubmitted
            | Self::Withdrawn
            | Self::SettlementProposed
            | Self::Settled => true,
            Self::MakerAccessValidated
            | Self::PayloadValidated
            | Self::AutoApproved
            | Self::Expired
            | Self::AttemptStarted
            | Self::AttemptEnded
            | Self::LateAnswer
            | Self::Executed
            | Self::Failed
            | Self::OutcomeUnknown
            | Self::Refused
            | Self::SubmittedAgain
            | Self::RulesInForce
            | Self::PeopleInForce
            | Self::RulesStale
            | Self::SendingPaused
            | Self::SendingResumed
            | Self::DeliveryGivenUp
            | Self::SubscriptionSwitchedOff
            | Self::SignedIn
            | Self::SignedOut
            | Self::SessionEnded
            | Self::ProbeAsked
            | Self::Probed => false,
        }
    }

    /// Whether it happens to a request, and so is in a request's trail.
    pub fn is_of_request(self) -> bool {
        self.belongs_to() == Belonging::Request
    }

    /// Whether it is always the engine that causes it; every other is always a person's doing.
    pub fn is_of_the_engine(self) -> bool {
        match self {
            Self::Submitted
            | Self::MakerAccessValidated
            | Self::PayloadValidated
            | Self::ApprovalGiven
            | Self::RejectionGiven
            | Self::Approved
            | Self::Rejected
            | Self::Commented
            | Self::SentBack
            | Self::Resubmitted
            | Self::Withdrawn
            | Self::Refused
            | Self::SubmittedAgain
            | Self::SignedIn
            | Self::SignedOut
            | Self::SettlementProposed
            | Self::Settled
            | Self::ProbeAsked => false,
            Self::AutoApproved
            | Self::Expired
            | Self::AttemptStarted
            | Self::AttemptEnded
            | Self::LateAnswer
            | Self::Executed
            | Self::Failed
            | Self::OutcomeUnknown
            | Self::RulesInForce
            | Self::PeopleInForce
            | Self::RulesStale
            | Self::SendingPaused
            | Self::SendingResumed
            | Self::DeliveryGivenUp
            | Self::SubscriptionSwitchedOff
            | Self::SessionEnded
            | Self::Probed => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_own_name_and_is_read_back() {
        for (at, known) in EventType::ALL.into_iter().enumerate() {
            assert_eq!(EventType::parse(known.name()), Some(known));
            assert!(EventType::ALL[at + 1..].iter().all(|other| other.name() != known.name()));
        }
        assert_eq!(EventType::parse("opened"), None);
    }

    #[test]
    fn a_decision_that_leaves_the_request_waiting_is_given_and_the_last_one_ends_it() {
        let of = EventType::of_decision;
        assert_eq!(of(Verdict::Approved, State::AdminTask), EventType::ApprovalGiven);
        assert_eq!(of(Verdict::Approved, State::Approved), EventType::Approved);
        assert_eq!(of(Verdict::Rejected, State::AdminTask), EventType::RejectionGiven);
        assert_eq!(of(Verdict::Rejected, State::Rejected), EventType::Rejected);
    }
}
