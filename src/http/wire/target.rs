//! What a target answered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::engine::queries::AnswerView;

/// The target's response.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TargetResponse")]
pub(super) struct TargetResponseBody {
    /// The HTTP status.
    status: i64,
    /// The headers: names in lower case, the values of a repeated header in the order received.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    headers: Map<String, Value>,
    /// JSON as received, other text as a string, anything else in base64.
    #[schemars(with = "Value")]
    body: Box<RawValue>,
    /// Only of a body in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["base64"]))]
    body_encoding: Option<&'static str>,
    /// `true` if a list leaves a large body out; otherwise absent.
    #[serde(skip_serializing_if = "is_false")]
    body_omitted: bool,
    /// `true` if the response was longer than the server's limit; otherwise absent.
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
    /// Size in bytes of the body that is kept.
    #[schemars(range(min = 0))]
    body_bytes: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

impl TargetResponseBody {
    pub(super) fn of(response: AnswerView) -> Self {
        let is_omitted = response.body.is_none();
        let (body, body_encoding) = written(response.body.unwrap_or_default());
        Self {
            status: response.status,
            headers: grouped(response.headers),
            body,
            body_encoding,
            body_omitted: is_omitted,
            cut: response.cut,
            body_bytes: response.body_bytes,
        }
    }
}

/// Each name once, with all its values.
fn grouped(headers: Vec<(String, String)>) -> Map<String, Value> {
    let mut grouped = Map::new();
    for (name, value) in headers {
        let values = grouped.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    grouped
}

/// JSON stays JSON with its digits; other text becomes a string; anything else base64.
fn written(body: Vec<u8>) -> (Box<RawValue>, Option<&'static str>) {
    use base64::Engine;
    if body.is_empty() {
        return (RawValue::NULL.to_owned(), None);
    }
    match String::from_utf8(body) {
        Ok(text) => {
            let json = serde_json::from_str::<&RawValue>(&text).ok().and_then(|raw| compact(raw.get()));
            (json.unwrap_or_else(|| raw_string(&text)), None)
        }
        Err(error) => {
            let text = base64::engine::general_purpose::STANDARD.encode(error.as_bytes());
            (raw_string(&text), Some("base64"))
        }
    }
}

fn raw_string(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).expect("a string is JSON")
}

/// The same JSON without white space between its parts, so that it stays on one line.
fn compact(json: &str) -> Option<Box<RawValue>> {
    let (mut in_string, mut is_escaped) = (false, false);
    let kept = json.chars().filter(|&c| {
        let is_space = !in_string && matches!(c, ' ' | '\n' | '\r' | '\t');
        if c == '"' && !is_escaped {
            in_string = !in_string;
        }
        is_escaped = in_string && c == '\\' && !is_escaped;
        !is_space
    });
    RawValue::from_string(kept.collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_digits_and_loses_only_white_space() {
        let (body, encoding) = written(b"{ \"a\\\" b\" :\n 1926235957.000000000 }".to_vec());
        assert_eq!((body.get(), encoding), ("{\"a\\\" b\":1926235957.000000000}", None));
    }

    #[test]
    fn anything_else_becomes_text_or_base64() {
        assert_eq!(written(b"<html>".to_vec()).0.get(), "\"<html>\"");
        let (body, encoding) = written(vec![0xff, 0x00]);
        assert_eq!((body.get(), encoding), ("\"/wA=\"", Some("base64")));
        assert_eq!(written(Vec::new()).0.get(), "null");
    }
}
