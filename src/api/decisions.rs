//! A checker decides one request.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::actor::{OrgHeader, actor};
use super::{Api, about, no_parameters, request_id};
use crate::domain::actor::Permission;
use crate::domain::fault::Fault;
use crate::domain::fault::call::MemberFault;
use crate::domain::ids::RequestTypeName;
use crate::domain::request::{NewDecision, Verdict};
use crate::engine::openings::Door;
use crate::engine::{DecisionInput, Origin, require};
use crate::http::HandlerResult;
use crate::http::body::{Members, UnreadBody};
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::http::wire::{Data, Headers, RequestBody};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RESPOND_ASYNC: &str = "respond-async";

/// `PUT /{REQUEST-TYPE}`
pub async fn decide(
    api: web::Data<Api>,
    request: HttpRequest,
    type_name: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    require(&actor, Permission::Check)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let (id, decision) = read_decision(&members).map_err(ApiError::faults)?;
    let id = request_id(&id)?;
    let request_type = RequestTypeName::new(type_name.into_inner());
    let origin = Origin::of(&actor, &reference(&request));
    let deciding =
        DecisionInput { actor: actor.clone(), request_type, id, decision, door: Door::Api, origin };
    // Before the write: a read that fails after it would hide that the decision is recorded.
    let before = api.engine.find(&actor, id).await?;
    let decided = api.engine.decide(deciding).await?;
    let committed = api.engine.brought_up_to(&actor, before, decided.request.clone()).await;
    let is_async = prefers_async(request.headers());
    let waits = decided.has_outcome() && !is_async;
    let mut end = None;
    if waits {
        end = api.engine.await_outcome(decided, api.decision_wait, api.stopping.clone()).await;
    }
    let view = match end {
        Some(end) => api.engine.with_end(&actor, committed, &end),
        None if waits || committed.lacks_answer() => api.engine.read_again(&actor, committed).await,
        None => committed,
    };
    about(&view.request);
    let mut response = HttpResponse::Ok();
    if is_async {
        response.insert_header((PREFERENCE_APPLIED, HeaderValue::from_static(RESPOND_ASYNC)));
    }
    Ok(response.json(Data { data: RequestBody::new(view, Headers::Masked, api.offset) }))
}

fn prefers_async(headers: &HeaderMap) -> bool {
    headers.get_all(PREFER).filter_map(|value| value.to_str().ok()).any(|value| {
        value.split([',', ';']).any(|preference| preference.trim().eq_ignore_ascii_case(RESPOND_ASYNC))
    })
}

/// `{requestId, actionName, payload: {"AdminTask-Payload": {actionDecision, actionMessage, digest?, version?}}}`
fn read_decision(
    body: &serde_json::Map<String, serde_json::Value>,
) -> Result<(String, NewDecision), Vec<Fault>> {
    let mut root = Members::of(body, "");
    let id = root.text("requestId").unwrap_or_default().to_owned();
    let action = root.text("actionName");
    if action.is_some_and(|name| !name.eq_ignore_ascii_case("AdminTask")) {
        root.fault("actionName", MemberFault::NotAdminTask);
    }
    let payload = root.object("payload");
    let mut faults = root.finish();
    let Some(payload) = payload else { return Err(faults) };
    let mut payload = Members::of(payload, "/payload");
    let task = payload.object("AdminTask-Payload");
    faults.extend(payload.finish());
    let Some(task) = task else { return Err(faults) };
    let mut task = Members::of(task, "/payload/AdminTask-Payload");
    let decision = read_decision_members(&mut task);
    faults.extend(task.finish());
    match decision {
        Some(decision) if faults.is_empty() => Ok((id, decision)),
        _ => Err(faults),
    }
}

fn read_decision_members(task: &mut Members<'_>) -> Option<NewDecision> {
    let decision = task.text("actionDecision");
    let message = task.text("actionMessage");
    let digest = task.optional_text("digest").map(str::to_owned);
    let version = task.optional_count("version");
    let verdict = decision.and_then(Verdict::parse);
    if decision.is_some() && verdict.is_none() {
        task.fault("actionDecision", MemberFault::NotAVerdict);
    }
    match NewDecision::new(verdict?, message?, digest) {
        Ok(decision) => Some(decision.on_version(version)),
        Err(fault) => {
            task.fault("actionMessage", MemberFault::Words(fault));
            None
        }
    }
}
