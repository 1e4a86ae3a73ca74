//! Why something that somebody tried was forbidden, as a clause: for the list of what happened, and for results.

use crate::domain::code::Code;
use crate::domain::wording::capitalised;

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
        Code::NotNeeded => "nobody else of that group was needed",
        Code::PersonInactive => "the people file has switched the account off",
        Code::PermissionMissing => "the sign-in does not allow it",
        Code::NotTheMaker => "only its maker can do that",
        Code::DigestMismatch => "something else had been read",
        Code::RequestMoved => "something had happened since it was read",
        Code::BulkNotAllowed => "it is decided alone",
        Code::FreshSignInRequired => "the sign-in was too old",
        Code::AttemptUnderWay => "its call was being sent, or may have been carried out",
        Code::NothingToSettle => "its outcome was known",
        Code::TooManyWords => "the word had been changed too often",
        Code::NoProbe => "Countersign can’t ask this target",
        Code::NotSentBack => "it did not wait for changes",
        Code::TooManyRevisions => "it has as many revisions as there may be",
        Code::TooManyComments => "it has as many comments as there may be",
        Code::NotFound => "there is no such request",
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

/// The same as a sentence: why one of several requests was not decided.
pub fn not_decided(code: Code) -> String {
    format!("{}.", capitalised(why_forbidden(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_clause_that_names_no_code() {
        for code in Code::ALL {
            let clause = why_forbidden(code);
            assert!(!clause.contains('_') && !clause.ends_with('.'), "{code}: {clause}");
            let sentence = not_decided(code);
            assert!(
                sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
                "{code}: {sentence}"
            );
        }
    }
}
