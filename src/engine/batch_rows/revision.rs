//! The next revision of a request takes the place of the one that was sent back.

use std::sync::Arc;

use super::BatchRows;
use crate::domain::lifecycle::{Command, transition};
use crate::domain::policy::usage::Usage;
use crate::domain::request::Request;
use crate::engine::admission::PreparedSubmission;
use crate::store::StoreError;
use crate::store::calls::CallRow;
use crate::store::requests::Key;

impl BatchRows<'_> {
    /// Takes a request out of its counters, so that what takes its place is weighed without it.
    pub(in crate::engine) fn give_share_back(&mut self, request: &Request) -> Result<(), StoreError> {
        self.count(request, Usage::remove)
    }

    /// Puts a request into its counters.
    pub(in crate::engine) fn take_share(&mut self, request: &Request) -> Result<(), StoreError> {
        self.count(request, Usage::add)
    }

    /// The request as a command would leave it; `None` if the rules forbid the command.
    pub(in crate::engine) fn foresee(&self, key: &Key, command: &Command<'_>) -> Option<Request> {
        let request = self.request(key)?;
        let happened = transition(request, command, self.now).ok()?;
        Some(happened.iter().fold(request.clone(), Request::apply))
    }

    /// Lets an admitted revision take the place of the one before it.
    pub(in crate::engine) fn revise(
        &mut self,
        key: &Key,
        command: &Command<'_>,
        (prepared, call): (&PreparedSubmission, &CallRow),
    ) -> Result<(), StoreError> {
        let forbidden = || StoreError::Corrupt(format!("{} can't be revised", key.1));
        self.transition(key, command, &prepared.origin)?.map_err(|_| forbidden())?;
        let Some(entry) = self.requests.get_mut(key) else { return Err(forbidden()) };
        entry.pinned = Arc::clone(&prepared.request_type);
        let revised = entry.request.clone();
        self.take_share(&revised)?;
        self.new_calls.push(call.clone());
        let id = key.1;
        self.pending.values_mut().for_each(|open| open.retain(|other| *other != id));
        self.remember(prepared, id);
        Ok(())
    }
}
