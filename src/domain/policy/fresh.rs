//! A rule may ask for a sign-in that is not older than a span of time before somebody approves.
//!
//! Only before an approval: a rejection sends nothing, and whoever sees that something is wrong should be
//! able to stop it at once. **Invariant:** a sign-in that nobody knows the time of is not fresh.

use chrono::{DateTime, TimeDelta, Utc};

use super::Approval;
use crate::domain::actor::Signer;

/// The clocks of others may be ahead of this one by so much.
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(1);

/// What a rule asks of the sign-in of those who approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshSignIn {
    /// So old may it be.
    pub within: TimeDelta,
    /// Whether it is, for this person at this moment.
    pub is_fresh: bool,
}

impl FreshSignIn {
    /// What `approval` asks of `signer`; `None` if it asks for nothing.
    pub fn of(approval: &Approval, signer: &Signer, now: DateTime<Utc>) -> Option<Self> {
        let within = approval.fresh_sign_in?;
        let is_recent = |at: DateTime<Utc>| (-AHEAD_MAX..=within).contains(&(now - at));
        Some(Self { within, is_fresh: signer.signed_in_at.is_some_and(is_recent) })
    }
}
