//! Why something that somebody tried was forbidden, as a clause for the list of what happened.

use crate::domain::code::Code;

/// Why the rules forbade it.
pub fn why_forbidden(code: Code) -> &'static str {
    match code {
        Code::MakerIsChecker => "nobody decides their own request",
        Code::AlreadyDecided => "it was decided already",
        Code::AlreadyDecidedByYou => "nobody signs twice",
        Code::RequestClosed => "nothing was left to decide",
        Code::RequestExpired => "its time was over",
        Code::RequestSentBack => "it was sent back to its maker",
        Code::NotInStage => "it waited for others",
        Code::NotNeeded => "nobody else of theirs was needed",
        Code::PersonInactive => "the people file has switched their account off",
        Code::PermissionMissing => "their sign-in does not allow it",
        Code::NotTheMaker => "only its maker can do that",
        Code::DigestMismatch => "they had read something else",
        Code::RequestMoved => "something had happened since they read it",
        Code::BulkNotAllowed => "it is decided alone",
        Code::FreshSignInRequired => "their sign-in was too old",
        Code::AttemptUnderWay => "its call was being sent, or may have been carried out",
        Code::NothingToSettle => "its outcome was known",
        Code::TooManyWords => "they had changed their word too often",
        Code::NoProbe => "Countersign can’t ask this target",
        Code::NotSentBack => "it did not wait for changes",
        Code::TooManyRevisions => "it has as many revisions as there may be",
        Code::TooManyComments => "it has as many comments as there may be",
        Code::NotRepeatable => "it can’t be submitted again",
        // A command on a request is not refused with these.
        Code::Unreadable
        | Code::PayloadInvalid
        | Code::TargetNotAllowed
        | Code::ParameterInvalid
        | Code::CursorInvalid
        | Code::TokenInvalid
        | Code::ClientMissing
        | Code::ClientInvalid
        | Code::ClientExpired
        | Code::ClientNotAllowed
        | Code::ClientTriedTooOften
        | Code::OrgNotGranted
        | Code::NoRuleApplies
        | Code::ConditionFailed
        | Code::RefusedByRule
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::StageUnfillable
        | Code::DuplicatePending
        | Code::IdempotencyKeyReused
        | Code::RepeatKeyInUse
        | Code::BodyTooSlow
        | Code::BodyTooLarge
        | Code::UnsupportedMediaType
        | Code::Internal
        | Code::Busy => "it was not as it must be",
    }
}
