//! What a query can say: texts, numbers, truth values, and lists of these.

use serde_json::Value;

use super::schema::Schema;
use crate::domain::fault::{DefinitionFault, pointer_to};

const SCALARS: [&str; 4] = ["string", "number", "integer", "boolean"];

/// The parameters in `[query]` that no call could carry. They are told by lint only, because versions in the store that
/// describe such a parameter have requests without it.
pub(super) fn unsendable(schema: &Schema) -> Vec<DefinitionFault> {
    let properties = schema.source().get("properties").and_then(Value::as_object);
    let mut faults = Vec::new();
    for (name, parameter) in properties.into_iter().flatten() {
        let at = pointer_to("/query/properties", name);
        let parameter = Schema::resolve(schema.source(), parameter);
        if name.is_empty() {
            faults.push(DefinitionFault::new(&at, "Write a name: a parameter without one can't be sent."));
        }
        for kind in kinds(parameter) {
            let message = match kind {
                kind if SCALARS.contains(&kind) => continue,
                "array" => {
                    let items = parameter.get("items").map(|items| Schema::resolve(schema.source(), items));
                    let items = items.map(kinds).unwrap_or_default();
                    if !items.is_empty() && items.iter().all(|kind| SCALARS.contains(kind)) {
                        continue;
                    }
                    "Describe the items, as string, number, integer or boolean: a query can say nothing else."
                }
                _ => "Write string, number, integer, boolean or array: a query can say nothing else.",
            };
            faults.push(DefinitionFault::new(&at, message));
        }
    }
    faults
}

/// The kinds of value that a schema names.
fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(kind) => kind.as_str().into_iter().collect(),
        None => Vec::new(),
    }
}
