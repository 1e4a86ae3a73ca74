//! The mask of a header: credentials are never shown to anybody.

use serde_json::Value;

use crate::domain::header_names::is_credential;
use crate::domain::request_type::DOTS;

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

fn masked(credentials: &str) -> Value {
    match credentials.split_once(' ') {
        Some((scheme, _)) if SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
            format!("{scheme} {DOTS}").into()
        }
        _ => DOTS.into(),
    }
}
