//! A node without HTTP: a store, an engine over it, and a fixed clock.

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use countersign::catalog;
use countersign::clock::Clock;
use countersign::domain::actor::{Actor, Permission, Person, Signer};
use countersign::domain::allowed_targets::{Scheme, Target, Targets};
use countersign::domain::execution::Execution;
use countersign::domain::ids::{OrgId, RequestId, RequestTypeName};
use countersign::domain::json;
use countersign::domain::org_settings::OrgSettings;
use countersign::domain::request::{Decision, NewDecision, Request, Verdict};
use countersign::domain::rules::Rules;
use countersign::domain::settlement::SettlementWord;
use countersign::domain::words::Words;
use countersign::engine::openings::Door;
use countersign::engine::queries::View;
use countersign::engine::sessions::SessionLimits;
use countersign::engine::{
    Deadlines, DecisionInput, Engine, EngineError, EngineSettings, Origin, RequestKey, SendingLimits,
    SubmissionInput,
};
use countersign::metrics::Metrics;
use countersign::store::answers::AnswerRow;
use countersign::store::attempts::{self, AttemptRow};
use countersign::store::events::EventRow;
use countersign::store::requests::RequestRow;
use countersign::store::schema::answers as answer_table;
use countersign::store::stored_bytes::StoredId;
use countersign::store::writer::WriterLimits;
use countersign::store::{AnyConnection, Store, events, request_parts, requests};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use futures_util::future::join_all;
use serde_json::Value;

use crate::support::claims::{CALL, LEASE};
use crate::support::stores::Database;

pub const ISSUE_BADGE: &str = include_str!("../fixtures/contract/issue-badge.request.json");

/// How long the requests of these tests wait for a decision.
pub const PENDING_TTL: TimeDelta = TimeDelta::days(30);
/// How long an approved call may wait to be sent.
pub const APPROVAL_TTL: TimeDelta = TimeDelta::days(40);
/// How long a session may go unused.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(30);
/// How long a session lives.
pub const SESSION_MAX: TimeDelta = TimeDelta::hours(8);

/// A node: a store, an engine over it, and a fixed clock. Dropped before its database.
pub struct Node {
    pub engine: Engine,
    pub store: Store,
    pub clock: Clock,
    pub database: Database,
}

impl Node {
    pub fn open(database: Database) -> Self {
        let store = Store::open(&database.url, 4).unwrap();
        let clock = Clock::fixed(start());
        let engine = start_engine(&store, &clock, embedded());
        Self { engine, store, clock, database }
    }

    /// A node with these rules in force.
    pub fn with_rules(database: Database, rules: Rules) -> Self {
        let store = Store::open(&database.url, 4).unwrap();
        let clock = Clock::fixed(start());
        let engine = start_engine(&store, &clock, rules);
        Self { engine, store, clock, database }
    }

    /// Another node's engine over the same database and by the same time.
    pub fn start_other(&self) -> Engine {
        self.start_other_with(embedded())
    }

    /// Another node's engine with these rules in force.
    pub fn start_other_with(&self, rules: Rules) -> Engine {
        let store = if self.database.is_postgres() {
            Store::open(&self.database.url, 2).unwrap()
        } else {
            // Only one process opens a SQLite file, so another engine of this process has to do.
            self.store.clone()
        };
        start_engine(&store, &self.clock, rules)
    }

    /// A badge without a requestId, so that its target does not recognise a repeat.
    pub async fn submit(&self, actor: &Actor) -> Request {
        self.submit_body(actor, &badge(None)).await.unwrap().request
    }

    pub async fn submit_body(&self, actor: &Actor, body: &str) -> Result<View, EngineError> {
        submit_to(&self.engine, actor, body).await
    }

    pub async fn decide(
        &self,
        by: &Actor,
        id: RequestId,
        decision: NewDecision,
    ) -> Result<Request, EngineError> {
        let decided = self.engine.decide(deciding(by, id, decision)).await?;
        Ok(decided.request)
    }

    pub async fn withdraw(&self, by: &Actor, id: RequestId) -> Result<Request, EngineError> {
        self.engine.withdraw(by, id, Words::new("a mistake").unwrap(), origin(by)).await
    }

    /// A request that waits for the executor.
    pub async fn approved(&self) -> Request {
        let request = self.submit(&maker()).await;
        self.decide(&checker("anna"), request.id, approval()).await.unwrap()
    }

