//! Mutants: the protocol with one rule broken. Each must be found, or the properties are blind.

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutant {
    /// A call is sent without an attempt that is committed (`no_attempt_row` of `scripts/crash`).
    NoAttemptRow,
    /// An ambiguous call is repeated although its target does not recognise that (`blind_repeat`).
    BlindRepeat,
    /// "Had it already" always says that the work was done (`first_repeat_answer_is_done`).
    FirstRepeatAnswerIsDone,
    /// Nobody asks for the fencing token (`no_fencing`).
    NoFencing,
    /// An attempt begins without any question: in whatever state, under whatever lease, however late.
    NothingIsAskedBeforeAnAttempt,
    /// A power cut takes the last commit of a request back (`synchronous_normal`).
    LastCommitIsLost,
    /// Two words of one person settle an outcome, if they come from two accounts.
    TwoAccountsAreTwoPeople,
    /// The maker has a word, from a second account.
    MakersSecondAccountHasAWord,
    /// A probe that can't tell settles the outcome.
    CannotTellSettles,
    /// Executions are claimed although sending is paused.
    PauseIsIgnored,
    /// An attempt begins although the approval has run out.
    DeadlineIsIgnored,
    /// A repeat does not wait until the target can't be at work any more.
    RepeatDoesNotWait,
    /// An approval that ran out is expired, whatever was sent before.
    LapseForgetsAttempts,
    /// A late answer settles what has ended as well.
    LateAnswerMovesAnEnd,
    /// A worker that was halted sends its call however late it wakes up.
    SendsHoweverLate,
}
