//! The OpenAPI 3.1 description of the API: what `countersign openapi` prints and `/openapi.json` serves.
//!
//! It is made for other people's tools: generated clients work with it as it is. Schemas of answers are derived
//! from the structs that are written; names, limits and codes come from where the code keeps them.
//! **Invariant:** it has every route of [`super::table`] and no other.

mod answers;
mod auditing;
mod bodies;
mod operation;
mod parameters;
mod paths;
mod revising;
mod schemas;
mod searching;
mod settling;
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

/// The document, and the rules that it was made from: it changes only with them.
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
    let mut schemas = schemas::components();
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
        "security": [
            { "token": [] },
            { "bearer": [] },
            { "token": [], "till": [] },
            { "token": [], "client": [] },
        ],
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
         Every API call except those for operations needs a JSON Web Token in `X-CAP-UI-AUTH-TOKEN` or, if \
         that header is absent or empty, in `Authorization: Bearer`. `X-CAP-API-AUTH-ORG-ID` names one of the \
         orgs that the token grants. Requests of other orgs are answered with 404, as if they did not \
         exist.\n\n\
         A server with a gate (`gateway.mode = \"required\"`) asks each such call for a client, too: \
         `Authorization: Basic` of a till, or a token in `X-CAP-API-OAUTH-TOKEN`. The person's token then comes only \
         in `X-CAP-UI-AUTH-TOKEN`. The gate's refusals have the contract's own bodies.\n\n\
         Bodies are `application/json` in UTF-8, without content encoding, at most {} KiB. Members that are not \
         described are refused unless a schema allows them. Answers may get additional members.\n\n\
         Every other error has the same shape. All faults of a call are listed at once, each with a stable \
         `code`. A method that a path does not have, including `HEAD` and `OPTIONS`, is answered with 405, the \
         code `method_not_allowed` and an `Allow` header. A call that is not well-formed HTTP gets 400 or 431 \
         without a body.",
        BODY_BYTES_MAX / 1024
    )
}

fn tags() -> Value {
    json!([
        { "name": "Making", "description": "For makers." },
        { "name": "Deciding", "description": "For checkers." },
        { "name": "Reading", "description": "Read and search requests." },
        { "name": "Auditing", "description": "For auditors." },
        { "name": "Clients", "description": "For programs that call through the gate." },
        { "name": "Operating", "description": "For operators of the server; needs no token." },
    ])
}

fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": parameters::TOKEN_HEADER,
            "description": "The person's JSON Web Token. An empty value counts as absent.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The same token. It is read when X-CAP-UI-AUTH-TOKEN is absent or empty and there is no gate.",
        },
        "till": {
            "type": "http",
            "scheme": "basic",
            "description": "A till: its name and the MD5 of its password in lower-case hex.",
        },
        "client": {
            "type": "apiKey",
            "in": "header",
            "name": parameters::OAUTH_HEADER,
            "description": "The token of an OAuth client.",
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

/// Text without control characters other than tabs and line ends, as a pattern.
const WORDS: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
