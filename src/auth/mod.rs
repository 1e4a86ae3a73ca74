//! Who is asking: verifies tokens, and signs people in with an identity provider ([`oidc`]).
//!
//! Only [`oidc`] fetches anything, and nothing here reads a clock.
//!
//! The signature is checked by a library; every claim is checked here, over strictly read JSON, since
//! the library would skip a claim that is absent or of the wrong type, and take the system's time.

mod browser_secret;
mod claims;
pub mod id_token;
mod keys;
mod lenient;
pub mod mint;
pub mod oidc;
mod seen;
mod token;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use thiserror::Error;

pub use self::browser_secret::{BrowserSecret, is_same};
pub use self::keys::KeysError;
use self::{
    claims::ClaimRequirements,
    keys::{KeySet, VerifyingKey},
    seen::Seen,
    token::Token,
};
use crate::{
    config::{AuthConfig, AuthIncomplete},
    domain::{
        actor::{Permission, Person},
        digest::Digest,
        ids::OrgId,
    },
};

/// The contents of a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who is asking.
    pub person: Person,
    /// The orgs that the token grants; never empty.
    pub orgs: Vec<OrgId>,
    /// The permissions that the token grants. Unknown names grant nothing.
    pub permissions: Vec<Permission>,
    /// The groups that the token names.
    pub groups: Vec<String>,
    /// Whether it names groups that can't be read.
    pub has_unread_groups: bool,
    /// The actors of the token's `act` chain, the nearest first.
    pub act: Vec<Person>,
    /// When the person authenticated: the token's `auth_time`, if present.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// The token's `jti`, if it has one.
    pub token_id: Option<String>,
}

/// Checks tokens against the configured keys, issuer and audience.
#[derive(Debug)]
pub struct Verifier {
    keys: KeySet,
    rules: ClaimRequirements,
    seen: Seen,
}

/// Why no token can be checked.
#[derive(Debug, Error)]
pub enum VerifierError {
    /// A required key is not configured.
    #[error(transparent)]
    Incomplete(#[from] AuthIncomplete),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl Verifier {
    /// Reads the keys; a JWKS file is read once, here.
    ///
    /// # Errors
    /// If key source, issuer or audience is not configured, or a key can't be used.
    pub fn new(config: &AuthConfig) -> Result<Self, VerifierError> {
        let trust = config.require()?;
        Ok(Self {
            keys: KeySet::load(trust.keys)?,
            rules: ClaimRequirements::new(config, trust),
            seen: Seen::default(),
        })
    }

    /// The claims of `token`, if it is valid at `now`.
    ///
    /// # Errors
    /// The first fault. [`Verifier::sentence`] says what a client is told of it.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenFault> {
        let id = Digest::of(token.as_bytes());
        let claims = match self.seen.find(&id) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(signed_claims(&self.keys, token)?);
                self.seen.keep(id, &claims, token.len());
                claims
            }
        };
        self.rules.read(&claims, now)
    }
}

impl Verifier {
    /// What the client is told: which claim of a token is wrong and what was expected, if the token is of this
    /// issuer and for this service. Of any other token nothing but that it was not accepted.
    pub fn sentence(&self, fault: TokenFault) -> String {
        let expected = match fault {
            TokenFault::Claim(role) => {
                format!(
                    "Its claim {} is not usable: expected is {}.",
                    self.rules.name_of(role),
                    expected(role)
                )
            }
            TokenFault::Expired => "Its claim exp is in the past.".to_owned(),
            TokenFault::NotYetValid(claim) => {
                format!(
                    "Its claim {claim} is in the future: expected is a time that has come, by this server's clock."
                )
            }
            TokenFault::Lifetime => format!(
                "Its claims exp and iat are further apart than {} seconds, or exp is not after iat.",
                self.rules.max_ttl_seconds(),
            ),
            TokenFault::TooLong
            | TokenFault::Malformed
            | TokenFault::Header
            | TokenFault::Algorithm
            | TokenFault::Key
            | TokenFault::Signature
            | TokenFault::Issuer
            | TokenFault::Audience
            | TokenFault::AuthorizedParty
            | TokenFault::Nonce
            | TokenFault::NotProvedAnew => return fault.to_string(),
        };
        format!(
            "The token was not accepted. {expected} Sign in again, or ask whoever runs the identity provider."
        )
    }
}

/// What the claim with this role must be.
fn expected(role: &str) -> &'static str {
    match role {
        "exp" | "iat" | "nbf" => "a number of seconds since 1970",
        "sub" | "userId" => {
            "a text of 1 to 128 characters, all of them visible, without white space before or after it"
        }
        "userName" => "a text of visible characters, without white space before or after it",
        "orgId" => "an id or a list of ids of 1 to 128 visible characters, at least one",
        "permissions" => "a text or a list of texts",
        "act" => "an object with a subject like the token's, and at most 8 of them inside each other",
        _ => "another value",
    }
}

/// The claims of a token with a valid signature, not checked yet.
fn signed_claims(keys: &KeySet, token: &str) -> Result<Map<String, Value>, TokenFault> {
    let token = Token::parse(token)?;
    let key = keys.find(token.key_id.as_deref())?;
    check_signature(&token, key)?;
    token.claims()
}

/// The algorithm comes from the key; the token must name the same.
fn check_signature(token: &Token<'_>, key: &VerifyingKey) -> Result<(), TokenFault> {
    if token.algorithm != key.algorithm.name() {
        return Err(TokenFault::Algorithm);
    }
    let verified =
        jsonwebtoken::crypto::verify(token.signature, token.signed, &key.key, key.algorithm.of_library());
    match verified {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(TokenFault::Signature),
    }
}

/// Why a token was not accepted. The log shows [`TokenFault::kind`]; the client sees one text for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("The token was not accepted. Sign in again and send the new token.")]
pub enum TokenFault {
    /// Longer than any real token.
    TooLong,
    /// Not three base64url segments with a header and claims.
    Malformed,
    /// A header member that is not allowed, or is mistyped.
    Header,
    /// Not the algorithm of the key.
    Algorithm,
    /// The key id is absent or names no key.
    Key,
    /// The signature is wrong.
    Signature,
    /// Expired (`exp`).
    Expired,
    /// Not valid yet (`nbf`), or issued in the future (`iat`).
    NotYetValid(&'static str),
    /// The lifetime is too long, or zero.
    Lifetime,
    /// Made by another issuer.
    Issuer,
    /// Made for another audience.
    Audience,
    /// Made for another party beside this audience (`azp`).
    AuthorizedParty,
    /// The nonce is not the one of this sign-in.
    Nonce,
    /// The person did not authenticate again, or the token lacks `auth_time`.
    NotProvedAnew,
    /// The claim with this role is absent, mistyped or unusable.
    Claim(&'static str),
}

impl TokenFault {
    /// A stable word for the log; for a claim, its role.
    pub fn kind(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::NotYetValid(_) => "not_yet_valid",
            Self::Lifetime => "lifetime",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::AuthorizedParty => "authorized_party",
            Self::Nonce => "nonce",
            Self::NotProvedAnew => "not_proved_anew",
            Self::Claim(role) => role,
        }
    }
}

#[cfg(test)]
mod tests;
