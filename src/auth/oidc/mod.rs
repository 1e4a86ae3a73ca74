//! Signing in with an identity provider: OpenID Connect, authorisation code with PKCE.
//!
//! The `oauth2` crate writes the two requests; what the provider publishes is fetched in `directory`; the
//! ID token is checked by [`crate::auth`], as a call's token is.
//!
//! State, nonce and PKCE verifier are in a cookie of the browser that began ([`Flow`]). It needs no signature:
//! only a browser's owner can write a `__Host-` cookie of it, and a code of another sign-in belongs to a
//! verifier and a nonce that they do not know. The provider takes each code once.

mod flow;
mod provider;

use chrono::{DateTime, Utc};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

pub use flow::{FLOW_SECONDS, Flow, Purpose};

use self::provider::{Directory, Metadata};
use super::is_same;
use crate::auth::id_token::{Expected, IdTokens};
use crate::auth::{Claims, TokenFault};
use crate::config::{AuthConfig, OidcConfig};

/// An identity provider, and what this service is to it.
#[derive(Debug)]
pub struct Provider {
    config: OidcConfig,
    directory: Directory,
    tokens: IdTokens,
    redirect_url: RedirectUrl,
    host: String,
}

/// The one field beyond OAuth's own. Prints nothing of it.
#[derive(Deserialize, Serialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

impl std::fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdTokenField")
    }
}

type Client<AuthUrlSet = EndpointNotSet, TokenUrlSet = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    AuthUrlSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    TokenUrlSet,
>;

/// Why a sign-in did not come to its end. Shows nothing of what the provider said but its error's code.
#[derive(Debug, thiserror::Error)]
pub enum SignInFault {
    /// No flow of this browser, or one from too long ago.
    #[error("this browser began no sign-in, or too long ago")]
    Flow,
    /// The state is not the one that was sent.
    #[error("the state is another one")]
    State,
    /// The answer names another issuer, or none although it always does.
    #[error("the answer names another issuer")]
    Issuer,
    /// The provider says no; this is its error's code.
    #[error("the provider answered {0}")]
    Refused(String),
    /// The provider does not answer as it should; the sentence is ours.
    #[error("{0}")]
    Provider(String),
    /// The ID token was not accepted.
    #[error("the ID token was not accepted: {}", .0.kind())]
    Token(TokenFault),
    /// The person who signed in is not the one of the session.
    #[error("another person signed in")]
    AnotherPerson,
}

impl SignInFault {
    /// A stable word for the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::State => "state",
            Self::Issuer => "issuer",
            Self::Refused(_) => "refused",
            Self::Provider(_) => "provider",
            Self::Token(_) => "token",
            Self::AnotherPerson => "another_person",
        }
    }

    /// Whether it is the provider that does not work.
    pub fn is_theirs(&self) -> bool {
        matches!(self, Self::Provider(_))
    }

    /// What is true, and what to do.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Flow | Self::State => (
                "This sign-in was begun elsewhere, or too long ago. Nobody was signed in.",
                "Begin again from this browser. A sign-in takes ten minutes at most, and its way back works once.",
            ),
            Self::Issuer | Self::Token(_) => (
                "The identity provider's answer was not accepted. Nobody was signed in.",
                "Try again. If it happens again, give the reference to the operators: the log says why.",
            ),
            Self::Refused(_) => (
                "The identity provider did not sign you in.",
                "Try again. If you cannot sign in there, ask those who run it.",
            ),
            Self::Provider(_) => (
                "The identity provider does not answer. Nobody was signed in.",
                "Try again in a minute. If it happens again, give the reference to the operators.",
            ),
            Self::AnotherPerson => (
                "Somebody else signed in. Nothing was recorded.",
                "To sign this, sign in again as yourself. To go on as the other person, sign out first.",
            ),
        }
    }
}

/// An error's code as the provider may write it (RFC 6749, 4.1.2.1), for the log.
fn error_code(text: &str) -> String {
    let plain = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_');
    plain.take(40).collect()
}

