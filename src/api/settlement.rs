//! A person says how an unknown outcome ended, or wants the target to be asked.

use actix_web::{HttpRequest, web};

use super::actor::{OrgHeader, actor};
use super::requests::one;
use super::{Api, no_parameters, request_id};
use crate::domain::actor::Permission;
use crate::domain::fault::Fault;
use crate::domain::fault::call::MemberFault;
use crate::domain::settlement::{NewSettlementWord, SettledOutcome};
use crate::engine::{Origin, SettlementInput, require};
use crate::http::HandlerResult;
use crate::http::body::{Members, UnreadBody};
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::http::wire::Headers;

/// `POST /requests/{requestId}/settle`
pub async fn settle(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    require(&actor, Permission::Check)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let word = read_word(&members).map_err(ApiError::faults)?;
    let id = request_id(&id)?;
    // Before the write: a read that fails after it would hide that the word is recorded.
    let before = api.engine.find(&actor, id).await?;
    let origin = Origin::of(&actor, &reference(&request));
    let settled = api.engine.settle(SettlementInput { actor, id, word, origin }).await?;
    Ok(one(&api, before.after(settled), Headers::Masked))
}

/// `POST /requests/{requestId}/probe`
pub async fn probe(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
    body: UnreadBody,
) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    require(&actor, Permission::Check)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let faults = Members::of(&members, "").finish();
    if !faults.is_empty() {
        return Err(ApiError::faults(faults));
    }
    let id = request_id(&id)?;
    let before = api.engine.find(&actor, id).await?;
    let asked = api.engine.ask_probe(&actor, id, Origin::of(&actor, &reference(&request))).await?;
    Ok(one(&api, before.after(asked), Headers::Masked))
}

/// `{outcome, evidence, version?}`
fn read_word(body: &serde_json::Map<String, serde_json::Value>) -> Result<NewSettlementWord, Vec<Fault>> {
    let mut members = Members::of(body, "");
    let said = members.text("outcome");
    let evidence = members.text("evidence");
    let version = members.optional_count("version");
    let outcome = said.and_then(SettledOutcome::parse);
    if said.is_some() && outcome.is_none() {
        members.fault("outcome", MemberFault::NotASettledOutcome);
    }
    let word = match (outcome, evidence) {
        (Some(outcome), Some(evidence)) => Some(NewSettlementWord::new(outcome, evidence, version)),
        (Some(_) | None, Some(_) | None) => None,
    };
    if let Some(Err(fault)) = &word {
        members.fault("evidence", MemberFault::Words(*fault));
    }
    let faults = members.finish();
    match word {
        Some(Ok(word)) if faults.is_empty() => Ok(word),
        Some(_) | None => Err(faults),
    }
}
