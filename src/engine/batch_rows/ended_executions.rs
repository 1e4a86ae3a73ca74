//! An execution ends with its request.

use super::BatchRows;
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
        let now = self.now;
        match self.execution(key) {
            Some(execution) => Ok(execution.close_with_request((before, after), now)?),
            None => Ok(()),
        }
    }

    /// An execution that ended as unknown, or whose target is asked, ends as its request has by now.
    pub(in crate::engine) fn settle_execution_as_its_request(&mut self, key: &Key) {
        let (now, state) = (self.now, self.request(key).map(|request| request.state));
        if let (Some(state), Some(execution)) = (state, self.execution(key)) {
            execution.settle_with_request(state, now);
        }
    }
}
