//! The keys that verify tokens: one secret, or the public keys of a JWKS file.
//!
//! Each key has one algorithm. A file with an unusable key is refused as a whole, so that no token fails later for
//! a reason that was known at start.

use std::{collections::HashMap, fs, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use thiserror::Error;

use super::TokenFault;
use crate::{config::KeySource, domain::json};

/// The algorithms that keys may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// The name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub fn of_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

/// A key and its algorithm.
#[derive(Debug)]
pub(super) struct VerifyingKey {
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

/// All trusted keys.
#[derive(Debug)]
pub(super) enum KeySet {
    /// The one secret. Its tokens need no key id.
    Secret(VerifyingKey),
    /// Public keys by their ids.
    Public(HashMap<String, VerifyingKey>),
}

/// Why keys are unusable: the file and every fault.
#[derive(Debug, Error)]
#[error("the keys in {path} can't be used:\n  {}", .faults.join("\n  "))]
pub struct KeysError {
    path: String,
    faults: Vec<String>,
}

impl KeySet {
    pub fn load(source: KeySource<'_>) -> Result<Self, KeysError> {
        match source {
            KeySource::Secret(secret) => {
                let key = DecodingKey::from_secret(secret.expose().as_bytes());
                Ok(Self::Secret(VerifyingKey { algorithm: Algorithm::Hs256, key }))
            }
            KeySource::JwksFile(path) => {
                let keys = read_file(path).and_then(|text| read_set(&text));
                keys.map(Self::Public)
                    .map_err(|faults| KeysError { path: path.display().to_string(), faults })
            }
        }
    }

    /// The keys of a provider's document; unusable ones are skipped.
    pub fn of_document(document: &[u8], url: &str) -> Result<Self, KeysError> {
        let unusable = |faults| KeysError { path: url.to_owned(), faults };
        let (keys, faults) = list(document).map(|keys| read_each(&keys)).map_err(unusable)?;
        if keys.is_empty() { Err(unusable(faults)) } else { Ok(Self::Public(keys)) }
    }

    /// Number of keys.
    pub fn count(&self) -> usize {
        match self {
            Self::Secret(_) => 1,
            Self::Public(keys) => keys.len(),
        }
    }

    /// The key that a token's `kid` names.
    pub fn find(&self, key_id: Option<&str>) -> Result<&VerifyingKey, TokenFault> {
        match self {
            Self::Secret(key) => Ok(key),
            Self::Public(keys) => key_id.and_then(|id| keys.get(id)).ok_or(TokenFault::Key),
        }
    }
}

const FILE_BYTES_MAX: usize = 1 << 20;
const KEYS_MAX: usize = 64;

fn read_file(path: &Path) -> Result<Vec<u8>, Vec<String>> {
    let text = fs::read(path).map_err(|error| vec![format!("the file cannot be read: {error}")])?;
    if text.len() > FILE_BYTES_MAX {
        return Err(vec![format!("the file has more than {FILE_BYTES_MAX} bytes")]);
    }
    Ok(text)
}

/// A key set (RFC 7517, section 5) in which every key is usable.
fn read_set(text: &[u8]) -> Result<HashMap<String, VerifyingKey>, Vec<String>> {
    let (keys, faults) = read_each(&list(text)?);
    if faults.is_empty() { Ok(keys) } else { Err(faults) }
}

/// The members of `keys`, not parsed. Other members are ignored.
fn list(text: &[u8]) -> Result<Vec<Value>, Vec<String>> {
    let set = json::read(text).map_err(|faults| {
        faults
            .into_iter()
            .map(|fault| format!("{} {}", fault.field, fault.sentence()).trim().to_owned())
            .collect::<Vec<_>>()
    })?;
    let keys = set.get("keys").and_then(Value::as_array);
    let Some(keys) = keys.filter(|keys| (1..=KEYS_MAX).contains(&keys.len())) else {
        return Err(vec![format!("`keys` must be a list of 1 to {KEYS_MAX} keys")]);
    };
    Ok(keys.clone())
}

/// The usable keys by id, and the faults of the others.
fn read_each(keys: &[Value]) -> (HashMap<String, VerifyingKey>, Vec<String>) {
    let mut read = HashMap::new();
    let mut faults = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        match read_key(key) {
            Ok((id, _)) if read.contains_key(&id) => {
                faults.push(format!("key {index}: kid `{id}` is used twice"))
            }
            Ok((id, key)) => {
                read.insert(id, key);
            }
            Err(fault) => faults.push(format!("key {index}: {fault}")),
        }
    }
    (read, faults)
}

type KeyFault = &'static str;

/// One key and its id.
fn read_key(key: &Value) -> Result<(String, VerifyingKey), KeyFault> {
    let key = key.as_object().ok_or("it is no object")?;
    let id = text(key, "kid").filter(|id| !id.is_empty()).ok_or("it has no `kid`")?;
    if ["d", "p", "q", "k"].iter().any(|name| key.contains_key(*name)) {
        return Err("it holds a secret or private key; keep only the public part");
    }
    let verifying = match text(key, "kty") {
        Some("RSA") => rsa(key)?,
        Some("EC") => elliptic_curve(key)?,
        Some("OKP") => edwards_curve(key)?,
        _ => return Err("its `kty` is none of RSA, EC and OKP"),
    };
    check_purpose(key, verifying.algorithm)?;
    Ok((id.to_owned(), verifying))
}

/// A key's own `use` and `key_ops` must allow verification.
fn check_purpose(key: &Map<String, Value>, algorithm: Algorithm) -> Result<(), KeyFault> {
    let is = |name: &str, wanted: &str| !key.contains_key(name) || text(key, name) == Some(wanted);
    if !is("use", "sig") {
        return Err("its `use` is not sig");
    }
    if !is("alg", algorithm.name()) {
        return Err("its `alg` is not the one of RS256, ES256 and EdDSA that its `kty` has");
    }
    let verifies = |list: &Value| list.as_array().is_some_and(|list| list.contains(&Value::from("verify")));
    if key.get("key_ops").is_some_and(|list| !verifies(list)) {
        return Err("its `key_ops` do not name verify");
    }
    Ok(())
}

/// Allowed length of an RSA modulus in bytes: 2048 to 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

fn rsa(key: &Map<String, Value>) -> Result<VerifyingKey, KeyFault> {
    let modulus = number(key, "n").ok_or("its `n` is no base64url number")?;
    let exponent = number(key, "e").ok_or("its `e` is no base64url number")?;
    // The first bit of 256 bytes has to be set for 2048 bits.
    let has_bits = MODULUS_BYTES.contains(&modulus.len()) && (modulus.len() > 256 || modulus[0] >= 0x80);
    if !has_bits {
        return Err("its modulus `n` has not 2048 to 8192 bits");
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !is_odd(&modulus) || !is_odd(&exponent) || exponent == [1] || exponent.len() > 4 {
        return Err("its `n` and `e` are no RSA key");
    }
    let key = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
    Ok(VerifyingKey { algorithm: Algorithm::Rs256, key })
}

fn elliptic_curve(key: &Map<String, Value>) -> Result<VerifyingKey, KeyFault> {
    if text(key, "crv") != Some("P-256") {
        return Err("its `crv` is not P-256");
    }
    let x = bytes(key, "x").filter(|x| x.len() == 32).ok_or("its `x` has not 32 bytes")?;
    let y = bytes(key, "y").filter(|y| y.len() == 32).ok_or("its `y` has not 32 bytes")?;
    let point = [&[0x04], &x[..], &y[..]].concat();
    Ok(VerifyingKey { algorithm: Algorithm::Es256, key: DecodingKey::from_ec_der(&point) })
}

fn edwards_curve(key: &Map<String, Value>) -> Result<VerifyingKey, KeyFault> {
    if text(key, "crv") != Some("Ed25519") {
        return Err("its `crv` is not Ed25519");
    }
    let x = bytes(key, "x").filter(|x| x.len() == 32).ok_or("its `x` has not 32 bytes")?;
    Ok(VerifyingKey { algorithm: Algorithm::EdDsa, key: DecodingKey::from_ed_der(&x) })
}

fn text<'a>(key: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    key.get(name).and_then(Value::as_str)
}

fn bytes(key: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text(key, name)?).ok()
}

/// An unsigned number without leading zero bytes, which some encoders add.
fn number(key: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    let bytes = bytes(key, name)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}
