//! Submit a request again.

use actix_web::{HttpRequest, web};

use super::actor::{OrgHeader, actor};
use super::requests::{one, read_submission, replayed};
use super::through_gate::may_submit;
use super::{Api, request_id};
use crate::engine::{AgainInput, Submitted};
use crate::http::HandlerResult;
use crate::http::body::UnreadBody;
use crate::http::middleware::reference;
use crate::http::wire::Headers;

/// `POST /requests/{requestId}/submit-again`
pub async fn submit_again(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    let (id, reference) = (request_id(&id)?, reference(&request));
    let old = api.engine.find(&actor, id).await?;
    may_submit(&api, &request, old.request.request_type.as_str())?;
    let read = read_submission(&actor, body, &request).await;
    let again = AgainInput {
        actor: &actor,
        old,
        body: read.as_ref().map(|(bytes, _)| &bytes[..]).map_err(Vec::as_slice),
        idempotency_key: read.as_ref().ok().and_then(|(_, key)| key.as_deref()),
        reference: &reference,
    };
    let Submitted { view, is_replay } = api.engine.submit_again(again).await?;
    // Unlike a maker who submits, whoever calls this has not just sent the credentials: they stay masked.
    Ok(if is_replay { replayed(&api, view) } else { one(&api, view, Headers::Masked) })
}
