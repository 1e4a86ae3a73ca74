//! Submit, read, list and withdraw requests.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::actor::{OrgHeader, actor};
use super::{Api, about, inbox, no_parameters, request_id};
use crate::domain::actor::{Actor, Permission};
use crate::domain::caseless;
use crate::domain::code::Code;
use crate::domain::fault::call::{MemberFault, ParameterFault};
use crate::domain::words::Words;
use crate::domain::zone::Zone;
use crate::engine::queries::{Listed, Listing, Page, View};
use crate::engine::trail::Trail;
use crate::engine::{DoorFault, Origin, SubmissionInput, Submitted};
use crate::http::HandlerResult;
use crate::http::body::{Members, UnreadBody};
use crate::http::cursor;
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::http::query::{FILTER_PARAMETERS, INBOX_PARAMETERS, ListView, Parameters};
use crate::http::wire::{
    Data, ExplainedBody, Headers, List, OneByOne, Pagination, RequestBody, RequestPage, TrailEntryBody,
};

/// `POST /{REQUEST-TYPE}`
pub async fn submit(
    api: web::Data<Api>,
    request: HttpRequest,
    type_name: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    let reference = reference(&request);
    let read = read_submission(&actor, body, &request).await;
    let submission = SubmissionInput {
        actor: &actor,
        type_name: &type_name,
        body: read.as_ref().map(|(bytes, _)| &bytes[..]).map_err(Vec::as_slice),
        idempotency_key: read.as_ref().ok().and_then(|(_, key)| key.as_deref()),
        reference: &reference,
    };
    let Submitted { view, is_replay } = api.engine.submit(submission).await?;
    Ok(if is_replay { replayed(&api, view) } else { one(&api, view, Headers::AsSent) })
}

/// The request that an idempotency key was used for before.
pub(super) fn replayed(api: &Api, view: View) -> HttpResponse {
    let mut response = one(api, view, Headers::Masked);
    response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The body and the client's key, or why they can't be read. Of who may not submit nothing is read: the engine refuses
/// them, and keeps the refusal, whatever was sent.
pub(super) async fn read_submission(
    actor: &Actor,
    body: UnreadBody,
    request: &HttpRequest,
) -> Result<(web::Bytes, Option<String>), Vec<DoorFault>> {
    if !actor.may(Permission::Make) {
        return Err(Vec::new());
    }
    let bytes = body.read().await.bytes(request);
    let read = bytes.and_then(|bytes| {
        no_parameters(request)?;
        Ok((bytes, idempotency_key(request.headers())?))
    });
    read.map_err(ApiError::into_door_faults)
}

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// The client's key: at most one header, of visible ASCII.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && values.next().is_none() {
        return Ok(Some(key.to_owned()));
    }
    let message = format!("Send one key of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters.");
    Err(ApiError::at(Code::ParameterInvalid, "Idempotency-Key", message))
}

pub(super) fn one(api: &Api, view: View, headers: Headers) -> HttpResponse {
    about(&view.request);
    HttpResponse::Ok().json(Data { data: RequestBody::new(view, headers, api.offset) })
}

/// `GET /requests/{requestId}`
pub async fn get(api: web::Data<Api>, request: HttpRequest, id: web::Path<String>) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    no_parameters(&request)?;
    let view = api.engine.find(&actor, request_id(&id)?).await?;
    let explained = api.engine.explain(&actor, &view).await?;
    about(&view.request);
    let request = view.request.clone();
    let body = RequestBody::new(view, Headers::Masked, api.offset);
    let data = ExplainedBody::new(body, &request, explained);
    Ok(HttpResponse::Ok().json(Data { data }))
}

/// `GET /requests/{requestId}/history`
pub async fn history(api: web::Data<Api>, request: HttpRequest, id: web::Path<String>) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    no_parameters(&request)?;
    let Trail { view, entries, .. } = api.engine.trail(&actor, request_id(&id)?).await?;
    about(&view.request);
    let data = entries.iter().map(TrailEntryBody::new).collect();
    Ok(HttpResponse::Ok().json(List { data }))
}

