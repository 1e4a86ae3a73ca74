//! What must never happen, and what has to happen somewhere: the names of the properties.

/// Something that must never happen. A request keeps those that happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    DoneTwice,
    RepeatedBlindly,
    RepeatedWhileAtWork,
    ExecutedButNotDone,
    FailedButDone,
    TwoAttemptsUnderWay,
    SentWithoutAttempt,
    BegunAfterTheEnd,
    BegunAfterTheDeadline,
    BegunUnderALostLease,
    TakenWhilePaused,
    AnEndMoved,
    SettledByOnePerson,
    SettledByAGuess,
    SentAndForgotten,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 15] = [
        Self::DoneTwice,
        Self::RepeatedBlindly,
        Self::RepeatedWhileAtWork,
        Self::ExecutedButNotDone,
        Self::FailedButDone,
        Self::TwoAttemptsUnderWay,
        Self::SentWithoutAttempt,
        Self::BegunAfterTheEnd,
        Self::BegunAfterTheDeadline,
        Self::BegunUnderALostLease,
        Self::TakenWhilePaused,
        Self::AnEndMoved,
        Self::SettledByOnePerson,
        Self::SettledByAGuess,
        Self::SentAndForgotten,
    ];

    /// What holds as long as it does not happen.
    pub fn rule(self) -> &'static str {
        match self {
            Self::DoneTwice => "the work is never done twice",
            Self::RepeatedBlindly => {
                "what may have been done is sent again only to a target that recognises a repeat"
            }
            Self::RepeatedWhileAtWork => "nothing is sent while the target may be at work on an earlier call",
            Self::ExecutedButNotDone => "the engine says executed only if the work was done",
            Self::FailedButDone => {
                "the engine says failed, expired or withdrawn only if the work is never done"
            }
            Self::TwoAttemptsUnderWay => "never are two attempts of one request under way",
            Self::SentWithoutAttempt => "nothing is sent before its attempt is committed by its sender",
            Self::BegunAfterTheEnd => "no attempt begins unless the request is approved and has not ended",
            Self::BegunAfterTheDeadline => "no attempt begins after the deadline",
            Self::BegunUnderALostLease => "no attempt begins under a lease that was taken over",
            Self::TakenWhilePaused => "nothing is taken from the queue, or past it, while sending is paused",
            Self::AnEndMoved => "what has ended never changes",
            Self::SettledByOnePerson => {
                "people settle an outcome only by the words of two, neither of them the maker"
            }
            Self::SettledByAGuess => {
                "a probe settles an outcome only if the target says what became of the call"
            }
            Self::SentAndForgotten => "of what was sent the store knows that it was attempted",
        }
    }
}

/// Something that has to happen somewhere, or the model does not reach what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    BegunWithTheDecision,
    ExecutedAtOnce,
    ExecutedAfterARetry,
    ExecutedAfterARepeat,
    ThreeAttempts,
    HadItAlready,
    Unknown,
    SettledByPeople,
    SettledWronglyByPeople,
    SettledByProbe,
    SettledByLateAnswer,
    LateAnswerMovedNothing,
    Fenced,
    ClaimRecovered,
    AttemptRecovered,
    LeaseRenewed,
    ExpiredUndecided,
    ExpiredUnsent,
    LapsedAfterAttempts,
    Withdrawn,
    Stopped,
    HeldBackByAPause,
}

impl Mark {
    /// Every one.
    pub const ALL: [Self; 22] = [
        Self::BegunWithTheDecision,
        Self::ExecutedAtOnce,
        Self::ExecutedAfterARetry,
        Self::ExecutedAfterARepeat,
        Self::ThreeAttempts,
        Self::HadItAlready,
        Self::Unknown,
        Self::SettledByPeople,
        Self::SettledWronglyByPeople,
        Self::SettledByProbe,
        Self::SettledByLateAnswer,
        Self::LateAnswerMovedNothing,
        Self::Fenced,
        Self::ClaimRecovered,
        Self::AttemptRecovered,
        Self::LeaseRenewed,
        Self::ExpiredUndecided,
        Self::ExpiredUnsent,
        Self::LapsedAfterAttempts,
        Self::Withdrawn,
        Self::Stopped,
        Self::HeldBackByAPause,
    ];

    /// What happens.
    pub fn event(self) -> &'static str {
        match self {
            Self::BegunWithTheDecision => "an attempt begins in the transaction of the decision",
            Self::ExecutedAtOnce => "a request is executed by its first attempt",
            Self::ExecutedAfterARetry => {
                "a request is executed after an attempt that certainly was not carried out"
            }
            Self::ExecutedAfterARepeat => "a request is executed after an ambiguous attempt",
            Self::ThreeAttempts => "a third attempt begins",
            Self::HadItAlready => "a target had the call already, and nobody knows more",
            Self::Unknown => "an outcome is unknown",
            Self::SettledByPeople => "two people settle an outcome",
            Self::SettledWronglyByPeople => "two people settle an outcome wrongly",
            Self::SettledByProbe => "a probe settles an outcome",
            Self::SettledByLateAnswer => "a late answer settles an outcome",
            Self::LateAnswerMovedNothing => "a late answer is kept and moves nothing",
            Self::Fenced => "a worker that lost its lease is refused",
            Self::ClaimRecovered => "a claim is recovered whose worker had begun nothing",
            Self::AttemptRecovered => "an attempt is recovered whose worker is gone",
            Self::LeaseRenewed => "a lease is renewed",
            Self::ExpiredUndecided => "a request expires undecided",
            Self::ExpiredUnsent => "an approval runs out before anything was sent",
            Self::LapsedAfterAttempts => "an approval runs out between two attempts",
            Self::Withdrawn => "an approved request is withdrawn",
            Self::Stopped => "the engine itself refuses to send",
            Self::HeldBackByAPause => "a pause holds back what is due",
        }
    }
}

/// A few faults or marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bits(pub u32);

impl Bits {
    /// Notes one by its number.
    pub fn note(&mut self, number: u32) {
        self.0 |= 1 << number;
    }

    /// Whether the one with this number is noted.
    pub fn has(self, number: u32) -> bool {
        self.0 & (1 << number) != 0
    }
}
