use std::collections::BTreeSet;

use actix_web::App;
use actix_web::http::Method;
use actix_web::test as http;
use serde_json::Value;

use super::document;
use crate::api::{routes, table};
use crate::catalog::embedded;
use crate::domain::code::Code;
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
fn the_document_holds_every_route_and_no_other() {
    assert_eq!(described(&document(&embedded())), served());
}

#[tokio::test]
async fn every_other_method_is_refused_and_told_which_there_are() {
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
fn every_code_is_in_the_schema_and_under_its_status() {
    let document = document(&embedded());
    let item = "/components/schemas/Error/properties/errors/items/properties/code/enum";
    assert_eq!(document.pointer(item), Some(&Code::ALL.map(Code::name).to_vec().into()));
    for code in Code::ALL {
        let answer =
            &document["components"]["responses"][super::answers::refusal_name(status(code).as_u16())];
        assert!(answer["description"].as_str().unwrap().contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
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