/// `POST /requests/{requestId}/withdraw`
pub async fn withdraw(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let mut members = Members::of(&members, "");
    let reason = members.text("reason").map(Words::new);
    if let Some(Err(fault)) = reason {
        members.fault("reason", MemberFault::Words(fault));
    }
    let faults = members.finish();
    let Some(Ok(reason)) = reason.filter(|_| faults.is_empty()) else {
        return Err(ApiError::faults(faults));
    };
    let id = request_id(&id)?;
    // Before the write: a read that fails after it would hide that the withdrawal is recorded.
    let before = api.engine.find(&actor, id).await?;
    let withdrawn = api.engine.withdraw(&actor, id, reason, Origin::of(&actor, &reference(&request))).await?;
    Ok(one(&api, api.engine.brought_up_to(&actor, before, withdrawn).await, Headers::Masked))
}

/// `GET /requests`
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    let mut filter = api.engine.scope(&actor)?;
    let known: Vec<&str> = FILTER_PARAMETERS
        .into_iter()
        .chain(["limit", "PageNo", "after", "view"])
        .chain(INBOX_PARAMETERS)
        .collect();
    let mut parameters = Parameters::of(&request, &known)?;
    match parameters.view() {
        Some(ListView::NeedsMe) => return inbox::list(&api, &actor, parameters, ListView::NeedsMe).await,
        Some(ListView::DecidedByMe) => {
            return inbox::list(&api, &actor, parameters, ListView::DecidedByMe).await;
        }
        Some(ListView::Mine) => {
            filter.maker = Some(api.engine.accounts_of(&actor));
            if parameters.text("userId").is_some_and(|named| !caseless::is_same(named, &actor.person.user_id))
            {
                parameters.fault("userId", ParameterFault::NotTheReader);
            }
        }
        None => {}
    }
    parameters.without(&INBOX_PARAMETERS, &ParameterFault::OnlyForInbox);
    parameters.narrow(&mut filter, &api.engine.known_type_names().await?, Zone::Offset(api.offset));
    let (sort, limit) = (parameters.sort(), parameters.limit());
    let number = parameters.number("PageNo", 0..=i64::from(i32::MAX));
    let after = parameters.text("after").map(str::to_owned);
    if number.is_some() && after.is_some() {
        parameters.fault("after", ParameterFault::TwoPages);
    }
    parameters.finish()?;
    let bound = cursor::fingerprint(&format!("{filter:?}{sort:?}"));
    let page = match after {
        Some(cursor) => Page::After(cursor::read_position(&cursor, &bound)?),
        None => Page::Number(number.unwrap_or(0)),
    };
    let number = matches!(page, Page::Number(_)).then(|| number.unwrap_or(0));
    let listed = api.engine.list(&actor, Listing { filter, sort, limit }, page).await?;
    Ok(HttpResponse::Ok().json(list_body(&api, listed, &bound, number, limit)))
}

fn list_body(api: &Api, listed: Listed, bound: &str, number: Option<i64>, limit: i64) -> RequestPage {
    let Listed { views, left_out, total, next } = listed;
    let next = next.map(|position| cursor::write(bound, position.at, &position.id.to_string()));
    let pagination = Pagination {
        total_elements: total,
        total_pages: total.map(|total| (total + limit - 1) / limit),
        number_of_elements: views.len() + left_out.len(),
        number,
        count: None,
        next,
    };
    let offset = api.offset;
    let whole = views.into_iter().map(move |view| RequestBody::new(view, Headers::Masked, offset));
    let left_out = left_out.into_iter().map(move |row| RequestBody::without_details(row, offset));
    RequestPage { data: OneByOne::new(whole.chain(left_out)), pagination, why_not: None }
}
