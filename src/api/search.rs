//! `GET /requests/search`: requests by words.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Api;
use super::actor::{OrgHeader, actor};
use crate::domain::fault::call::ParameterFault;
use crate::domain::search::Query;
use crate::domain::zone::Zone;
use crate::engine::queries::Filter;
use crate::engine::search::{Found, SearchInput, SearchPosition};
use crate::http::HandlerResult;
use crate::http::cursor;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::http::wire::{CursorPagination, Headers, OneByOne, RequestBody, SearchBody, SearchPage};

/// The parameters of a search.
const KNOWN: [&str; 5] = ["q", "states", "requestType", "limit", "after"];

/// `GET /requests/search`
pub async fn search(api: web::Data<Api>, request: HttpRequest) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    let mut filter = api.engine.scope(&actor)?;
    let mut parameters = Parameters::of(&request, &KNOWN)?;
    parameters.narrow(&mut filter, &api.engine.known_type_names().await?, Zone::Offset(api.offset));
    let limit = usize::try_from(parameters.limit()).unwrap_or(1);
    let after = parameters.text("after").map(str::to_owned);
    let query = Query::parse(parameters.text("q").unwrap_or_default());
    let query = query.map_err(|fault| parameters.fault("q", ParameterFault::Query(fault)));
    parameters.finish()?;
    // Without one there was a fault.
    let Ok(query) = query else { return Err(ApiError::not_found()) };
    let Filter { org, states, request_type, .. } = filter;
    let person = actor.person.key();
    let bound = cursor::fingerprint(&format!("{org}{person}{}{states:?}{request_type:?}", query.text()));
    let after = after.map(|cursor| cursor::read_position(&cursor, &bound)).transpose()?;
    let after = after.map(|position| SearchPosition::new(position.id, position.at));
    let input = SearchInput { query, states, request_type, after, limit };
    let Found { rows, next, is_cut, lag } = api.engine.search_whole(&actor, input).await?;
    let next = next.map(|next| cursor::write(&bound, next.looked_at(), &next.id.to_string()));
    let pagination = CursorPagination { number_of_elements: rows.len(), next };
    let offset = api.offset;
    let bodies = rows.into_iter().map(move |view| RequestBody::new(view, Headers::Masked, offset));
    Ok(HttpResponse::Ok().json(SearchPage {
        data: OneByOne::new(bodies),
        pagination,
        search: SearchBody::new(is_cut, lag),
    }))
}
