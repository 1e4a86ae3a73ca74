//! `[body]`: the schema of the body, and its media type.

use serde_json::Value;

use super::parse::{Faults, Table};
use super::schema::Schema;
use crate::domain::media_type::MediaType;

const MEDIA_TYPE: &str = "media_type";

/// What `[body]` says.
#[derive(Default)]
pub(super) struct BodyParts {
    pub body: Option<Schema>,
    pub media_type: MediaType,
}

/// Reads `[body]`. Without a type in its schema, JSON is an object and everything else a text.
pub(super) fn read_body(root: &Table<'_>, faults: &mut Faults) -> BodyParts {
    let Some(table) = root.table("body", faults) else { return BodyParts::default() };
    let media_type = match table.text(MEDIA_TYPE, faults) {
        Some(text) => faults.take(&table.at(MEDIA_TYPE), MediaType::parse(text)).unwrap_or_default(),
        None => MediaType::default(),
    };
    let mut source = table.members().clone();
    source.shift_remove(MEDIA_TYPE);
    if !source.contains_key("$ref") {
        let usual = if media_type.is_json() { "object" } else { "string" };
        source.entry("type").or_insert_with(|| usual.into());
    }
    if !media_type.is_json() && source.get("type").is_none_or(|kind| kind != "string") {
        faults
            .push(table.at("type"), format!("Write \"string\": a body of the type {media_type} is a text."));
    }
    BodyParts { body: faults.merge(Schema::read(&Value::Object(source), &root.at("body"))), media_type }
}

/// `[body]` as a definition has it, from the canonical text of its schema.
pub(super) fn definition_of(schema: Value, media_type: &MediaType) -> Value {
    let Value::Object(mut members) = schema else { return schema };
    if !media_type.is_plain_json() {
        members.insert(MEDIA_TYPE.to_owned(), media_type.as_str().into());
        members.sort_keys();
    }
    Value::Object(members)
}
