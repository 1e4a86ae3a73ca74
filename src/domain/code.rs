//! The words that clients match on: every error code, once.

/// A stable word that says what is wrong. Clients match on its name; the status that goes with it is HTTP's
/// matter and lives in `http::error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The body is not JSON.
    Unreadable,
    /// A member is missing, unknown, of the wrong type or out of range.
    PayloadInvalid,
    /// The host is not on the list of allowed targets.
    TargetNotAllowed,
    /// A query parameter is unknown, repeated or out of range.
    ParameterInvalid,
    /// The cursor is malformed or belongs to another list.
    CursorInvalid,
    /// The token is missing or was not accepted.
    TokenInvalid,
    /// The token does not grant the org that the call names.
    OrgNotGranted,
    /// The token lacks the permission that this call needs.
    PermissionMissing,
    /// No one can decide their own request.
    MakerIsChecker,
    /// Only the maker can withdraw a request.
    NotTheMaker,
    /// The people file says that this account is not active.
    PersonInactive,
    /// The current stage has no seat for this person.
    NotInStage,
    /// The rule requires a more recent sign-in for an approval.
    FreshSignInRequired,
    /// The request must be decided on its own, not together with others.
    BulkNotAllowed,
    /// No rule of the type's approval policy applies to this submission.
    NoRuleApplies,
    /// A condition of the policy can't be evaluated for this submission.
    ConditionFailed,
    /// A rule of the policy refuses this submission.
    RefusedByRule,
    /// There is no such thing, or this person may not see it.
    NotFound,
    /// The path is there, the method is not.
    MethodNotAllowed,
    /// A decision has already been recorded.
    AlreadyDecided,
    /// This person has already decided the request; no one counts twice.
    AlreadyDecidedByYou,
    /// The seats that this person could fill are filled.
    NotNeeded,
    /// The people file names too few people to complete the request.
    StageUnfillable,
    /// Another request is still open for the same subject.
    DuplicatePending,
    /// The Idempotency-Key was used for another submission.
    IdempotencyKeyReused,
    /// The request takes no more commands.
    RequestClosed,
    /// The deadline has passed.
    RequestExpired,
    /// The digest sent is not the request's.
    DigestMismatch,
    /// The request has changed since the version that was sent.
    RequestMoved,
    /// The body is larger than 256 KiB.
    BodyTooLarge,
    /// The body is not application/json in UTF-8 without content encoding.
    UnsupportedMediaType,
    /// Something failed in this service; the log has the cause under the reference.
    Internal,
    /// The service is busy; try again after Retry-After seconds.
    Busy,
}

