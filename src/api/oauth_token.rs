//! An OAuth client gets its token.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{Api, no_parameters};
use crate::http::HandlerResult;
use crate::http::body::{Members, UnreadBody};
use crate::http::error::ApiError;

/// `POST /v3/oauth/token/generate`; there is no such path while the gate is off.
pub async fn generate(api: web::Data<Api>, request: HttpRequest, body: UnreadBody) -> HandlerResult {
    let gate = api.gate.as_ref().ok_or_else(ApiError::not_found)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let mut root = Members::of(&members, "");
    let (key, secret) = (root.text("key"), root.text("secret"));
    let faults = root.finish();
    let (Some(key), Some(secret)) = (key, secret) else { return Err(ApiError::faults(faults)) };
    if !faults.is_empty() {
        return Err(ApiError::faults(faults));
    }
    let address = request.peer_addr().map(|address| address.ip());
    Ok(HttpResponse::Ok().json(gate.issue(address, key, secret).await?))
}
