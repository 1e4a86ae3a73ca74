//! ID tokens (OpenID Connect Core, section 3.1.3.7): the checks of access tokens, and what a sign-in requires
//! beyond them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::claims::{self, ClaimRequirements};
use super::keys::{KeySet, KeysError};
use super::{Claims, TokenFault, signed_claims};
use crate::config::AuthConfig;

/// The public keys of an identity provider, as it publishes them.
#[derive(Debug)]
pub struct ProviderKeys(KeySet);

impl ProviderKeys {
    /// Reads a key set (RFC 7517). A provider's set may hold keys for other purposes: those are left out.
    ///
    /// # Errors
    /// If it is not a key set, or has no usable key.
    pub fn read(document: &[u8], url: &str) -> Result<Self, KeysError> {
        KeySet::of_document(document, url).map(Self)
    }

    /// Number of usable keys.
    pub fn count(&self) -> usize {
        self.0.count()
    }
}

/// What one sign-in expects of its token.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The nonce sent with the sign-in.
    pub nonce: &'a str,
    /// The person must have proved who they are at this time or later.
    pub proved_since: Option<DateTime<Utc>>,
}

/// Checks ID tokens that one provider makes for this service.
#[derive(Debug)]
pub struct IdTokens {
    rules: ClaimRequirements,
    client_id: String,
    leeway: TimeDelta,
}

/// Maximum age of an ID token: it comes straight from the provider, so an older one answers another sign-in.
const AGE_MAX: TimeDelta = TimeDelta::minutes(10);

impl IdTokens {
    /// Tokens of `issuer` for `client_id`; names of claims and leeway are those of `[auth]`.
    pub fn new(config: &AuthConfig, issuer: &str, client_id: &str) -> Self {
        Self {
            rules: ClaimRequirements::of_parties(config, issuer, client_id),
            client_id: client_id.to_owned(),
            leeway: TimeDelta::seconds(i64::from(config.leeway_seconds)),
        }
    }

    /// The claims of `token`, if it is valid at `now`.
    ///
    /// # Errors
    /// The first fault; [`TokenFault::Key`] if newer keys may help.
    pub fn read(
        &self,
        keys: &ProviderKeys,
        token: &str,
        expected: Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<Claims, TokenFault> {
        let signed = signed_claims(&keys.0, token)?;
        let claims = self.rules.read(&signed, now)?;
        self.check_authorized_party(&signed)?;
        // 3.1.2.1: the nonce ties the token to this browser's own question.
        if signed.get("nonce").and_then(Value::as_str) != Some(expected.nonce) {
            return Err(TokenFault::Nonce);
        }
        let made_at = signed.get("iat").and_then(claims::seconds).ok_or(TokenFault::Claim("iat"))?;
        if made_at < (now - AGE_MAX - self.leeway).timestamp() as f64 {
            return Err(TokenFault::Expired);
        }
        let is_proved = |since| claims.signed_in_at.is_some_and(|at| at >= since - self.leeway);
        if expected.proved_since.is_none_or(is_proved) { Ok(claims) } else { Err(TokenFault::NotProvedAnew) }
    }

    /// Several audiences need an `azp`, and an `azp` must be this service.
    fn check_authorized_party(&self, signed: &Map<String, Value>) -> Result<(), TokenFault> {
        let audiences = signed.get("aud").and_then(Value::as_array).map_or(1, Vec::len);
        match signed.get("azp") {
            Some(party) if party.as_str() == Some(&self.client_id) => Ok(()),
            None if audiences == 1 => Ok(()),
            Some(_) | None => Err(TokenFault::AuthorizedParty),
        }
    }
}
