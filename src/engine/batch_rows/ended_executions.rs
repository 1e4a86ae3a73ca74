//! An execution ends with its request.

use super::BatchRows;
use crate::domain::outcome::Outcome;
use crate::domain::request::State;
use crate::store::StoreError;
use crate::store::requests::Key;

impl BatchRows<'_> {
    /// A request that leaves `approved` takes its execution with it, whoever holds that.
    pub(super) fn close_execution(
        &mut self,
        key: &Key,
        before: State,
        after: State,
    ) -> Result<(), StoreError> {
        if before != State::Approved || after == State::Approved {
            return Ok(());
        }
        let outcome = match after {
            State::Executed => Outcome::Executed,
            State::Unknown => Outcome::Unknown,
            State::Failed
            | State::Expired
            | State::Withdrawn
            | State::Rejected
            | State::ValidateMakerAccess
            | State::ValidatePayload
            | State::AdminTask
            | State::Approved => Outcome::Failed,
        };
        let now = self.now;
        match self.execution(key) {
            Some(execution) => Ok(execution.close(outcome, now)?),
            None => Ok(()),
        }
    }

    /// An execution that ended as unknown, or whose target is asked, ends as its request has by now.
    pub(in crate::engine) fn settle_execution_as_its_request(&mut self, key: &Key) {
        let (now, state) = (self.now, self.request(key).map(|request| request.state));
        let outcome = Outcome::ALL.into_iter().find(|outcome| Some(outcome.state()) == state);
        if let (Some(outcome), Some(execution)) = (outcome, self.execution(key)) {
            execution.settle(outcome, now);
        }
    }
}
