//! Which headers a type takes: the ordinary ones, and those that its `[headers]` describes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::parse::{Faults, Table};
use super::schema::{Lists, Schema};
use crate::domain::fault::{Fault, FaultKind, pointer_to};
use crate::domain::header_names::{
    HEADER_NAME_BYTES_MAX, ORDINARY_HEADERS, folded, is_credential, is_ordinary, is_steering, is_token,
    owner_of,
};

/// The header that `[body]` is about.
const CONTENT_TYPE: &str = "content-type";

/// The headers that a type takes.
#[derive(Clone, Debug)]
pub struct HeaderRules {
    /// `[headers]` with names in lower case; `None` if the type has none.
    described: Option<Schema>,
    /// What the headers of a call, by their names in lower case, must be.
    closed: Schema,
    /// Whether makers may send credentials.
    takes_credentials: bool,
}

impl HeaderRules {
    /// Reads `[headers]` of a type with a header that the engine fills, and with a credential, if it has them.
    pub(super) fn read(
        root: &Table<'_>,
        (key_header, credential): (Option<&str>, Option<&str>),
        faults: &mut Faults,
    ) -> Option<Self> {
        let taken = Taken { key_header, takes_credentials: credential.is_none() };
        let described = match root.table("headers", faults) {
            Some(table) => Some(read_described(&table, &taken, faults)?),
            None => None,
        };
        let closed = closed(described.as_ref().map(Schema::source), taken.takes_credentials);
        let closed = faults.merge(Schema::read(&closed, "/headers"))?;
        Some(Self { described, closed, takes_credentials: taken.takes_credentials })
    }

    /// `[headers]` with names in lower case.
    pub fn described(&self) -> Option<&Schema> {
        self.described.as_ref()
    }

    /// Whether `[headers]` describes this header by its name in lower case.
    pub fn is_described(&self, name: &str) -> bool {
        let properties = self.described.as_ref().and_then(|described| described.source().get("properties"));
        properties.is_some_and(|properties| properties.get(name).is_some())
    }

    /// Whether the type takes this header by its name, and not by a pattern.
    pub fn names(&self, name: &str) -> bool {
        self.properties().get(&name.to_ascii_lowercase()).is_some_and(|schema| *schema != Value::Bool(false))
    }

    /// Whether the type knows this header by its name, spelled otherwise: some servers would take one for the other.
    pub fn spells_otherwise(&self, name: &str) -> bool {
        let (lower, name) = (name.to_ascii_lowercase(), folded(name));
        !self.properties().contains_key(&lower) && self.properties().keys().any(|known| folded(known) == name)
    }

    /// The names of all headers that the type takes by their names, in lower case.
    pub fn named(&self) -> Vec<String> {
        let taken = self.properties().iter().filter(|(_, schema)| **schema != Value::Bool(false));
        taken.map(|(name, _)| name.clone()).collect()
    }

    /// Whether `[headers]` gives this header a title for people.
    pub fn has_title(&self, name: &str) -> bool {
        self.properties().get(name).is_some_and(|schema| schema.get("title").is_some())
    }

    /// Whether `[headers]` takes headers that it does not name, by a pattern or as additional ones.
    pub fn is_open(&self) -> bool {
        is_open(self.closed.source())
    }

    /// Whether the type may take this header: by its name, or by a pattern if no server is steered by it.
    pub fn may_take(&self, name: &str) -> bool {
        let is_kept_out = !self.takes_credentials && is_credential(name);
        self.names(name) || (self.is_open() && !is_steering(name) && !is_ordinary(name) && !is_kept_out)
    }

    /// What is wrong with a call's headers, by their names in lower case.
    pub fn faults(&self, headers: &Map<String, Value>) -> Vec<Fault> {
        let lists = Lists { root: "/headers", all: &[], wrapped: &[] };
        let mut faults = self.closed.faults(&Value::Object(headers.clone()), "", &lists);
        for fault in &mut faults {
            if let FaultKind::Unknown { allowed } = &mut fault.kind {
                *allowed = self.named();
            }
        }
        faults
    }

    fn properties(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.closed.source().get("properties").and_then(Value::as_object).unwrap_or(&NONE)
    }
}

fn is_open(schema: &Value) -> bool {
    let is_there = |name: &str| schema.get(name).is_some_and(|value| *value != Value::Bool(false));
    is_there("patternProperties") || is_there("additionalProperties")
}

