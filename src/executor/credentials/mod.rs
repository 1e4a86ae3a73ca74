//! The values of named credentials, right before a call is sent.
//!
//! **Invariant:** a value is read here, goes into one call, and is said nowhere: no reason, no log line, no `Debug`.
//! Files are read for each call, so a new value is used from the next one on.

mod certificates;
mod tokens;
mod value;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use rustls::{ClientConfig, RootCertStore};

use self::certificates::Certificates;
use self::tokens::{Token, TokenSource};
use self::value::{read, sensitive};
use super::tls::EgressError;
use crate::domain::allowed_targets::Targets;
use crate::domain::credential::{Credential, CredentialKind};
use crate::provider_http;

/// What is kept of the credentials: their tokens and their certificates, in memory only.
pub(super) struct Credentials {
    tokens: HashMap<String, TokenSource>,
    certificates: Certificates,
}

/// A credential as one call is sent with it. Its `Debug` shows no value: the header is marked as sensitive.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// The header that it sets.
    pub(super) header: Option<(HeaderName, HeaderValue)>,
    /// The TLS settings with its client certificate.
    pub(super) tls: Option<Arc<ClientConfig>>,
    token: Option<(String, Arc<Token>)>,
}

impl Credentials {
    /// Without values yet. The files of client certificates are tried, so that a wrong one shows at the start.
    pub(super) fn new(targets: &Targets) -> Result<Self, EgressError> {
        let mut tokens = HashMap::new();
        let mut http = None;
        for credential in &targets.credentials {
            let trouble = |trouble| EgressError::Credential { name: credential.name.clone(), trouble };
            match &credential.kind {
                CredentialKind::OAuth(client) => {
                    let http = match &http {
                        Some(http) => reqwest::Client::clone(http),
                        None => http.insert(provider_http::client()?).clone(),
                    };
                    tokens.insert(credential.name.clone(), TokenSource::new(http, client.clone()));
                }
                CredentialKind::Certificate(files) => certificates::read(files).map(drop).map_err(trouble)?,
                CredentialKind::Header { .. } => {}
            }
        }
        Ok(Self { tokens, certificates: Certificates::default() })
    }

    /// The credential's value for one call. `trust` has the authorities of an https target, and its `ca_file`.
    ///
    /// # Errors
    /// A clause for whoever reads the request. The log has the file or the variable.
    pub(super) async fn ready(
        &self,
        credential: &Credential,
        trust: Option<(Option<PathBuf>, Arc<RootCertStore>)>,
    ) -> Result<Ready, String> {
        let name = &credential.name;
        let no_value = |why: String| {
            tracing::warn!(credential = name.as_str(), why, "a credential has no value, so nothing was sent");
            format!("the credential {name} has no value right now; the log says why")
        };
        match &credential.kind {
            CredentialKind::Header { name: header, value } => {
                let value = read(value.clone()).await.map_err(no_value)?;
                let header = HeaderName::from_bytes(header.as_bytes());
                let header = header.map_err(|_| no_value("its header has no name".to_owned()))?;
                let value = sensitive(value.expose()).map_err(no_value)?;
                Ok(Ready { header: Some((header, value)), ..Ready::default() })
            }
            CredentialKind::OAuth(_) => {
                let source = self.tokens.get(name).expect("`new` made one for each OAuth client");
                let token = source.token().await.map_err(|why| {
                    tracing::warn!(credential = name.as_str(), why, "a credential got no token");
                    format!("the credential {name} got no token: {why}")
                })?;
                let header = Some((hyper::header::AUTHORIZATION, token.header.clone()));
                Ok(Ready { header, tls: None, token: Some((name.clone(), token)) })
            }
            CredentialKind::Certificate(files) => {
                let trust = trust.ok_or_else(|| no_value("its target is not https".to_owned()))?;
                let tls = self.certificates.config((name, files), trust).await.map_err(no_value)?;
                Ok(Ready { tls: Some(tls), ..Ready::default() })
            }
        }
    }

    /// The target did not accept the token of a call that was sent: the next call gets a new one.
    pub(super) async fn was_refused(&self, token: &(String, Arc<Token>)) {
        if let Some(source) = self.tokens.get(&token.0) {
            source.drop_token(&token.1).await;
        }
    }
}

impl Ready {
    /// The token in it, if it has one.
    pub(super) fn token(&self) -> Option<(String, Arc<Token>)> {
        self.token.clone()
    }
}
