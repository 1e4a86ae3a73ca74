//! Tokens of OAuth clients: got from the token endpoint, kept in memory, and renewed ahead of their end.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::value::{read, sensitive};
use crate::domain::credential::{OAuthClient, VALUE_BYTES_MAX};
use crate::domain::json;
use crate::provider_http::{self, NoAnswer};

const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long a token is good if its answer does not say.
const GOOD_FOR_AT_LEAST: Duration = Duration::from_secs(60);
/// No token is kept for longer, whatever its answer says.
const GOOD_FOR_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// After this part of its time a token is renewed, in percent.
const RENEWED_AT: u32 = 80;
/// An endpoint that gave no token is asked no more often than this while the old one is good.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// A token, as the header that carries it. Its `Debug` shows nothing of it.
#[derive(Debug)]
pub(in crate::executor) struct Token {
    pub(super) header: HeaderValue,
    renewed_at: Instant,
    good_until: Instant,
}

/// One OAuth client, and the token that it got last.
pub(super) struct TokenSource {
    http: reqwest::Client,
    client: OAuthClient,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    token: Option<Arc<Token>>,
    /// When the endpoint last gave none, and why.
    failed: Option<(Instant, String)>,
}

impl Kept {
    /// The token, if there is no need to ask for another one, or no use.
    fn young_enough(&self, now: Instant) -> Option<Arc<Token>> {
        let token = self.token.as_ref().filter(|token| now < token.good_until)?;
        let just_failed = self.failed.as_ref().is_some_and(|(at, _)| now < *at + ASK_AGAIN);
        (now < token.renewed_at || just_failed).then(|| Arc::clone(token))
    }

    /// Why there was none, if that was found out after this.
    fn failed_since(&self, since: Instant) -> Option<&String> {
        self.failed.as_ref().filter(|(at, _)| *at >= since).map(|(_, why)| why)
    }
}

impl TokenSource {
    pub(super) fn new(http: reqwest::Client, client: OAuthClient) -> Self {
        Self { http, client, kept: Mutex::default() }
    }

    /// A token that is good. Whoever comes while one is asked for waits for the one answer.
    ///
    /// # Errors
    /// A clause, without a word of what the endpoint said.
    pub(super) async fn token(&self) -> Result<Arc<Token>, String> {
        let wanted = Instant::now();
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.young_enough(Instant::now()) {
            return Ok(token);
        }
        if let Some(why) = kept.failed_since(wanted) {
            return Err(why.clone());
        }
        match self.fetch().await {
            Ok(token) => {
                let token = Arc::new(token);
                *kept = Kept { token: Some(Arc::clone(&token)), failed: None };
                Ok(token)
            }
            Err(why) => {
                let now = Instant::now();
                kept.failed = Some((now, why.clone()));
                let old = kept.token.clone().filter(|token| now < token.good_until);
                let old = old.ok_or_else(|| why.clone())?;
                tracing::warn!(why, "a token can't be renewed yet; the old one is good for a while");
                Ok(old)
            }
        }
    }

    /// Forgets this token, unless another one took its place.
    pub(super) async fn drop_token(&self, refused: &Arc<Token>) {
        let mut kept = self.kept.lock().await;
        if kept.token.as_ref().is_some_and(|token| Arc::ptr_eq(token, refused)) {
            *kept = Kept::default();
        }
    }

    async fn fetch(&self) -> Result<Token, String> {
        let OAuthClient { token_url, client_id, secret, scope } = &self.client;
        let secret = read(secret.clone()).await.map_err(|why| {
            tracing::warn!(why, "the secret of an OAuth client can't be read");
            "the secret of its client can't be read".to_owned()
        })?;
        let basic = STANDARD.encode(format!("{}:{}", form(client_id), form(secret.expose())));
        let basic = sensitive(&format!("Basic {basic}"))?;
        let mut body = "grant_type=client_credentials".to_owned();
        if let Some(scope) = scope {
            body += &format!("&scope={}", form(scope));
        }
        let asked = Instant::now();
        let asking =
            self.http.post(token_url).header(AUTHORIZATION, basic).header(ACCEPT, "application/json");
        let asking = asking.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let answer = asking.send().await.map_err(|error| clause(error.into()))?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(format!("the token endpoint answered {}", answer.status().as_u16()));
        }
        let answer = provider_http::body(answer, ANSWER_BYTES_MAX).await.map_err(clause)?;
        read_token(&answer, asked)
    }
}

