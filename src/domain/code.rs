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
    /// The cursor belongs to another list, or is not one.
    CursorInvalid,
    /// There is no token, or it was not accepted.
    TokenInvalid,
    /// The call names no client.
    ClientMissing,
    /// The client's credentials were not accepted.
    ClientInvalid,
    /// The client's token has expired.
    ClientExpired,
    /// The client may not make this call, or not for this org.
    ClientNotAllowed,
    /// Too many tries with wrong credentials; try again after Retry-After seconds.
    ClientTriedTooOften,
    /// The token does not grant the org that the call names.
    OrgNotGranted,
    /// The token lacks the permission that this call needs.
    PermissionMissing,
    /// No one decides their own request.
    MakerIsChecker,
    /// Only its maker can withdraw a request, submit it again, or resubmit it.
    NotTheMaker,
    /// The people file says that this account is not active.
    PersonInactive,
    /// The current stage has no seat for this person.
    NotInStage,
    /// To approve, the rule asks for a more recent sign-in.
    FreshSignInRequired,
    /// The request must be decided alone, not with others.
    BulkNotAllowed,
    /// No rule of the type's approval policy applies to this submission.
    NoRuleApplies,
    /// A condition of the policy can't be evaluated for this submission.
    ConditionFailed,
    /// A rule of the policy refuses this submission.
    RefusedByRule,
    /// It does not exist, or not for this caller.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The request is decided already.
    AlreadyDecided,
    /// This person has decided the request before; no one counts twice.
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
    /// The call is being sent, or may have been carried out.
    AttemptUnderWay,
    /// The id by which the target recognises a repeat belongs to another open request.
    RepeatKeyInUse,
    /// The request can't be submitted again.
    NotRepeatable,
    /// The digest sent is not the request's.
    DigestMismatch,
    /// Something has happened to the request since the version sent was read.
    RequestMoved,
    /// The body did not come within the time limit.
    BodyTooSlow,
    /// The body has more than 256 KiB.
    BodyTooLarge,
    /// The body is not application/json in UTF-8 without content encoding.
    UnsupportedMediaType,
    /// Something is wrong here; the log has it under the reference.
    Internal,
    /// Too much is waiting, or the database takes no calls; try again after Retry-After seconds.
    Busy,
    /// The request's outcome is not unknown, so there is nothing to settle.
    NothingToSettle,
    /// This person has changed their word about the outcome too often.
    TooManyWords,
    /// The request's type does not say how to ask the target what became of a call.
    NoProbe,
    /// The request was sent back to its maker, so nobody decides it now.
    RequestSentBack,
    /// The request was not sent back, so its maker can't resubmit it.
    NotSentBack,
    /// The request has as many revisions as there may be.
    TooManyRevisions,
    /// There are as many comments on the request as there may be.
    TooManyComments,
}

