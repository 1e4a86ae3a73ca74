//! Why the engine did not do what was asked.

use crate::domain::actor::Permission;
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::domain::lifecycle::Refusal;
use crate::store::StoreError;

pub use crate::store::Unavailable;

/// Why the engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The token does not grant the permission that this needs.
    #[error("the permission {} is missing", .0.name())]
    PermissionMissing(Permission),
    /// There is no such thing for this person: none at all, another org's, or another maker's.
    #[error("not found")]
    NotFound,
    /// The door could not read what was sent.
    #[error("what was sent can't be read")]
    Unreadable(Vec<DoorFault>),
    /// What was sent is faulty; every fault is listed.
    #[error("{} faults in what was sent", .0.len())]
    Invalid(Vec<Fault>),
    /// The policy, a limit or another request refuses a submission.
    #[error("not admitted: {}", .0.code)]
    NotAdmitted(AdmissionRefusal),
    /// The rules forbid it.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineError {
    /// Why the store could not do it, for an error that is a matter of time.
    pub fn unavailable(&self) -> Option<Unavailable> {
        match self {
            Self::Store(error) => error.unavailable(),
            Self::PermissionMissing(_)
            | Self::NotFound
            | Self::Unreadable(_)
            | Self::Invalid(_)
            | Self::NotAdmitted(_)
            | Self::Refused(_) => None,
        }
    }

    /// For an error that is a matter of time: a sentence that says what was recorded, and what to do.
    pub fn try_again_sentence(&self) -> Option<&'static str> {
        self.unavailable().map(try_again_sentence)
    }

    /// Whether the rows of the one request can't be read: trying again does not help.
    pub fn is_unreadable_row(&self) -> bool {
        matches!(self, Self::Store(StoreError::Corrupt(_)))
    }

    /// The stable words for it: one, or one for each fault.
    pub fn codes(&self) -> Vec<Code> {
        match self {
            Self::Unreadable(faults) => faults.iter().map(|fault| fault.code).collect(),
            Self::Invalid(faults) => faults.iter().map(Fault::code).collect(),
            Self::PermissionMissing(_) => vec![Code::PermissionMissing],
            Self::NotFound => vec![Code::NotFound],
            Self::NotAdmitted(why) => vec![why.code],
            Self::Refused(refusal) => vec![refusal.code()],
            Self::Store(error) if error.is_busy() => vec![Code::Busy],
            Self::Store(_) => vec![Code::Internal],
        }
    }
}

fn try_again_sentence(why: Unavailable) -> &'static str {
    match why {
        Unavailable::QueueFull => "The server is busy. Nothing was recorded; try again shortly.",
        Unavailable::Held => {
            "Somebody else holds this in the database. Nothing was recorded; try again shortly, and tell the \
             server's operators if that does not help."
        }
        Unavailable::Away => {
            "The database takes no changes right now. Nothing was recorded; try again shortly."
        }
        Unavailable::Unread => {
            "The database can't be read right now. Try again shortly: a decision or a withdrawal that was \
             recorded is not recorded a second time."
        }
        Unavailable::Unsure => {
            "The database did not say whether this was recorded. Look it up, or send the same call again: a \
             decision, a withdrawal, or a submission with its Idempotency-Key is recorded once at most."
        }
    }
}

/// What a door found wrong with an API call or a form before the engine could check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorFault {
    /// A stable word.
    pub code: Code,
    /// A sentence that says what to do.
    pub message: String,
    /// A JSON pointer, or the name of a parameter or header.
    pub field: Option<String>,
}

impl From<Fault> for DoorFault {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code(), message: fault.sentence(), field: Some(fault.field) }
    }
}

/// Why a submission that has no fault is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionRefusal {
    /// A stable word.
    pub code: Code,
    /// A sentence that says what to do.
    pub message: String,
}

impl AdmissionRefusal {
    /// A counter's sum would no longer be exact.
    pub(super) fn too_large() -> Self {
        let message =
            "With this amount a counter's sum is too large to be held exactly. Submit a smaller one.";
        Self { code: Code::ConditionFailed, message: message.to_owned() }
    }

    /// Another open request of the org to the same host carries the same id.
    pub(super) fn repeat_key_in_use() -> Self {
        let message = "The target recognises a repeat by an id in this call, and another open request to it has \
                       the same id. Use a new id for a new request, or wait until the other one has ended.";
        Self { code: Code::RepeatKeyInUse, message: message.to_owned() }
    }

    /// The key was used by another person or for another submission.
    pub(super) fn key_reused() -> Self {
        let message = "This Idempotency-Key was used for another submission. Use a new key for a new one.";
        Self { code: Code::IdempotencyKeyReused, message: message.to_owned() }
    }
}
