//! Checks the claims of a token with a valid signature: each must be present, well typed and correct.

use chrono::{DateTime, Utc};
use serde_json::{Map, Number, Value};

use super::lenient::Dropped;
use super::{Claims, TokenFault};
use crate::{
    config::{AuthConfig, ClaimNames, Trust},
    domain::{
        actor::{Permission, Person},
        id_text,
        ids::OrgId,
    },
};

/// What claims must satisfy.
#[derive(Debug)]
pub(super) struct ClaimRequirements {
    issuer: String,
    audience: String,
    leeway_seconds: f64,
    max_ttl_seconds: f64,
    names: ClaimNames,
    dropped: Dropped,
}

impl ClaimRequirements {
    pub fn new(config: &AuthConfig, trust: Trust<'_>) -> Self {
        let max_ttl_seconds = f64::from(config.max_ttl_seconds);
        Self { max_ttl_seconds, ..Self::of_parties(config, trust.issuer, trust.audience) }
    }

    /// For tokens of any lifetime: an ID token is checked once, when it is issued.
    pub fn of_parties(config: &AuthConfig, issuer: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            leeway_seconds: f64::from(config.leeway_seconds),
            max_ttl_seconds: f64::INFINITY,
            names: config.claims.clone(),
            dropped: Dropped::default(),
        }
    }

    pub fn read(&self, claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<Claims, TokenFault> {
        self.check_parties(claims)?;
        self.check_times(claims, now)?;
        let groups = self.groups(claims.get(&self.names.groups));
        Ok(Claims {
            person: self.person(claims)?,
            orgs: orgs(claims.get(&self.names.org_id)).ok_or(TokenFault::Claim("orgId"))?,
            permissions: permissions(claims.get(&self.names.permissions))
                .ok_or(TokenFault::Claim("permissions"))?,
            has_unread_groups: groups.contains(&None) || self.are_groups_elsewhere(claims),
            groups: groups.into_iter().flatten().collect(),
            act: self.act(claims.get("act"))?,
            signed_in_at: self.signed_in_at(claims, now),
            token_id: self.dropped.unless_read("jti", claims.get("jti"), text_id),
        })
    }

    /// The longest lifetime of a token, in seconds.
    pub fn max_ttl_seconds(&self) -> f64 {
        self.max_ttl_seconds
    }

    /// What the claim with this role is called in tokens.
    pub fn name_of(&self, role: &str) -> String {
        let names = &self.names;
        let name = match role {
            "sub" => &names.sub,
            "userId" => &names.user_id,
            "userName" => &names.user_name,
            "orgId" => &names.org_id,
            "permissions" => &names.permissions,
            "groups" => &names.groups,
            _ => return role.to_owned(),
        };
        name.clone()
    }

    /// The texts of the claim, of any length: a group grants only what a seat names, letter by letter. `None` is a
    /// group that can't be read.
    fn groups(&self, claim: Option<&Value>) -> Vec<Option<String>> {
        let Some(value) = claim.filter(|value| !value.is_null()) else { return Vec::new() };
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let text = |item: &Value| {
            self.dropped.unless_read("groups", Some(item), |item| item.as_str().map(str::to_owned))
        };
        items.iter().map(text).collect()
    }

    /// Whether the token says that the groups are to be asked for elsewhere: a provider does so when they are too many
    /// (a distributed claim, OpenID Connect Core 5.6.2).
    fn are_groups_elsewhere(&self, claims: &Map<String, Value>) -> bool {
        claims.get("_claim_names").is_some_and(|names| names.get(&self.names.groups).is_some())
    }

    fn check_parties(&self, claims: &Map<String, Value>) -> Result<(), TokenFault> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(TokenFault::Issuer);
        }
        let audiences = claims.get("aud").and_then(texts).ok_or(TokenFault::Audience)?;
        if audiences.contains(&self.audience.as_str()) { Ok(()) } else { Err(TokenFault::Audience) }
    }

    fn check_times(&self, claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), TokenFault> {
        let expires = claims.get("exp").and_then(seconds).ok_or(TokenFault::Claim("exp"))?;
        let issued = claims.get("iat").and_then(seconds).ok_or(TokenFault::Claim("iat"))?;
        let not_before = optional(claims.get("nbf"), seconds).ok_or(TokenFault::Claim("nbf"))?;
        // Up to the year 9999 an f64 is exact to less than a millisecond; claims count whole seconds.
        let now = now.timestamp() as f64 + f64::from(now.timestamp_subsec_micros()) / 1e6;
        if now >= expires + self.leeway_seconds {
            return Err(TokenFault::Expired);
        }
        for (claim, from) in [("iat", Some(issued)), ("nbf", not_before)] {
            if from.is_some_and(|from| from > now + self.leeway_seconds) {
                return Err(TokenFault::NotYetValid(claim));
            }
        }
        let lifetime = expires - issued;
        if lifetime > 0.0 && lifetime <= self.max_ttl_seconds { Ok(()) } else { Err(TokenFault::Lifetime) }
    }

    /// When the person authenticated (`auth_time`): not known if it can't be read or is in the future. It grants
    /// nothing but a fresh sign-in.
    fn signed_in_at(&self, claims: &Map<String, Value>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let has_come = |at: &DateTime<Utc>| (*at - now).as_seconds_f64() <= self.leeway_seconds;
        let read = |claim: &Value| moment(claim).filter(has_come);
        self.dropped.unless_read("auth_time", claims.get("auth_time"), read)
    }

    /// The actors of the token's `act` chain, the nearest first (RFC 8693, section 4.1).
    fn act(&self, claim: Option<&Value>) -> Result<Vec<Person>, TokenFault> {
        let mut chain = Vec::new();
        let mut next = claim;
        while let Some(value) = next {
            let claims = value.as_object().filter(|_| chain.len() < ACT_CHAIN_MAX);
            let claims = claims.ok_or(TokenFault::Claim("act"))?;
            chain.push(self.person(claims).map_err(|_| TokenFault::Claim("act"))?);
            next = claims.get("act");
        }
        Ok(chain)
    }

    fn person(&self, claims: &Map<String, Value>) -> Result<Person, TokenFault> {
        let sub = claims.get(&self.names.sub).and_then(text_id).ok_or(TokenFault::Claim("sub"))?;
        let user_id = optional(claims.get(&self.names.user_id), text_or_integer_id);
        let user_name = optional(claims.get(&self.names.user_name), name);
        Ok(Person {
            iss: self.issuer.clone(),
            user_id: user_id.ok_or(TokenFault::Claim("userId"))?.unwrap_or_else(|| sub.clone()),
            user_name: user_name.ok_or(TokenFault::Claim("userName"))?.unwrap_or_else(|| sub.clone()),
            sub,
        })
    }
}

