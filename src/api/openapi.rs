//! The OpenAPI 3.1 description of the API: what `countersign openapi` prints and `/openapi.json` serves.

use actix_web::HttpResponse;
use serde_json::{Value, json};

/// `GET /openapi.json`
pub async fn serve() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

/// The document.
pub fn document() -> Value {
    json!({ "openapi": "3.1.0", "info": { "title": "Countersign", "version": env!("CARGO_PKG_VERSION") }, "paths": {} })
}
