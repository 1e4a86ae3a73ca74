//! An OAuth client gets a token for its key and secret.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::Gate;
use super::attempt_limit::Trier;
use super::credentials::ClientSecret;
use crate::domain::client::CLIENT_NAME_CHARS_MAX;
use crate::domain::digest::Digest;
use crate::engine::clients::ClientToken;
use crate::http::error::{ApiError, GateRefusal};
use crate::http::wire::TokenBody;

impl Gate {
    /// A new token for the client with this key, if this is its secret. Only its digest is kept.
    ///
    /// # Errors
    /// If key and secret are not those of a client, or if there were too many tries.
    pub async fn issue(
        &self,
        address: Option<IpAddr>,
        key: &str,
        secret: &str,
    ) -> Result<TokenBody, ApiError> {
        let known = self.inner.known.oauth(key);
        // No key is as long; the beginning is enough to count tries by.
        let counted: String = key.chars().take(CLIENT_NAME_CHARS_MAX).collect();
        let trier = Trier::new(address, Some(&counted));
        let known = self.prove(trier, known, secret, GateRefusal::NoToken).await?;
        let (text, now) = (ClientSecret::random(), self.inner.engine.clock().now());
        let seconds = self.inner.token_ttl_seconds;
        let token = ClientToken {
            digest: Digest::of(text.expose().as_bytes()),
            client_id: known.client().id.clone(),
            client_changed: known.changed(),
            created_at: now,
            expires_at: now + TimeDelta::seconds(i64::from(seconds)),
        };
        self.inner.engine.issue_client_token(&token).await?;
        self.inner.known.remember(token);
        tracing::info!(via = known.client().name, "a client got a token");
        Ok(TokenBody::issued(text.expose().to_owned(), seconds))
    }
}