    /// The same with this requestId: its target recognises a repeat.
    pub async fn approved_with_id(&self, id: &str) -> Request {
        let request = self.submit_body(&maker(), &badge(Some(id))).await.unwrap().request;
        self.decide(&checker("anna"), request.id, approval()).await.unwrap()
    }

    /// A badge without a requestId for this host, which waits for the executor.
    pub async fn approved_at(&self, by: &Actor, host: &str) -> Request {
        let body = body_with("/payload/IntouchAPITask-Payload/hostname", host.into());
        let request = self.submit_body(by, &body).await.unwrap().request;
        let anna = actor(by.org.as_str(), "anna", &[Permission::Check]);
        self.decide(&anna, request.id, approval()).await.unwrap()
    }

    /// A connection that may write, beside the writer's.
    pub fn conn(&self) -> AnyConnection {
        self.store.open_writer().unwrap()
    }

    /// Runs one statement; the error is the database's own sentence.
    pub fn execute(&self, sql: &str) -> Result<usize, String> {
        diesel::sql_query(sql).execute(&mut self.conn()).map_err(|error| error.to_string())
    }

    /// Every row of a request that can change.
    pub fn stored(&self, request: &Request) -> Stored {
        let (org, id) = (&request.org, request.id);
        let conn = &mut *self.store.read_connection().unwrap();
        let request = requests::find(conn, org, id).unwrap().unwrap();
        let whole =
            request_parts::complete(conn, vec![request.clone()]).map(|mut whole| whole.remove(0)).ok();
        Stored {
            request,
            settlement: whole.as_ref().map(|whole| whole.settlement.clone()).unwrap_or_default(),
            decisions: whole.as_ref().map(|whole| whole.decisions.clone()).unwrap_or_default(),
            whole,
            execution: countersign::store::executions::find(conn, org, id).unwrap(),
            attempts: attempts::list(conn, org, id).unwrap(),
            answers: answer_table::table
                .filter(
                    answer_table::org_id
                        .eq(org.as_str())
                        .and(answer_table::request_id.eq(StoredId::from(id))),
                )
                .order(answer_table::attempt)
                .load(conn)
                .unwrap(),
            events: events::list(conn, org, id).unwrap(),
        }
    }

    /// Blocks the writer until every one of these has been queued.
    pub async fn all_at_once<F: Future>(&self, writes: impl IntoIterator<Item = F>) -> Vec<F::Output> {
        let mut gate = self.conn();
        gate.batch_execute(match gate {
            AnyConnection::Postgres(_) => "BEGIN; LOCK TABLE requests, executions, refusals",
            AnyConnection::Sqlite(_) => "BEGIN IMMEDIATE",
        })
        .unwrap();
        let open = async {
            tokio::task::yield_now().await;
            gate.batch_execute("COMMIT").unwrap();
        };
        tokio::join!(join_all(writes), open).0
    }
}

/// The rows of one request.
#[derive(Debug, PartialEq)]
pub struct Stored {
    pub request: RequestRow,
    /// The request with what all tables have of it; `None` if that can't be read.
    pub whole: Option<Request>,
    pub decisions: Vec<Decision>,
    pub settlement: Vec<SettlementWord>,
    pub execution: Option<Execution>,
    pub attempts: Vec<AttemptRow>,
    pub answers: Vec<AnswerRow>,
    pub events: Vec<EventRow>,
}

impl Stored {
    pub fn event_types(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.event_type.as_str()).collect()
    }

    /// What the request's own events say it is.
    pub fn folded(&self) -> Request {
        let request = self.read();
        let event = |row: &EventRow| row.clone().into_event(&request).unwrap();
        let events: Vec<_> = self.events.iter().map(event).collect();
        Request::fold(&events).unwrap()
    }

    /// What the rows say it is.
    pub fn read(&self) -> Request {
        self.whole.clone().expect("the rows can be read")
    }
}

/// Submits a body of the type ISSUE-BADGE to this node.
pub async fn submit_to(engine: &Engine, actor: &Actor, body: &str) -> Result<View, EngineError> {
    let submitting = SubmissionInput {
        actor,
        type_name: "ISSUE-BADGE",
        body: Ok(body.as_bytes()),
        idempotency_key: None,
        reference: "ref-submit",
    };
    Ok(engine.submit(submitting).await?.view)
}

pub fn embedded() -> Rules {
    Rules { types: catalog::embedded(), ..Rules::default() }
}

