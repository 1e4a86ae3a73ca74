//! Submit a request again.

use actix_web::{HttpRequest, web};

use super::actor::{OrgHeader, actor};
use super::requests::{one, read_submission, replayed};
use super::through_gate::may_submit;
use super::{Api, request_id};
use crate::domain::actor::Actor;
use crate::engine::queries::View;
use crate::engine::{AgainInput, DoorFault, Submitted};
use crate::http::HandlerResult;
use crate::http::body::UnreadBody;
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::http::wire::Headers;

/// A call to submit a request again, or to resubmit one that was sent back.
pub(super) struct AgainCall {
    actor: Actor,
    /// The body and the client's key, or why they can't be read.
    read: Result<(web::Bytes, Option<String>), Vec<DoorFault>>,
    reference: String,
}

impl AgainCall {
    /// Reads the call, and the request as its sender may see it.
    pub(super) async fn read(
        api: &web::Data<Api>,
        request: &HttpRequest,
        id: &str,
        body: UnreadBody,
    ) -> Result<(View, Self), ApiError> {
        let actor = actor(api, request, OrgHeader::Required)?;
        let (id, reference) = (request_id(id)?, reference(request));
        let old = api.engine.find(&actor, id).await?;
        may_submit(api, request, old.request.request_type.as_str())?;
        let read = read_submission(&actor, body, request).await;
        Ok((old, Self { actor, read, reference }))
    }

    /// What the engine is asked to do with `old`.
    pub(super) fn input(&self, old: View) -> AgainInput<'_> {
        AgainInput {
            actor: &self.actor,
            old,
            body: self.read.as_ref().map(|(bytes, _)| &bytes[..]).map_err(Vec::as_slice),
            idempotency_key: self.read.as_ref().ok().and_then(|(_, key)| key.as_deref()),
            reference: &self.reference,
        }
    }
}

/// `POST /requests/{requestId}/submit-again`
pub async fn submit_again(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let (old, call) = AgainCall::read(&api, &request, &id, body).await?;
    let Submitted { view, is_replay } = api.engine.submit_again(call.input(old)).await?;
    // Unlike a maker who submits, whoever calls this has not just sent the credentials: they stay masked.
    Ok(if is_replay { replayed(&api, view) } else { one(&api, view, Headers::Masked) })
}
