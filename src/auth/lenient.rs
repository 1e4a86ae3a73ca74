//! What grants nothing is read leniently: a claim that can't be read counts as absent, and the log says so once.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::Value;

/// The claims that were left out of a token so far. Every token of a provider has the same flaw, so one line of
/// the log is enough for each claim.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    said: Mutex<BTreeSet<&'static str>>,
}

impl Dropped {
    /// The claim's value; `None` if it is absent or can't be read.
    pub fn unless_read<T>(
        &self,
        role: &'static str,
        claim: Option<&Value>,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let found = read(claim?);
        if found.is_none() && self.said.lock().is_ok_and(|mut said| said.insert(role)) {
            tracing::warn!(claim = role, "a claim can't be used, so it counts as absent; said once");
        }
        found
    }
}
