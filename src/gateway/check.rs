//! One API call comes to the gate: which client it names, whether that is proven, and whether it may make this call.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;

use super::Gate;
use super::attempt_limit::Trier;
use super::credentials::Checked;
use super::known_clients::KnownClient;
use crate::domain::client::{AskedCall, is_client_name};
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::domain::ids::OrgId;
use crate::engine::clients::ClientToken;
use crate::http::error::{ApiError, GateRefusal};

/// The header with the token of an OAuth client.
pub const OAUTH_HEADER: &str = "x-cap-api-oauth-token";

/// Longer credentials are nobody's.
const CREDENTIAL_CHARS_MAX: usize = 256;

/// How a call proves which client it comes through.
enum Credential {
    /// Name, and MD5 of the password.
    Till(String, String),
    /// A token.
    Token(String),
}

impl Gate {
    /// The client that a call with these headers comes through.
    ///
    /// # Errors
    /// If it names none, if its credential is wrong or expired, if there were too many such tries, or if the client's
    /// groups do not allow the call.
    pub async fn check(
        &self,
        headers: &HeaderMap,
        address: Option<IpAddr>,
        call: AskedCall<'_>,
    ) -> Result<Arc<KnownClient>, ApiError> {
        let known = match credential(headers).map_err(unauthorized)? {
            Credential::Till(name, secret) => {
                let known = self.inner.known.till(&name);
                let wrong = GateRefusal::Unauthorized(Code::ClientInvalid);
                self.prove(Trier::new(address, Some(&name)), known, &secret, wrong).await?
            }
            Credential::Token(token) => self.of_token(Trier::new(address, None), &token).await?,
        };
        self.check_call(&known, call)?;
        self.inner.uses.note_use(&known.client().id, self.inner.engine.clock().now());
        Ok(known)
    }

    /// Whether the client's groups allow this call, which its path does not say all of.
    ///
    /// # Errors
    /// If they do not.
    pub fn check_call(&self, known: &KnownClient, call: AskedCall<'_>) -> Result<(), ApiError> {
        if self.inner.groups.allow(known.client(), call) { Ok(()) } else { Err(self.no_access(known)) }
    }

    /// Whether the client may call for this org: only for its own.
    ///
    /// # Errors
    /// If it may not.
    pub fn check_org(&self, known: &KnownClient, org: &OrgId) -> Result<(), ApiError> {
        if known.client().org == *org { Ok(()) } else { Err(self.no_access(known)) }
    }

    fn no_access(&self, known: &KnownClient) -> ApiError {
        self.inner.uses.note_refusal(&known.client().id);
        ApiError::gate(GateRefusal::NoAccess)
    }

    /// The client, if this is its secret. One that was accepted before passes whatever others tried: nobody can lock a
    /// client out.
    pub(super) async fn prove(
        &self,
        trier: Trier,
        known: Option<Arc<KnownClient>>,
        secret: &str,
        wrong: GateRefusal,
    ) -> Result<Arc<KnownClient>, ApiError> {
        let digest = Digest::of(secret.as_bytes());
        if let Some(known) = known.as_ref().filter(|known| known.has_accepted(&digest)) {
            return Ok(Arc::clone(known));
        }
        self.count_try(&trier)?;
        let hash = known.as_ref().map(|known| known.hash());
        let checked = self.inner.secrets.check(secret, hash, || self.inner.engine.metrics().client_checked());
        match (checked.await, known) {
            (Checked::Right, Some(known)) => {
                self.inner.attempts.give_back(&trier);
                known.accept(digest);
                Ok(known)
            }
            (Checked::TooMany, _) => {
                self.inner.attempts.give_back(&trier);
                Err(ApiError::gate(GateRefusal::TriedTooOften(1)))
            }
            (Checked::Wrong | Checked::Right, known) => {
                if let Some(known) = known {
                    self.inner.uses.note_refusal(&known.client().id);
                }
                Err(ApiError::gate(wrong))
            }
        }
    }

    fn count_try(&self, trier: &Trier) -> Result<(), ApiError> {
        let taken = self.inner.attempts.take(trier, self.inner.engine.clock().now());
        taken.map_err(|wait| ApiError::gate(GateRefusal::TriedTooOften(whole_seconds(wait))))
    }

