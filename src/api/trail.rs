//! What happened in the org and to the whole server, for auditors.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Api;
use super::actor::{OrgHeader, actor};
use crate::domain::actor::Permission;
use crate::domain::lifecycle::EventType;
use crate::domain::zone::Zone;
use crate::engine::org_events::{EventFilter, Place};
use crate::engine::require;
use crate::http::HandlerResult;
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::http::wire::{CursorPagination, OrgEventBody, OrgEventPage};

/// `GET /trail`
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    require(&actor, Permission::Audit)?;
    let mut parameters =
        Parameters::of(&request, &["startDate", "endDate", "type", "userId", "limit", "after"])?;
    let (first, before) = parameters.days(Zone::Offset(api.offset));
    let filter = EventFilter {
        from: first.map(|at| at.timestamp_micros()),
        before: before.map(|at| at.timestamp_micros()),
        event_type: parameters.word("type", &EventType::ALL.map(|known| (known.name(), known))),
        user_id: parameters.text("userId").map(str::to_owned),
    };
    let limit = parameters.limit();
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let bound = cursor::fingerprint(&format!("trail {} {filter:?}", actor.org));
    let after = after.map(|after| cursor::read(&after, &bound)).transpose()?;
    let after = after.and_then(|(number, id)| Place::parse(&id, number.unwrap_or(0)));
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let (events, next) = api.engine.org_events(&actor, filter, (after, asked)).await?;
    let next = next.map(|Place { id, number }| cursor::write(&bound, Some(number), &id.to_string()));
    let data: Vec<OrgEventBody> = events.iter().map(OrgEventBody::of).collect();
    let pagination = CursorPagination { number_of_elements: data.len(), next };
    Ok(HttpResponse::Ok().json(OrgEventPage { data, pagination }))
}
