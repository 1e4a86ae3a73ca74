use std::collections::BTreeSet;

use actix_web::App;
use actix_web::http::Method;
use actix_web::test as http;
use serde_json::Value;

use super::document;
use crate::api::{routes, table};
use crate::catalog::embedded;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::code::Code;
use crate::domain::findings::FindingCode;
use crate::domain::lifecycle::EventType;
use crate::domain::outcome::Outcome;
use crate::domain::request::State;
use crate::http::error::status;

type Operations = BTreeSet<(String, String)>;

fn described(document: &Value) -> Operations {
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(|method| (method.to_ascii_uppercase(), path.clone()))
    });
    methods.collect()
}

/// The table, with the path of the request types once for each type.
fn served() -> Operations {
    let types = embedded();
    let mut served = Operations::new();
    for (path, methods) in table() {
        let paths: Vec<String> = match path.contains("{requestType}") {
            true => types.iter().map(|known| path.replace("{requestType}", known.name.as_str())).collect(),
            false => vec![path],
        };
        for path in paths {
            served.extend(methods.iter().map(|(method, _)| (method.to_string(), path.clone())));
        }
    }
    served
}

/// Every `$ref` in a value.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        found.insert(reference.to_owned());
    }
    value
        .as_object()
        .into_iter()
        .flat_map(|members| members.values())
        .for_each(|inner| references(inner, found));
    value.as_array().into_iter().flatten().for_each(|inner| references(inner, found));
}

#[test]
fn the_document_has_every_route_and_no_other() {
    assert_eq!(described(&document(&embedded())), served());
}

#[tokio::test]
async fn every_other_method_is_refused_with_the_known_ones() {
    let app = http::init_service(App::new().configure(routes)).await;
    for (path, methods) in table() {
        let known: Vec<&str> = methods.iter().map(|(method, _)| method.as_str()).collect();
        for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"]
        {
            if known.contains(&name) {
                continue;
            }
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            let uri = path.replace("{requestId}", "x").replace("{requestType}", "ISSUE-BADGE");
            let call = http::TestRequest::with_uri(&uri).method(method).to_request();
            let answer = http::call_service(&app, call).await;
            assert_eq!(answer.status().as_u16(), 405, "{name} {path}");
            assert_eq!(
                answer.headers().get("allow").unwrap().to_str().unwrap(),
                known.join(", "),
                "{name} {path}"
            );
        }
    }
}

#[test]
fn every_code_is_under_its_status() {
    let document = document(&embedded());
    for code in Code::ALL.into_iter().filter(|code| *code != Code::MethodNotAllowed) {
        let name = super::answers::refusal_name(status(code).as_u16());
        let answer = &document["components"]["responses"][name];
        assert!(answer["description"].as_str().unwrap().contains(&format!("`{code}`")), "{code}");
    }
}

/// The words of an enumeration.
fn enumeration(document: &Value, schema: &str) -> Vec<String> {
    let words = document["components"]["schemas"][schema]["enum"].as_array();
    words.unwrap_or_else(|| panic!("{schema} is no enumeration")).iter().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn every_enumeration_is_the_list_of_the_code() {
    let document = document(&embedded());
    let codes = Code::ALL.map(Code::name).to_vec();
    let findings = FindingCode::ALL.map(FindingCode::name).to_vec();
    let attempts = AttemptOutcome::ALL.map(AttemptOutcome::name).to_vec();
    let events = EventType::ALL.into_iter().filter(|known| known.is_of_request());
    let events = events.map(EventType::name).collect();
    let states = State::ALL.map(State::name).to_vec();
    let outcomes = Outcome::ALL.map(Outcome::name).to_vec();
    for (schema, words) in [
        ("ErrorCode", codes),
        ("State", states),
        ("Outcome", outcomes),
        ("AttemptOutcome", attempts),
        ("FindingCode", findings),
        ("EventType", events),
    ] {
        assert_eq!(enumeration(&document, schema), words, "{schema}");
    }
}

#[test]
fn no_enumeration_has_two_members_that_differ_in_case_only() {
    fn check(value: &Value) {
        if let Some(words) = value.get("enum").and_then(Value::as_array) {
            let lower: BTreeSet<String> = words.iter().map(|word| text(word).to_ascii_lowercase()).collect();
            assert_eq!(lower.len(), words.len(), "{words:?}");
        }
        value.as_object().into_iter().flat_map(|members| members.values()).for_each(check);
        value.as_array().into_iter().flatten().for_each(check);
    }
    check(&document(&embedded()));
}

#[test]
fn a_member_that_may_be_absent_is_never_null() {
    let document = document(&embedded());
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let required: Vec<String> = schema["required"].as_array().into_iter().flatten().map(text).collect();
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_nullable = property.to_string().contains("\"null\"");
            assert!(required.contains(member) || !is_nullable, "{name}.{member}");
        }
    }
}

#[test]
fn every_component_is_used() {
    let document = document(&embedded());
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for kind in ["schemas", "responses", "parameters", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(found.contains(&format!("#/components/{kind}/{name}")), "{kind}/{name}");
        }
    }
}

#[test]
fn every_reference_has_a_target() {
    let document = document(&embedded());
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_a_sentence() {
    let document = document(&embedded());
    let items = document["paths"].as_object().unwrap().values();
    let operations: Vec<&Value> = items.flat_map(|item| item.as_object().unwrap().values()).collect();
    let names: BTreeSet<&str> =
        operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.len(), operations.len());
    for operation in operations {
        let sentences = [&operation["summary"], &operation["description"]];
        let ends = |text: &&Value| text.as_str().unwrap().ends_with(['.', '?']);
        assert!(sentences.iter().all(ends), "{}", operation["operationId"]);
    }
}

#[test]
fn every_request_type_has_an_example() {
    let names: BTreeSet<String> = embedded().iter().map(|known| known.name.to_string()).collect();
    assert_eq!(BTreeSet::from(super::bodies::EXAMPLES.map(|(name, _)| name.to_owned())), names);
}

#[test]
fn no_operation_names_a_parameter_twice() {
    let document = document(&embedded());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named: Vec<String> =
                operation["parameters"].as_array().into_iter().flatten().map(Value::to_string).collect();
            let different: BTreeSet<&String> = named.iter().collect();
            assert_eq!(named.len(), different.len(), "{method} {path}: {named:?}");
        }
    }
}
