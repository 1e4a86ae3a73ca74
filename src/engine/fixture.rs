//! An engine over a database of its own, with one request type, for unit tests.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::openings::Door;
use super::sessions::SessionLimits;
use super::{
    BulkDecisionInput, BulkItem, Deadlines, DecisionInput, Engine, EngineSettings, Origin, SendingLimits,
    SubmissionInput,
};
use crate::clock::Clock;
use crate::domain::actor::{Actor, Permission, Person, Signer};
use crate::domain::allowed_targets::{Scheme, Target, Targets};
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::org_settings::OrgSettings;
use crate::domain::policy::people::People;
use crate::domain::request::{NewDecision, Verdict};
use crate::domain::request_type::{RequestType, RequestTypes};
use crate::domain::rules::Rules;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::writer::WriterLimits;

/// The engine and its database.
pub(super) struct Fixture {
    pub(super) engine: Engine,
    pub(super) store: Store,
    _folder: TempDir,
}

impl Fixture {
    /// An engine that knows the type `ONE`, defined like this.
    pub(super) fn of_type(definition: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", folder.path().join("test.db").display()), 1).unwrap();
        let clock = Clock::fixed(DateTime::UNIX_EPOCH);
        let (engine, _) =
            Engine::start(store.clone(), clock, Arc::new(Metrics::new()), settings(definition)).unwrap();
        Self { engine, store, _folder: folder }
    }

    /// Submits a request and returns its id.
    pub(super) async fn submit(&self, actor: &Actor) -> RequestId {
        let body = body();
        self.engine.submit(input(actor, &body)).await.unwrap().view.request.id
    }

    /// The checker's rejection of a request.
    pub(super) fn rejection(&self, id: RequestId) -> DecisionInput {
        let actor = checker();
        let origin = Origin::of(&actor, "ref");
        let decision = NewDecision::new(Verdict::Rejected, "no", None).unwrap();
        let door = Door::Api;
        DecisionInput { actor, request_type: RequestTypeName::new("ONE"), id, decision, door, origin }
    }

    /// The checker's rejection of several requests in one call.
    pub(super) fn rejections(&self, ids: &[RequestId]) -> BulkDecisionInput {
        let item = |id: &RequestId| BulkItem { id: *id, decision: self.rejection(*id).decision };
        let actor = checker();
        let origin = Origin::of(&actor, "ref");
        BulkDecisionInput { actor, items: ids.iter().map(item).collect(), door: Door::Api, origin }
    }
}

fn settings(definition: &Value) -> EngineSettings {
    let target = Target {
        scheme: Scheme::Https,
        host: "api.example.com".to_owned(),
        ports: vec![443],
        label: "Example".to_owned(),
        allow_cidrs: Vec::new(),
        ca_file: None,
    };
    let types = RequestTypes::new([RequestType::from_definition(definition).unwrap()]);
    let (pending_ttl, approval_ttl) = (TimeDelta::days(1), TimeDelta::hours(1));
    EngineSettings {
        deadlines: Deadlines { pending_ttl, approval_ttl },
        rules: Rules { types, people: People::none(), ..Rules::default() },
        targets: Arc::new(Targets::of(vec![target])),
        writer: WriterLimits { queue_max: 8, batch_max: 8 },
        sessions: SessionLimits { idle: TimeDelta::hours(1), max: TimeDelta::hours(8) },
        sending: SendingLimits { lease: TimeDelta::seconds(15), call: TimeDelta::seconds(30) },
        orgs: OrgSettings::default(),
    }
}

/// Mara, who may submit.
pub(super) fn maker() -> Actor {
    let [iss, sub, user_id, user_name] = ["iss", "mara", "mara", "mara"].map(str::to_owned);
    Actor {
        signer: Signer {
            person: Person { iss, sub, user_id, user_name },
            org: OrgId::new("100"),
            permissions: vec![Permission::Make],
            groups: vec![],
            has_unread_groups: false,
            act: vec![],
            signed_in_at: None,
        },
        token_id: None,
        source_address: None,
        via: None,
    }
}

/// Chen, who may check.
pub(super) fn checker() -> Actor {
    let mut actor = maker();
    let [iss, sub, user_id, user_name] = ["iss", "chen", "chen", "chen"].map(str::to_owned);
    actor.signer.person = Person { iss, sub, user_id, user_name };
    actor.signer.permissions = vec![Permission::Check];
    actor
}

/// The body of a submission on the subject `c-1`.
pub(super) fn body() -> String {
    json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "https://api.example.com", "path": "/one", "method": "POST", "headers": {},
            "body": { "to": "c-1" },
        }},
    })
    .to_string()
}

/// The submission of `body`.
pub(super) fn input<'a>(actor: &'a Actor, body: &'a str) -> SubmissionInput<'a> {
    SubmissionInput {
        actor,
        type_name: "ONE",
        body: Ok(body.as_bytes()),
        idempotency_key: None,
        reference: "ref",
    }
}