pub fn start_engine(store: &Store, clock: &Clock, rules: Rules) -> Engine {
    let settings = EngineSettings {
        deadlines: Deadlines { pending_ttl: PENDING_TTL, approval_ttl: APPROVAL_TTL },
        rules,
        targets: Arc::new(targets()),
        writer: WriterLimits { queue_max: 1024, batch_max: 512 },
        sessions: SessionLimits { idle: SESSION_IDLE, max: SESSION_MAX },
        sending: SendingLimits { lease: LEASE, call: CALL },
        orgs: OrgSettings::default(),
    };
    let (engine, _) =
        Engine::start(store.clone(), clock.clone(), Arc::new(Metrics::new()), settings).unwrap();
    engine
}

pub fn targets() -> Targets {
    let target = |scheme, host: &str, port, label: &str| Target {
        scheme,
        host: host.to_owned(),
        ports: vec![port],
        label: label.to_owned(),
        allow_cidrs: Vec::new(),
        ca_file: None,
    };
    let silent = (1..=8).map(|at| target(Scheme::Https, &format!("silent-{at}.example.com"), 443, "Silent"));
    let named = [
        target(Scheme::Https, "api.example.com", 443, "Production"),
        target(Scheme::Https, "other.example.com", 443, "Other"),
        target(Scheme::Http, "internal-intouch-api.example", 1900, "Internal"),
    ];
    Targets::of(named.into_iter().chain(silent))
}

pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap()
}

pub fn person(name: &str) -> Person {
    Person {
        iss: "https://idp.example".to_owned(),
        sub: format!("sub-{name}"),
        user_id: format!("id-{name}"),
        user_name: format!("{name}@example.com"),
    }
}

pub fn actor(org: &str, name: &str, permissions: &[Permission]) -> Actor {
    Actor {
        signer: Signer {
            person: person(name),
            org: OrgId::new(org),
            permissions: permissions.to_vec(),
            groups: vec![],
            has_unread_groups: false,
            act: vec![],
            signed_in_at: None,
        },
        token_id: Some(format!("token-{name}")),
        source_address: Some("192.0.2.7".to_owned()),
        via: Some("till.one".to_owned()),
    }
}

pub fn maker() -> Actor {
    actor("100", "maker", &[Permission::Make])
}

pub fn checker(name: &str) -> Actor {
    actor("100", name, &[Permission::Check])
}

pub fn auditor() -> Actor {
    actor("100", "auditor", &[Permission::Audit])
}

pub fn origin(actor: &Actor) -> Origin {
    Origin::of(actor, "ref-decide")
}

pub fn deciding(by: &Actor, id: RequestId, decision: NewDecision) -> DecisionInput {
    DecisionInput {
        actor: by.clone(),
        request_type: issue_badge(),
        id,
        decision,
        door: Door::Api,
        origin: origin(by),
    }
}

pub fn issue_badge() -> RequestTypeName {
    RequestTypeName::new("ISSUE-BADGE")
}

pub fn key(request: &Request) -> RequestKey {
    (request.org.clone(), request.id)
}

pub fn approval() -> NewDecision {
    NewDecision::new(Verdict::Approved, "fine", None).unwrap()
}

pub fn rejection() -> NewDecision {
    NewDecision::new(Verdict::Rejected, "no", None).unwrap()
}

/// The example submission with this requestId or without one.
pub fn badge(id: Option<&str>) -> String {
    let mut body = json::read(ISSUE_BADGE.as_bytes()).unwrap();
    let members = &mut body["payload"]["IntouchAPITask-Payload"]["body"];
    match id {
        Some(id) => members["requestId"] = id.into(),
        None => drop(members.as_object_mut().unwrap().shift_remove("requestId")),
    }
    json::write(&body)
}

/// The example submission with one value put in.
pub fn body_with(pointer: &str, value: Value) -> String {
    let mut body = json::read(badge(None).as_bytes()).unwrap();
    *body.pointer_mut(pointer).unwrap() = value;
    json::write(&body)
}

/// The code of a refusal by the rules.
pub fn refused_code<T>(result: Result<T, EngineError>) -> &'static str {
    match result {
        Err(EngineError::Refused(refusal)) => refusal.code().name(),
        Err(error) => panic!("not refused by the rules: {error}"),
        Ok(_) => panic!("not refused"),
    }
}
