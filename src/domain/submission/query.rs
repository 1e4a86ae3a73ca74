//! The query's parameters: their names, their number, and what each may be.

use serde_json::{Map, Value};

use super::super::call::values;
use super::super::fault::wanted::{Kind, Limit};
use super::super::fault::{Fault, FaultKind, pointer_to};
use super::super::request_type::RequestType;
use super::wrong;

/// Maximum number of parameters in a query; a list counts once for each item.
pub const QUERY_PARAMETERS_MAX: usize = 128;

/// Checks what is the same for every type: each parameter is a text, unless the type's schema describes it as something
/// else that a query can say. The schema itself is applied later.
pub fn check(request_type: &RequestType, query: &Map<String, Value>, pointer: &str, faults: &mut Vec<Fault>) {
    if query.values().map(|value| values(value).len()).sum::<usize>() > QUERY_PARAMETERS_MAX {
        let limit = FaultKind::QueryParameters { max: QUERY_PARAMETERS_MAX };
        return faults.push(Fault::new(pointer, limit));
    }
    for (name, value) in query {
        let kind = if name.is_empty() {
            FaultKind::Limit(Limit::MemberNames)
        } else if !is_described(request_type, name) && !value.is_string() {
            wrong(Kind::Text)
        } else if !is_sendable(request_type, name, value) {
            FaultKind::QueryValue
        } else {
            continue;
        };
        faults.push(Fault::new(pointer_to(pointer, name), kind));
    }
}

fn is_described(request_type: &RequestType, name: &str) -> bool {
    request_type.query.as_ref().is_some_and(|schema| schema.documents(name))
}

/// A text, a number, a truth value, or a list of these if the type says that it is one.
fn is_sendable(request_type: &RequestType, name: &str, value: &Value) -> bool {
    let is_scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    let Some(items) = value.as_array() else { return is_scalar(value) };
    let is_list = request_type.query.as_ref().is_some_and(|schema| schema.describes_list(name));
    is_list && items.iter().all(is_scalar)
}
