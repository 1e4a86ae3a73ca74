//! Checks documented members against their kinds, and stores them the way the target knows them.

use serde_json::{Map, Value};

use super::super::fault::{Fault, pointer_to};
use super::super::request_type::{Choice, Kind, Member};

/// Checks `object`, which lies at `pointer`, and normalises it in place; other members pass.
pub fn check(members: &[Member], object: &mut Map<String, Value>, pointer: &str, faults: &mut Vec<Fault>) {
    for member in members {
        let pointer = pointer_to(pointer, &member.name);
        match object.get_mut(&member.name) {
            Some(value) => check_value(&member.kind, value, &pointer, faults),
            None if member.required => missing(&member.kind, &pointer, faults),
            None => {}
        }
    }
}

/// Tells of the member and of everything that would have to be inside it.
fn missing(kind: &Kind, pointer: &str, faults: &mut Vec<Fault>) {
    faults.push(Fault::invalid(pointer, format!("Add this member. {}", wish(kind))));
    if let Kind::Object(inner) = kind {
        check(inner, &mut Map::new(), pointer, faults);
    }
}

fn check_value(kind: &Kind, value: &mut Value, pointer: &str, faults: &mut Vec<Fault>) {
    let fits = match kind {
        Kind::String => value.is_string(),
        Kind::Number => value.is_number(),
        Kind::StringOrNumber => value.is_string() || value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Numbers => return check_numbers(value, pointer, faults),
        Kind::Choice(choice) => store_choice(choice, value),
        Kind::Object(inner) => match value.as_object_mut() {
            Some(object) => return check(inner, object, pointer, faults),
            None => false,
        },
    };
    if !fits {
        faults.push(Fault::invalid(pointer, wish(kind)));
    }
}

fn check_numbers(value: &mut Value, pointer: &str, faults: &mut Vec<Fault>) {
    if value.is_number() {
        *value = Value::Array(vec![value.take()]);
    }
    let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
        faults.push(Fault::invalid(pointer, wish(&Kind::Numbers)));
        return;
    };
    for (index, _) in items.iter().enumerate().filter(|(_, item)| !item.is_number()) {
        faults.push(Fault::invalid(format!("{pointer}/{index}"), wish(&Kind::Number)));
    }
}

/// Whether the value is on the list; then it is replaced by the spelling to store.
fn store_choice(choice: &Choice, value: &mut Value) -> bool {
    let stored = value.as_str().and_then(|sent| choice.stored(sent)).map(Value::from);
    stored.map(|stored| *value = stored).is_some()
}

fn wish(kind: &Kind) -> String {
    let wish = match kind {
        Kind::String => "Write a string.",
        Kind::Number => "Write a number.",
        Kind::StringOrNumber => "Write a string or a number.",
        Kind::Boolean => "Write true or false.",
        Kind::Numbers => "Write a number or a list of numbers.",
        Kind::Choice(choice) => return format!("Write one of: {}.", choice.spellings.join(", ")),
        Kind::Object(_) => "Write an object.",
    };
    wish.to_owned()
}
