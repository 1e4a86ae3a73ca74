//! Fresh sign-in: a rule may ask for a recent sign-in before somebody approves.
//!
//! Only before an approval: a rejection sends nothing, and whoever sees that something is wrong should be
//! able to stop it at once. **Invariant:** a sign-in whose time is unknown is not fresh.

use chrono::{DateTime, TimeDelta, Utc};

use super::Approval;
use crate::domain::actor::Signer;

/// Tolerated clock skew of other machines.
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(1);

/// What a rule asks of the sign-in of those who approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshSignIn {
    /// Maximum age of the sign-in.
    pub within: TimeDelta,
    /// Whether this person's sign-in is recent enough now.
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
