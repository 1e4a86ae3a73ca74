//! What the provider publishes: its addresses and its keys, fetched when they are needed and kept for a while.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::http::{Response, header::ACCEPT};
use oauth2::{HttpRequest, HttpResponse};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::SignInFault;
use crate::auth::id_token::ProviderKeys;
use crate::config::is_loopback;
use crate::domain::json;
use crate::provider_http::{self, NoAnswer};

const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What was published is asked for again after this long.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// And used for this long if the provider does not answer then.
const GOOD_FOR: TimeDelta = TimeDelta::hours(24);
/// A provider that is down is asked no more often than this.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(10);
/// Nor for the key of a token that names an unknown one.
const ASK_FOR_KEY_AGAIN: TimeDelta = TimeDelta::seconds(1);

/// What is used of the provider's metadata.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    jwks_uri: Url,
    /// It takes the client's secret in the body only.
    pub(super) takes_secret_in_body: bool,
    /// Its answers always name the issuer (RFC 9207).
    pub(super) names_issuer: bool,
}

/// Something that was fetched.
#[derive(Debug)]
struct Kept<T> {
    value: Option<(DateTime<Utc>, Arc<T>)>,
    asked_at: Option<DateTime<Utc>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { value: None, asked_at: None }
    }
}

impl<T> Kept<T> {
    fn young_enough(&self, age: TimeDelta, now: DateTime<Utc>) -> Option<Arc<T>> {
        self.value.as_ref().filter(|(at, _)| now - *at < age).map(|(_, value)| Arc::clone(value))
    }

    fn was_asked_within(&self, span: TimeDelta, now: DateTime<Utc>) -> bool {
        self.asked_at.is_some_and(|at| now - at < span)
    }

    /// The new value, or the old one if there is no new one and the old is not too old.
    fn settle(&mut self, fetched: Result<T, SignInFault>, now: DateTime<Utc>) -> Result<Arc<T>, SignInFault> {
        self.asked_at = Some(now);
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                self.value = Some((now, Arc::clone(&value)));
                Ok(value)
            }
            Err(fault) => {
                let old = self.young_enough(GOOD_FOR, now).ok_or(fault)?;
                tracing::warn!("the identity provider does not answer; what it said before is used");
                Ok(old)
            }
        }
    }

    /// What there is, where asking again would be too soon.
    fn without_asking(&self, now: DateTime<Utc>) -> Result<Arc<T>, SignInFault> {
        let silent = || SignInFault::Provider("the provider did not answer a moment ago".to_owned());
        self.young_enough(GOOD_FOR, now).ok_or_else(silent)
    }
}

/// The provider's published documents, and the way to it.
#[derive(Debug)]
pub(super) struct Directory {
    issuer: String,
    http: reqwest::Client,
    metadata: Mutex<Kept<Metadata>>,
    keys: Mutex<Kept<ProviderKeys>>,
}

impl Directory {
    pub(super) fn new(issuer: &str) -> anyhow::Result<Self> {
        let http = provider_http::client()?;
        Ok(Self { issuer: issuer.to_owned(), http, metadata: Mutex::default(), keys: Mutex::default() })
    }

    /// The provider's addresses. Whoever comes while they are asked for waits for the one answer.
    pub(super) async fn metadata(&self, now: DateTime<Utc>) -> Result<Arc<Metadata>, SignInFault> {
        let mut kept = self.metadata.lock().await;
        if let Some(known) = kept.young_enough(KEPT_FOR, now) {
            return Ok(known);
        }
        if kept.was_asked_within(ASK_AGAIN, now) {
            return kept.without_asking(now);
        }
        // Discovery, 4.1: a slash at the end is left out first.
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let fetched = match self.get(&url).await {
            Ok(text) => read_metadata(&text, &self.issuer),
            Err(fault) => Err(fault),
        };
        kept.settle(fetched, now)
    }

    /// The provider's keys.
    pub(super) async fn keys(
        &self,
        metadata: &Metadata,
        now: DateTime<Utc>,
    ) -> Result<Arc<ProviderKeys>, SignInFault> {
        self.keys_of_at_most((KEPT_FOR, ASK_AGAIN), metadata, now).await
    }

    /// The same, fetched again unless that was done a moment ago: the provider has a new key.
    pub(super) async fn newer_keys(
        &self,
        metadata: &Metadata,
        now: DateTime<Utc>,
    ) -> Result<Arc<ProviderKeys>, SignInFault> {
        self.keys_of_at_most((TimeDelta::zero(), ASK_FOR_KEY_AGAIN), metadata, now).await
    }

    async fn keys_of_at_most(
        &self,
        (age, span): (TimeDelta, TimeDelta),
        metadata: &Metadata,
        now: DateTime<Utc>,
    ) -> Result<Arc<ProviderKeys>, SignInFault> {
        let mut kept = self.keys.lock().await;
        if let Some(known) = kept.young_enough(age, now) {
            return Ok(known);
        }
        if kept.was_asked_within(span, now) {
            return kept.without_asking(now);
        }
        let url = metadata.jwks_uri.as_str();
        let fetched = match self.get(url).await {
            Ok(text) => {
                ProviderKeys::read(&text, url).map_err(|error| SignInFault::Provider(error.to_string()))
            }
            Err(fault) => Err(fault),
        };
        kept.settle(fetched, now)
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, SignInFault> {
        let answer = self.http.get(url).header(ACCEPT, "application/json").send().await;
        let answer = answer.map_err(|error| fault_of(error.into()))?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(SignInFault::Provider(format!("{url} answered {}", answer.status().as_u16())));
        }
        body(answer).await
    }

