//! Which JSON types a schema allows.

use serde_json::Value;

/// The types that a schema allows, in order, and whether `null` is one of them.
pub fn kinds(schema: &Value) -> (Vec<&str>, bool) {
    let mut kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(some)) => some.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => implied(schema).into_iter().collect(),
    };
    let is_nullable = kinds.contains(&"null");
    kinds.retain(|kind| *kind != "null");
    kinds.sort_unstable();
    kinds.dedup();
    (kinds, is_nullable)
}

/// The type that a schema without one is about.
fn implied(schema: &Value) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().any(|name| schema.get(*name).is_some());
    if has(&["properties", "required"]) {
        Some("object")
    } else if has(&["items", "minItems", "maxItems"]) {
        Some("array")
    } else if has(&["pattern", "minLength", "maxLength", "format"]) {
        Some("string")
    } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
        Some("number")
    } else {
        None
    }
}
