//! Makes tokens for development and for the demo. The server never calls this.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    config::{AuthConfig, AuthIncomplete, KeySource},
    domain::{actor::Permission, ids::OrgId},
};

/// The person that a token is for, and what it grants.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The user id; the token's subject too.
    pub user_id: String,
    /// The user name.
    pub user_name: String,
    /// The orgs that the token grants: one is written as a text, several as a list.
    pub orgs: Vec<OrgId>,
    /// The permissions that the token grants.
    pub permissions: Vec<Permission>,
    /// The groups that the token names.
    pub groups: Vec<String>,
}

/// Why no token was made.
#[derive(Debug, Error)]
pub enum MintError {
    /// A required key is not configured.
    #[error(transparent)]
    Incomplete(#[from] AuthIncomplete),
    /// Only the holder of the private key can sign such tokens.
    #[error(
        "tokens are signed with keys of auth.jwks_file, whose private parts are not here: set auth.hs256_secret"
    )]
    NoSecret,
    /// The verifier would refuse it.
    #[error("a token may be good for 1 to {max} seconds (auth.max_ttl_seconds)")]
    Lifetime {
        /// The configured maximum.
        max: u32,
    },
    /// The library failed.
    #[error("the token could not be signed")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// A token for `holder`, valid from `now` for `ttl_seconds`, or for the configured maximum.
///
/// It has the configured issuer, audience and claim names, so that this configuration accepts it.
///
/// # Errors
/// If no secret, issuer or audience is configured, or the time is too long.
pub fn mint(
    config: &AuthConfig,
    holder: &Holder,
    ttl_seconds: Option<u32>,
    now: DateTime<Utc>,
) -> Result<String, MintError> {
    let trust = config.require()?;
    let KeySource::Secret(secret) = trust.keys else { return Err(MintError::NoSecret) };
    let max = config.max_ttl_seconds;
    let ttl_seconds = ttl_seconds.unwrap_or(max);
    if !(1..=max).contains(&ttl_seconds) {
        return Err(MintError::Lifetime { max });
    }
    let names = &config.claims;
    let permissions: Vec<&str> = holder.permissions.iter().map(|permission| permission.name()).collect();
    let claims: Map<String, Value> = [
        ("iss", trust.issuer.into()),
        ("aud", trust.audience.into()),
        ("iat", now.timestamp().into()),
        // It is made for a person who is present now.
        ("auth_time", now.timestamp().into()),
        ("exp", (now.timestamp() + i64::from(ttl_seconds)).into()),
        ("jti", Uuid::new_v4().to_string().into()),
        (names.sub.as_str(), holder.user_id.as_str().into()),
        (names.user_id.as_str(), holder.user_id.as_str().into()),
        (names.user_name.as_str(), holder.user_name.as_str().into()),
        (names.org_id.as_str(), orgs(&holder.orgs)),
        (names.permissions.as_str(), permissions.into()),
        (names.groups.as_str(), holder.groups.clone().into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?)
}

fn orgs(orgs: &[OrgId]) -> Value {
    match orgs {
        [org] => org.as_str().into(),
        several => several.iter().map(OrgId::as_str).collect(),
    }
}
