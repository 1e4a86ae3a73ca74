//! The counters of a batch: locked, counted up and down in memory.

use std::collections::BTreeSet;

use super::{BatchRows, Entry};
use crate::domain::amount::Amount;
use crate::domain::policy::usage::Usage;
use crate::domain::request::Request;
use crate::engine::admission::{PreparedSubmission, usage_key};
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
        let read: BTreeSet<UsageKey> = submissions.iter().flat_map(|prepared| prepared.read_rows()).collect();
        let read: Vec<UsageKey> = read.into_iter().filter(|key| !self.usage.contains_key(key)).collect();
        for row in usage::find_all(conn, &read)? {
            self.usage.insert(row.key(), row);
        }
        Ok(())
    }

    /// Whether its counters can hold a request exactly.
    pub(in crate::engine) fn can_count(&self, request: &Request) -> bool {
        request.terms.counted.iter().all(|counted| {
            let key = usage_key(request.org.as_str(), request.request_type.as_str(), counted);
            let usage = self.usage.get(&key).and_then(|row| Usage::parse(row.count, &row.sum));
            usage.is_some_and(|usage| usage.can_hold(request.terms.amount))
        })
    }

    /// Changes the counters that count a request: [`Usage::add`] or [`Usage::remove`].
    pub(super) fn count(
        &mut self,
        request: &Request,
        change: fn(Usage, Option<Amount>) -> Option<Usage>,
    ) -> Result<(), StoreError> {
        let corrupt = || StoreError::Corrupt(format!("the counters of {}", request.id));
        for counted in &request.terms.counted {
            let key = usage_key(request.org.as_str(), request.request_type.as_str(), counted);
            let row = self.usage.get_mut(&key).ok_or_else(corrupt)?;
            let before = Usage::parse(row.count, &row.sum).ok_or_else(corrupt)?;
            let after = change(before, request.terms.amount).ok_or_else(corrupt)?;
            (row.count, row.sum) = (after.count, after.sum.to_string());
            self.counted.insert(key);
        }
        Ok(())
    }
}
