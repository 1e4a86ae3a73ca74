//! Splits a token into its three segments and checks its header.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::TokenFault;
use crate::domain::json;

/// Maximum length of a token in bytes; longer ones are refused before anything is computed.
const TOKEN_BYTES_MAX: usize = 65_536;

/// A token in compact form, not verified yet.
pub(super) struct Token<'a> {
    /// The first two segments, which the signature covers.
    pub signed: &'a [u8],
    /// The third segment.
    pub signature: &'a str,
    /// The header's `alg`.
    pub algorithm: String,
    /// The header's `kid`.
    pub key_id: Option<String>,
    claims: Vec<u8>,
}

impl<'a> Token<'a> {
    pub fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong);
        }
        let segments: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = segments[..] else { return Err(TokenFault::Malformed) };
        decode(signature)?;
        let (algorithm, key_id) = read_header(&object(&decode(header)?)?)?;
        let signed = &text.as_bytes()[..header.len() + 1 + claims.len()];
        Ok(Self { signed, signature, algorithm, key_id, claims: decode(claims)? })
    }

    /// The claims. Call this only after the signature was verified.
    pub fn claims(&self) -> Result<Map<String, Value>, TokenFault> {
        object(&self.claims)
    }
}

/// The bytes of a segment: at least one, in the only valid encoding.
fn decode(segment: &str) -> Result<Vec<u8>, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(segment).ok();
    bytes.filter(|bytes| !bytes.is_empty()).ok_or(TokenFault::Malformed)
}

/// The members of a JSON object without duplicate names.
fn object(text: &[u8]) -> Result<Map<String, Value>, TokenFault> {
    match json::read(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(TokenFault::Malformed),
    }
}

/// `alg` and `kid`. Any other member except `typ` is refused: it would ask for something unsupported, such as a key
/// in the token (`jwk`, `jku`, `x5u`, `x5c`), compression (`zip`) or an extension (`crit`).
fn read_header(header: &Map<String, Value>) -> Result<(String, Option<String>), TokenFault> {
    let mut algorithm = None;
    let mut key_id = None;
    for (name, value) in header {
        let text = value.as_str().ok_or(TokenFault::Header)?;
        match name.as_str() {
            "alg" => algorithm = Some(text.to_owned()),
            "kid" => key_id = Some(text.to_owned()),
            "typ" if text.eq_ignore_ascii_case("JWT") || text.eq_ignore_ascii_case("at+jwt") => {}
            _ => return Err(TokenFault::Header),
        }
    }
    Ok((algorithm.ok_or(TokenFault::Algorithm)?, key_id))
}
