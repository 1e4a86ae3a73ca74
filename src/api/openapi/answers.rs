//! What the server answers: headers, and one response per status.

use serde_json::{Map, Value, json};

use super::parameters::REFERENCE_HEADER;
use super::{component, members, schemas};
use crate::domain::code::Code;
use crate::http::error;
use crate::http::wire::{ErrorBody, ErrorOrGateBody, GateBody};

/// The status of calls whose head is too large; they are answered without a body.
pub(super) const HEAD_TOO_LARGE: u16 = 431;

/// The name of the component that describes all refusals with this status.
pub(super) fn refusal_name(status: u16) -> &'static str {
    match status {
        400 => "Faulty",
        401 => "NotAuthenticated",
        403 => "Forbidden",
        404 => "NotFound",
        408 => "TooSlow",
        409 => "Conflict",
        413 => "TooLarge",
        415 => "UnsupportedMediaType",
        429 => "TriedTooOften",
        HEAD_TOO_LARGE => "HeadTooLarge",
        498 => "ClientExpired",
        503 => "Busy",
        _ => "Internal",
    }
}

/// One component per status that a documented operation can answer. 405 is no operation's answer.
pub(super) fn refusals() -> Map<String, Value> {
    let statuses = Code::ALL.map(status_of).into_iter().filter(|status| *status != 405);
    let mut refusals: Map<String, Value> =
        statuses.map(|status| (refusal_name(status).to_owned(), refusal(status))).collect();
    let bare = json!({ "description": "The head of the call is too large. The answer has no body." });
    refusals.insert(refusal_name(HEAD_TOO_LARGE).to_owned(), bare);
    refusals
}

fn status_of(code: Code) -> u16 {
    error::status(code).as_u16()
}

fn refusal(status: u16) -> Value {
    let codes = Code::ALL.into_iter().filter(|code| status_of(*code) == status);
    let meanings: Vec<String> = codes.map(|code| format!("- `{code}`: {}", code.meaning())).collect();
    let mut headers = always();
    let own = match status {
        401 => Some("WWW-Authenticate"),
        429 | 503 => Some("Retry-After"),
        _ => None,
    };
    headers.extend(own.map(|name| (name.to_owned(), component("headers", name))));
    json!({
        "description": format!("Nothing was done, for one of these reasons:\n\n{}", meanings.join("\n")),
        "headers": headers,
        "content": { "application/json": { "schema": body_of(status) } },
    })
}

/// The body of refusals with this status: the gate has one of its own.
fn body_of(status: u16) -> Value {
    match status {
        401 | 403 => schemas::of::<ErrorOrGateBody>(),
        429 | 498 => schemas::of::<GateBody>(),
        _ => schemas::of::<ErrorBody>(),
    }
}

/// References to the headers of every answer.
fn always() -> Map<String, Value> {
    [REFERENCE_HEADER, "traceparent"]
        .map(|name| (name.to_owned(), component("headers", name)))
        .into_iter()
        .collect()
}

/// Every header that an answer may have.
pub(super) fn headers() -> Map<String, Value> {
    let header = |required: bool, schema: Value, description: &str| json!({ "required": required, "schema": schema, "description": description });
    let text = || json!({ "type": "string" });
    let constant = |value: &str| json!({ "type": "string", "const": value });
    let reference = json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" });
    members(json!({
        "X-CAP-REQUEST-ID": header(true, reference, "The id under which the log has this call."),
        "traceparent": header(false, text(), "The trace context that the caller sent."),
        "Retry-After": header(true, json!({ "type": "integer" }), "Seconds to wait before the next attempt."),
        "WWW-Authenticate": header(true, json!({ "type": "string", "enum": ["Bearer", "Basic realm=\"countersign\""] }), "What is needed: the person's token, or the client's credential."),
        "Preference-Applied": header(false, constant("respond-async"), "The answer did not wait for the target."),
        "Idempotent-Replayed": header(false, constant("true"), "The same submission was sent with this `Idempotency-Key` before."),
        "Content-Disposition": header(true, text(), "The name under which to save the file."),
    }))
}

/// A successful answer in JSON.
pub(super) fn success(description: &str, body: &Value, more_headers: &[&str]) -> Value {
    answer(description, json!({ "application/json": { "schema": body } }), more_headers)
}

/// An answer with this content.
pub(super) fn answer(description: &str, content: Value, more_headers: &[&str]) -> Value {
    let mut headers = always();
    headers.extend(more_headers.iter().map(|name| ((*name).to_owned(), component("headers", name))));
    json!({ "description": description, "headers": headers, "content": content })
}
