//! Requests of the type PAY-OUT at a node, under policies of the test's own.

use countersign::catalog::Catalog;
use countersign::domain::actor::Actor;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::ids::{RequestId, RequestTypeName};
use countersign::domain::request::{NewDecision, Request};
use countersign::domain::rules::Rules;
use countersign::engine::openings::Door;
use countersign::engine::{DecisionInput, Engine, EngineError, SubmissionInput, Submitted};
use serde_json::json;

use crate::support::claims::{begin, ends};
use crate::support::node::{Node, checker, maker, origin};
use crate::support::pay_out::PAY_OUT;

pub const LIMITED: &str = r#"
[[usage]]
name = "day"
by = "maker"
window = "1d"
warn_sum = "80"
[[policy]]
name = "within the limit"
when = 'usage.day.sum.plus(request.amount).atMost(100) && usage.day.count < 4'
[[policy.stages]]
name = "Checker"
mode = "all"
[[policy.stages.seats]]
permission = "CanCheckRequest"
[[policy]]
name = "over the limit"
refuse = "Your limit of the day is used up."
"#;

pub fn one_stage(group: &str) -> String {
    format!(
        "[[policy]]\nname = \"one\"\n[[policy.stages]]\nname = \"{group}\"\nmode = \"all\"\n\
         [[policy.stages.seats]]\ngroup = \"{group}\"\n"
    )
}

pub fn payment_rules(type_file: &str, people: Option<&str>) -> Rules {
    let folder = tempfile::tempdir().unwrap();
    let types = folder.path().join("types");
    std::fs::create_dir(&types).unwrap();
    std::fs::write(types.join("PAY-OUT.toml"), type_file).unwrap();
    let people = people.map(|text| {
        let path = folder.path().join("people.toml");
        std::fs::write(&path, text).unwrap();
        path
    });
    let catalog = Catalog { types: Some(types), people, ..Catalog::default() };
    let loaded = catalog.load().unwrap_or_else(|faults| panic!("{faults:#?}"));
    loaded.rules
}

pub fn payment_body(customer: &str, points: i64) -> String {
    json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "https://api.example.com", "path": "/pay", "method": "POST",
            "headers": { "content-type": "application/json" },
            "body": { "customer": customer, "points": points },
        }},
    })
    .to_string()
}

pub async fn submit_payment(
    engine: &Engine,
    by: &Actor,
    body: &str,
    key: Option<&str>,
) -> Result<Submitted, EngineError> {
    let body = body.as_bytes();
    let submitting = SubmissionInput {
        actor: by,
        type_name: PAY_OUT,
        body: Ok(body),
        idempotency_key: key,
        reference: "ref",
    };
    engine.submit(submitting).await
}

pub async fn payment(node: &Node, customer: &str, points: i64) -> Request {
    submit_payment(&node.engine, &maker(), &payment_body(customer, points), None).await.unwrap().view.request
}

pub fn refused_admission<T: std::fmt::Debug>(result: Result<T, EngineError>) -> &'static str {
    match result {
        Err(EngineError::NotAdmitted(why)) => why.code.name(),
        other => panic!("admitted, or refused for something else: {other:?}"),
    }
}

pub fn in_group(name: &str, group: &str) -> Actor {
    in_groups(checker(name), &[group])
}

pub fn in_groups(mut actor: Actor, groups: &[&str]) -> Actor {
    actor.signer.groups = groups.iter().map(|group| (*group).to_owned()).collect();
    actor
}

/// What the dry run of a submission says: nothing, or the code of the refusal.
pub async fn tried_payment(engine: &Engine, by: &Actor, body: &str) -> Option<&'static str> {
    let body = body.as_bytes();
    let input = SubmissionInput {
        actor: by,
        type_name: PAY_OUT,
        body: Ok(body),
        idempotency_key: None,
        reference: "ref",
    };
    engine.dry_run(&input).await.unwrap().admission.err().map(|why| why.code.name())
}

pub async fn decide_payment(
    engine: &Engine,
    by: &Actor,
    id: RequestId,
    decision: NewDecision,
) -> Result<Request, EngineError> {
    let request_type = RequestTypeName::new(PAY_OUT);
    let deciding =
        DecisionInput { actor: by.clone(), request_type, id, decision, door: Door::Api, origin: origin(by) };
    Ok(engine.decide(deciding).await?.request)
}

pub fn usage(node: &Node) -> Vec<(i64, String)> {
    use diesel::prelude::*;
    let rows = countersign::store::schema::usage_counters::table;
    let shown = countersign::store::schema::usage_counters::counter.eq("day");
    rows.filter(shown)
        .load::<countersign::store::usage::UsageRow>(&mut node.conn())
        .unwrap()
        .into_iter()
        // A request counts a second time under its maker's subject.
        .filter(|row| !row.who.ends_with("\nsub"))
        .map(|row| (row.count, row.sum))
        .collect()
}

pub async fn carry_out(node: &Node, outcome: AttemptOutcome) {
    let held = begin(&node.engine, 1).await;
    assert!(ends(&node.engine, &held, 1, outcome).await);
}

pub const PEOPLE: &str = r#"
[[people]]
name = "Rita"
accounts = ["sub-rita", "sub-rita-two"]
groups = ["Risk"]
[[people]]
name = "Rob"
accounts = ["sub-rob"]
groups = ["Risk"]
[[people]]
name = "Fay"
accounts = ["sub-fay"]
groups = ["Finance"]
[[people]]
name = "Finn"
accounts = ["sub-finn"]
groups = ["Finance"]
[[people]]
name = "Mara"
accounts = ["sub-maker"]
[[people]]
name = "robot"
accounts = ["sub-robot"]
owners = ["Rita"]
"#;
