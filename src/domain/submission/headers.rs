//! Which headers a maker may set, and which of their values are for nobody's eyes.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::call::ENGINE_HEADERS;
use super::super::fault::{Fault, pointer_to};

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

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

const DOTS: &str = "••••";

/// Authentication schemes that may stay readable in front of a masked value.
const SCHEMES: [&str; 12] = [
    "Basic",
    "Bearer",
    "Digest",
    "Negotiate",
    "HOBA",
    "Mutual",
    "DPoP",
    "OAuth",
    "AWS4-HMAC-SHA256",
    "SCRAM-SHA-256",
    "Token",
    "ApiKey",
];

/// Checks the task's headers, which lie at `pointer`.
pub fn check(headers: &Map<String, Value>, pointer: &str, faults: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let mut fault = |message| faults.push(Fault::invalid(pointer_to(pointer, name), message));
        if !is_token(name) {
            fault("Write a header name of letters, digits and !#$%&'*+-.^_`|~ only.");
        } else if ENGINE_HEADERS.contains(&lower.as_str()) || lower == TRACE_STATE {
            fault("Leave this header out; the engine sets it.");
        } else if CONNECTION_HEADERS.contains(&lower.as_str()) {
            fault("Leave this header out; it belongs to the connection.");
        } else if lower == ACCEPT_ENCODING {
            fault("Leave this header out; a compressed answer can't be read for its outcome.");
        } else if !seen.insert(lower) {
            fault("Write this header once; upper and lower case are the same.");
        }
        if !value.as_str().is_some_and(is_value) {
            fault("Write a string of visible ASCII characters, with spaces or tabs only between them.");
        }
    }
}

/// The task with the values of Authorization, Proxy-Authorization, Cookie and X-Api-Key masked;
/// a well-known authentication scheme stays: `Basic ••••`.
pub fn mask_headers(task: &Value) -> Value {
    let mut task = task.clone();
    for (name, value) in task.get_mut("headers").and_then(Value::as_object_mut).into_iter().flatten() {
        match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" => *value = masked(value.as_str().unwrap_or_default()),
            name if is_credential(name) => *value = DOTS.into(),
            _ => {}
        }
    }
    task
}

/// Whether the value of this header is a credential, which no page shows.
pub fn is_credential(name: &str) -> bool {
    CREDENTIALS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn masked(credentials: &str) -> Value {
    match credentials.split_once(' ') {
        Some((scheme, _)) if SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
            format!("{scheme} {DOTS}").into()
        }
        _ => DOTS.into(),
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
