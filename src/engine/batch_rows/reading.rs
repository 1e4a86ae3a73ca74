//! How a checker came to read what they decide: a fact of the pages that is kept with the decision.

use super::BatchRows;
use crate::domain::conduct::Reading;
use crate::store::decisions::DecisionRow;
use crate::store::requests::Key;

impl BatchRows<'_> {
    /// Keeps with the decision that was just recorded how the checker came to read the request.
    pub(in crate::engine) fn note_reading(&mut self, key: &Key, reading: Option<Reading>) {
        let is_its = |row: &&mut DecisionRow| row.org_id == key.0.as_str() && row.request_id == key.1.into();
        if let Some(decision) = self.decisions.iter_mut().rev().find(is_its) {
            decision.was_read(reading);
        }
    }
}
