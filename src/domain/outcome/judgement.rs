//! What an exchange means.

use chrono::TimeDelta;

use crate::domain::attempt::AttemptOutcome;

/// One part of an executed call that did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartWarning {
    /// The target's code, such as `1040`; `error` if it gave none.
    pub code: String,
    /// A sentence that names the part and its error.
    pub message: String,
}

/// What an exchange means for the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What the attempt came to.
    pub outcome: AttemptOutcome,
    /// A sentence for people. It never contains what was sent.
    pub reason: String,
    /// The parts that did not work, when the rest did.
    pub warnings: Vec<PartWarning>,
    /// How long the target asks to be left alone (`Retry-After`), if it says so: more than nothing and at
    /// most a day. Only with *not done*.
    pub retry_after: Option<TimeDelta>,
}

impl Judgement {
    pub(super) fn new(outcome: AttemptOutcome, reason: String) -> Self {
        Self { outcome, reason, warnings: Vec::new(), retry_after: None }
    }
}