impl Provider {
    /// Nothing is fetched before the first sign-in.
    ///
    /// # Errors
    /// If no client for it can be made.
    pub fn new(config: &OidcConfig, auth: &AuthConfig, callback_path: &str) -> anyhow::Result<Self> {
        let issuer = Url::parse(&config.issuer)?;
        Ok(Self {
            directory: Directory::new(&config.issuer)?,
            tokens: IdTokens::new(auth, &config.issuer, &config.client_id),
            redirect_url: RedirectUrl::new(format!("{}{callback_path}", config.public_url))?,
            host: issuer.host_str().unwrap_or_default().to_owned(),
            config: config.clone(),
        })
    }

    /// The provider's host, as people know it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address to send a browser to, and what it has to bring back.
    pub async fn begin(
        &self,
        purpose: Purpose,
        return_to: &str,
        now: DateTime<Utc>,
    ) -> Result<(Url, Flow), SignInFault> {
        let metadata = self.directory.metadata(now).await?;
        let flow = Flow::new(purpose, return_to, now);
        let verifier = PkceCodeVerifier::new(flow.verifier.expose().to_owned());
        let client = self.client(&metadata)?;
        let state = flow.state.expose().to_owned();
        let mut request = client
            .authorize_url(|| CsrfToken::new(state))
            .add_scopes(self.config.scopes.split(' ').map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("nonce", flow.nonce.expose());
        if purpose == Purpose::Again {
            // `max_age` makes the provider say when the person proved who they are.
            request = request.add_extra_param("prompt", "login").add_extra_param("max_age", "0");
        }
        Ok((request.url().0, flow))
    }

    /// What the provider says of the person who came back.
    pub async fn finish(
        &self,
        flow: &Flow,
        parameter: impl Fn(&str) -> Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Claims, SignInFault> {
        if !parameter("state").is_some_and(|state| is_same(&state, flow.state.expose())) {
            return Err(SignInFault::State);
        }
        let metadata = self.directory.metadata(now).await?;
        // RFC 9207: an answer of another provider is not ours (mix-up).
        match parameter("iss") {
            Some(issuer) if issuer != self.config.issuer => return Err(SignInFault::Issuer),
            None if metadata.names_issuer => return Err(SignInFault::Issuer),
            Some(_) | None => {}
        }
        if let Some(error) = parameter("error") {
            return Err(SignInFault::Refused(error_code(&error)));
        }
        let code = parameter("code").ok_or(SignInFault::State)?;
        let token = self.exchange(&metadata, code, flow).await?;
        let expected = Expected { nonce: flow.nonce.expose(), proved_since: flow.proved_since() };
        let keys = self.directory.keys(&metadata, now).await?;
        match self.tokens.read(&keys, &token, expected, now) {
            Err(TokenFault::Key) => {
                let keys = self.directory.newer_keys(&metadata, now).await?;
                self.tokens.read(&keys, &token, expected, now)
            }
            read => read,
        }
        .map_err(SignInFault::Token)
    }

    /// Takes the code to the provider and comes back with the ID token.
    async fn exchange(&self, metadata: &Metadata, code: String, flow: &Flow) -> Result<String, SignInFault> {
        let client = self.client(metadata)?;
        let send = |request: HttpRequest| self.directory.post(request);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.expose().to_owned()))
            .request_async(&send)
            .await;
        match answer {
            Ok(answer) => answer
                .extra_fields()
                .id_token
                .clone()
                .ok_or_else(|| SignInFault::Provider("the provider gave no ID token".to_owned())),
            Err(RequestTokenError::ServerResponse(error)) => {
                Err(SignInFault::Refused(error_code(error.error().as_ref())))
            }
            Err(RequestTokenError::Request(fault)) => Err(fault),
            // Their text would quote what the provider sent.
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
                Err(SignInFault::Provider("the provider's answer to a code can't be read".to_owned()))
            }
        }
    }

    fn client(&self, metadata: &Metadata) -> Result<Client<EndpointSet, EndpointSet>, SignInFault> {
        let unusable = |_| SignInFault::Provider("an address of the provider can't be used".to_owned());
        let auth_type =
            if metadata.takes_secret_in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client = Client::new(ClientId::new(self.config.client_id.clone()))
            .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.to_string()).map_err(unusable)?)
            .set_token_uri(TokenUrl::new(metadata.token_endpoint.to_string()).map_err(unusable)?)
            .set_redirect_uri(self.redirect_url.clone())
            .set_auth_type(auth_type);
        Ok(match &self.config.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        })
    }
}
