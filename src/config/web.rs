//! `[web]`: the pages, and signing in to them.

use std::net::IpAddr;

use url::{Host, Url};

use super::parse::Reader;
use super::{ConfigFault, Secret};

/// `[web]`: the pages, and signing in to them.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Scheme, host and port under which browsers reach the pages.
    pub public_url: Option<String>,
    /// A word that every page shows, such as Production; may be empty.
    pub environment: String,
    /// The identity provider; without one there are no pages.
    pub oidc: Option<OidcConfig>,
    /// Maximum idle time of a session.
    pub session_idle_seconds: u32,
    /// Maximum age of a session.
    pub session_max_seconds: u32,
    /// Set beside an issuer or without one; kept so that the effective values can be printed.
    pub(super) set: OidcSet,
}

/// The identity provider that people sign in with.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// Its issuer, exactly as its tokens name it.
    pub issuer: String,
    /// This service's client id at the provider.
    pub client_id: String,
    /// The client's secret; a public client has none and relies on PKCE alone.
    pub client_secret: Option<Secret>,
    /// The scopes to request.
    pub scopes: String,
    /// Public address of the pages, for the redirect URL.
    pub public_url: String,
}

/// The provider's keys as they were set.
#[derive(Clone, Debug)]
pub(super) struct OidcSet {
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub scopes: String,
}

impl WebConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let public_url = reader.optional_parsed(
            "web.public_url",
            "write https://HOST or https://HOST:PORT without a path, or http:// with a loopback host",
            origin,
        );
        let set = OidcSet {
            issuer: reader.optional_parsed(
                "web.oidc_issuer",
                "write the issuer's https:// address, or http:// with a loopback host",
                |text| issuer(text).then(|| text.to_owned()),
            ),
            client_id: reader.optional_text("web.oidc_client_id"),
            client_secret: reader.optional_parsed(
                "web.oidc_client_secret",
                "write a text that is not empty",
                |text| (!text.is_empty()).then(|| Secret::new(text)),
            ),
            scopes: reader.parsed(
                "web.oidc_scopes",
                "write scopes with spaces between; openid is one",
                scopes,
            ),
        };
        Self {
            oidc: set.provider(public_url.as_ref(), reader),
            public_url,
            environment: reader.parsed("web.environment", "write at most 40 characters", environment),
            session_idle_seconds: reader.integer("web.session_idle_seconds"),
            session_max_seconds: reader.integer("web.session_max_seconds"),
            set,
        }
    }
}

const ALL_OR_NONE: &str = "people sign in with an identity provider only if web.oidc_issuer, \
                           web.oidc_client_id and web.public_url are set";

impl OidcSet {
    /// The provider, if one is configured; then the other keys are required, too.
    fn provider(&self, public_url: Option<&String>, reader: &mut Reader) -> Option<OidcConfig> {
        let needed = [
            ("web.oidc_issuer", self.issuer.is_some()),
            ("web.oidc_client_id", self.client_id.is_some()),
            ("web.public_url", public_url.is_some()),
        ];
        // A key with a refused value is not missing.
        if (self.issuer.is_some() || self.client_id.is_some()) && !reader.has_faults() {
            for (name, _) in needed.iter().filter(|(_, is_set)| !is_set) {
                reader.fault(ConfigFault::new(format!("{name}: it is missing: {ALL_OR_NONE}")));
            }
        }
        Some(OidcConfig {
            issuer: self.issuer.clone()?,
            client_id: self.client_id.clone()?,
            client_secret: self.client_secret.clone(),
            scopes: self.scopes.clone(),
            public_url: public_url?.clone(),
        })
    }
}

/// Scheme, host and port in their usual spelling, or nothing.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(is_safe)?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let spelled = url.origin().ascii_serialization();
    (is_bare && text.trim_end_matches('/') == spelled).then_some(spelled)
}

/// An address without query and fragment (OpenID Connect Discovery, 3).
fn issuer(text: &str) -> bool {
    let url = Url::parse(text).ok().filter(is_safe);
    url.is_some_and(|url| url.query().is_none() && url.fragment().is_none())
}

/// Whether traffic to this address is encrypted or local, and the address contains no credentials.
fn is_safe(url: &Url) -> bool {
    let is_encrypted = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    };
    is_encrypted && url.username().is_empty() && url.password().is_none()
}

/// Whether the address never leaves this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn scopes(text: &str) -> Option<String> {
    let is_scope =
        |scope: &str| scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    let has_openid = text.split(' ').any(|scope| scope == "openid");
    let is_plain = text.split(' ').all(|scope| !scope.is_empty() && is_scope(scope));
    (has_openid && is_plain).then(|| text.to_owned())
}

fn environment(text: &str) -> Option<String> {
    let fits = text.chars().count() <= 40 && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_address_of_the_pages_is_https_or_loopback() {
        let rows = [
            ("https://approve.example.com", Some("https://approve.example.com")),
            ("https://approve.example.com/", Some("https://approve.example.com")),
            ("https://approve.example.com:8443", Some("https://approve.example.com:8443")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("http://localhost", Some("http://localhost")),
            ("http://approve.example.com", None),
            ("http://localhost.example.com", None),
            ("http://10.0.0.1", None),
            ("https://approve.example.com/pages", None),
            ("https://approve.example.com?a", None),
            ("https://user@approve.example.com", None),
            ("https://Approve.example.com", None),
            ("https://approve.example.com:443", None),
            ("approve.example.com", None),
            ("ftp://approve.example.com", None),
            ("", None),
        ];
        for (text, wanted) in rows {
            assert_eq!(origin(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn an_issuer_may_have_a_path_but_no_query() {
        for text in ["https://id.example.com", "https://id.example.com/realms/a", "http://127.0.0.1:9400"] {
            assert!(issuer(text), "{text}");
        }
        for text in
            ["http://id.example.com", "https://id.example.com?a=b", "https://id.example.com/#a", "id", ""]
        {
            assert!(!issuer(text), "{text}");
        }
    }

    #[test]
    fn openid_is_always_asked_for() {
        for text in ["openid", "openid profile email", "groups openid"] {
            assert!(scopes(text).is_some(), "{text}");
        }
        for text in ["", "profile", "openid  email", " openid", "openid \"x\"", "openid\temail"] {
            assert!(scopes(text).is_none(), "{text}");
        }
    }
}
