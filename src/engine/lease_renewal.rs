//! Renewing leases past the writer: on a shared database, by a connection that does nothing else.

use std::time::Duration;

use chrono::TimeDelta;

use super::Engine;
use super::claimed_execution::HeldLease;
use super::execute::node_time;
use crate::clock::Clock;
use crate::store::claims;
use crate::store::connection::limit_statements;
use crate::store::requests::Key;
use crate::store::{AnyConnection, Store, StoreError};

/// The connection that renews leases.
pub struct LeaseRenewal {
    store: Store,
    clock: Clock,
    lease: TimeDelta,
    conn: Option<AnyConnection>,
}

impl Engine {
    /// What renews leases.
    pub fn lease_renewal(&self) -> LeaseRenewal {
        let (store, clock) = (self.inner.store.clone(), self.inner.clock.clone());
        LeaseRenewal { store, clock, lease: self.inner.sending.lease, conn: None }
    }
}

impl LeaseRenewal {
    /// Whether leases have to be renewed at all. On a database that is this process's alone nobody else could end
    /// a lease, and this process leaves out what is under way.
    pub fn is_needed(&self) -> bool {
        !self.store.is_exclusive()
    }

    /// How long a lease lasts.
    pub fn lease(&self) -> Duration {
        self.lease.to_std().unwrap_or_default()
    }

    /// Renews these leases by the database's clock. A lost one is only reported: its holder may still say how its
    /// attempt ended. After an error the next call makes a new connection.
    ///
    /// # Errors
    /// The database is not there, or does not answer within half of the time between two renewals.
    pub fn renew(&mut self, held: &[HeldLease]) -> Result<(), StoreError> {
        if held.is_empty() {
            return Ok(());
        }
        crate::fault_points::pass(crate::fault_points::FaultPoint::LeaseRenewal);
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                let mut conn = self.store.open_writer()?;
                limit_statements(&mut conn, self.lease() / 6)?;
                conn
            }
        };
        let leases: Vec<(Key, i64)> = held.iter().map(|held| (held.key.clone(), held.token)).collect();
        let renewed = claims::renew(&mut conn, &leases, node_time(&self.clock), self.lease)?;
        self.conn = Some(conn);
        if renewed < held.len() {
            tracing::debug!(held = held.len(), renewed, "some leases were not renewed");
        }
        Ok(())
    }
}
