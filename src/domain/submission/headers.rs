//! Which headers a maker may set, and the one by which the target recognises a repeat.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::fault::{Fault, FaultKind, pointer_to};
use super::super::header_names::{HeaderOwner, is_token, owner_of};

/// Checks the task's headers, which are at `pointer`. `key_header` is the one that the engine fills with the
/// request's id.
pub fn check(headers: &Map<String, Value>, key_header: Option<&str>, pointer: &str, faults: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for (name, value) in headers {
        let is_key = key_header.is_some_and(|key_header| key_header.eq_ignore_ascii_case(name));
        let kind = match owner_of(name) {
            _ if !is_token(name) => Some(FaultKind::HeaderName),
            Some(HeaderOwner::Engine) => Some(FaultKind::HeaderOfEngine),
            Some(HeaderOwner::Connection) => Some(FaultKind::HeaderOfConnection),
            Some(HeaderOwner::Compression) => Some(FaultKind::HeaderOfCompression),
            None if is_key => Some(FaultKind::HeaderOfRepeats),
            None if !seen.insert(name.to_ascii_lowercase()) => Some(FaultKind::HeaderRepeated),
            None => None,
        };
        faults.extend(kind.map(|kind| Fault::new(pointer_to(pointer, name), kind)));
        if !value.as_str().is_some_and(is_value) {
            faults.push(Fault::new(pointer_to(pointer, name), FaultKind::HeaderValue));
        }
    }
}

fn is_value(value: &str) -> bool {
    let blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let bytes = value.as_bytes();
    bytes.iter().all(|&byte| byte.is_ascii_graphic() || blank(byte))
        && !bytes.first().copied().is_some_and(blank)
        && !bytes.last().copied().is_some_and(blank)
}
