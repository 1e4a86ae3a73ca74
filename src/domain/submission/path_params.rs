//! The values that fill a path.

use serde_json::{Map, Value};

use super::super::fault::{Fault, FaultKind, pointer_to};
use super::super::path::{NamedCharacters, ValueFault, check_value, placeholders};
use super::super::request_type::RequestType;

/// Checks that there is a value for every placeholder of the type's path, and that the path keeps its segments.
/// `params` are at `pointer`.
pub fn check(
    request_type: &RequestType,
    params: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<Fault>,
) {
    for segment in request_type.path.split('/') {
        let mut filled = segment.to_owned();
        let mut is_sound = true;
        let mut named = NamedCharacters::default();
        for name in placeholders(segment) {
            let allowed = request_type.path_characters(name);
            let value = params.get(name).and_then(Value::as_str);
            let checked = value.ok_or(ValueFault::Shape).and_then(|value| check_value(value, &allowed));
            match checked {
                Ok(()) => filled = filled.replacen(&format!("{{{name}}}"), value.unwrap_or_default(), 1),
                Err(fault) => {
                    is_sound = false;
                    faults.push(Fault::new(pointer_to(pointer, name), kind(fault)));
                }
            }
            named.0.extend(allowed.0);
        }
        // `.{id}` and `.` are sound, and `..` is not.
        if let (true, Some(first)) = (is_sound, placeholders(segment).next()) {
            named.0.extend(segment.chars());
            if let Err(fault) = check_value(&filled, &named) {
                faults.push(Fault::new(pointer_to(pointer, first), kind(fault)));
            }
        }
    }
}

fn kind(fault: ValueFault) -> FaultKind {
    match fault {
        ValueFault::Shape => FaultKind::PathSegment,
        ValueFault::Character(found) => FaultKind::PathCharacter { found },
    }
}
