//! Compares every answer that the suite gets with the OpenAPI document: its status and its body.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use countersign::api::BASE;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::client::Reply;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| countersign::api::openapi::document(&countersign::catalog::embedded()));

const ERROR: &str = "#/components/schemas/ErrorBody";
const ERROR_OR_GATE: &str = "#/components/schemas/ErrorOrGateBody";

/// The validator of each component that an answer referred to.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Asserts that the document describes this answer of the server.
pub fn assert_described(method: &str, path: &str, reply: &Reply) {
    let call = format!("{method} {path}");
    let schema = match operation(method, path) {
        Some(operation) => described(operation, reply, &call),
        // No such path or method: every error still has the usual shape, unless it is the gate's.
        None => (path.starts_with(BASE) && !reply.body.is_null()).then_some(ERROR_OR_GATE),
    };
    let Some(schema) = schema else { return };
    let validator = validator(schema);
    let errors: Vec<String> = validator
        .iter_errors(&reply.body)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{call} is not as {schema} says: {errors:#?}\n{}", reply.text);
}

/// The schema of an answer in JSON.
fn described(operation: &'static Value, reply: &Reply, call: &str) -> Option<&'static str> {
    let response = &operation["responses"][reply.status.to_string()];
    // Of a type that does not exist.
    if response.is_null() && reply.status == 404 {
        return Some(ERROR);
    }
    assert!(!response.is_null(), "{call}: the document does not know the status {}", reply.status);
    resolved(response)["content"]["application/json"]["schema"]["$ref"].as_str()
}

fn resolved(value: &'static Value) -> &'static Value {
    let target = value["$ref"].as_str().and_then(|reference| DOCUMENT.pointer(&reference[1..]));
    target.unwrap_or(value)
}

/// The operation of a call. A type that is not in the document is described by one that is.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = DOCUMENT["paths"].as_object()?;
    let item = paths.get(path).or_else(|| {
        let found = paths.iter().find(|(template, _)| fits(template, path));
        found.map(|(_, item)| item).or_else(|| paths.get(&of_any_type(path)?))
    });
    item?.get(method.to_ascii_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

fn of_any_type(path: &str) -> Option<String> {
    let name = path.strip_prefix(BASE)?.strip_prefix('/')?;
    let is_type = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
    is_type.then(|| format!("{BASE}/ISSUE-BADGE"))
}

fn validator(schema: &str) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let made = validators.entry(schema.to_owned()).or_insert_with(|| {
        let whole = json!({ "$ref": schema, "components": DOCUMENT["components"] });
        let options = jsonschema::options().should_validate_formats(true);
        Arc::new(options.build(&whole).expect("the document has sound schemas"))
    });
    Arc::clone(made)
}
