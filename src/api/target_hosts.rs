//! The hosts that calls go to, for auditors.

use actix_web::{HttpRequest, HttpResponse, web};

use super::actor::{OrgHeader, actor};
use super::{Api, no_parameters};
use crate::http::HandlerResult;
use crate::http::wire::{List, TargetHostBody};

/// `GET /target-hosts`
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    no_parameters(&request)?;
    let pauses = api.engine.pauses(&actor).await?;
    let data = TargetHostBody::list((api.target_hosts)(), &pauses);
    Ok(HttpResponse::Ok().json(List { data }))
}
