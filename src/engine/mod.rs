//! The one way to change anything: load, ask the domain, save, all in one transaction.
//!
//! API, CLI and executor change state only through [`Engine`]. **Invariant:** every decision is made
//! in `decider`, on rows locked in the transaction that records it, whichever door was used.

mod accounts;
mod admission;
mod batch_rows;
mod begun;
mod bulk;
pub mod change_feed;
mod claimed_execution;
pub mod clients;
mod command;
mod conduct;
mod counting;
mod decide;
mod decider;
pub mod deliveries;
mod dry_run;
mod duplicates;
mod error;
mod execute;
mod expire;
pub mod explain;
#[cfg(test)]
mod fixture;
pub mod flags;
mod idempotency;
mod in_force;
pub mod inbox;
pub mod inbox_order;
pub mod known_types;
mod lease_renewal;
pub mod liveness;
pub mod narrowed_inbox;
pub mod openings;
pub mod org_events;
mod outcome_waiters;
pub mod pairs;
pub mod pauses;
pub mod preferences;
mod probe;
pub mod queries;
mod reader;
pub mod reason;
mod refusals;
pub mod request_snapshot;
mod revision;
mod rule_book;
pub mod search;
pub mod sessions;
mod set_aside;
mod settle;
mod stored_findings;
mod submit;
mod submit_again;
pub mod trail;
pub mod under_way;
mod views;
mod withdraw;

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Notify;

pub use admission::Deadlines;
pub use begun::{BegunExecution, Unloaded};
pub use bulk::{BulkDecisionInput, BulkItem, BulkItemResult, BulkOutcome};
pub use claimed_execution::{BegunAttempt, ClaimedExecution, Ending, HeldLease};
pub use decide::{Decided, DecisionInput};
pub use dry_run::{DraftRequest, DryRun};
pub use error::{AdmissionRefusal, DoorFault, EngineError, Unavailable};
pub use lease_renewal::LeaseRenewal;
pub use refusals::{KeptRefusal, RefusalPosition};
pub use revision::ComparedRevision;
pub use rule_book::RuleBook;
pub use set_aside::LEFT_ALONE_FOR;
pub use settle::SettlementInput;
pub use submit::{SubmissionInput, Submitted};
pub use submit_again::AgainInput;

use crate::clock::Clock;
use crate::domain::actor::{Actor, Permission};
use crate::domain::allowed_targets::Targets;
use crate::domain::org_settings::OrgSettings;
use crate::domain::rules::Rules;
use crate::metrics::Metrics;
use crate::store::writer::{Writer, WriterLimits};
use crate::store::{Store, StoreError};
use change_feed::Feed;
use decider::{Decider, Shared};
use outcome_waiters::Outcomes;
use search::backlog::Backlog;
use sessions::SessionLimits;
use set_aside::SetAside;
use under_way::UnderWay;

pub use crate::store::events::Origin;
pub use crate::store::requests::Key as RequestKey;

/// What the engine needs to know beyond the store.
pub struct EngineSettings {
    /// Deadlines where a type names none.
    pub deadlines: Deadlines,
    /// The request types and people in force.
    pub rules: Rules,
    /// Where calls may go.
    pub targets: Arc<Targets>,
    /// The writer's queue.
    pub writer: WriterLimits,
    /// How long people stay signed in to the pages.
    pub sessions: SessionLimits,
    /// How long calls take and claims last.
    pub sending: SendingLimits,
    /// What is set for single orgs.
    pub orgs: OrgSettings,
}

/// How long calls take and claims last.
#[derive(Clone, Copy, Debug)]
pub struct SendingLimits {
    /// How long a claim lasts without a renewal.
    pub lease: TimeDelta,
    /// How long a call may take in all, unless its type says otherwise.
    pub call: TimeDelta,
}

/// The engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    writer: Writer<Decider>,
    clock: Clock,
    book: RuleBook,
    deadlines: Deadlines,
    targets: Arc<Targets>,
    metrics: Arc<Metrics>,
    due: Arc<Notify>,
    outbox_filled: Arc<Notify>,
    outcomes: Outcomes,
    feed: Arc<Feed>,
    sessions: SessionLimits,
    sending: SendingLimits,
    orgs: OrgSettings,
    set_aside: SetAside,
    under_way: Arc<UnderWay>,
    backlog: Arc<Backlog>,
    /// How far search was behind when it was last measured, in microseconds.
    search_lag: AtomicI64,
    /// The subscriptions that people should look at, as they were counted last.
    troubled_subscriptions: Mutex<Vec<String>>,
    /// Whether this node's clock was last found to differ much from the database's.
    is_clock_off: AtomicBool,
}

impl Engine {
    /// Starts the writer over `store`. Join the handle after the last clone is dropped.
    pub fn start(
        store: Store,
        clock: Clock,
        metrics: Arc<Metrics>,
        settings: EngineSettings,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let due = Arc::new(Notify::new());
        let outbox_filled = Arc::new(Notify::new());
        let EngineSettings { deadlines, rules, targets, writer, sessions, sending, orgs } = settings;
        let book = RuleBook::new(rules);
        let feed = Arc::new(Feed::new(clock.new_id(), !store.is_exclusive()));
        let under_way = Arc::new(UnderWay::default());
        let backlog = Arc::new(Backlog::default());
        let shared = Shared {
            feed: Arc::clone(&feed),
            clock: clock.clone(),
            book: book.clone(),
            deadlines,
            metrics: Arc::clone(&metrics),
            due: Arc::clone(&due),
            outbox_filled: Arc::clone(&outbox_filled),
            sending,
            under_way: Arc::clone(&under_way),
            backlog: Arc::clone(&backlog),
        };
        let (writer, thread) = Writer::start(&store, Decider::new(shared), writer)?;
        let inner = Inner {
            store,
            writer,
            clock,
            book,
            deadlines,
            targets,
            metrics,
            due,
            outbox_filled,
            outcomes: Outcomes::default(),
            sessions,
            feed,
            sending,
            orgs,
            set_aside: SetAside::default(),
            under_way,
            backlog,
            search_lag: AtomicI64::new(0),
            troubled_subscriptions: Mutex::default(),
            is_clock_off: AtomicBool::new(false),
        };
        Ok((Self { inner: Arc::new(inner) }, thread))
    }

    /// The clock that everything here runs by.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Where calls may go.
    pub fn targets(&self) -> &Targets {
        &self.inner.targets
    }

    /// The calls that this process has claimed.
    pub fn under_way(&self) -> &Arc<UnderWay> {
        &self.inner.under_way
    }

    /// Deadlines where a type names none.
    pub fn deadlines(&self) -> Deadlines {
        self.inner.deadlines
    }

    /// Number of writes that wait right now.
    pub fn queue_depth(&self) -> usize {
        self.inner.writer.waiting()
    }

    /// How long a caller should wait before they try a busy engine again.
    pub const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);
}

/// The first check of every command: does the token grant the permission?
pub fn require(actor: &Actor, permission: Permission) -> Result<(), EngineError> {
    if actor.may(permission) { Ok(()) } else { Err(EngineError::PermissionMissing(permission)) }
}
