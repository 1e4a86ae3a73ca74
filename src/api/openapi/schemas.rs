//! The schemas of what is answered, derived from the structs that are written.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::schema;
use crate::http::wire::{
    BulkResultBody, Data, DeliveryBody, DeliveryPage, EntityBody, ErrorBody, ErrorOrGateBody,
    ErrorOrTokenBody, ExplainedBody, GateBody, List, Liveness, OrgEventPage, Readiness, RefusalPage,
    RequestBody, RequestPage, RevisionBody, SearchPage, TargetHostBody, TokenBody, TrailEntryBody,
};

/// A reference to the schema of `T`.
pub(super) fn of<T: JsonSchema>() -> Value {
    schema(&T::schema_name())
}

/// Every schema that an answer needs, by its name.
pub(super) fn components() -> Map<String, Value> {
    let mut generator = generator();
    let add = [
        SchemaGenerator::subschema_for::<Data<RequestBody>>,
        SchemaGenerator::subschema_for::<Data<ExplainedBody>>,
        SchemaGenerator::subschema_for::<List<TrailEntryBody>>,
        SchemaGenerator::subschema_for::<Data<RevisionBody>>,
        SchemaGenerator::subschema_for::<List<BulkResultBody>>,
        SchemaGenerator::subschema_for::<RequestPage>,
        SchemaGenerator::subschema_for::<SearchPage>,
        SchemaGenerator::subschema_for::<RefusalPage>,
        SchemaGenerator::subschema_for::<OrgEventPage>,
        SchemaGenerator::subschema_for::<DeliveryPage>,
        SchemaGenerator::subschema_for::<Data<DeliveryBody>>,
        SchemaGenerator::subschema_for::<List<TargetHostBody>>,
        SchemaGenerator::subschema_for::<EntityBody>,
        SchemaGenerator::subschema_for::<ErrorBody>,
        SchemaGenerator::subschema_for::<GateBody>,
        SchemaGenerator::subschema_for::<ErrorOrGateBody>,
        SchemaGenerator::subschema_for::<TokenBody>,
        SchemaGenerator::subschema_for::<ErrorOrTokenBody>,
        SchemaGenerator::subschema_for::<Liveness>,
        SchemaGenerator::subschema_for::<Readiness>,
    ];
    for add in add {
        add(&mut generator);
    }
    generator.take_definitions(true)
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.with_transform(ForClients).into_generator()
}

/// Says what the derived schemas can't know, so that generated clients get plain types.
#[derive(Clone, Debug)]
struct ForClients;

impl Transform for ForClients {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        drop_integer_format(schema);
        join_lines(schema);
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
        for (name, property) in properties {
            // A member that may be absent is never null.
            if !required.contains(&json!(name)) {
                without_null(property);
            }
        }
    }
}

/// `int64`, `uint32`: the width of a number in this program, which is nothing to clients.
fn drop_integer_format(schema: &mut Schema) {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if format.starts_with("int") || format.starts_with("uint") {
        schema.remove("format");
    }
}

/// A doc comment is wrapped where the source is; its paragraphs stay.
fn join_lines(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text =
            text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
    }
}

fn without_null(property: &mut Value) {
    let Some(members) = property.as_object_mut() else { return };
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [kind] = types.as_slice() {
            let kind = kind.clone();
            members.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(options)) = members.get("anyOf") {
        let mut kinds = options.iter().filter(|option| **option != json!({ "type": "null" }));
        if let (Some(Value::Object(only)), None) = (kinds.next().cloned(), kinds.next()) {
            members.remove("anyOf");
            members.extend(only);
        }
    }
}
