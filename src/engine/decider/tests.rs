//! A write whose commit was reported as failed is tried again.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::{Decider, Shared};
use crate::clock::Clock;
use crate::domain::actor::{Actor, Permission, Person, Signer};
use crate::domain::ids::OrgId;
use crate::domain::policy::people::People;
use crate::domain::request::State;
use crate::domain::request_type::{RequestType, RequestTypes};
use crate::domain::rules::Rules;
use crate::domain::target::{Scheme, Target, Targets};
use crate::engine::command::{WriteCommand, WriteReply};
use crate::engine::idempotency::ClientKey;
use crate::engine::sessions::SessionLimits;
use crate::engine::{Deadlines, Engine, EngineSettings, SubmissionInput};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::writer::{Batch, WriterLimits};

/// One a day, and one on a subject: checked against its own rows, the submission would be refused twice.
fn settings() -> EngineSettings {
    let definition = json!({
        "name": "ONE", "title": "One", "subject": "/body/to", "duplicates": "block",
        "call": { "method": "POST", "path": "/one" },
        "body": { "type": "object", "properties": { "to": { "type": "string" } } },
        "usage": [{ "name": "day", "by": "maker", "window": "1d" }],
        "policy": [{ "name": "first", "when": "usage.day.count < 1", "auto_approve": true }],
    });
    let target = Target {
        scheme: Scheme::Https,
        host: "api.example.com".to_owned(),
        ports: vec![443],
        label: "Example".to_owned(),
        allow_cidrs: Vec::new(),
        ca_file: None,
    };
    let types = RequestTypes::new([RequestType::from_definition(&definition).unwrap()]);
    let (pending_ttl, approval_ttl) = (TimeDelta::days(1), TimeDelta::hours(1));
    EngineSettings {
        deadlines: Deadlines { pending_ttl, approval_ttl },
        rules: Rules { types, people: People::none() },
        targets: Arc::new(Targets(vec![target])),
        writer: WriterLimits { queue_max: 8, batch_max: 8 },
        sessions: SessionLimits { idle: TimeDelta::hours(1), max: TimeDelta::hours(8) },
    }
}

fn mara() -> Actor {
    let [iss, sub, user_id, user_name] = ["iss", "mara", "mara", "mara"].map(str::to_owned);
    Actor {
        signer: Signer {
            person: Person { iss, sub, user_id, user_name },
            org: OrgId::new("100"),
            permissions: vec![Permission::Make],
            groups: vec![],
            act: vec![],
            signed_in_at: None,
        },
        token_id: None,
        source_address: None,
    }
}

#[test]
fn a_submission_whose_commit_was_reported_as_failed_is_recognised_when_it_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite://{}", folder.path().join("test.db").display()), 1).unwrap();
    let clock = Clock::fixed(chrono::DateTime::UNIX_EPOCH);
    let (engine, _) =
        Engine::start(store.clone(), clock.clone(), Arc::new(Metrics::new()), settings()).unwrap();
    let inner = &engine.inner;
    let mut decider = Decider::new(Shared {
        feed: Arc::clone(&inner.feed),
        clock,
        book: inner.book.clone(),
        deadlines: inner.deadlines,
        metrics: Arc::clone(&inner.metrics),
        due: Arc::clone(&inner.due),
    });
    let body = json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "https://api.example.com", "path": "/one", "method": "POST", "headers": {},
            "body": { "to": "c-1" },
        }},
    });
    let (actor, body) = (mara(), body.to_string());
    let input = SubmissionInput {
        actor: &actor,
        type_name: "ONE",
        body: body.as_bytes(),
        idempotency_key: None,
        reference: "ref",
    };
    let client_key = || Some(ClientKey::new("key", "ONE", body.as_bytes()));
    let command = WriteCommand::SubmitLocked(engine.check(&input, client_key()).unwrap());
    let conn = &mut store.open_writer().unwrap();
    for is_retry in [false, true, true] {
        let reply = decider.run(conn, &[&command], is_retry).unwrap().remove(0);
        let WriteReply::Current { request, is_new: true } = reply else { panic!("{is_retry}: {reply:?}") };
        assert_eq!(request.state, State::Approved);
    }
    let again = WriteCommand::SubmitLocked(engine.check(&input, client_key()).unwrap());
    let reply = decider.run(conn, &[&again], true).unwrap().remove(0);
    assert!(matches!(reply, WriteReply::Replayed(_)), "{reply:?}");
}