    async fn of_token(&self, trier: Trier, text: &str) -> Result<Arc<KnownClient>, ApiError> {
        let digest = Digest::of(text.as_bytes());
        let token = match self.inner.known.token(&digest) {
            Some(token) => token,
            None => {
                self.count_try(&trier)?;
                let found = self.inner.engine.client_token(digest).await?;
                let found = found.ok_or_else(|| unauthorized(Code::ClientInvalid))?;
                self.inner.attempts.give_back(&trier);
                self.inner.known.remember(found)
            }
        };
        let known = self.client_of(&token).await?;
        if self.inner.engine.clock().now() >= token.expires_at {
            self.inner.uses.note_refusal(&known.client().id);
            let expired = token.expires_at.with_timezone(&self.inner.offset);
            let expired = expired.format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string();
            return Err(ApiError::gate(GateRefusal::Expired(expired)));
        }
        Ok(known)
    }

    /// The client of a token, as it was when it got the token. Another server may have issued it after a change that
    /// this one does not know yet.
    async fn client_of(&self, token: &ClientToken) -> Result<Arc<KnownClient>, ApiError> {
        if token.client_changed > self.inner.known.changed() {
            self.read_changes().await?;
        }
        let known = self.inner.known.oauth(&token.client_id);
        let known = known.filter(|known| known.changed() == token.client_changed);
        known.ok_or_else(|| unauthorized(Code::ClientInvalid))
    }
}

fn unauthorized(code: Code) -> ApiError {
    ApiError::gate(GateRefusal::Unauthorized(code))
}

/// At least one: `Retry-After: 0` would say at once.
fn whole_seconds(wait: TimeDelta) -> u64 {
    u64::try_from(wait.num_milliseconds()).unwrap_or(0).div_ceil(1_000).max(1)
}

/// The one credential in the headers. `Authorization` of another scheme than Basic is none.
fn credential(headers: &HeaderMap) -> Result<Credential, Code> {
    let token = only(headers, OAUTH_HEADER)?;
    let basic = only(headers, AUTHORIZATION.as_str())?.and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then_some(rest.trim())
    });
    match (basic, token) {
        (None, None) => Err(Code::ClientMissing),
        (Some(basic), None) => till(basic).ok_or(Code::ClientInvalid),
        (None, Some(token)) if token.len() <= CREDENTIAL_CHARS_MAX => Ok(Credential::Token(token.to_owned())),
        // Two might name two clients.
        (Some(_) | None, Some(_)) => Err(Code::ClientInvalid),
    }
}

/// The header's value; `None` if it is absent or empty.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Code> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Code::ClientInvalid);
    }
    let value = value.to_str().map_err(|_| Code::ClientInvalid)?.trim();
    Ok((!value.is_empty()).then_some(value))
}

fn till(encoded: &str) -> Option<Credential> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let fits = is_client_name(name) && secret.len() <= CREDENTIAL_CHARS_MAX;
    fits.then(|| Credential::Till(name.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn found(headers: &[(&str, &str)]) -> Result<String, Code> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        Ok(match credential(&map)? {
            Credential::Till(name, secret) => format!("{name} {secret}"),
            Credential::Token(token) => token,
        })
    }

    #[test]
    fn a_call_has_one_credential_or_none() {
        let basic = ("authorization", "Basic dGlsbC5vbmU6YWJj");
        let token = (OAUTH_HEADER, "t");
        assert_eq!(found(&[basic]).as_deref(), Ok("till.one abc"));
        assert_eq!(found(&[("authorization", "basic  dGlsbC5vbmU6YWJj")]).as_deref(), Ok("till.one abc"));
        assert_eq!(found(&[token]).as_deref(), Ok("t"));
        assert_eq!(found(&[token, ("authorization", "Bearer x")]).as_deref(), Ok("t"));
        let missing: [&[(&str, &str)]; 4] =
            [&[], &[(OAUTH_HEADER, "")], &[("authorization", "Bearer x")], &[("authorization", "x")]];
        for headers in missing {
            assert_eq!(found(headers), Err(Code::ClientMissing), "{headers:?}");
        }
        let long = "x".repeat(257);
        let invalid: [&[(&str, &str)]; 7] = [
            &[basic, token],
            &[basic, basic],
            &[token, token],
            &[("authorization", "Basic !")],
            &[("authorization", "Basic YQ==")],
            &[("authorization", "Basic OmI=")],
            &[(OAUTH_HEADER, long.as_str())],
        ];
        for headers in invalid {
            assert_eq!(found(headers), Err(Code::ClientInvalid), "{headers:?}");
        }
    }

    #[test]
    fn a_wait_is_never_nothing() {
        for (milliseconds, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
            assert_eq!(whole_seconds(TimeDelta::milliseconds(milliseconds)), seconds);
        }
    }
}