impl Code {
    /// Every code, in the order of the documents.
    pub const ALL: [Self; 49] = [
        Self::Unreadable,
        Self::PayloadInvalid,
        Self::TargetNotAllowed,
        Self::ParameterInvalid,
        Self::CursorInvalid,
        Self::TokenInvalid,
        Self::ClientMissing,
        Self::ClientInvalid,
        Self::ClientExpired,
        Self::ClientNotAllowed,
        Self::ClientTriedTooOften,
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
        Self::AttemptUnderWay,
        Self::RepeatKeyInUse,
        Self::NotRepeatable,
        Self::DigestMismatch,
        Self::RequestMoved,
        Self::BodyTooSlow,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::Internal,
        Self::Busy,
        Self::NothingToSettle,
        Self::TooManyWords,
        Self::NoProbe,
        Self::RequestSentBack,
        Self::NotSentBack,
        Self::TooManyRevisions,
        Self::TooManyComments,
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
            Self::ClientMissing => "client_missing",
            Self::ClientInvalid => "client_invalid",
            Self::ClientExpired => "client_expired",
            Self::ClientNotAllowed => "client_not_allowed",
            Self::ClientTriedTooOften => "client_tried_too_often",
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
            Self::AttemptUnderWay => "attempt_under_way",
            Self::RepeatKeyInUse => "repeat_key_in_use",
            Self::NotRepeatable => "not_repeatable",
            Self::DigestMismatch => "digest_mismatch",
            Self::RequestMoved => "request_moved",
            Self::BodyTooSlow => "body_too_slow",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Internal => "internal",
            Self::Busy => "busy",
            Self::NothingToSettle => "nothing_to_settle",
            Self::TooManyWords => "too_many_words",
            Self::NoProbe => "no_probe",
            Self::RequestSentBack => "request_sent_back",
            Self::NotSentBack => "not_sent_back",
            Self::TooManyRevisions => "too_many_revisions",
            Self::TooManyComments => "too_many_comments",
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
            Self::CursorInvalid => "The cursor belongs to another list, or is not one.",
            Self::TokenInvalid => "There is no token, or it was not accepted.",
            Self::ClientMissing => "The call names no client.",
            Self::ClientInvalid => "The client's credentials were not accepted.",
            Self::ClientExpired => "The client's token has expired.",
            Self::ClientNotAllowed => "The client may not make this call, or not for this org.",
            Self::ClientTriedTooOften => {
                "Too many tries with wrong credentials. Try again after Retry-After seconds."
            }
            Self::OrgNotGranted => "The token does not grant the org that the call names.",
            Self::PermissionMissing => "The token lacks the permission that this call needs.",
            Self::MakerIsChecker => "No one decides their own request.",
            Self::NotTheMaker => "Only its maker can withdraw a request, submit it again, or resubmit it.",
            Self::PersonInactive => "The people file says that this account is not active.",
            Self::NotInStage => "The current stage has no seat for this person.",
            Self::FreshSignInRequired => "To approve, the rule asks for a more recent sign-in.",
            Self::BulkNotAllowed => "The request must be decided alone, not with others.",
            Self::NoRuleApplies => "No rule of the type's approval policy applies to this submission.",
            Self::ConditionFailed => "A condition of the policy can't be evaluated for this submission.",
            Self::RefusedByRule => "A rule of the policy refuses this submission.",
            Self::NotFound => "It does not exist, or not for this caller.",
            Self::MethodNotAllowed => "The path exists, the method does not.",
            Self::AlreadyDecided => "The request is decided already.",
            Self::AlreadyDecidedByYou => "This person has decided the request before; no one counts twice.",
            Self::NotNeeded => "The seats that this person could fill are filled.",
            Self::StageUnfillable => "The people file names too few people to complete the request.",
            Self::DuplicatePending => "Another request is still open for the same subject.",
            Self::IdempotencyKeyReused => "The Idempotency-Key was used for another submission.",
            Self::RequestClosed => "The request takes no more commands.",
            Self::RequestExpired => "The deadline has passed.",
            Self::AttemptUnderWay => "The call is being sent, or may have been carried out.",
            Self::RepeatKeyInUse => {
                "The id by which the target recognises a repeat belongs to another open request."
            }
            Self::NotRepeatable => {
                "The request can't be submitted again: it has not ended, may have been carried out, or was submitted \
                 again before."
            }
            Self::DigestMismatch => "The digest sent is not the request's.",
            Self::RequestMoved => "Something has happened to the request since the version sent was read.",
            Self::BodyTooSlow => "The body did not come within the time limit.",
            Self::BodyTooLarge => "The body has more than 256 KiB.",
            Self::UnsupportedMediaType => {
                "The body is not application/json in UTF-8 without content encoding."
            }
            Self::Internal => "Something is wrong here; the log has it under the reference.",
            Self::Busy => {
                "Too much is waiting, or the database takes no calls; the message says what was recorded. Try again \
                 after Retry-After seconds."
            }
            Self::NothingToSettle => "The request's outcome is not unknown, so there is nothing to settle.",
            Self::TooManyWords => "This person has changed their word about the outcome too often.",
            Self::RequestSentBack => "The request was sent back to its maker, so nobody decides it now.",
            Self::NotSentBack => "The request was not sent back, so its maker can't resubmit it.",
            Self::TooManyRevisions => "The request has as many revisions as there may be.",
            Self::TooManyComments => "There are as many comments on the request as there may be.",
            Self::NoProbe => "The request's type does not say how to ask the target what became of a call.",
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
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
