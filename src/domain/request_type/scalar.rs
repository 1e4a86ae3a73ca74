//! Scalars in a definition: what a value of an answer must be equal to.

use serde_json::Value;

use super::parse::{Faults, Table};
use crate::domain::json;

/// Reads a text, a number or `true` or `false` as JSON text.
pub(super) fn read_scalar(table: &Table<'_>, name: &str, faults: &mut Faults) -> Option<String> {
    let wish = "a text, a number, true or false.";
    match table.get(name) {
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => Some(json::write(value)),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => {
            faults.push(table.at(name), format!("Write {wish}"));
            None
        }
        None => {
            faults.push(table.at(name), format!("Add {name}: {wish}"));
            None
        }
    }
}

/// The value whose JSON text `read_scalar` returned.
pub(super) fn scalar_value(text: &str) -> Value {
    json::read(text.as_bytes()).expect("json::write wrote it, and it is no object with a member twice")
}
