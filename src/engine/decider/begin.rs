//! A request that was just approved begins at once, if this node has room for its host and nothing stands before it.

use super::{Decider, system_origin};
use crate::domain::execution::Execution;
use crate::domain::lifecycle::Command;
use crate::domain::request::State;
use crate::engine::batch_rows::BatchRows;
use crate::engine::begun::BegunExecution;
use crate::engine::claimed_execution::HeldLease;
use crate::engine::under_way::RunningCall;
use crate::fault_points::{Sabotage, sabotage};
use crate::store::requests::Key;
use crate::store::{AnyConnection, StoreError, executions};

impl Decider {
    /// Claims the new execution of `key` and starts its first attempt, or leaves it in the queue.
    ///
    /// The deadline and the decision's rules were checked a moment ago, in this transaction.
    pub(super) fn begin(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        key: &Key,
    ) -> Result<(), StoreError> {
        let Some(host) = rows.request(key).map(|request| request.host.clone()) else { return Ok(()) };
        let is_possible = self.shared.under_way.is_open() && !sabotage(Sabotage::NoAttemptRow);
        if !is_possible || self.is_still_allowed(rows, key)?.is_err() {
            return Ok(());
        }
        let ahead = rows.queue_ahead(conn)?;
        let (is_before, until) = (ahead.is_before(&host), ahead.now + self.shared.sending.lease);
        let token = rows.execution(key).map_or(0, |execution| execution.token) + 1;
        let held = HeldLease { key: key.clone(), token };
        if is_before || !self.shared.under_way.take_slot(RunningCall::begun(held.clone(), &host)) {
            rows.add_to_queue(&host);
            return Ok(());
        }
        self.taken.push(key.clone());
        if let Some(execution) = rows.execution(key) {
            execution.claim(&self.node, until)?;
        }
        if rows.transition(key, &Command::StartAttempt, &system_origin(key))?.is_err() {
            return Err(StoreError::Corrupt(format!("{} is approved and can't begin", key.1)));
        }
        rows.open_attempt(key, held.token);
        self.has_begun(rows, held);
        Ok(())
    }

    /// An earlier try of this decision was committed although it was reported as failed: what it began is still this
    /// process's to send.
    pub(super) fn begin_again(
        &mut self,
        conn: &mut AnyConnection,
        rows: &BatchRows<'_>,
        key: &Key,
    ) -> Result<(), StoreError> {
        let is_begun = rows.request(key).is_some_and(|found| {
            found.state == State::Approved && found.sending.attempt_under_way() == Some(1)
        });
        if !is_begun || self.shared.under_way.contains(key) {
            return Ok(());
        }
        let execution = executions::find(conn, &key.0, key.1)?;
        let Some(token) = execution.and_then(|found| found.token_of(&self.node)) else { return Ok(()) };
        let held = HeldLease { key: key.clone(), token };
        let host = rows.request(key).map(|request| request.host.clone()).unwrap_or_default();
        self.shared.under_way.add(RunningCall::begun(held.clone(), &host));
        self.taken.push(key.clone());
        self.has_begun(rows, held);
        Ok(())
    }

    fn has_begun(&mut self, rows: &BatchRows<'_>, held: HeldLease) {
        if let (Some(request), Some(pinned)) = (rows.request(&held.key).cloned(), rows.pinned(&held.key)) {
            self.begun.push(BegunExecution { held, since: self.since, request, pinned });
        }
    }

    /// Notes what was claimed from the queue.
    pub(super) fn take_slots(&mut self, executions: &[Execution]) {
        for execution in executions {
            let held = HeldLease { key: execution.key(), token: execution.token };
            self.taken.push(held.key.clone());
            self.shared.under_way.add(RunningCall::claimed(held, &execution.host));
        }
    }

    /// Gives back the slots of a batch that was not committed.
    pub(super) fn give_slots_back(&mut self) {
        self.begun.clear();
        for key in self.taken.drain(..) {
            self.shared.under_way.remove(&key);
        }
    }
}
