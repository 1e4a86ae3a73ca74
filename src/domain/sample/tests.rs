//! Types that can be submitted, and types of which every submission is refused.

use super::*;
use crate::domain::tests::contract_types;

fn tried(more: Value) -> Tried {
    let mut definition = json!({"name": "X", "call": {"method": "POST", "path": "/x"}});
    for (name, value) in more.as_object().unwrap() {
        definition[name] = value.clone();
    }
    try_out(&RequestType::from_definition(&definition).unwrap(), &People::none())
}

fn places(found: &[DefinitionFault]) -> Vec<&str> {
    found.iter().map(|fault| fault.field.as_str()).collect()
}

#[test]
fn the_types_of_the_contract_can_be_submitted() {
    for name in [
        "ISSUE-BADGE",
        "EARN-BADGE",
        "CUSTOMER-STATUS-CHANGE",
        "POINTS-REDEMPTION",
        "GOODWILL-POINTS",
        "RETRO-TRANSACTION",
    ] {
        assert_eq!(try_out(&contract_types::find(name), &People::none()), Tried::default(), "{name}");
    }
}

#[test]
fn a_sample_is_made_of_whatever_schemas_say() {
    for more in [
        json!({}),
        json!({"body": {"required": ["a"], "properties": {"a": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}$"}}}}),
        json!({"body": {"properties": {"a": {"type": "string", "minLength": 3, "maxLength": 4}}}}),
        json!({"body": {"properties": {"a": {"type": "string", "format": "date-time"}, "b": {"format": "uuid"}}}}),
        json!({"body": {"properties": {"a": {"type": "array", "minItems": 3, "uniqueItems": true, "items": {"type": "integer"}}}}}),
        json!({"body": {"properties": {"a": {"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 7}]}}}}),
        json!({"body": {"properties": {"a": {"$ref": "#/$defs/t"}}, "$defs": {"t": {"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}}}}}}),
        json!({"body": {"properties": {"a": {"allOf": [{"type": "number"}, {"exclusiveMinimum": 0, "multipleOf": 0.01}]}}}}),
        json!({"body": {"properties": {"a": {"const": "x"}, "b": {"enum": [1, 2]}, "c": {"type": ["boolean", "null"]}}}}),
        json!({"query": {"properties": {"a": {"type": "boolean"}, "b": {"type": "integer"}}}}),
        json!({"call": {"method": "PUT", "path": "/x/{id}/{n}"}, "path_params": {"properties": {"id": {"pattern": "^[a-f0-9]{24}$"}}}}),
        json!({"call": {"method": "PUT", "path": "/x/{id}"}, "path_params": {"properties": {"id": {"pattern": "^[^x]+$"}}}}),
        json!({"call": {"method": "PUT", "path": "/x/{id}"}, "path_params": {"properties": {"id": {"pattern": "^[0-9]*$"}}}}),
        json!({"subject": "/body/id", "duplicates": "block"}),
        json!({"subject": "/body/a/b", "amount": "/body/sum", "body": {"properties": {"sum": {"type": "string"}}}, "duplicates": "warn"}),
    ] {
        assert_eq!(tried(more.clone()), Tried::default(), "{more}");
    }
}

#[test]
fn what_refuses_every_submission_is_a_fault() {
    let path = |schema: Value| json!({"call": {"method": "PUT", "path": "/x/{id}"}, "path_params": {"properties": {"id": schema}}});
    let long: Vec<String> = (0..9).map(|n| format!("q{n}")).collect();
    let each: Map<String, Value> =
        long.iter().map(|name| (name.clone(), json!({"type": "string", "minLength": 1000}))).collect();
    for (more, at) in [
        (path(json!({"const": ".."})), "/call/path"),
        (path(json!({"pattern": "^\\.\\.$"})), "/call/path"),
        (path(json!({"pattern": "^[!-#&&[^!]]{3}$"})), "/call/path"),
        (path(json!({"type": "string", "minLength": 1025})), "/call/path"),
        (json!({"query": {"properties": {"a": {"type": "object"}}}}), "/query/properties/a"),
        (
            json!({"subject": "/body/a", "duplicates": "warn", "body": {"properties": {"a": {"type": "boolean"}}}}),
            "/body/properties/a",
        ),
        (json!({"query": {"required": long, "properties": each}}), "/call"),
        (
            json!({"body": {"required": ["a"], "properties": {"a": {"type": "string", "minLength": 270_000}}}}),
            "/body",
        ),
    ] {
        let found = tried(more.clone());
        assert_eq!(places(&found.faults), [at], "{more}: {found:?}");
    }
}

#[test]
fn a_unit_that_no_schema_describes_is_one_that_may_be_submitted() {
    for body in [
        json!({}),
        json!({"properties": {"c": {"type": "string"}}}),
        json!({"properties": {"c": {"enum": ["EUR"]}}}),
    ] {
        let found = tried(json!({"amount": "/body/sum", "unit": "/body/c", "body": body}));
        assert!(found.faults.is_empty(), "{found:?}");
    }
    let numbers = json!({"properties": {"c": {"enum": [978]}}});
    let wrong = tried(json!({"amount": "/body/sum", "unit": "/body/c", "body": numbers}));
    assert_eq!(places(&wrong.notes), ["/body/properties/c"], "{wrong:?}");
}

#[test]
fn what_may_be_left_out_does_not_make_a_call_too_long() {
    let each: Map<String, Value> =
        (0..9).map(|n| (format!("q{n}"), json!({"type": "string", "minLength": 1000}))).collect();
    let found = tried(json!({"query": {"properties": each}}));
    assert!(found.faults.is_empty(), "{found:?}");
}

#[test]
fn a_sample_that_cant_be_made_is_a_note_and_no_fault() {
    for more in [
        json!({"body": {"required": ["a"], "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}}}),
        json!({"body": {"required": ["a"], "properties": {"a": {"pattern": "(?=x)"}}}}),
        json!({"body": {"required": ["a"], "properties": {"a": {"not": {"type": "string"}}}}}),
        json!({"body": {"required": ["a"], "properties": {"a": {"type": "string", "format": "json-pointer"}}}}),
        json!({"body": {"minProperties": 3}}),
    ] {
        let definition = json!({"name": "X", "call": {"method": "POST", "path": "/x"}, "body": more["body"]});
        // What is no schema is a fault before.
        let Ok(read) = RequestType::from_definition(&definition) else { continue };
        let found = try_out(&read, &People::none());
        assert!(found.faults.is_empty() && !found.notes.is_empty(), "{more}: {found:?}");
    }
}

#[test]
fn every_condition_is_evaluated_on_the_sample() {
    let when = |when: &str| {
        tried(json!({
            "body": {"properties": {"zone": {"type": "string"}, "n": {"type": "integer"}}},
            "policy": [{"name": "a", "when": "false", "auto_approve": true}, {"name": "b", "when": when, "auto_approve": true}],
        }))
    };
    for good in [
        "now.getHours(\"Europe/Berlin\") < 12",
        "request.body.n > 2",
        "request.org == \"1\" && maker.groups.size() == 0",
    ] {
        assert_eq!(when(good), Tried::default(), "{good}");
    }
    for bad in ["now.getHours(\"Europe\" + \"/Berlim\") < 12", "int(request.org + \"x\") == 1", "1 / 0 == 1"]
    {
        assert_eq!(places(&when(bad).faults), ["/policy/1/when"], "{bad}");
    }
    for doubtful in [
        "now.getHours(request.body.zone) < 12",
        "int(request.body.zone) > 1",
        "request.query.dry == \"true\"",
    ] {
        let found = when(doubtful);
        assert_eq!((found.faults.len(), places(&found.notes)), (0, vec!["/policy/1/when"]), "{doubtful}");
    }
}
