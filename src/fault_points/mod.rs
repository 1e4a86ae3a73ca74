//! Points at which a test kills, stops or delays this process, and the sabotages that prove the tests.
//!
//! Only a debug build has them: it reads `COUNTERSIGN_FAULT_POINTS`, `COUNTERSIGN_SABOTAGE` and
//! `COUNTERSIGN_CLOCK_OFFSET_MS`. In a release build every function here is an empty `const fn`, and no
//! variable is read. `scripts/crash` sets the variables; `docs/reliability.md` lists the points.

#[cfg(debug_assertions)]
mod armed;
#[cfg(not(debug_assertions))]
mod disarmed;

#[cfg(debug_assertions)]
pub use armed::{CallWrites, clock_offset, is_armed, pass, sabotage};
#[cfg(not(debug_assertions))]
pub use disarmed::{CallWrites, clock_offset, is_armed, pass, sabotage};

/// A place in the life of a request where a crash must do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultPoint {
    /// A submission is written, and not committed.
    SubmissionBeforeCommit,
    /// A submission is committed, and not answered.
    SubmissionCommitted,
    /// A decision is written on the locked row, and not committed.
    DecisionBeforeCommit,
    /// A decision is committed, and not answered.
    DecisionCommitted,
    /// An execution is due, and the executor has not been woken.
    WakeUp,
    /// An execution is leased to this process, and no attempt has begun.
    ClaimCommitted,
    /// The start of an attempt is written, and not committed.
    AttemptBeforeCommit,
    /// The start of an attempt is committed, and there is no connection.
    AttemptCommitted,
    /// The connection is there, and no byte of the call has left.
    CallConnected,
    /// About half of the call has left.
    CallHalfWritten,
    /// The whole call has left, and there is no answer.
    CallWritten,
    /// The answer's status and headers are read, and its body is not.
    StatusRead,
    /// The answer is read, and its record has not begun.
    AnswerRead,
    /// An outcome is written, and not committed.
    OutcomeBeforeCommit,
    /// An outcome is committed, and no one has been told.
    OutcomeCommitted,
    /// The target answered a repeat with "had it already", and the record has not begun.
    RepeatAnswerRead,
    /// A passed deadline is written, and not committed.
    ExpiryBeforeCommit,
    /// The server stops, and has not recorded what it cut off.
    StopBeforeRecord,
    /// A lease is about to be renewed.
    LeaseRenewal,
    /// The end of a lapsed lease is written, and not committed.
    SettlementBeforeCommit,
    /// The answer of an attempt whose lease was lost is written, and not committed.
    LateAnswerBeforeCommit,
    /// The writer has a batch, and has not begun its transaction.
    BatchBeforeBegin,
    /// The writer has done a batch's writes, and not committed them.
    BatchBeforeCommit,
    /// The writer has committed a batch, and answered no one.
    BatchCommitted,
}

impl FaultPoint {
    /// Every point, in the order of a request's life.
    pub const ALL: [Self; 24] = [
        Self::SubmissionBeforeCommit,
        Self::SubmissionCommitted,
        Self::DecisionBeforeCommit,
        Self::DecisionCommitted,
        Self::WakeUp,
        Self::ClaimCommitted,
        Self::AttemptBeforeCommit,
        Self::AttemptCommitted,
        Self::CallConnected,
        Self::CallHalfWritten,
        Self::CallWritten,
        Self::StatusRead,
        Self::AnswerRead,
        Self::OutcomeBeforeCommit,
        Self::OutcomeCommitted,
        Self::RepeatAnswerRead,
        Self::ExpiryBeforeCommit,
        Self::StopBeforeRecord,
        Self::LeaseRenewal,
        Self::SettlementBeforeCommit,
        Self::LateAnswerBeforeCommit,
        Self::BatchBeforeBegin,
        Self::BatchBeforeCommit,
        Self::BatchCommitted,
    ];

    /// The name that `COUNTERSIGN_FAULT_POINTS` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SubmissionBeforeCommit => "submission_before_commit",
            Self::SubmissionCommitted => "submission_committed",
            Self::DecisionBeforeCommit => "decision_before_commit",
            Self::DecisionCommitted => "decision_committed",
            Self::WakeUp => "wake_up",
            Self::ClaimCommitted => "claim_committed",
            Self::AttemptBeforeCommit => "attempt_before_commit",
            Self::AttemptCommitted => "attempt_committed",
            Self::CallConnected => "call_connected",
            Self::CallHalfWritten => "call_half_written",
            Self::CallWritten => "call_written",
            Self::StatusRead => "status_read",
            Self::AnswerRead => "answer_read",
            Self::OutcomeBeforeCommit => "outcome_before_commit",
            Self::OutcomeCommitted => "outcome_committed",
            Self::RepeatAnswerRead => "repeat_answer_read",
            Self::ExpiryBeforeCommit => "expiry_before_commit",
            Self::StopBeforeRecord => "stop_before_record",
            Self::LeaseRenewal => "lease_renewal",
            Self::SettlementBeforeCommit => "settlement_before_commit",
            Self::LateAnswerBeforeCommit => "late_answer_before_commit",
            Self::BatchBeforeBegin => "batch_before_begin",
            Self::BatchBeforeCommit => "batch_before_commit",
            Self::BatchCommitted => "batch_committed",
        }
    }
}

/// A rule that is switched off to see whether the tests notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// SQLite runs with `synchronous = NORMAL`.
    SynchronousNormal,
    /// The start of an attempt is not recorded before the call leaves.
    NoAttemptRow,
    /// A write of an execution is accepted whatever its token is.
    NoFencing,
    /// An ambiguous attempt is repeated although the target does not recognise repeats.
    BlindRepeat,
    /// "Had it already" on a first attempt counts as done.
    FirstRepeatAnswerIsDone,
}

impl Sabotage {
    /// Every sabotage.
    pub const ALL: [Self; 5] = [
        Self::SynchronousNormal,
        Self::NoAttemptRow,
        Self::NoFencing,
        Self::BlindRepeat,
        Self::FirstRepeatAnswerIsDone,
    ];

    /// The name that `COUNTERSIGN_SABOTAGE` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynchronousNormal => "synchronous_normal",
            Self::NoAttemptRow => "no_attempt_row",
            Self::NoFencing => "no_fencing",
            Self::BlindRepeat => "blind_repeat",
            Self::FirstRepeatAnswerIsDone => "first_repeat_answer_is_done",
        }
    }
}
