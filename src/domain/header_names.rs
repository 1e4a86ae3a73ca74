//! Names of headers: which are well formed, which a maker may not set, and which steer a call elsewhere.

use super::call::ENGINE_HEADERS;

/// Headers that belong to the connection, in lower case: a wrong one lets a second call slip in.
pub const CONNECTION_HEADERS: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Headers that say how the body is framed, written and sent: a wrong one lets a second call slip in, too.
const FRAMING_HEADERS: [&str; 3] = ["content-length", "content-encoding", "expect"];

/// Belongs to `traceparent`, which the engine sets.
const TRACE_STATE: &str = "tracestate";

/// A compressed answer would hide from the engine whether the target did what was asked.
const ACCEPT_ENCODING: &str = "accept-encoding";

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// Offers to speak another protocol on the connection.
const HTTP2_SETTINGS: &str = "http2-settings";

/// Headers that every type takes, in lower case.
pub const ORDINARY_HEADERS: [&str; 5] =
    ["content-type", "accept", "accept-language", "authorization", "x-request-id"];

/// Maximum length of a header's name.
pub const HEADER_NAME_BYTES_MAX: usize = 256;

/// Maximum number of headers in one submission.
pub const HEADERS_MAX: usize = 64;

/// Headers by which some server, proxy or framework takes another method, path or host than the call has, or
/// another person or machine as its sender.
const STEERING: [&str; 46] = [
    "base-url",
    "client-cert",
    "client-cert-chain",
    "client-ip",
    "destination",
    "forwarded",
    "front-end-https",
    "metadata",
    "metadata-flavor",
    "on-behalf-of",
    "proxy-host",
    "request-uri",
    "sudo",
    "true-client-ip",
    "url",
    "uri",
    "via",
    "x-account",
    "x-actor",
    "x-as-user",
    "x-auth-groups",
    "x-auth-roles",
    "x-client",
    "x-cluster-client-ip",
    "x-email",
    "x-group",
    "x-groups",
    "x-host",
    "x-host-override",
    "x-http-destinationurl",
    "x-http-host-override",
    "x-http-path-override",
    "x-https",
    "x-login",
    "x-matched-path",
    "x-on-behalf-of",
    "x-override-url",
    "x-principal",
    "x-role",
    "x-roles",
    "x-scheme",
    "x-script-name",
    "x-sudo",
    "x-url-scheme",
    "x-verified-email",
    "x-waws-unencoded-url",
];

/// How the names of further ones begin.
const STEERING_BEGINNINGS: [&str; 46] = [
    "cf-",
    "fastly-client",
    "impersonate-",
    "remote-",
    "ssl-",
    "tailscale-",
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    "x-appengine-",
    "x-arr-",
    "x-auth-request-",
    "x-auth-user",
    "x-authenticated-",
    "x-authentik-",
    "x-aws-ec2-metadata-",
    "x-azure-",
    "x-client-",
    "x-consumer-",
    "x-credential-",
    "x-envoy-",
    "x-forwarded",
    "x-goog-authenticated-",
    "x-goog-iap-",
    "x-google-metadata-",
    "x-http-method",
    "x-impersonate-",
    "x-invoke-",
    "x-jwt-",
    "x-method-",
    "x-middleware-",
    "x-ms-client-principal",
    "x-ms-original-",
    "x-ms-token-",
    "x-org-",
    "x-original-",
    "x-pomerium-",
    "x-proxy-",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
    "x-scope-",
    "x-ssl-",
    "x-tenant",
    "x-user",
    "x-vouch-",
    "x-webauth-",
];

/// To what a header belongs that no maker may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderOwner {
    /// The engine sets it.
    Engine,
    /// It steers the connection or frames the body.
    Connection,
    /// It asks for a compressed answer.
    Compression,
}

/// To what this header belongs, in whatever case it is written; `None` if a maker may set it.
pub fn owner_of(name: &str) -> Option<HeaderOwner> {
    let name = folded(name);
    let is = |known: &&str| **known == name;
    if ENGINE_HEADERS.iter().any(is) || is(&TRACE_STATE) {
        Some(HeaderOwner::Engine)
    } else if CONNECTION_HEADERS.iter().chain(&FRAMING_HEADERS).any(is) || is(&HTTP2_SETTINGS) {
        Some(HeaderOwner::Connection)
    } else if is(&ACCEPT_ENCODING) {
        Some(HeaderOwner::Compression)
    } else {
        None
    }
}

/// Whether every type takes this header.
pub fn is_ordinary(name: &str) -> bool {
    ORDINARY_HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether some server lets this header change the method, path, host or sender of a call.
pub fn is_steering(name: &str) -> bool {
    let name = folded(name);
    STEERING.contains(&name.as_str()) || STEERING_BEGINNINGS.iter().any(|begin| name.starts_with(begin))
}

/// The name as programs see it that get headers as variables: to them, `X_Real_IP` is `x-real-ip`.
pub fn folded(name: &str) -> String {
    let fold = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(fold).collect()
}

/// Whether HTTP allows this name.
pub fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether a header can have this value: visible ASCII, with spaces or tabs only between.
pub fn is_value(value: &str) -> bool {
    let blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let bytes = value.as_bytes();
    bytes.iter().all(|&byte| byte.is_ascii_graphic() || blank(byte))
        && !bytes.first().copied().is_some_and(blank)
        && !bytes.last().copied().is_some_and(blank)
}

/// Whether the value of this header is a credential.
pub fn is_credential(name: &str) -> bool {
    CREDENTIALS.contains(&folded(name).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_change_method_path_host_or_sender_are_known_in_every_spelling() {
        for name in [
            "X-HTTP-Method-Override",
            "x-http-method",
            "X-Method-Override",
            "X-Original-URL",
            "x-rewrite-url",
            "X-Forwarded-For",
            "x-forwarded-anything",
            "Forwarded",
            "X-Real-IP",
            "X-Remote-User",
            "Remote-User",
            "x-authenticated-userid",
            "X-Auth-Request-Email",
            "X-Client-IP",
            "X-User-Id",
            "X_Forwarded_Host",
            "x.remote.user",
            "Impersonate-User",
            "x-middleware-subrequest",
            "CF-Connecting-IP",
            "Metadata-Flavor",
        ] {
            assert!(is_steering(name), "{name}");
        }
        for name in
            ["Authorization", "X-Request-Id", "X-Cap-Client-Signature", "X-Api-Key", "If-Match", "x-a"]
        {
            assert!(!is_steering(name), "{name}");
        }
        assert!(ORDINARY_HEADERS.iter().all(|name| !is_steering(name) && owner_of(name).is_none()));
    }

    #[test]
    fn a_header_that_no_maker_may_set_is_known_with_underscores_too() {
        assert_eq!(owner_of("Transfer_Encoding"), Some(HeaderOwner::Connection));
        assert_eq!(owner_of("content_length"), Some(HeaderOwner::Engine));
        assert_eq!(owner_of("HTTP2-Settings"), Some(HeaderOwner::Connection));
        assert_eq!(owner_of("X_Countersign_Request_Id"), Some(HeaderOwner::Engine));
        assert_eq!(owner_of("x-content-length"), None);
        assert!(is_credential("X_API_KEY") && is_credential("cookie") && !is_credential("x-key"));
    }
}
