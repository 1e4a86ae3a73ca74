//! The OpenAPI 3.1 description of the API: what `countersign openapi` prints and `/openapi.json` serves.
//!
//! Names, limits and codes come from where the code keeps them, so that the document can't drift.
//! **Invariant:** it holds every route of [`super::table`] and no other.

mod answers;
mod bodies;
mod parameters;
mod paths;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use serde_json::{Map, Value, json};

use super::Api;
use crate::domain::request_type::RequestTypes;
use crate::domain::rules::Rules;
use crate::http::body::BODY_BYTES_MAX;

/// The document for the rules that it was last asked for under: it changes only with them.
static TEXT: Mutex<Option<(Arc<Rules>, Bytes)>> = Mutex::new(None);

/// `GET /openapi.json`
pub async fn serve(api: Data<Api>) -> HttpResponse {
    let text = text(api.engine.rules());
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(text)
}

fn text(rules: Arc<Rules>) -> Bytes {
    let mut kept = TEXT.lock().expect("nobody panics while holding the text");
    if let Some((_, text)) = kept.as_ref().filter(|(known, _)| Arc::ptr_eq(known, &rules)) {
        return text.clone();
    }
    let text = Bytes::from(document(&rules.types).to_string());
    *kept = Some((rules, text.clone()));
    text
}

/// The document for these types.
pub fn document(types: &RequestTypes) -> Value {
    let mut schemas = answers::schemas(types);
    schemas.extend(bodies::schemas(types));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": introduction(),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The server that this document came from." }],
        "tags": tags(),
        "security": [{ "token": [] }, { "bearer": [] }],
        "paths": paths::paths(types),
        "components": {
            "securitySchemes": security_schemes(),
            "parameters": parameters::components(types),
            "headers": answers::headers(),
            "schemas": schemas,
            "responses": answers::refusals(),
        },
    })
}

fn introduction() -> String {
    format!(
        "A maker submits an HTTP call as a request, a checker decides it, and an approved call is sent to \
         its target exactly once, exactly as it was approved.\n\n\
         Every call but those for operations carries a JSON Web Token in `X-CAP-UI-AUTH-TOKEN` or, when that \
         header is absent or empty, in `Authorization: Bearer`. `X-CAP-API-AUTH-ORG-ID` names one of the \
         orgs that the token grants. Nothing of another org is ever shown: what belongs to it is answered \
         with 404, as if it did not exist.\n\n\
         Bodies are `application/json` in UTF-8, without content encoding, of at most {} KiB. Members that \
         are not described are refused, except where a schema says that others are allowed. In answers, \
         expect additional members.\n\n\
         Every error has the same shape. All faults of a call are listed at once, each with a stable \
         `code`. A method that a path does not have, `HEAD` and `OPTIONS` included, is answered with 405 \
         and an `Allow` header. Only what is no well-formed HTTP gets a bare 400 or 431 without a body.",
        BODY_BYTES_MAX / 1024
    )
}

fn tags() -> Value {
    json!([
        { "name": "Making", "description": "Calls of a maker." },
        { "name": "Deciding", "description": "Calls of a checker." },
        { "name": "Reading", "description": "Looking requests up." },
        { "name": "Auditing", "description": "Calls of an auditor." },
        { "name": "Operating", "description": "Calls for those who run the server; they need no token." },
    ])
}

fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": parameters::TOKEN_HEADER,
            "description": "The person's JSON Web Token. An empty value counts as none.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The same token. It is read when X-CAP-UI-AUTH-TOKEN is absent or empty.",
        },
    })
}

/// A reference to a component.
fn component(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// A reference to a schema.
fn schema(name: &str) -> Value {
    component("schemas", name)
}

/// The members of a JSON object; nothing for any other value.
fn members(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

/// Text without control characters, as a pattern.
const NO_CONTROL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// The same, but lines and tabs are allowed.
const WORDS: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
