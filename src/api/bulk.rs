//! A checker decides many requests in one API call.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::actor::{OrgHeader, actor};
use super::{Api, no_parameters};
use crate::domain::actor::Permission;
use crate::domain::fault::Fault;
use crate::domain::fault::call::{MemberFault, MemberKind};
use crate::domain::ids::RequestId;
use crate::domain::request::{NewDecision, Verdict};
use crate::engine::openings::Door;
use crate::engine::{BulkDecisionInput, BulkItem, Engine, Origin, require};
use crate::http::HandlerResult;
use crate::http::body::{Members, UnreadBody};
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::http::wire::{BulkResultBody, List};

/// `PUT /bulk-decisions`
pub async fn decide(api: web::Data<Api>, request: HttpRequest, body: UnreadBody) -> HandlerResult {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    require(&actor, Permission::Check)?;
    let members = body.read().await.object(&request)?;
    no_parameters(&request)?;
    let items = read(&members).map_err(ApiError::faults)?;
    let origin = Origin::of(&actor, &reference(&request));
    let happened =
        api.engine.decide_many(BulkDecisionInput { actor, items, door: Door::Api, origin }).await?;
    Ok(HttpResponse::Ok().json(List { data: happened.into_iter().map(BulkResultBody::of).collect() }))
}

/// `{decision, message, items: [{requestId, digest, version?}]}`
fn read(body: &Map<String, Value>) -> Result<Vec<BulkItem>, Vec<Fault>> {
    let mut root = Members::of(body, "");
    let decision = root.text("decision");
    let message = root.text("message").unwrap_or_default();
    let verdict = decision.and_then(Verdict::parse);
    if decision.is_some() && verdict.is_none() {
        root.fault("decision", MemberFault::NotAVerdict);
    }
    let decision = verdict.map(|verdict| NewDecision::new(verdict, message, None));
    if let Some(Err(fault)) = decision {
        root.fault("message", MemberFault::Words(fault));
    }
    let items = root.list("items").unwrap_or_default();
    if items.len() > Engine::BULK_MAX || (items.is_empty() && body.get("items").is_some_and(Value::is_array))
    {
        root.fault("items", MemberFault::RequestCount { max: Engine::BULK_MAX });
    }
    let mut faults = root.finish();
    let mut read = Vec::new();
    let mut seen = HashSet::new();
    for (at, item) in items.iter().take(Engine::BULK_MAX).enumerate() {
        match read_item(item, &format!("/items/{at}"), &mut seen) {
            Ok(item) => read.push(item),
            Err(found) => faults.extend(found),
        }
    }
    let Some(Ok(decision)) = decision.filter(|_| faults.is_empty()) else { return Err(faults) };
    let item = |(id, digest, version)| BulkItem {
        id,
        decision: NewDecision { digest: Some(digest), ..decision.clone() }.on_version(version),
    };
    Ok(read.into_iter().map(item).collect())
}

fn read_item(
    item: &Value,
    at: &str,
    seen: &mut HashSet<RequestId>,
) -> Result<(RequestId, String, Option<i64>), Vec<Fault>> {
    let Some(members) = item.as_object() else {
        return Err(vec![Fault::new(at, MemberFault::Wrong(MemberKind::Object))]);
    };
    let mut members = Members::of(members, at);
    let id = members.text("requestId");
    let digest = members.text("digest").map(str::to_owned);
    let version = members.optional_count("version");
    let parsed = id.and_then(RequestId::parse);
    match parsed {
        Some(parsed) if !seen.insert(parsed) => members.fault("requestId", MemberFault::RequestTwice),
        None if id.is_some() => members.fault("requestId", MemberFault::NotARequestId),
        Some(_) | None => {}
    }
    let faults = members.finish();
    match (parsed, digest) {
        (Some(id), Some(digest)) if faults.is_empty() => Ok((id, digest, version)),
        _ => Err(faults),
    }
}
