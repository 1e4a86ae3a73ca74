//! Comment on a request, send it back, resubmit it, and read its revisions.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::actor::{OrgHeader, actor};
use super::requests::{one, replayed};
use super::submit_again::AgainCall;
use super::{Api, about, no_parameters, request_id};
use crate::domain::actor::Permission;
use crate::domain::fault::call::MemberFault;
use crate::domain::fault::{Fault, pointer_to};
use crate::domain::lifecycle::{Refusal, words_of_comment};
use crate::domain::revision::{FieldsFault, NewSendBack};
use crate::domain::words::Words;
use crate::engine::{EngineError, Origin, Submitted, require};
use crate::http::HandlerResult;
use crate::http::body::{Members, UnreadBody};
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::http::query::Parameters;
use crate::http::wire::{Data, Headers, RevisionBody};

/// `GET /requests/{requestId}/revisions/{revision}`
pub async fn get(
    api: web::Data<Api>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Optional)?;
    let mut parameters = Parameters::of(&request, &["since"])?;
    let since = parameters.number("since", 1..=i64::from(i32::MAX));
    parameters.finish()?;
    let (id, number) = path.into_inner();
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse().ok().filter(|_| is_plain).ok_or_else(ApiError::not_found)?;
    let found = api.engine.find_revision(&actor, request_id(&id)?, (number, since)).await?;
    about(&found.request);
    Ok(HttpResponse::Ok().json(Data { data: RevisionBody::new(found) }))
}

/// `POST /requests/{requestId}/comments`
pub async fn comment(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let words = read_comment(&members).map_err(ApiError::faults)?;
    let id = request_id(&id)?;
    // Before the write: a read that fails after it would hide that the comment is recorded.
    let before = api.engine.find(&actor, id).await?;
    let origin = Origin::of(&actor, &reference(&request));
    let commented = api.engine.comment(&actor, id, words, origin).await?;
    Ok(one(&api, api.engine.brought_up_to(&actor, before, commented).await, Headers::Masked))
}

fn read_comment(members: &Map<String, Value>) -> Result<Words, Vec<Fault>> {
    let mut members = Members::of(members, "");
    let words = members.text("message").map(words_of_comment);
    if let Some(Err(fault)) = words {
        members.fault("message", MemberFault::Words(fault));
    }
    let faults = members.finish();
    words.and_then(Result::ok).filter(|_| faults.is_empty()).ok_or(faults)
}

/// `POST /requests/{requestId}/send-back`
pub async fn send_back(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    require(&actor, Permission::Check)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let wish = read_wish(&members).map_err(ApiError::faults)?;
    let id = request_id(&id)?;
    // Before the write: a read that fails after it would hide that it is recorded.
    let before = api.engine.find(&actor, id).await?;
    let origin = Origin::of(&actor, &reference(&request));
    let sent_back = api.engine.send_back(&actor, id, wish, origin).await.map_err(pointed)?;
    Ok(one(&api, api.engine.brought_up_to(&actor, before, sent_back).await, Headers::Masked))
}

/// The members of this call are not where those of a decision are.
fn pointed(error: EngineError) -> ApiError {
    let place = match &error {
        EngineError::Refused(refusal @ Refusal::DigestMismatch) => {
            Some(ApiError::at(refusal.code(), "/digest", refusal.sentence()))
        }
        EngineError::Refused(refusal @ Refusal::Moved { .. }) => {
            Some(ApiError::at(refusal.code(), "/version", refusal.sentence()))
        }
        EngineError::Refused(_) => None,
        EngineError::PermissionMissing(_)
        | EngineError::NotFound
        | EngineError::Unreadable(_)
        | EngineError::Invalid(_)
        | EngineError::NotAdmitted(_)
        | EngineError::Store(_) => None,
    };
    place.unwrap_or_else(|| error.into())
}

/// `{message, fields?: [pointer…], digest?, version?}`
fn read_wish(members: &Map<String, Value>) -> Result<NewSendBack, Vec<Fault>> {
    let mut members = Members::of(members, "");
    let message = members.text("message");
    let digest = members.optional_text("digest").map(str::to_owned);
    let version = members.optional_count("version");
    let fields = members.optional_texts("fields");
    let wish = message.map(NewSendBack::new);
    if let Some(Err(fault)) = wish {
        members.fault("message", MemberFault::Words(fault));
    }
    let wish = wish.and_then(Result::ok).map(|wish| wish.on(digest, version));
    let wish = wish.zip(fields).map(|(wish, fields)| wish.about(fields));
    let mut faults = members.finish();
    match wish {
        Some(Ok(wish)) if faults.is_empty() => return Ok(wish),
        Some(Err(fault)) => faults.push(fields_fault(fault)),
        Some(Ok(_)) | None => {}
    }
    Err(faults)
}

fn fields_fault(fault: FieldsFault) -> Fault {
    let at = |place: usize| pointer_to("/fields", &place.to_string());
    match fault {
        FieldsFault::TooMany => {
            Fault::new("/fields", MemberFault::FieldCount { max: NewSendBack::FIELDS_MAX })
        }
        FieldsFault::NoPointer(place) => Fault::new(at(place), MemberFault::NotASubmissionPointer),
        FieldsFault::Twice(place) => Fault::new(at(place), MemberFault::FieldTwice),
    }
}

/// `POST /requests/{requestId}/resubmit`
pub async fn resubmit(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let (old, call) = AgainCall::read(&api, &request, &id, body).await?;
    let Submitted { view, is_replay } = api.engine.resubmit(call.input(old)).await?;
    Ok(if is_replay { replayed(&api, view) } else { one(&api, view, Headers::AsSent) })
}
