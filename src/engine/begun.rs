//! Executions that begin with the transaction that approves them: already claimed, their first attempt started.
//!
//! From the commit of that transaction on, a crash means that bytes may have left. Everything that needs the network
//! or the stored call comes after it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::claimed_execution::{BegunAttempt, ClaimedExecution, HeldLease};
use super::execute::with_call;
use super::{Engine, EngineError};
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::store::calls;
use crate::store::{AnyConnection, StoreError};

/// One that has begun, and whose call is not loaded yet.
#[derive(Debug)]
pub struct BegunExecution {
    /// The lease.
    pub held: HeldLease,
    /// When its attempt began at the earliest: before the commit.
    pub since: Instant,
    /// The request as the transaction left it.
    pub request: Request,
    /// Its type in the version that it is pinned to.
    pub(super) pinned: Arc<RequestType>,
}

/// One that has begun, and whose call can't be loaded.
#[derive(Debug)]
pub struct Unloaded {
    /// The lease.
    pub held: HeldLease,
    /// The number of its attempt.
    pub attempt: i64,
    /// Why.
    pub error: EngineError,
}

impl BegunExecution {
    /// The number of its attempt.
    pub fn attempt(&self) -> i64 {
        self.request.sending.attempts
    }
}

impl Engine {
    /// Loads the calls of executions that have begun, in one query; those that can't be loaded come back with why.
    pub async fn load_begun(
        &self,
        begun: Vec<BegunExecution>,
    ) -> Vec<Result<ClaimedExecution, Box<Unloaded>>> {
        let keys: Vec<_> = begun.iter().map(|one| one.held.key.clone()).collect();
        let load = move |conn: &mut AnyConnection| calls::list(conn, &keys);
        let (mut loaded, failure) = match self.inner.store.read_by_key(load).await {
            Ok(loaded) => (loaded, None),
            Err(error) => (HashMap::new(), Some(error.to_string())),
        };
        let claimed = |one: BegunExecution| {
            let (held, attempt) = (one.held.clone(), one.attempt());
            let begun = BegunAttempt { number: attempt, since: one.since };
            let claimed = match (loaded.remove(&held.key), &failure) {
                (Some(stored), _) => with_call((one.held, Some(begun)), one.request, &one.pinned, stored),
                (None, Some(failure)) => Err(StoreError::Pool(failure.clone())),
                (None, None) => Err(StoreError::Corrupt(format!("{} has no call", held.key.1))),
            };
            claimed.map_err(|error| Box::new(Unloaded { held, attempt, error: error.into() }))
        };
        begun.into_iter().map(claimed).collect()
    }
}
