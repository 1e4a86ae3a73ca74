//! What the lists for auditors say: what happened in the org, and why submissions were refused.

use crate::domain::code::Code;
use crate::domain::lifecycle::EventType;

/// What an event was; goes on after the name of whoever caused it.
pub fn what_they_did(event_type: EventType) -> &'static str {
    match event_type {
        EventType::Submitted => "submitted it",
        EventType::MakerAccessValidated => "checked that its maker may ask for it",
        EventType::PayloadValidated => "checked what was sent",
        EventType::AutoApproved => "let it through; nobody had to agree",
        EventType::ApprovalGiven => "approved it; more approvals are needed",
        EventType::RejectionGiven => "rejected it; one rejection does not end it",
        EventType::Approved => "approved it",
        EventType::Rejected => "rejected it",
        EventType::Commented => "commented",
        EventType::SentBack => "sent it back for changes",
        EventType::Resubmitted => "resubmitted it",
        EventType::Withdrawn => "withdrew it",
        EventType::Expired => "closed it: its time was over",
        EventType::AttemptStarted => "began to send it",
        EventType::AttemptEnded => "recorded an attempt after which another one comes",
        EventType::LateAnswer => "recorded an answer that came late",
        EventType::Executed => "recorded that it was done",
        EventType::Failed => "recorded that it was not done",
        EventType::OutcomeUnknown => "recorded that nobody knows whether it was done",
        EventType::Refused => "tried what the rules forbid; nothing changed",
        EventType::SubmittedAgain => "submitted it again, as a new request",
        EventType::RulesInForce => "put other types in force",
        EventType::PeopleInForce => "put another people file in force",
        EventType::RulesStale => "could not use files of the rules",
        EventType::SendingPaused => "paused sending",
        EventType::SendingResumed => "let sending go on",
        EventType::DeliveryGivenUp => "gave up telling a subscriber",
        EventType::SubscriptionSwitchedOff => "stopped telling a subscriber that wants no more",
        EventType::SignedIn => "signed in",
        EventType::SignedOut => "signed out",
        EventType::SessionEnded => "ended a session",
        EventType::SettlementProposed => "said how an unknown outcome ended",
        EventType::Settled => "said the same, which settled the outcome",
        EventType::ProbeAsked => "wanted the target to be asked",
        EventType::Probed => "asked the target what became of it",
    }
}

/// Whether the engine did it, whoever's submission it belongs to.
pub fn is_done_by_the_engine(event_type: EventType) -> bool {
    matches!(
        event_type,
        EventType::MakerAccessValidated | EventType::PayloadValidated | EventType::AutoApproved
    )
}

/// An event's type as the list can be narrowed to it.
pub fn event_type_name(event_type: EventType) -> &'static str {
    match event_type {
        EventType::Submitted => "Submitted",
        EventType::MakerAccessValidated => "Maker’s access checked",
        EventType::PayloadValidated => "Payload checked",
        EventType::AutoApproved => "Approved by a rule",
        EventType::ApprovalGiven => "Approved, more needed",
        EventType::RejectionGiven => "Rejected, goes on",
        EventType::Approved => "Approved",
        EventType::Rejected => "Rejected",
        EventType::Commented => "Commented",
        EventType::SentBack => "Sent back",
        EventType::Resubmitted => "Resubmitted",
        EventType::Withdrawn => "Withdrawn",
        EventType::Expired => "Expired",
        EventType::AttemptStarted => "Attempt begun",
        EventType::AttemptEnded => "Attempt ended",
        EventType::LateAnswer => "Late answer",
        EventType::Executed => "Done",
        EventType::Failed => "Failed",
        EventType::OutcomeUnknown => "Outcome unknown",
        EventType::Refused => "Forbidden try",
        EventType::SubmittedAgain => "Submitted again",
        EventType::RulesInForce => "Types in force",
        EventType::PeopleInForce => "People in force",
        EventType::RulesStale => "Rules can’t be used",
        EventType::SendingPaused => "Sending paused",
        EventType::SendingResumed => "Sending goes on",
        EventType::DeliveryGivenUp => "Delivery given up",
        EventType::SubscriptionSwitchedOff => "Subscription off",
        EventType::SignedIn => "Signed in",
        EventType::SignedOut => "Signed out",
        EventType::SessionEnded => "Session ended",
        EventType::SettlementProposed => "Outcome proposed",
        EventType::Settled => "Outcome settled",
        EventType::ProbeAsked => "Probe asked for",
        EventType::Probed => "Target asked",
    }
}

/// Why a submission was refused.
pub fn why_not_submitted(code: Code) -> &'static str {
    match code {
        Code::Unreadable => "It is not JSON.",
        Code::PayloadInvalid => "Something in it is missing, unknown, or not as the type asks for it.",
        Code::TargetNotAllowed => "Its host is not one of the allowed targets.",
        Code::PermissionMissing => "The sign-in does not allow them to submit this type.",
        Code::PersonInactive => "The people file has switched the account off.",
        Code::NoRuleApplies => "No rule of the type’s policy applies to it.",
        Code::ConditionFailed => "A condition of the type’s policy can’t be judged for it.",
        Code::RefusedByRule => "A rule of the type’s policy refuses it.",
        Code::StageUnfillable => "There are too few people who could approve it.",
        Code::DuplicatePending => "Another request is open for the same subject.",
        Code::IdempotencyKeyReused => "Its key was used for something else before.",
        Code::RepeatKeyInUse => "Another open request carries the id by which the target recognises repeats.",
        Code::NotFound => "There is no such type.",
        Code::BodyTooLarge => "It is too large.",
        Code::BodyTooSlow => "It did not arrive in time.",
        Code::UnsupportedMediaType => "It was not sent as JSON.",
        Code::NotTheMaker => "Only the request’s maker can do that.",
        Code::NotRepeatable => "The request can’t be submitted again.",
        Code::NotSentBack => "The request did not wait for changes.",
        Code::TooManyRevisions => "The request has as many revisions as there may be.",
        Code::RequestMoved => "Something had happened to the request since it was read.",
        // No submission is refused with these.
        Code::ParameterInvalid
        | Code::CursorInvalid
        | Code::TokenInvalid
        | Code::ClientMissing
        | Code::ClientInvalid
        | Code::ClientExpired
        | Code::ClientNotAllowed
        | Code::ClientTriedTooOften
        | Code::OrgNotGranted
        | Code::MakerIsChecker
        | Code::NotInStage
        | Code::FreshSignInRequired
        | Code::BulkNotAllowed
        | Code::MethodNotAllowed
        | Code::AlreadyDecided
        | Code::AlreadyDecidedByYou
        | Code::NotNeeded
        | Code::RequestClosed
        | Code::RequestExpired
        | Code::RequestSentBack
        | Code::DigestMismatch
        | Code::AttemptUnderWay
        | Code::NothingToSettle
        | Code::TooManyWords
        | Code::TooManyComments
        | Code::NoProbe
        | Code::Internal
        | Code::Busy => "It was not as it must be.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_event_has_words_and_a_name_of_its_own() {
        let names: BTreeSet<&str> = EventType::ALL.into_iter().map(event_type_name).collect();
        assert_eq!(names.len(), EventType::ALL.len());
        for event_type in EventType::ALL {
            let words = what_they_did(event_type);
            assert!(!words.contains('_') && !words.ends_with('.'), "{words}");
        }
    }

    #[test]
    fn every_reason_is_a_sentence_that_names_no_code() {
        for code in Code::ALL {
            let sentence = why_not_submitted(code);
            assert!(sentence.ends_with('.') && !sentence.contains('_'), "{code}: {sentence}");
        }
    }
}
