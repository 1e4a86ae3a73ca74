//! Events on their way to subscribers, for auditors.

use actix_web::{HttpRequest, HttpResponse, web};

use super::actor::{OrgHeader, actor};
use super::{Api, no_parameters};
use crate::domain::actor::Permission;
use crate::domain::delivery::DeliveryState;
use crate::domain::fault::call::ParameterFault;
use crate::domain::ids::RequestId;
use crate::engine::deliveries::DeliveryFilter;
use crate::engine::require;
use crate::http::HandlerResult;
use crate::http::cursor;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::http::wire::{CursorPagination, Data, DeliveryBody, DeliveryPage};

/// `GET /deliveries`
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    require(&actor, Permission::Audit)?;
    let mut parameters = Parameters::of(&request, &["subscription", "state", "requestId", "limit", "after"])?;
    let limit = parameters.limit();
    let after = parameters.text("after").map(str::to_owned);
    let words = DeliveryState::ALL.map(|state| (state.name(), state));
    let mut filter = DeliveryFilter {
        subscription: parameters.text("subscription").map(str::to_owned),
        state: parameters.word("state", &words),
        ..DeliveryFilter::default()
    };
    if let Some(text) = parameters.text("requestId").map(str::to_owned) {
        filter.request = RequestId::parse(&text);
        if filter.request.is_none() {
            parameters.fault("requestId", ParameterFault::NotAnId);
        }
    }
    parameters.finish()?;
    let bound = cursor::fingerprint(&format!("deliveries {} {filter:?}", actor.org));
    filter.after = after.map(|after| cursor::read(&after, &bound)).transpose()?.map(|(_, id)| id);
    let mut found = api.engine.deliveries(&actor, filter, limit + 1).await?;
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > asked;
    found.truncate(asked);
    let last = found.last().filter(|_| has_more);
    let next = last.map(|last| cursor::write(&bound, None, &last.delivery.id));
    let data: Vec<DeliveryBody> = found.iter().map(DeliveryBody::of).collect();
    let pagination = CursorPagination { number_of_elements: data.len(), next };
    Ok(HttpResponse::Ok().json(DeliveryPage { data, pagination }))
}

/// `POST /deliveries/{deliveryId}/redeliver`
pub async fn redeliver(api: web::Data<Api>, request: HttpRequest, id: web::Path<String>) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    no_parameters(&request)?;
    // Ids of deliveries are spelled like those of requests; any other text names none.
    let id = RequestId::parse(&id).ok_or_else(ApiError::not_found)?.to_string();
    let view = api.engine.redeliver(&actor, &id).await?;
    Ok(HttpResponse::Ok().json(Data { data: DeliveryBody::of(&view) }))
}
