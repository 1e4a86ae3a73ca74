//! Fills a store through the engine: most requests have ended, some wait.

use countersign::domain::actor::{Actor, Permission, Person, Signer};
use countersign::domain::ids::{OrgId, RequestTypeName};
use countersign::domain::request::{NewDecision, Request, Verdict};
use countersign::engine::openings::Door;
use countersign::engine::{DecisionInput, Engine, Origin, SubmissionInput};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::ORG;

pub struct Ids {
    pub waiting: Vec<String>,
    pub ended: Vec<String>,
}

const TYPE: &str = "GOODWILL-POINTS";
const AT_ONCE: usize = 256;

/// Of `waiting_of` requests one still waits, and the others are rejected.
pub async fn fill(engine: &Engine, requests: usize, waiting_of: usize) -> anyhow::Result<Ids> {
    let one = |number: usize| one(engine, number, number.is_multiple_of(waiting_of));
    let made = stream::iter((0..requests).map(one)).buffer_unordered(AT_ONCE);
    let made: Vec<(String, bool)> = made.try_collect().await?;
    let (waiting, ended): (Vec<_>, Vec<_>) = made.into_iter().partition(|(_, waits)| *waits);
    let ids = |part: Vec<(String, bool)>| part.into_iter().map(|(id, _)| id).collect();
    Ok(Ids { waiting: ids(waiting), ended: ids(ended) })
}

/// Submits one request.
pub async fn submit(engine: &Engine, number: usize) -> anyhow::Result<Request> {
    let maker = actor("400001", Permission::Make);
    let body = submission(number).to_string();
    let submitting = SubmissionInput {
        actor: &maker,
        type_name: TYPE,
        body: Ok(body.as_bytes()),
        idempotency_key: None,
        reference: "bench",
    };
    Ok(engine.submit(submitting).await?.view.request)
}

async fn one(engine: &Engine, number: usize, waits: bool) -> anyhow::Result<(String, bool)> {
    let request = submit(engine, number).await?;
    if waits {
        return Ok((request.id.to_string(), true));
    }
    let checker = actor("400003", Permission::Check);
    let decision =
        NewDecision::new(Verdict::Rejected, "Not in the list", None).map_err(anyhow::Error::msg)?;
    let origin = Origin::of(&checker, "bench");
    let request_type = RequestTypeName::new(TYPE);
    engine
        .decide(DecisionInput {
            actor: checker,
            request_type,
            id: request.id,
            decision,
            door: Door::Api,
            origin,
        })
        .await?;
    Ok((request.id.to_string(), false))
}

fn actor(id: &str, permission: Permission) -> Actor {
    let text = || id.to_owned();
    Actor {
        signer: Signer {
            person: Person {
                iss: "https://bench.example".to_owned(),
                sub: text(),
                user_id: text(),
                user_name: text(),
            },
            org: OrgId::new(ORG),
            permissions: vec![permission],
            groups: Vec::new(),
            has_unread_groups: false,
            act: Vec::new(),
            signed_in_at: None,
        },
        token_id: None,
        source_address: None,
        via: None,
    }
}

fn submission(number: usize) -> serde_json::Value {
    json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "https://api.example.com",
            "path": "/internal/goodwill/",
            "method": "POST",
            "pathParams": {},
            "queryParams": {},
            "body": {
                "referenceId": format!("ref-{number}"),
                "reason": "Queue at the till",
                "baseType": "POINTS",
                "programId": 1001,
                "awardingTillId": 70_000_010,
                "earningEntityType": "CUSTOMER",
                "earningEntityId": 100_000 + number % 20_000,
                "points": 20 + number % 50,
            },
            "headers": { "content-type": "application/json", "Authorization": "Basic YWI6Y2Q=" },
        } },
    })
}
