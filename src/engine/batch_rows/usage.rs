//! The counters of a batch: locked, counted up and down in memory.

use std::collections::BTreeSet;

use super::{BatchRows, Entry};
use crate::domain::amount::Amount;
use crate::domain::request::Request;
use crate::engine::admission::{PreparedSubmission, can_hold, usage_key};
use crate::store::usage::{self, UsageKey};
use crate::store::{AnyConnection, StoreError};

impl BatchRows<'_> {
    /// The counters of the requests that may end here, and of the submissions.
    pub(super) fn load_usage(
        &mut self,
        conn: &mut AnyConnection,
        submissions: &[&PreparedSubmission],
    ) -> Result<(), StoreError> {
        let mut keys: BTreeSet<UsageKey> = submissions.iter().flat_map(|prepared| prepared.locks()).collect();
        for Entry { request, .. } in self.requests.values() {
            let name = request.request_type.as_str();
            let own =
                request.terms.counted.iter().map(|counted| usage_key(request.org.as_str(), name, counted));
            keys.extend(own);
        }
        let keys: Vec<UsageKey> = keys.into_iter().collect();
        for row in usage::lock(conn, &keys)? {
            self.usage.insert(row.key(), row);
        }
        Ok(())
    }

    /// Whether its counters can hold a request exactly.
    pub(in crate::engine) fn can_count(&self, request: &Request) -> bool {
        request.terms.counted.iter().all(|counted| {
            let key = usage_key(request.org.as_str(), request.request_type.as_str(), counted);
            let sum = self.usage.get(&key).and_then(|row| Amount::parse(&row.sum).ok());
            sum.is_some_and(|sum| can_hold(sum, request.terms.amount))
        })
    }

    /// Counts a request in its counters, or (`by` is -1) takes it out. A negative amount counts with its
    /// size: it must not make room for others.
    pub(super) fn count(&mut self, request: &Request, by: i64) -> Result<(), StoreError> {
        let corrupt = || StoreError::Corrupt(format!("the counters of {}", request.id));
        for counted in &request.terms.counted {
            let key = usage_key(request.org.as_str(), request.request_type.as_str(), counted);
            let row = self.usage.get_mut(&key).ok_or_else(corrupt)?;
            row.count = (row.count + by).max(0);
            if let Some(size) = request.terms.amount.and_then(Amount::size) {
                let sum = Amount::parse(&row.sum).map_err(|_| corrupt())?;
                let sum = if by > 0 { sum.checked_add(size) } else { sum.checked_sub(size) };
                row.sum = sum.ok_or_else(corrupt)?.to_string();
            }
            self.counted.insert(key);
        }
        Ok(())
    }
}
