//! The one door to change anything: load, ask the domain, save, all in one transaction.
//!
//! API, CLI and executor change state only through [`Engine`]. **Invariant:** every decision is made
//! in `decider`, on rows locked in the transaction that records it, whichever door was used.

mod admission;
mod bulk;
pub mod change_feed;
mod command;
mod decide;
mod decider;
mod dry_run;
mod execute;
pub mod explain;
mod in_force;
pub mod inbox;
mod lease;
mod outcome_waiters;
pub mod queries;
mod refusals;
pub mod request_snapshot;
mod rule_book;
pub mod sessions;
mod submit;
mod working;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;

pub use admission::{AdmissionRefusal, Deadlines};
pub use bulk::{BulkDecisionInput, BulkItemResult, Item as BulkItem, Outcome as BulkOutcome};
pub use decide::{Decided, DecisionInput};
pub use dry_run::{DraftRequest, DryRun};
pub use lease::{ClaimedExecution, Ending, HeldLease};
pub use refusals::RefusedSubmission;
pub use rule_book::RuleBook;
pub use submit::{SubmissionInput, Submitted};

use crate::clock::Clock;
use crate::domain::actor::{Actor, Permission};
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::domain::lifecycle::Refusal;
use crate::domain::rules::Rules;
use crate::domain::target::Targets;
use crate::metrics::Metrics;
use crate::store::writer::{Writer, WriterLimits};
use crate::store::{Store, StoreError};
use change_feed::Feed;
use decider::{Decider, Shared};
use outcome_waiters::Outcomes;
use sessions::SessionLimits;

pub use crate::store::events::Origin;
pub use crate::store::requests::Key as RequestKey;

/// Why the engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The token does not grant the right that this needs.
    #[error("the right {} is missing", .0.name())]
    PermissionMissing(Permission),
    /// There is no such thing for this person: none at all, another org's, or another maker's.
    #[error("not found")]
    NotFound,
    /// What was sent is faulty; every fault is listed.
    #[error("{} faults in what was sent", .0.len())]
    Invalid(Vec<Fault>),
    /// The policy, a limit or another request stands against a submission.
    #[error("not admitted: {}", .0.code)]
    NotAdmitted(AdmissionRefusal),
    /// The rules forbid it.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineError {
    /// The stable words for it: one, or one for each fault.
    pub fn codes(&self) -> Vec<Code> {
        match self {
            Self::Invalid(faults) => faults.iter().map(|fault| fault.code).collect(),
            Self::PermissionMissing(_) => vec![Code::PermissionMissing],
            Self::NotFound => vec![Code::NotFound],
            Self::NotAdmitted(why) => vec![why.code],
            Self::Refused(refusal) => vec![refusal.code()],
            Self::Store(error) if error.is_busy() => vec![Code::Busy],
            Self::Store(_) => vec![Code::Internal],
        }
    }
}

/// What the engine needs to know beyond the store.
pub struct EngineSettings {
    /// Deadlines where a type names none.
    pub deadlines: Deadlines,
    /// What may be asked, and who is who.
    pub rules: Rules,
    /// Where calls may go.
    pub targets: Arc<Targets>,
    /// The writer's queue.
    pub writer: WriterLimits,
    /// How long people stay signed in to the pages.
    pub sessions: SessionLimits,
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
    outcomes: Outcomes,
    feed: Arc<Feed>,
    sessions: SessionLimits,
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
        let EngineSettings { deadlines, rules, targets, writer, sessions } = settings;
        let book = RuleBook::new(rules);
        let feed = Arc::new(Feed::new(clock.new_id(), !store.is_exclusive()));
        let shared = Shared {
            feed: Arc::clone(&feed),
            clock: clock.clone(),
            book: book.clone(),
            deadlines,
            metrics: Arc::clone(&metrics),
            due: Arc::clone(&due),
        };
        let (writer, thread) = Writer::start(&store, Decider::new(shared), writer)?;
        let outcomes = Outcomes::default();
        let inner =
            Inner { store, writer, clock, book, deadlines, targets, metrics, due, outcomes, sessions, feed };
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

    /// Deadlines where a type names none.
    pub fn deadlines(&self) -> Deadlines {
        self.inner.deadlines
    }

    /// Writes that wait right now.
    pub fn queue_depth(&self) -> usize {
        self.inner.writer.waiting()
    }

    /// How long a caller should wait before he tries a busy engine again.
    pub const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);
}

/// The first check of every command: does the token grant the right?
pub fn require(actor: &Actor, permission: Permission) -> Result<(), EngineError> {
    if actor.may(permission) { Ok(()) } else { Err(EngineError::PermissionMissing(permission)) }
}
