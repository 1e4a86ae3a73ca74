//! The one mapping from errors to status, code and body. Nothing else knows status codes.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};

use super::wire::{ErrorBody, GateBody, TokenBody};
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::domain::lifecycle::Refusal;
use crate::domain::policy::may_decide::WhyNot;
use crate::domain::policy::may_settle::WhyNotSettle;
use crate::engine::{DoorFault, Engine, EngineError};

/// The status that goes with a code.
pub fn status(code: Code) -> StatusCode {
    match code {
        Code::Unreadable
        | Code::PayloadInvalid
        | Code::TargetNotAllowed
        | Code::ParameterInvalid
        | Code::CursorInvalid => StatusCode::BAD_REQUEST,
        Code::TokenInvalid | Code::ClientMissing | Code::ClientInvalid => StatusCode::UNAUTHORIZED,
        Code::ClientExpired => token_expired(),
        Code::ClientTriedTooOften => StatusCode::TOO_MANY_REQUESTS,
        Code::ClientNotAllowed
        | Code::OrgNotGranted
        | Code::PermissionMissing
        | Code::MakerIsChecker
        | Code::NotTheMaker
        | Code::PersonInactive
        | Code::NotInStage
        | Code::FreshSignInRequired
        | Code::BulkNotAllowed
        | Code::NoRuleApplies
        | Code::ConditionFailed
        | Code::RefusedByRule => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::AlreadyDecided
        | Code::AlreadyDecidedByYou
        | Code::NotNeeded
        | Code::StageUnfillable
        | Code::DuplicatePending
        | Code::IdempotencyKeyReused
        | Code::RequestClosed
        | Code::RequestExpired
        | Code::AttemptUnderWay
        | Code::RepeatKeyInUse
        | Code::NotRepeatable
        | Code::DigestMismatch
        | Code::RequestMoved
        | Code::NothingToSettle
        | Code::TooManyWords
        | Code::NoProbe
        | Code::RequestSentBack
        | Code::NotSentBack
        | Code::TooManyRevisions
        | Code::TooManyComments => StatusCode::CONFLICT,
        Code::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The status that the contract gives an expired token; it is in no standard.
fn token_expired() -> StatusCode {
    StatusCode::from_u16(498).unwrap_or(StatusCode::UNAUTHORIZED)
}

/// A refusal by the gate, whose body the contract spells in its own way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateRefusal {
    /// There is no client, or it is not known, or its credential is wrong: nobody learns which.
    Unauthorized(Code),
    /// Its token expired at this time, as the contract writes it.
    Expired(String),
    /// It may not make this call.
    NoAccess,
    /// Too many tries; so many seconds to wait.
    TriedTooOften(u64),
    /// Key and secret are not those of a client.
    NoToken,
}

impl GateRefusal {
    fn code(&self) -> Code {
        match self {
            Self::Unauthorized(code) => *code,
            Self::Expired(_) => Code::ClientExpired,
            Self::NoAccess => Code::ClientNotAllowed,
            Self::TriedTooOften(_) => Code::ClientTriedTooOften,
            Self::NoToken => Code::ClientInvalid,
        }
    }

    fn render(&self) -> HttpResponse {
        let mut response = HttpResponse::build(status(self.code()));
        match self {
            Self::Unauthorized(_) => {
                response.insert_header((WWW_AUTHENTICATE, BASIC));
                response.json(GateBody::refused("401", "Unauthorized".to_owned()))
            }
            Self::Expired(at) => response.json(GateBody::refused("498", format!("Token expired at {at}"))),
            Self::NoAccess => response.json(GateBody::no_access()),
            Self::TriedTooOften(seconds) => {
                response.insert_header((RETRY_AFTER, seconds.to_string()));
                response.json(GateBody::refused("429", "Too many requests".to_owned()))
            }
            Self::NoToken => {
                response.insert_header((WWW_AUTHENTICATE, BASIC));
                response.json(TokenBody::refused())
            }
        }
    }
}

/// The scheme by which tills authenticate.
const BASIC: &str = "Basic realm=\"countersign\"";

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorItem {
    /// The code.
    pub code: Code,
    /// A sentence that says what to do.
    pub message: String,
    /// A JSON pointer, or the name of a parameter or header.
    pub field: Option<String>,
}

impl From<DoorFault> for ErrorItem {
    fn from(fault: DoorFault) -> Self {
        let DoorFault { code, message, field } = fault;
        Self { code, message, field }
    }
}

/// An error answer before it knows the call's reference.
#[derive(Debug)]
pub struct ApiError {
    items: Vec<ErrorItem>,
    allow: Option<String>,
    /// For the log only.
    cause: Option<String>,
    /// Takes the place of the usual body.
    gate: Option<GateRefusal>,
}

impl ApiError {
    /// One error.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::of(vec![ErrorItem { code, message: message.into(), field: None }])
    }

    /// One error at a field.
    pub fn at(code: Code, field: &str, message: impl Into<String>) -> Self {
        Self::of(vec![ErrorItem { code, message: message.into(), field: Some(field.to_owned()) }])
    }

    /// Many faults at once; at least one.
    pub fn faults(faults: Vec<Fault>) -> Self {
        let item = |fault: Fault| ErrorItem {
            code: fault.code(),
            message: fault.sentence(),
            field: Some(fault.field),
        };
        Self::of(faults.into_iter().map(item).collect())
    }

    fn of(items: Vec<ErrorItem>) -> Self {
        Self { items, allow: None, cause: None, gate: None }
    }

    /// The path has only these methods.
    pub fn method_not_allowed(allow: &str) -> Self {
        let message = format!("Use {allow} on this path.");
        Self { allow: Some(allow.to_owned()), ..Self::new(Code::MethodNotAllowed, message) }
    }

    /// Unknown, or not for this person: the answer is the same.
    pub fn not_found() -> Self {
        Self::new(
            Code::NotFound,
            "There is no such thing, or you may not see it: check the path, the id and the org.",
        )
    }

    /// An error of the server; the cause is for the log only.
    pub fn internal(cause: String) -> Self {
        let message = "The server failed. Give the reference to its operators.";
        Self { cause: Some(cause), ..Self::new(Code::Internal, message) }
    }

    /// A refusal by the gate.
    pub fn gate(refusal: GateRefusal) -> Self {
        let code = refusal.code();
        Self { gate: Some(refusal), ..Self::new(code, code.meaning()) }
    }

    /// The codes in this answer.
    pub fn codes(&self) -> Vec<Code> {
        self.items.iter().map(|item| item.code).collect()
    }

    /// Each thing that is wrong.
    pub fn items(&self) -> &[ErrorItem] {
        &self.items
    }

    /// Each thing that is wrong, for a submission that the engine refuses for it.
    pub fn into_door_faults(self) -> Vec<DoorFault> {
        let fault = |item: ErrorItem| DoorFault { code: item.code, message: item.message, field: item.field };
        self.items.into_iter().map(fault).collect()
    }

    /// The cause, for the log only.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The answer, with this reference in every entry.
    pub fn render(&self, reference: &str) -> HttpResponse {
        if let Some(refusal) = &self.gate {
            return refusal.render();
        }
        let mut response = HttpResponse::build(self.status_code());
        match self.status_code() {
            StatusCode::UNAUTHORIZED => drop(response.insert_header((WWW_AUTHENTICATE, "Bearer"))),
            StatusCode::SERVICE_UNAVAILABLE => {
                response.insert_header((RETRY_AFTER, Engine::BUSY_RETRY_AFTER.as_secs().to_string()));
            }
            _ => {}
        }
        if let Some(allow) = self.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            response.insert_header((ALLOW, allow));
        }
        response.json(ErrorBody::new(&self.items, reference))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.codes().into_iter().map(Code::name).collect::<Vec<_>>().join(", "))
    }
}

