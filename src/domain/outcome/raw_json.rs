//! Reads single members out of JSON text, without building a value of the whole.
//!
//! A whole `Value` would read members of certain reserved names as something else, and take many times the
//! memory of the text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why JSON text can't be read: a clause about the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub String);

impl Unreadable {
    pub(super) fn new(clause: &str) -> Self {
        Self(clause.to_owned())
    }
}

/// The JSON text of the value at `path`, or nothing if the text has none there. A step is the name of a
/// member, or the index of an item.
///
/// # Errors
/// The text is not JSON, or a name on the way is there twice.
pub(super) fn find<'a>(mut json: &'a str, path: &[impl AsRef<str>]) -> Result<Option<&'a str>, Unreadable> {
    for step in path {
        let found = match json.as_bytes().first() {
            Some(b'{') => member(json, step.as_ref())?,
            Some(b'[') => item(json, step.as_ref())?,
            Some(_) | None => None,
        };
        match found {
            Some(found) => json = found.get(),
            None => return Ok(None),
        }
    }
    Ok(Some(json))
}

/// The items of a JSON array; anything else has none.
pub(super) fn items(json: &str) -> Result<Vec<&RawValue>, Unreadable> {
    if json.starts_with('[') { serde_json::from_str(json).map_err(not_json) } else { Ok(Vec::new()) }
}

/// The text of a JSON string, or a number or boolean as it is written.
pub(super) fn scalar(json: &str) -> Result<Option<String>, Unreadable> {
    if json.starts_with('"') {
        return serde_json::from_str(json).map(Some).map_err(not_json);
    }
    Ok((!json.starts_with(['{', '[']) && json != "null").then(|| json.to_owned()))
}

/// Whether this is one JSON value and nothing after it. What its strings escape is read where it is used.
pub(super) fn check(json: &str) -> Result<(), Unreadable> {
    serde_json::from_str::<&RawValue>(json).map(|_| ()).map_err(not_json)
}

fn not_json(_: serde_json::Error) -> Unreadable {
    Unreadable::new("the answer is not JSON")
}

fn item<'a>(json: &'a str, step: &str) -> Result<Option<&'a RawValue>, Unreadable> {
    let is_index = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    let Some(index) = step.parse::<usize>().ok().filter(|_| is_index) else { return Ok(None) };
    Ok(items(json)?.get(index).copied())
}

fn member<'a>(json: &'a str, name: &str) -> Result<Option<&'a RawValue>, Unreadable> {
    let mut text = serde_json::Deserializer::from_str(json);
    match Wanted(name).deserialize(&mut text).map_err(not_json)? {
        Found::Nothing => Ok(None),
        Found::Once(value) => Ok(Some(value)),
        Found::Twice => Err(Unreadable::new("the answer has a member twice")),
    }
}

/// The name of the member that is looked for in an object.
struct Wanted<'n>(&'n str);

/// What an object has under a name.
enum Found<'a> {
    Nothing,
    Once(&'a RawValue),
    Twice,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::Nothing;
        while let Some((name, value)) = members.next_entry::<String, &'de RawValue>()? {
            if name == self.0 {
                found = match found {
                    Found::Nothing => Found::Once(value),
                    Found::Once(_) | Found::Twice => Found::Twice,
                };
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, pointer: &str) -> Result<Option<String>, Unreadable> {
        let steps = crate::domain::pointer::steps_of(pointer);
        find(json, &steps).map(|found| found.map(str::to_owned))
    }

    #[test]
    fn a_step_is_the_index_of_an_item_or_the_name_of_a_member() {
        let json = r#"{"errors": [{"code": 809}, [7, "x"]], "0": {"01": true}, "a/b": {"": null}}"#;
        for (pointer, value) in [
            ("/errors/0/code", Some("809")),
            ("/errors/1/1", Some("\"x\"")),
            ("/0/01", Some("true")),
            ("/a~1b/", Some("null")),
            ("/errors/2", None),
            ("/errors/00", None),
            ("/errors/-", None),
            ("/errors/+0", None),
            ("/errors/", None),
            ("/errors/code", None),
            ("/errors/99999999999999999999999", None),
            ("/errors/0/code/0", None),
            ("/none", None),
        ] {
            assert_eq!(found(json, pointer).unwrap().as_deref(), value, "{pointer}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_can_t_be_read_and_others_can() {
        let json = r#"{"a": 1, "\u0061": 2, "b": {"c": 3}}"#;
        assert_eq!(found(json, "/a").unwrap_err().0, "the answer has a member twice");
        assert_eq!(found(json, "/b/c").unwrap().as_deref(), Some("3"));
    }

    #[test]
    fn half_of_a_surrogate_pair_can_t_be_read() {
        assert!(check(r#"{"\ud800": 1, "b": "\udc00"}"#).is_ok());
        assert!(found(r#"{"\ud800": 1, "b": 2}"#, "/b").is_err());
        assert!(scalar(r#""\udc00""#).is_err());
    }
}
