//! Which requests may be decided many in one call, and which are looked at one by one.

use super::{Approval, Risk};

/// Whether a decision comes alone or with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionMode {
    /// It was made for this request only.
    Single,
    /// It was made for many at once.
    Bulk {
        /// Whether the request's type lets that happen.
        is_allowed_by_type: bool,
    },
}

/// Whether a request may be decided together with others: its type says so, and its rule neither calls the
/// risk high nor asks for a fresh sign-in.
pub fn allows_bulk(is_allowed_by_type: bool, risk: Option<Risk>, approval: &Approval) -> bool {
    is_allowed_by_type && risk != Some(Risk::High) && approval.fresh_sign_in.is_none()
}
