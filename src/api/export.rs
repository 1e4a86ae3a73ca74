//! `GET /requests/export`

use actix_web::{HttpRequest, web};

use super::Api;
use super::actor::{OrgHeader, actor};
use crate::domain::zone::Zone;
use crate::http::{HandlerResult, export};

/// `GET /requests/export`
pub async fn export(api: web::Data<Api>, request: HttpRequest) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    export::answer(&api.engine, actor, &request, (api.offset, Zone::Offset(api.offset))).await
}