    /// Sends what the `oauth2` crate wrote.
    pub(super) async fn post(&self, request: HttpRequest) -> Result<HttpResponse, SignInFault> {
        let (head, sent) = request.into_parts();
        let answer = self
            .http
            .request(head.method, head.uri.to_string())
            .headers(head.headers)
            .body(sent)
            .send()
            .await
            .map_err(|error| fault_of(error.into()))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = Response::new(body(answer).await?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

async fn body(answer: reqwest::Response) -> Result<Vec<u8>, SignInFault> {
    provider_http::body(answer, ANSWER_BYTES_MAX).await.map_err(fault_of)
}

fn fault_of(why: NoAnswer) -> SignInFault {
    let why = match why {
        NoAnswer::Late => "it did not answer in time",
        NoAnswer::NoConnection => "no connection could be made",
        NoAnswer::BrokenOff => "the connection broke",
        NoAnswer::TooLong => {
            return SignInFault::Provider(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
        }
    };
    SignInFault::Provider(format!("the provider can't be asked: {why}"))
}

/// Reads the metadata (OpenID Connect Discovery, 3). The issuer must be the one that is configured.
fn read_metadata(text: &[u8], issuer: &str) -> Result<Metadata, SignInFault> {
    let fault = |what: &str| SignInFault::Provider(format!("the provider's metadata can't be used: {what}"));
    let document = json::read(text).map_err(|_| fault("it is no JSON"))?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(fault("its issuer is not web.oidc_issuer"));
    }
    let is_local = Url::parse(issuer).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url));
    let address = |name: &str| {
        let url = document.get(name).and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
        let is_safe =
            |url: &Url| url.scheme() == "https" || (is_local && url.scheme() == "http" && is_loopback(url));
        url.filter(is_safe).ok_or_else(|| fault(&format!("its {name} is no https address")))
    };
    let lists = |name: &str, wanted: &str| {
        let list = document.get(name).and_then(Value::as_array);
        list.map(|list| list.iter().any(|item| item.as_str() == Some(wanted)))
    };
    if lists("code_challenge_methods_supported", "S256") == Some(false) {
        return Err(fault("it does not take PKCE with S256"));
    }
    let auth_methods = "token_endpoint_auth_methods_supported";
    Ok(Metadata {
        authorization_endpoint: address("authorization_endpoint")?,
        token_endpoint: address("token_endpoint")?,
        jwks_uri: address("jwks_uri")?,
        takes_secret_in_body: lists(auth_methods, "client_secret_basic") == Some(false)
            && lists(auth_methods, "client_secret_post") == Some(true),
        names_issuer: document.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://id.example.com/realms/a";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example.com/auth",
            "token_endpoint": "https://id.example.com/token",
            "jwks_uri": "https://keys.example.com/jwks",
        })
    }

    fn read(document: &Value) -> Result<Metadata, SignInFault> {
        read_metadata(document.to_string().as_bytes(), ISSUER)
    }

    #[test]
    fn metadata_says_where_to_go() {
        let metadata = read(&document()).unwrap();
        assert_eq!(metadata.token_endpoint.as_str(), "https://id.example.com/token");
        assert!(!metadata.takes_secret_in_body && !metadata.names_issuer);
        let mut more = document();
        more["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        more["authorization_response_iss_parameter_supported"] = true.into();
        more["code_challenge_methods_supported"] = json!(["plain", "S256"]);
        let metadata = read(&more).unwrap();
        assert!(metadata.takes_secret_in_body && metadata.names_issuer);
    }

    #[test]
    fn metadata_of_another_issuer_or_without_protection_is_refused() {
        let rows = [
            ("issuer", json!("https://id.example.com/realms/b")),
            ("issuer", json!("https://id.example.com/realms/a/")),
            ("issuer", Value::Null),
            ("authorization_endpoint", json!("http://id.example.com/auth")),
            ("token_endpoint", json!("http://127.0.0.1/token")),
            ("jwks_uri", json!("file:///etc/keys")),
            ("jwks_uri", Value::Null),
            ("code_challenge_methods_supported", json!(["plain"])),
        ];
        for (name, value) in rows {
            let mut changed = document();
            changed[name] = value.clone();
            assert!(read(&changed).is_err(), "{name} = {value}");
        }
        assert!(read_metadata(b"<html>", ISSUER).is_err());
    }

    #[test]
    fn what_was_published_is_kept_and_asked_for_no_more_often_than_needed() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let mut kept: Kept<u8> = Kept::default();
        let silent = || Err(SignInFault::Provider("silent".to_owned()));
        assert!(kept.settle(silent(), now).is_err());
        assert!(kept.was_asked_within(ASK_AGAIN, now) && kept.without_asking(now).is_err());
        let later = now + ASK_AGAIN;
        assert!(!kept.was_asked_within(ASK_AGAIN, later));
        assert_eq!(*kept.settle(Ok(1), later).unwrap(), 1);
        assert!(kept.young_enough(KEPT_FOR, later + KEPT_FOR).is_none());
        // The provider is down for a while: what it said is still good, but not for ever.
        assert_eq!(*kept.settle(silent(), later + KEPT_FOR).unwrap(), 1);
        assert!(kept.settle(silent(), later + GOOD_FOR).is_err());
    }
}
