//! The one mapping from what went wrong to status, code and body. Nothing else knows status codes.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::domain::fault::Fault;
use crate::domain::lifecycle::Refusal;
use crate::domain::policy::may_decide::WhyNot;
use crate::engine::{Engine, EngineError};

/// Every code a client can meet: the word, the status, what it means. README and OpenAPI list these.
pub const CODES: &[(&str, u16, &str)] = &[
    ("unreadable", 400, "The body is not JSON."),
    ("payload_invalid", 400, "A member is missing, unknown, of the wrong type or out of range."),
    ("target_not_allowed", 400, "The host is not on the list of allowed targets."),
    ("parameter_invalid", 400, "A query parameter is unknown, repeated or out of range."),
    ("cursor_invalid", 400, "The cursor belongs to another list, or is not one."),
    ("token_invalid", 401, "There is no token, or it was not accepted."),
    ("org_not_granted", 403, "The token does not grant the org that the call names."),
    ("permission_missing", 403, "The token lacks the right that this call needs."),
    ("maker_is_checker", 403, "Nobody decides his own request."),
    ("not_the_maker", 403, "Only its maker withdraws a request."),
    ("person_inactive", 403, "The people file says that this account is not active."),
    ("not_in_stage", 403, "The current stage has no seat for this person."),
    ("fresh_sign_in_required", 403, "The rule asks for a fresher sign-in before somebody approves."),
    ("bulk_not_allowed", 403, "The request is decided by itself, not with others."),
    ("no_rule_applies", 403, "No rule of the type's approval policy applies to this submission."),
    ("condition_failed", 403, "A condition of the policy can't be evaluated for this submission."),
    ("refused_by_rule", 403, "A rule of the policy refuses this submission."),
    ("not_found", 404, "There is no such thing for you."),
    ("method_not_allowed", 405, "The path is there, the method is not."),
    ("already_decided", 409, "A decision stands already."),
    ("already_decided_by_you", 409, "This person has decided the request before; nobody counts twice."),
    ("not_needed", 409, "The seats that this person holds are filled."),
    ("stage_unfillable", 409, "The people file names too few people to complete the request."),
    ("duplicate_pending", 409, "Another request is still open for the same subject."),
    ("idempotency_key_reused", 409, "The Idempotency-Key stands for another submission."),
    ("request_closed", 409, "The request takes no more commands."),
    ("request_expired", 409, "The deadline has passed."),
    ("digest_mismatch", 409, "The digest sent is not the request's."),
    ("request_moved", 409, "Something has happened to the request since the version sent was read."),
    ("body_too_large", 413, "The body has more than 256 KiB."),
    ("unsupported_media_type", 415, "The body is not application/json in UTF-8 without content encoding."),
    ("internal", 500, "Something is wrong here; the log has it under the reference."),
    ("busy", 503, "Too much is waiting; try again after Retry-After seconds."),
];

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorItem {
    /// The stable word.
    pub code: &'static str,
    /// What to do.
    pub message: String,
    /// A JSON pointer, or the name of a parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The id under which the log has the call.
    pub reference: String,
}

/// An error answer before it knows the call's reference.
#[derive(Debug)]
pub struct ApiError {
    items: Vec<(&'static str, String, Option<String>)>,
    allow: Option<String>,
    /// For the log only.
    cause: Option<String>,
}

impl ApiError {
    /// One error with a code out of [`CODES`].
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { items: vec![(code, message.into(), None)], allow: None, cause: None }
    }

    /// One error at a field.
    pub fn at(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        Self { items: vec![(code, message.into(), Some(field.to_owned()))], allow: None, cause: None }
    }

    /// Many faults at once; at least one.
    pub fn faults(faults: Vec<Fault>) -> Self {
        let items = faults.into_iter().map(|fault| (fault.code, fault.message, Some(fault.field)));
        Self { items: items.collect(), allow: None, cause: None }
    }

    /// The path is there, but only with these methods.
    pub fn method_not_allowed(allow: &str) -> Self {
        let message = format!("Use {allow} on this path.");
        Self { allow: Some(allow.to_owned()), ..Self::new("method_not_allowed", message) }
    }

    /// There is no such thing for this person.
    pub fn not_found() -> Self {
        Self::new("not_found", "There is no such thing for you: check the path, the id and the org.")
    }

    /// Something broke here; the cause is for the log only.
    pub fn internal(cause: String) -> Self {
        let message = "Something is wrong here. Give the reference to the operators.";
        Self { cause: Some(cause), ..Self::new("internal", message) }
    }

    /// The codes in this answer.
    pub fn codes(&self) -> Vec<&'static str> {
        self.items.iter().map(|(code, _, _)| *code).collect()
    }

    /// Code, sentence and field of each thing that is wrong.
    pub fn items(&self) -> impl Iterator<Item = (&'static str, &str, Option<&str>)> {
        self.items.iter().map(|(code, message, field)| (*code, message.as_str(), field.as_deref()))
    }

    /// What only the log may tell.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The answer, under this reference.
    pub fn render(&self, reference: &str) -> HttpResponse {
        #[derive(Serialize)]
        struct Body {
            data: Option<()>,
            errors: Vec<ErrorItem>,
            warnings: [(); 0],
        }
        let errors = self.items.iter().cloned().map(|(code, message, field)| ErrorItem {
            code,
            message,
            field,
            reference: reference.to_owned(),
        });
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
        response.json(Body { data: None, errors: errors.collect(), warnings: [] })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.codes().join(", "))
    }
}

/// A stream that breaks off hands the error to the HTTP library.
impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        let code = self.items.first().map_or("internal", |(code, _, _)| *code);
        let status = CODES.iter().find(|(known, _, _)| *known == code).map_or(500, |(_, status, _)| *status);
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Rendered again, with the reference, by the middleware that knows it.
    fn error_response(&self) -> HttpResponse {
        self.render("")
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            // Requests of other orgs are not even found.
            Refusal::NotAllowed(WhyNot::OtherOrg) => Self::not_found(),
            Refusal::MakerIsChecker
            | Refusal::NotTheMaker
            | Refusal::AlreadyDecided { .. }
            | Refusal::Closed { .. }
            | Refusal::Expired { .. }
            | Refusal::BulkNotAllowed
            | Refusal::FreshSignInRequired { .. }
            | Refusal::NotAllowed(_) => Self::new(refusal.code(), refusal.sentence()),
            Refusal::DigestMismatch => {
                Self::at(refusal.code(), "/payload/AdminTask-Payload/digest", refusal.sentence())
            }
            Refusal::Moved { .. } => {
                Self::at(refusal.code(), "/payload/AdminTask-Payload/version", refusal.sentence())
            }
            // Only the executor asks for this; it has no wire.
            Refusal::NotExecutable { .. } => Self::internal(refusal.sentence()),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::PermissionMissing(permission) => Self::new(
                "permission_missing",
                format!("This needs the right {}. Ask whoever grants rights in your org.", permission.name()),
            ),
            EngineError::NotFound => Self::not_found(),
            EngineError::Invalid(faults) => Self::faults(faults),
            EngineError::NotAdmitted(why) => Self::new(why.code, why.message),
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Store(error) if error.is_busy() => {
                Self::new("busy", "Too much is waiting right now. Nothing was recorded; try again shortly.")
            }
            EngineError::Store(error) => Self::internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_knows_its_status() {
        for (at, (code, status, _)) in CODES.iter().enumerate() {
            assert!(CODES[at + 1..].iter().all(|(other, _, _)| other != code), "{code} twice");
            assert_eq!(ApiError::new(code, "").status_code().as_u16(), *status);
        }
    }
}
