//! One value that a schema describes.

use serde_json::{Map, Value, json};

use super::number::number_of;
use super::pattern::text_of;
use crate::domain::request_type::Schema;

/// Which members and items a sample has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that must be there.
    Least,
    /// Those that may be there, too, and one item in each list.
    Full,
}

/// How deep what may be absent is made, and how deep anything is.
const OPTIONAL_DEPTH_MAX: usize = 6;
const DEPTH_MAX: usize = 24;

/// The most items of a list, and the most values of a sample.
const ITEMS_MAX: u64 = 1_000;
const VALUES_MAX: usize = 10_000;

/// The most characters of a text: more than a body may have.
const CHARS_MAX: u64 = 300_000;

/// A text that says nothing.
const TEXT: &str = "sample";

/// Texts for the formats that JSON Schema knows.
const FORMATS: [(&str, &str); 16] = [
    ("date", "2026-01-30"),
    ("date-time", "2026-01-30T12:00:00Z"),
    ("time", "12:00:00Z"),
    ("duration", "P1D"),
    ("email", "sample@example.com"),
    ("idn-email", "sample@example.com"),
    ("hostname", "example.com"),
    ("idn-hostname", "example.com"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("uri", "urn:sample:1"),
    ("uri-reference", "urn:sample:1"),
    ("iri", "urn:sample:1"),
    ("iri-reference", "urn:sample:1"),
    ("uuid", "019d0000-0000-7000-8000-000000000000"),
    ("regex", "sample"),
];

/// Makes values of one schema.
pub struct Maker<'s> {
    root: &'s Value,
    extent: Extent,
    values: usize,
}

impl<'s> Maker<'s> {
    /// For the schema `root`, which references point into.
    pub fn new(root: &'s Value, extent: Extent) -> Self {
        Self { root, extent, values: 0 }
    }

    /// A value of the whole schema; `None` if none can be made.
    pub fn whole(&mut self) -> Option<Value> {
        self.value(self.root, 0)
    }

    /// A value of a part of it.
    pub fn value(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return None;
        }
        let schema = merged(self.root, schema, 0);
        let first = |name: &str| schema.get(name).and_then(Value::as_array).and_then(|all| all.first());
        let given = schema.get("const").or_else(|| schema.get("default")).or_else(|| first("examples"));
        if let Some(given) = given.or_else(|| first("enum")) {
            return Some(given.clone());
        }
        match kind_of(&schema) {
            "object" => self.object(&schema, depth),
            "array" => self.list(&schema, depth),
            "integer" => number_of(&schema, true),
            "number" => number_of(&schema, false),
            "boolean" => Some(true.into()),
            "null" => Some(Value::Null),
            _ => text(&schema).map(Value::String),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let required: Vec<&str> = texts(schema.get("required"));
        let described = schema.get("properties").and_then(Value::as_object);
        let mut members = Map::new();
        for (name, inner) in described.into_iter().flatten() {
            let is_required = required.contains(&name.as_str());
            let is_wanted = self.extent == Extent::Full && depth < OPTIONAL_DEPTH_MAX;
            if !is_required && (!is_wanted || inner == &Value::Bool(false)) {
                continue;
            }
            match self.value(inner, depth + 1) {
                Some(value) => {
                    members.insert(name.clone(), value);
                }
                None if is_required => return None,
                None => {}
            }
        }
        for name in required {
            if !members.contains_key(name) {
                members.insert(name.to_owned(), TEXT.into());
            }
        }
        Some(Value::Object(members))
    }

    fn list(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let count = |name: &str| schema.get(name).and_then(Value::as_u64);
        let usual = if self.extent == Extent::Full { 1 } else { 0 };
        let wanted = count("minItems").unwrap_or(usual).max(usual);
        let wanted = count("maxItems").map_or(wanted, |max| wanted.min(max));
        if wanted > ITEMS_MAX {
            return None;
        }
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let anything = json!({});
        let mut items = Vec::new();
        for index in 0..usize::try_from(wanted).ok()? {
            let inner = first.and_then(|first| first.get(index)).or_else(|| schema.get("items"));
            let item = self.value(inner.unwrap_or(&anything), depth + 1)?;
            items.push(if items.contains(&item) { another(&item, index) } else { item });
        }
        Some(Value::Array(items))
    }
}

/// The value, changed so that a list has no two that are equal.
fn another(item: &Value, index: usize) -> Value {
    match item {
        Value::String(text) => format!("{text}{index}").into(),
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| number.checked_add(index as u64))
            .map_or_else(|| item.clone(), Value::from),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => item.clone(),
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The kind of value to make.
fn kind_of(schema: &Value) -> &str {
    let named = schema.get("type");
    let one = named.and_then(Value::as_str).map(|kind| vec![kind]).unwrap_or_else(|| texts(named));
    if let Some(kind) = one.iter().find(|kind| **kind != "null").or(one.first()) {
        return kind;
    }
    let has = |names: &[&str]| names.iter().any(|name| schema.get(name).is_some());
    if has(&["properties", "required", "additionalProperties"]) {
        "object"
    } else if has(&["items", "prefixItems", "minItems", "maxItems"]) {
        "array"
    } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
        "number"
    } else {
        "string"
    }
}

fn text(schema: &Value) -> Option<String> {
    let length = |name: &str| schema.get(name).and_then(Value::as_u64);
    let least = length("minLength").unwrap_or(0);
    if least > CHARS_MAX {
        return None;
    }
    let least = usize::try_from(least).ok()?;
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        return text_of(pattern, least);
    }
    let format = schema.get("format").and_then(Value::as_str);
    if let Some((_, text)) = FORMATS.iter().find(|(known, _)| Some(*known) == format) {
        return Some((*text).to_owned());
    }
    let most = length("maxLength").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let wanted = TEXT.len().max(least).min(most);
    Some(TEXT.chars().cycle().take(wanted).collect())
}

/// The schema with its reference followed, and with what `allOf` and the first of `anyOf` and `oneOf` say.
fn merged(root: &Value, schema: &Value, depth: usize) -> Value {
    let mut own = Schema::resolve(root, schema).clone();
    let parts = |name: &str| own.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let is_null = |part: &Value| part.get("type").is_some_and(|kind| kind == "null");
    let mut all = parts("allOf");
    for name in ["anyOf", "oneOf"] {
        all.extend(parts(name).into_iter().find(|part| !is_null(part)));
    }
    if depth >= DEPTH_MAX {
        return own;
    }
    for part in all {
        add(&mut own, merged(root, &part, depth + 1));
    }
    own
}

fn add(own: &mut Value, part: Value) {
    let (Some(own), Value::Object(part)) = (own.as_object_mut(), part) else { return };
    for (name, value) in part {
        match (own.get_mut(&name), value) {
            (Some(Value::Object(members)), Value::Object(more)) if name == "properties" => {
                members.extend(more)
            }
            (Some(Value::Array(names)), Value::Array(more)) if name == "required" => names.extend(more),
            (Some(_), _) => {}
            (None, value) => {
                own.insert(name, value);
            }
        }
    }
}