impl Code {
    /// Every code, in the order of the documents.
    pub const ALL: [Self; 33] = [
        Self::Unreadable,
        Self::PayloadInvalid,
        Self::TargetNotAllowed,
        Self::ParameterInvalid,
        Self::CursorInvalid,
        Self::TokenInvalid,
        Self::OrgNotGranted,
        Self::PermissionMissing,
        Self::MakerIsChecker,
        Self::NotTheMaker,
        Self::PersonInactive,
        Self::NotInStage,
        Self::FreshSignInRequired,
        Self::BulkNotAllowed,
        Self::NoRuleApplies,
        Self::ConditionFailed,
        Self::RefusedByRule,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::AlreadyDecided,
        Self::AlreadyDecidedByYou,
        Self::NotNeeded,
        Self::StageUnfillable,
        Self::DuplicatePending,
        Self::IdempotencyKeyReused,
        Self::RequestClosed,
        Self::RequestExpired,
        Self::DigestMismatch,
        Self::RequestMoved,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::Internal,
        Self::Busy,
    ];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::PayloadInvalid => "payload_invalid",
            Self::TargetNotAllowed => "target_not_allowed",
            Self::ParameterInvalid => "parameter_invalid",
            Self::CursorInvalid => "cursor_invalid",
            Self::TokenInvalid => "token_invalid",
            Self::OrgNotGranted => "org_not_granted",
            Self::PermissionMissing => "permission_missing",
            Self::MakerIsChecker => "maker_is_checker",
            Self::NotTheMaker => "not_the_maker",
            Self::PersonInactive => "person_inactive",
            Self::NotInStage => "not_in_stage",
            Self::FreshSignInRequired => "fresh_sign_in_required",
            Self::BulkNotAllowed => "bulk_not_allowed",
            Self::NoRuleApplies => "no_rule_applies",
            Self::ConditionFailed => "condition_failed",
            Self::RefusedByRule => "refused_by_rule",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::AlreadyDecided => "already_decided",
            Self::AlreadyDecidedByYou => "already_decided_by_you",
            Self::NotNeeded => "not_needed",
            Self::StageUnfillable => "stage_unfillable",
            Self::DuplicatePending => "duplicate_pending",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::RequestClosed => "request_closed",
            Self::RequestExpired => "request_expired",
            Self::DigestMismatch => "digest_mismatch",
            Self::RequestMoved => "request_moved",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Internal => "internal",
            Self::Busy => "busy",
        }
    }

    /// Reads [`Code::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == text)
    }

    /// What the code means, for documents.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Unreadable => "The body is not JSON.",
            Self::PayloadInvalid => "A member is missing, unknown, of the wrong type or out of range.",
            Self::TargetNotAllowed => "The host is not on the list of allowed targets.",
            Self::ParameterInvalid => "A query parameter is unknown, repeated or out of range.",
            Self::CursorInvalid => "The cursor is malformed or belongs to another list.",
            Self::TokenInvalid => "The token is missing or was not accepted.",
            Self::OrgNotGranted => "The token does not grant the org that the call names.",
            Self::PermissionMissing => "The token lacks the permission that this call needs.",
            Self::MakerIsChecker => "No one can decide their own request.",
            Self::NotTheMaker => "Only the maker can withdraw a request.",
            Self::PersonInactive => "The people file says that this account is not active.",
            Self::NotInStage => "The current stage has no seat for this person.",
            Self::FreshSignInRequired => "The rule requires a more recent sign-in for an approval.",
            Self::BulkNotAllowed => "The request must be decided on its own, not together with others.",
            Self::NoRuleApplies => "No rule of the type's approval policy applies to this submission.",
            Self::ConditionFailed => "A condition of the policy can't be evaluated for this submission.",
            Self::RefusedByRule => "A rule of the policy refuses this submission.",
            Self::NotFound => "There is no such thing, or this person may not see it.",
            Self::MethodNotAllowed => "The path is there, the method is not.",
            Self::AlreadyDecided => "A decision has already been recorded.",
            Self::AlreadyDecidedByYou => "This person has already decided the request; no one counts twice.",
            Self::NotNeeded => "The seats that this person could fill are filled.",
            Self::StageUnfillable => "The people file names too few people to complete the request.",
            Self::DuplicatePending => "Another request is still open for the same subject.",
            Self::IdempotencyKeyReused => "The Idempotency-Key was used for another submission.",
            Self::RequestClosed => "The request takes no more commands.",
            Self::RequestExpired => "The deadline has passed.",
            Self::DigestMismatch => "The digest sent is not the request's.",
            Self::RequestMoved => "The request has changed since the version that was sent.",
            Self::BodyTooLarge => "The body is larger than 256 KiB.",
            Self::UnsupportedMediaType => {
                "The body is not application/json in UTF-8 without content encoding."
            }
            Self::Internal => "Something failed in this service; the log has the cause under the reference.",
            Self::Busy => "The service is busy; try again after Retry-After seconds.",
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name() {
        let mut names = Code::ALL.map(Code::name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn a_name_is_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.name()), Some(code));
        }
        assert_eq!(Code::parse("Not_Found"), None);
    }
}
