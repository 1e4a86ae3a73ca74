//! Which control each kind of schema gets.

use serde_json::{Value, json};

use super::super::plan::{Field, Kind, Look, of_schema};

fn control(schema: &Value) -> Kind {
    of_schema("x", "X", &json!({ "type": "object", "properties": { "x": schema } }))
        .into_fields()
        .remove(0)
        .kind
}

impl Field {
    fn into_fields(self) -> Vec<Field> {
        let Kind::Group(fields, _) = self.kind else { panic!("{:?}", self.kind) };
        fields
    }
}

#[test]
fn every_kind_of_value_has_a_control_and_what_has_none_is_written_as_json() {
    let name =
        |kind: &Kind| format!("{kind:?}").chars().take_while(|c| c.is_alphanumeric()).collect::<String>();
    let deep = (0..12).fold(
        json!({ "type": "string" }),
        |inner, _| json!({ "type": "object", "properties": { "x": inner } }),
    );
    for (schema, wanted) in [
        (json!({ "type": "string" }), "Text"),
        (json!({ "type": ["string", "null"] }), "Text"),
        (json!({ "pattern": "^a" }), "Text"),
        (json!({ "type": "number" }), "Number"),
        (json!({ "type": ["integer", "null"] }), "Number"),
        (json!({ "minimum": 3 }), "Number"),
        (json!({ "type": ["string", "number"] }), "TextOrNumber"),
        (json!({ "type": "boolean" }), "Truth"),
        (json!({ "enum": ["a", 1, null, { "b": [] }] }), "Choice"),
        (json!({ "enum": ["1", 1] }), "Json"),
        (json!({ "enum": ["", "a"] }), "Json"),
        (json!({ "enum": ["only"] }), "Fixed"),
        (json!({ "const": { "a": 1 } }), "Fixed"),
        (json!({ "type": "object" }), "Json"),
        (json!({ "type": "object", "properties": {} }), "Json"),
        (json!({ "properties": { "a": {} } }), "Group"),
        (json!({ "type": "array" }), "Json"),
        (json!({ "type": "array", "items": {} }), "Json"),
        (json!({ "type": "array", "prefixItems": [{}], "items": { "type": "string" } }), "Json"),
        (json!({ "type": "array", "items": { "type": "number" } }), "Lines"),
        (json!({ "type": "array", "items": { "type": "boolean" } }), "List"),
        (json!({ "type": "array", "items": { "properties": { "a": { "type": "string" } } } }), "List"),
        (json!({ "anyOf": [{ "type": "string" }, { "type": "object" }] }), "Json"),
        (json!({}), "Json"),
        (json!(true), "Json"),
        (json!({ "type": "null" }), "Json"),
        (json!({ "type": ["object", "array"] }), "Json"),
    ] {
        assert_eq!(name(&control(&schema)), wanted, "{schema}");
    }
    assert!(format!("{:?}", control(&deep)).contains("Json"));
    let many: serde_json::Map<String, Value> =
        (0..300).map(|n| (format!("f{n}"), json!({ "type": "string" }))).collect();
    assert_eq!(name(&control(&json!({ "properties": many }))), "Json");
    let endless = json!({ "properties": { "a": { "$ref": "#" }, "b": { "type": "string" } } });
    assert!(matches!(of_schema("body", "Body", &endless).kind, Kind::Group(..)));
}

#[test]
fn a_field_is_called_as_its_schema_says_or_by_its_name() {
    let schema = json!({ "properties": {
        "badgeMetaId": { "type": "string" },
        "points_redeemed": { "$ref": "#/$defs/points" },
        "x": { "type": "string", "title": "Why", "description": "What happened.", "maxLength": 400, "examples": ["a"] },
    }, "$defs": { "points": { "type": "number", "title": "Points" } } });
    let fields = of_schema("body", "Body", &schema).into_fields();
    let labels: Vec<&str> = fields.iter().map(|field| field.label.as_str()).collect();
    assert_eq!(labels, ["Badge meta id", "Points", "Why"]);
    assert_eq!(fields[2].hint, ["What happened.", "At most 400 characters.", "Such as a."]);
    assert!(matches!(fields[2].kind, Kind::Text(Look::Long)));
}
