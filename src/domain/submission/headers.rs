//! Which headers a maker may set.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::call::ENGINE_HEADERS;
use super::super::fault::{Fault, FaultKind, pointer_to};

/// Headers that belong to the connection or frame the body: a wrong one lets a second call slip in.
const CONNECTION_HEADERS: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "content-encoding",
    "expect",
];

/// Belongs to `traceparent`, which the engine sets.
const TRACE_STATE: &str = "tracestate";

/// A compressed answer would hide from the engine whether the target did what was asked.
const ACCEPT_ENCODING: &str = "accept-encoding";

/// Checks the task's headers, which are at `pointer`.
pub fn check(headers: &Map<String, Value>, pointer: &str, faults: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let mut fault = |kind| faults.push(Fault::new(pointer_to(pointer, name), kind));
        if !is_token(name) {
            fault(FaultKind::HeaderName);
        } else if ENGINE_HEADERS.contains(&lower.as_str()) || lower == TRACE_STATE {
            fault(FaultKind::HeaderOfEngine);
        } else if CONNECTION_HEADERS.contains(&lower.as_str()) {
            fault(FaultKind::HeaderOfConnection);
        } else if lower == ACCEPT_ENCODING {
            fault(FaultKind::HeaderOfCompression);
        } else if !seen.insert(lower) {
            fault(FaultKind::HeaderRepeated);
        }
        if !value.as_str().is_some_and(is_value) {
            fault(FaultKind::HeaderValue);
        }
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_value(value: &str) -> bool {
    let blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let bytes = value.as_bytes();
    bytes.iter().all(|&byte| byte.is_ascii_graphic() || blank(byte))
        && !bytes.first().copied().is_some_and(blank)
        && !bytes.last().copied().is_some_and(blank)
}
