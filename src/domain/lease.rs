//! The lease of an execution: how long a claim is exclusive, and how often its holder renews it.

use std::time::Duration;

use chrono::TimeDelta;

/// How long a claim lasts without a renewal.
pub const LEASE: TimeDelta = TimeDelta::seconds(15);

/// How often a holder renews its leases: a third of [`LEASE`], so that two renewals may fail.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_twice_before_it_runs_out() {
        assert_eq!((RENEW_EVERY * 3).as_secs(), LEASE.num_seconds().unsigned_abs());
    }
}
