//! What the gate answers: the one place where the contract has bodies of its own for what went wrong.

use schemars::JsonSchema;
use serde::Serialize;

use super::errors::ErrorBody;

/// The answer to an API call that did not come through a client that may make it.
#[derive(Serialize, JsonSchema)]
pub struct GateBody {
    /// What is wrong.
    response: GateResponse,
}

/// What is wrong, as the contract spells it.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum GateResponse {
    /// The credentials are missing, wrong or expired, or were wrong too often.
    Refused {
        /// What is wrong.
        status: RefusedStatus,
        /// Always `null`.
        customers: (),
    },
    /// The client may not make this call.
    NoAccess {
        /// What is wrong.
        status: NoAccessStatus,
    },
}

/// Why the credentials were not accepted.
#[derive(Serialize, JsonSchema)]
struct RefusedStatus {
    /// Always the text `true`, as the contract has it.
    success: &'static str,
    /// The HTTP status as a text.
    code: &'static str,
    /// A sentence about it.
    message: String,
}

/// Why the call is not allowed.
#[derive(Serialize, JsonSchema)]
struct NoAccessStatus {
    /// The HTTP status as a number.
    code: u16,
    /// A sentence about it.
    message: &'static str,
    /// Always `false`.
    success: bool,
    /// Holds no warning.
    warnings: NoWarnings,
}

/// An empty list of warnings.
#[derive(Serialize, JsonSchema)]
struct NoWarnings {
    /// Always empty.
    #[schemars(length(max = 0))]
    warning: Vec<String>,
}

impl GateBody {
    /// Credentials that are missing, wrong or expired.
    pub fn refused(code: &'static str, message: String) -> Self {
        let status = RefusedStatus { success: "true", code, message };
        Self { response: GateResponse::Refused { status, customers: () } }
    }

    /// A call that the client may not make.
    pub fn no_access() -> Self {
        let status = NoAccessStatus {
            code: 403,
            message: "Client doesn't have access to the requested resource",
            success: false,
            warnings: NoWarnings { warning: Vec::new() },
        };
        Self { response: GateResponse::NoAccess { status } }
    }
}

/// The answer to key and secret.
#[derive(Serialize, JsonSchema)]
pub struct TokenBody {
    /// The token; `null` if there is none.
    data: Option<AccessToken>,
    /// `null`, or why there is no token.
    errors: Option<Vec<TokenError>>,
}

/// A token for `X-CAP-API-OAUTH-TOKEN`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccessToken {
    /// The token.
    access_token: String,
    /// For how many seconds it is good.
    ttl_seconds: u32,
}

/// Why there is no token.
#[derive(Serialize, JsonSchema)]
struct TokenError {
    /// The contract's number.
    code: u32,
    /// A sentence about it.
    message: &'static str,
}

impl TokenBody {
    /// A new token.
    pub fn issued(access_token: String, ttl_seconds: u32) -> Self {
        Self { data: Some(AccessToken { access_token, ttl_seconds }), errors: None }
    }

    /// Key and secret are not those of a client.
    pub fn refused() -> Self {
        let error = TokenError { code: 320_001, message: "Invalid client key and secret" };
        Self { data: None, errors: Some(vec![error]) }
    }
}

/// The usual error, or that of the gate.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum ErrorOrGateBody {
    /// The usual error.
    Error(ErrorBody),
    /// A refusal by the gate.
    Gate(GateBody),
}

/// The usual error, or that of the gate's tokens.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum ErrorOrTokenBody {
    /// The usual error.
    Error(ErrorBody),
    /// A refusal of key and secret.
    Token(TokenBody),
}