/// A stream hands its error to actix-web.
impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(self.items.first().map_or(Code::Internal, |item| item.code))
    }

    /// Without the reference: the middleware knows it and renders again.
    fn error_response(&self) -> HttpResponse {
        self.render("")
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            // Requests of other orgs must look as if they did not exist.
            Refusal::NotAllowed(WhyNot::OtherOrg) | Refusal::MayNotSettle(WhyNotSettle::OtherOrg) => {
                Self::not_found()
            }
            Refusal::MakerIsChecker
            | Refusal::NotTheMaker
            | Refusal::AlreadyDecided { .. }
            | Refusal::Closed { .. }
            | Refusal::Expired { .. }
            | Refusal::BulkNotAllowed(_)
            | Refusal::FreshSignInRequired { .. }
            | Refusal::AttemptUnderWay
            | Refusal::NotTheMakerAgain
            | Refusal::NotTheMakerResubmits
            | Refusal::SentBack
            | Refusal::NotSentBack { .. }
            | Refusal::TooManyRevisions
            | Refusal::TooManyComments
            | Refusal::NotRepeatable(_)
            | Refusal::NotAllowed(_) => Self::new(refusal.code(), refusal.sentence()),
            Refusal::DigestMismatch | Refusal::RevisionNotNamed { .. } => {
                Self::at(refusal.code(), "/payload/AdminTask-Payload/digest", refusal.sentence())
            }
            Refusal::Moved { .. } => {
                Self::at(refusal.code(), "/payload/AdminTask-Payload/version", refusal.sentence())
            }
            Refusal::MayNotSettle(WhyNotSettle::Moved { .. }) => {
                Self::at(refusal.code(), "/version", refusal.sentence())
            }
            Refusal::MayNotSettle(_) => Self::new(refusal.code(), refusal.sentence()),
            // Only the executor gets this, never a client.
            Refusal::NotExecutable { .. } => Self::internal(refusal.sentence()),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        if let Some(sentence) = error.try_again_sentence() {
            return Self::new(Code::Busy, sentence);
        }
        match error {
            EngineError::PermissionMissing(permission) => Self::new(
                Code::PermissionMissing,
                format!(
                    "This needs the permission {}. Ask whoever grants permissions in your org.",
                    permission.name()
                ),
            ),
            EngineError::NotFound => Self::not_found(),
            EngineError::Unreadable(faults) => Self::of(faults.into_iter().map(ErrorItem::from).collect()),
            EngineError::Invalid(faults) => Self::faults(faults),
            EngineError::NotAdmitted(why) => Self::new(why.code, why.message),
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Store(error) => Self::internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_status_of_its_first_code() {
        for code in Code::ALL {
            assert_eq!(ApiError::new(code, "").status_code(), status(code));
            assert!(status(code).is_client_error() || status(code).is_server_error(), "{code}");
        }
    }
}