/// A text as forms have it.
fn form(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Without the address and the answer: they are nobody's business who reads a request.
fn clause(why: NoAnswer) -> String {
    match why {
        NoAnswer::Late => "the token endpoint did not answer in time".to_owned(),
        NoAnswer::NoConnection => "the token endpoint can't be reached".to_owned(),
        NoAnswer::BrokenOff => "the token endpoint broke off".to_owned(),
        NoAnswer::TooLong => format!("the token endpoint answered more than {ANSWER_BYTES_MAX} bytes"),
    }
}

/// Reads the answer (RFC 6749, section 5.1). The token's time counts from when it was asked for.
fn read_token(answer: &[u8], asked: Instant) -> Result<Token, String> {
    let unfit = |what: &str| format!("the answer of the token endpoint can't be used: {what}");
    let answer = json::read(answer).map_err(|_| unfit("it is no JSON"))?;
    let kind = answer.get("token_type").and_then(|kind| kind.as_str());
    if !kind.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(unfit("its token is no bearer token"));
    }
    let token = answer.get("access_token").and_then(|token| token.as_str());
    let token = token.filter(|token| !token.is_empty() && token.len() <= VALUE_BYTES_MAX);
    let token = token.ok_or_else(|| unfit("it has no access_token, or one that is too long"))?;
    let header = sensitive(&format!("Bearer {token}")).map_err(|_| unfit("no header can carry its token"))?;
    let seconds = answer.get("expires_in").and_then(|seconds| {
        let text = seconds.as_str().map_or_else(|| seconds.to_string(), str::to_owned);
        text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds > 0.0)
    });
    let good_for = seconds.map_or(GOOD_FOR_AT_LEAST, |seconds| {
        Duration::from_secs_f64(seconds.min(GOOD_FOR_AT_MOST.as_secs_f64()))
    });
    Ok(Token { header, renewed_at: asked + good_for * RENEWED_AT / 100, good_until: asked + good_for })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> Result<Token, String> {
        read_token(answer.as_bytes(), Instant::now())
    }

    fn good_for(token: &Token) -> (u128, u128) {
        let span = token.good_until - token.renewed_at;
        (span.as_millis() * 4, span.as_millis() * 5)
    }

    #[tokio::test]
    async fn a_token_is_renewed_after_four_fifths_of_its_time() {
        let rows = [
            (r#"{"access_token": "a", "token_type": "Bearer", "expires_in": 3600}"#, 3_600_000),
            (r#"{"access_token": "a", "token_type": "bearer", "expires_in": "100"}"#, 100_000),
            (r#"{"access_token": "a"}"#, 60_000),
            (r#"{"access_token": "a", "expires_in": 0}"#, 60_000),
            (r#"{"access_token": "a", "expires_in": -5}"#, 60_000),
            (r#"{"access_token": "a", "expires_in": 1e300}"#, 86_400_000),
        ];
        for (answer, whole) in rows {
            assert_eq!(good_for(&read(answer).unwrap()), (whole * 4 / 5, whole), "{answer}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_a_bearer_token_is_refused_and_not_repeated() {
        for answer in [
            "",
            "[]",
            "hunter2",
            r#"{"access_token": ""}"#,
            r#"{"access_token": 7}"#,
            r#"{"access_token": "hunter2\r\nx: y"}"#,
            r#"{"access_token": "hunter2", "token_type": "mac"}"#,
            &format!(r#"{{"access_token": "{}"}}"#, "x".repeat(VALUE_BYTES_MAX + 1)),
        ] {
            let why = read(answer).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
        let token = read(r#"{"access_token": "hunter2"}"#).unwrap();
        assert_eq!(token.header, "Bearer hunter2");
        assert!(!format!("{token:?}").contains("hunter2"), "{token:?}");
    }
}
