//! Named credentials: what a call is sent with that no person who makes, decides or reads requests ever sees.
//!
//! A request says *which* credential by its name, and the digest covers that. The value is put in right before sending.

use std::path::PathBuf;

use super::header_names::is_value;
use super::origin::Origin;

/// Maximum length of a credential's name.
pub const NAME_CHARS_MAX: usize = 40;

/// Maximum length of a secret, and of a token that is got for it.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;

/// The header of a bearer token.
pub const AUTHORIZATION: &str = "authorization";

/// One credential of the configuration. It holds no secret, only where that is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Where it may go.
    pub targets: Vec<Origin>,
    /// What it is.
    pub kind: CredentialKind,
}

/// What a credential is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A header with a value.
    Header {
        /// The header's name, in lower case.
        name: String,
        /// Where its value is read from, for each call.
        value: SecretSource,
    },
    /// A bearer token, got by OAuth 2.0 client credentials (RFC 6749, section 4.4).
    OAuth(OAuthClient),
    /// A client certificate (mTLS), for https targets.
    Certificate(ClientCertificate),
}

/// An OAuth client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthClient {
    /// Where tokens are got.
    pub token_url: String,
    /// The client's id there.
    pub client_id: String,
    /// Where the client's secret is read from, for each token.
    pub secret: SecretSource,
    /// The scope to ask for.
    pub scope: Option<String>,
}

/// The PEM files of a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, followed by those of its issuers that the target needs.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where a secret is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// This file, without the line end after it.
    File(PathBuf),
    /// This environment variable.
    Variable(String),
}

impl Credential {
    /// The header that it sets, in lower case; a client certificate sets none.
    pub fn header(&self) -> Option<&str> {
        match &self.kind {
            CredentialKind::Header { name, .. } => Some(name),
            CredentialKind::OAuth(_) => Some(AUTHORIZATION),
            CredentialKind::Certificate(_) => None,
        }
    }

    /// Whether it may go to this origin.
    pub fn may_go_to(&self, origin: &Origin) -> bool {
        self.targets.contains(origin)
    }
}

/// Whether a credential can have this name.
pub fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.bytes().all(is_plain)
}

/// What keeps a text from being a secret that a header can carry: a clause that never shows it.
pub fn secret_fault(text: &str) -> Option<String> {
    if text.is_empty() {
        Some("it is empty".to_owned())
    } else if text.len() > VALUE_BYTES_MAX {
        Some(format!("it has more than {VALUE_BYTES_MAX} bytes"))
    } else if !is_value(text) {
        Some("it has characters that no header can have, or begins or ends with a space".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for name in ["core-banking", "a", "7", &"a".repeat(NAME_CHARS_MAX)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Core", "core_banking", "core banking", "ä", &"a".repeat(NAME_CHARS_MAX + 1)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_secret_is_what_one_header_can_carry() {
        assert_eq!(secret_fault("Bearer abc"), None);
        assert_eq!(secret_fault(&"x".repeat(VALUE_BYTES_MAX)), None);
        for text in ["", " x", "x ", "a\nb", "a\r\nx: y", "é", "a\0", &"x".repeat(VALUE_BYTES_MAX + 1)] {
            assert!(secret_fault(text).is_some(), "{text:?}");
        }
    }
}
