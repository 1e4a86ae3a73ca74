//! Refused submissions, for auditors.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Api;
use super::actor::{OrgHeader, actor};
use crate::domain::actor::Permission;
use crate::engine::{KeptRefusal, RefusalPosition, require};
use crate::http::HandlerResult;
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::http::wire::{CursorPagination, RefusalBody, RefusalPage};

/// `GET /refusals`
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    require(&actor, Permission::Audit)?;
    let mut parameters = Parameters::of(&request, &["limit", "after"])?;
    let limit = parameters.limit();
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let bound = cursor::fingerprint(&format!("refusals {}", actor.org));
    let after = after.map(|after| cursor::read(&after, &bound)).transpose()?;
    let after = after.map(|(at, id)| RefusalPosition { at: at.unwrap_or_default(), id });
    let mut rows = api.engine.refusals(&actor, after, limit + 1).await?;
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > asked;
    rows.truncate(asked);
    let last = rows.last().filter(|_| has_more);
    let next = last.map(KeptRefusal::position).map(|last| cursor::write(&bound, Some(last.at), &last.id));
    let data: Vec<RefusalBody> = rows.iter().map(RefusalBody::of).collect();
    let pagination = CursorPagination { number_of_elements: data.len(), next };
    Ok(HttpResponse::Ok().json(RefusalPage { data, pagination }))
}
