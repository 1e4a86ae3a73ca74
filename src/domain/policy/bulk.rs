//! Which requests may be decided in bulk, and which only one by one.

use super::{Approval, Risk};

/// Whether a decision is about one request or many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionMode {
    /// It is about this request only.
    Single,
    /// It is about many requests at once.
    Bulk {
        /// Whether the request's type allows it.
        is_allowed_by_type: bool,
    },
}

/// Whether a request may be decided in bulk: its type allows it, and its rule neither calls the risk high
/// nor asks for a fresh sign-in.
pub fn allows_bulk(is_allowed_by_type: bool, risk: Option<Risk>, approval: &Approval) -> bool {
    is_allowed_by_type && risk != Some(Risk::High) && approval.fresh_sign_in.is_none()
}