/// `Some(None)` for an absent claim, `None` for one that is present and invalid.
fn optional<T>(claim: Option<&Value>, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    match claim {
        Some(value) => read(value).map(Some),
        None => Some(None),
    }
}

/// The end of the year 9999, as a `NumericDate`.
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// A `NumericDate`: seconds since 1970, fractions allowed (RFC 7519, 2).
pub(super) fn seconds(value: &Value) -> Option<f64> {
    value.as_number().and_then(Number::as_f64).filter(|seconds| (0.0..=SECONDS_MAX).contains(seconds))
}

/// A moment: seconds since 1970, or a date with time and offset (ISO 8601, as RFC 3339 writes it).
fn moment(value: &Value) -> Option<DateTime<Utc>> {
    match value.as_str() {
        Some(text) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
        None => DateTime::from_timestamp_micros((seconds(value)? * 1e6) as i64),
    }
}

/// A text, or a list of nothing but texts.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value.as_array() {
        Some(items) => items.iter().map(Value::as_str).collect(),
        None => value.as_str().map(|text| vec![text]),
    }
}

/// One org or a list of orgs; never empty.
fn orgs(claim: Option<&Value>) -> Option<Vec<OrgId>> {
    let value = claim?;
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let orgs: Option<Vec<OrgId>> =
        items.iter().map(|item| text_or_integer_id(item).map(OrgId::new)).collect();
    orgs.filter(|orgs| !orgs.is_empty())
}

/// The known names in a text or a list of texts, each compared exactly. A missing claim grants nothing.
fn permissions(claim: Option<&Value>) -> Option<Vec<Permission>> {
    let Some(value) = claim else { return Some(Vec::new()) };
    let names = texts(value)?;
    Some(Permission::ALL.into_iter().filter(|permission| names.contains(&permission.name())).collect())
}

/// Maximum length of an `act` chain.
const ACT_CHAIN_MAX: usize = 8;

/// Longer names are cut: a name is for show.
const NAME_CHARS_MAX: usize = 1_024;

/// A text that can name a person: they are read whole, so that none looks like another.
fn text_id(value: &Value) -> Option<String> {
    id_text::check(value.as_str()?).ok().map(str::to_owned)
}

/// A name of a person, cut if it is very long.
fn name(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    let text = id_text::check_seen(text).ok()?;
    Some(text.chars().take(NAME_CHARS_MAX).collect::<String>().trim_end().to_owned())
}

/// An id; may be an integer: `7` and `"7"` are the same id.
fn text_or_integer_id(value: &Value) -> Option<String> {
    let Some(number) = value.as_number() else { return text_id(value) };
    let text = number.to_string();
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit()) && text != "-0";
    (is_integer && text.len() <= id_text::ID_CHARS_MAX).then_some(text)
}
