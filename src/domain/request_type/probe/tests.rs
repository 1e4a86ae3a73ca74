//! Probes as their types write them.

use super::*;
use crate::domain::request_type::RequestType;

fn read(probe: Value) -> Result<RequestType, Vec<String>> {
    let definition = json!({
        "name": "A",
        "call": {"method": "POST", "path": "/accounts/{account}/transfers"},
        "query": {"properties": {"format": {"type": "string"}}},
        "body": {"type": "object", "properties": {
            "reference": {"type": "string"}, "amount": {"type": "number"}, "pin": {"type": "string"},
        }},
        "fields": {"secret": ["/body/pin"]},
        "probe": probe,
    });
    let fields = |faults: Vec<crate::domain::fault::DefinitionFault>| {
        faults.into_iter().map(|fault| fault.field).collect()
    };
    RequestType::from_definition(&definition).map_err(fields)
}

fn sound() -> Value {
    json!({
        "path": "/accounts/{account}/transfers",
        "path_params": {"account": "/pathParams/account"},
        "query": {"reference": "/body/reference", "amount": "/body/amount"},
        "headers": {"X-Ref": "/body/reference"},
        "happened_if_not_empty": ["/transfers"],
        "did_not_happen_if_empty": ["/transfers"],
    })
}

fn with(more: Value) -> Value {
    let mut probe = sound();
    for (name, value) in more.as_object().unwrap() {
        probe[name] = value.clone();
    }
    probe
}

#[test]
fn a_probe_asks_the_same_target_with_the_calls_own_values_and_credentials() {
    let probe = read(sound()).unwrap().probe.unwrap();
    assert_eq!(probe.probe_for, TimeDelta::hours(1));
    let task = json!({
        "hostname": "https://bank.example:8443", "path": "/accounts/{account}/transfers", "method": "POST",
        "pathParams": {"account": "travel"}, "headers": {"Authorization": "Basic abc", "X-Other": "1"},
        "body": {"reference": "rent & more", "amount": 12.50},
    });
    let call = Call::from_task(&task).unwrap();
    let built = probe.call(&call, &task).unwrap();
    assert_eq!((built.method.as_str(), built.body.len()), ("GET", 0));
    let url = "https://bank.example:8443/accounts/travel/transfers?amount=12.5&reference=rent%20%26%20more";
    assert_eq!(built.url, url);
    let headers: Vec<(&str, &str)> =
        built.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [("accept", "application/json"), ("authorization", "Basic abc"), ("x-ref", "rent & more")];
    assert_eq!(headers, expected);
}

#[test]
fn a_call_that_lacks_a_value_or_has_one_that_is_no_part_of_a_path_is_not_asked_about() {
    let probe = read(sound()).unwrap().probe.unwrap();
    let mut task = json!({
        "hostname": "https://bank.example", "path": "/accounts/{account}/transfers", "method": "POST",
        "pathParams": {"account": "travel"}, "headers": {}, "body": {"reference": "rent"},
    });
    let call = Call::from_task(&task).unwrap();
    assert!(probe.call(&call, &task).unwrap_err().contains("/body/amount"));
    task["body"]["amount"] = 1.into();
    assert!(probe.call(&call, &task).is_ok());
    for bad in ["..", "a/b", "a\u{202e}b"] {
        task["pathParams"]["account"] = bad.into();
        assert!(probe.call(&call, &task).is_err(), "{bad}");
    }
}

#[test]
fn a_probe_names_values_that_the_call_has_and_rules_that_differ() {
    for (wrong, fields) in [
        (json!({"path": "/p"}), vec!["/probe"]),
        (with(json!({"path": "no"})), vec!["/probe/path", "/probe/path_params"]),
        (with(json!({"path": "/accounts/{other}"})), vec!["/probe/path", "/probe/path_params"]),
        (with(json!({"path_params": {"account": "/pathParams/other"}})), vec!["/probe/path_params/account"]),
        (with(json!({"query": {"a": "/body/other"}})), vec!["/probe/query/a"]),
        (with(json!({"query": {"a": "/queryParams/other"}})), vec!["/probe/query/a"]),
        (with(json!({"query": {"a": "/headers/X"}})), vec!["/probe/query/a"]),
        (with(json!({"query": {"a": "/body/*"}})), vec!["/probe/query/a"]),
        (with(json!({"query": {"a": "/body/pin"}})), vec!["/probe/query/a"]),
        (with(json!({"query": {"a": 5}})), vec!["/probe/query/a"]),
        (with(json!({"headers": {"Authorization": "/body/reference"}})), vec!["/probe/headers"]),
        (with(json!({"headers": {"Host": "/body/reference"}})), vec!["/probe/headers"]),
        (with(json!({"probe_for": "30s"})), vec!["/probe/probe_for"]),
        (with(json!({"probe_for": "8d"})), vec!["/probe/probe_for"]),
        (with(json!({"happened_if_status": [99]})), vec!["/probe/happened_if_status/0"]),
        (with(json!({"happened_if_maybe": true})), vec!["/probe/happened_if_maybe"]),
        (with(json!({"happened_if_not_empty": [], "happened_if_empty": ["/transfers"]})), vec!["/probe"]),
    ] {
        assert_eq!(read(wrong.clone()).unwrap_err(), fields, "{wrong}");
    }
    assert!(read(with(json!({"query": {"format": "/queryParams/format"}}))).is_ok());
}

#[test]
fn what_a_probe_says_is_in_the_version_of_its_type() {
    let usual = read(sound()).unwrap();
    assert_eq!(read(with(json!({"probe_for": "60m"}))).unwrap().version, usual.version);
    assert_ne!(read(with(json!({"probe_for": "2h"}))).unwrap().version, usual.version);
    let again: Value = serde_json::from_str(&usual.definition).unwrap();
    assert_eq!(RequestType::from_definition(&again).unwrap().probe, usual.probe);
}
