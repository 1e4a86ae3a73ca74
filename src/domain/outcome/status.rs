//! What a status says alone.

use crate::domain::request_type::AnswerRules;

/// What a status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusClass {
    /// Nothing was done, and the target may be asked again.
    NotDone,
    /// It failed.
    Failed,
    /// Nobody knows whether it was done.
    Ambiguous,
    /// The rest of the answer says it.
    Success,
}

/// The class of a status that the type lists; its lists may name any status.
pub(super) fn listed(status: u16, rules: &AnswerRules) -> Option<StatusClass> {
    if rules.not_done_if_status.contains(&status) {
        Some(StatusClass::NotDone)
    } else if rules.failed_if_status.contains(&status) {
        Some(StatusClass::Failed)
    } else if rules.unknown_if_status.contains(&status) {
        Some(StatusClass::Ambiguous)
    } else {
        None
    }
}

/// What a status says that no list names. A time-out, a replay and most errors of servers and gateways come also
/// after the call was carried out; not implemented (501) and version not supported (505) do not.
pub(super) fn class_of(status: u16) -> StatusClass {
    match status {
        200..=299 => StatusClass::Success,
        408 | 425 | 500 | 502..=504 | 506..=599 => StatusClass::Ambiguous,
        _ => StatusClass::Failed,
    }
}
