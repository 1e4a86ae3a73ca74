//! Reads single members out of JSON text, without building a value of the whole.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The JSON text of the member at `path`, or nothing if the text has no such member.
///
/// Each level is read into raw texts. A whole `Value` would read members of certain reserved names as
/// something else, and one invalid member deep inside would hide all others.
pub(super) fn find<'a>(mut json: &'a str, path: &[impl AsRef<str>]) -> Option<&'a str> {
    for name in path {
        let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(json).ok()?;
        json = members.get(name.as_ref())?.get();
    }
    Some(json)
}

/// The items of a JSON array; anything else has none.
pub(super) fn items(json: &str) -> Vec<&RawValue> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The text of a JSON string, or a number or boolean as it is written.
pub(super) fn scalar(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok();
    }
    (!json.starts_with(['{', '[']) && json != "null").then(|| json.to_owned())
}