/// What a type takes or fills beside its `[headers]`.
struct Taken<'a> {
    key_header: Option<&'a str>,
    takes_credentials: bool,
}

/// The schema closed on all sides: the ordinary headers are taken, and no other that it does not describe.
fn closed(described: Option<&Value>, takes_credentials: bool) -> Value {
    let mut schema = described.cloned().unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
    let mut ordinary = Map::new();
    for name in ORDINARY_HEADERS.into_iter().filter(|name| takes_credentials || !is_credential(name)) {
        ordinary.insert(name.to_owned(), json!({ "type": "string" }));
    }
    if let Some(named) = schema.get("properties").and_then(Value::as_object) {
        ordinary.extend(named.clone());
    }
    schema["properties"] = ordinary.into();
    if schema.get("additionalProperties").is_none() {
        schema["additionalProperties"] = false.into();
    }
    schema
}

fn read_described(table: &Table<'_>, taken: &Taken<'_>, faults: &mut Faults) -> Option<Schema> {
    let mut source = table.members().clone();
    let kind = source.entry("type").or_insert_with(|| "object".into());
    if kind != "object" {
        faults.push(table.at("type"), "Write \"object\", or leave this out.");
        return None;
    }
    let known = faults.0.len();
    if let Some(properties) = source.get_mut("properties") {
        *properties = read_properties(table, taken, faults);
    }
    if let Some(names) = source.get_mut("required").and_then(Value::as_array_mut) {
        for name in names.iter_mut() {
            if let Some(lower) = name.as_str().map(str::to_ascii_lowercase) {
                *name = lower.into();
            }
        }
    }
    if faults.0.len() > known {
        return None;
    }
    let source = Value::Object(source);
    let described = faults.merge(Schema::read(&source, "/headers"))?;
    check_required(table, &closed(Some(&source), taken.takes_credentials), faults);
    Some(described)
}

/// The schemas of single headers, by their names in lower case.
fn read_properties(table: &Table<'_>, taken: &Taken<'_>, faults: &mut Faults) -> Value {
    let mut read = Map::new();
    let Some(properties) = table.table("properties", faults) else { return Value::Null };
    for (name, schema) in properties.members() {
        let at = properties.at(name);
        let lower = name.to_ascii_lowercase();
        if !is_token(name) || name.len() > HEADER_NAME_BYTES_MAX {
            faults.push(&at, "Write the name of a header, such as X-Api-Version.");
        } else if owner_of(name).is_some() {
            faults.push(
                &at,
                "Leave this header out: it belongs to the engine or the connection, and no call may set it.",
            );
        } else if folded(name) == CONTENT_TYPE {
            faults.push(&at, "Leave this header out: write media_type in [body], and the engine checks it.");
        } else if !taken.takes_credentials && is_credential(name) {
            faults.push(
                &at,
                "Leave this header out: [call] names the credential that these calls are sent with.",
            );
        } else if taken.key_header.is_some_and(|key| folded(key) == folded(name)) {
            faults.push(&at, "Leave this header out: the engine fills it, as [repeat] says.");
        } else if read.keys().any(|other: &String| folded(other) == folded(name)) {
            faults.push(&at, "Name this header once: upper and lower case are the same, and so are - and _.");
        }
        let mut schema = schema.clone();
        if schema == Value::Bool(true) {
            schema = json!({});
        }
        if let Some(members) = schema.as_object_mut() {
            if members.get("type").is_some_and(|kind| kind != "string") {
                faults.push(pointer_to(&at, "type"), "Write \"string\": the value of a header is a text.");
            }
            if ["type", "$ref", "const", "enum"].iter().all(|keyword| !members.contains_key(*keyword)) {
                members.insert("type".to_owned(), "string".into());
            }
        }
        read.insert(lower, schema);
    }
    Value::Object(read)
}

/// A header that must be there must be one that the type takes.
fn check_required(table: &Table<'_>, closed: &Value, faults: &mut Faults) {
    let taken = |name: &str| {
        let schema = closed.get("properties").and_then(|all| all.get(name));
        schema.map_or_else(|| is_open(closed) && !is_steering(name), |schema| *schema != Value::Bool(false))
    };
    let texts: BTreeSet<(&str, String)> = table.texts("required", faults).into_iter().collect();
    for (name, at) in texts.into_iter().filter(|(name, _)| !taken(&name.to_ascii_lowercase())) {
        faults.push(at, format!("Describe the header {name} in properties, or leave it out here."));
    }
}
