//! The states of a request, and what each of them means; a checker's verdict.

use std::fmt;

/// How far a request has come. The names are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Being checked: may the maker ask for this? Never at rest.
    ValidateMakerAccess,
    /// Being checked: is the payload sound? Never at rest.
    ValidatePayload,
    /// Waiting for checkers.
    AdminTask,
    /// Waiting for its maker, to whom a checker sent it back for changes.
    SentBack,
    /// Everybody who was needed agreed; the call is about to be sent, or on its way.
    Approved,
    /// The target answered, and nothing in its answer says that it failed. Final.
    Executed,
    /// The target refused, or the call certainly never left. Final.
    Failed,
    /// The call left, and no full answer came back: it may or may not have happened.
    Unknown,
    /// Rejected by checkers. Final.
    Rejected,
    /// Withdrawn by the maker. Final.
    Withdrawn,
    /// Not decided in time, or approved and not sent in time. Final.
    Expired,
}

impl State {
    /// Every state, in the order of a request's life.
    pub const ALL: [Self; 11] = [
        Self::ValidateMakerAccess,
        Self::ValidatePayload,
        Self::AdminTask,
        Self::SentBack,
        Self::Approved,
        Self::Executed,
        Self::Failed,
        Self::Unknown,
        Self::Rejected,
        Self::Withdrawn,
        Self::Expired,
    ];

    /// The wire's and the table's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidateMakerAccess => "ValidateMakerAccess",
            Self::ValidatePayload => "ValidatePayload",
            Self::AdminTask => "AdminTask",
            Self::SentBack => "sent_back",
            Self::Approved => "approved",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// Reads [`State::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == text)
    }

    /// Whether checkers can decide it now.
    pub fn waits(self) -> bool {
        match self {
            Self::AdminTask => true,
            Self::ValidateMakerAccess
            | Self::ValidatePayload
            | Self::SentBack
            | Self::Approved
            | Self::Executed
            | Self::Failed
            | Self::Unknown
            | Self::Rejected
            | Self::Withdrawn
            | Self::Expired => false,
        }
    }

    /// Whether nothing has ended its way to a decision yet: it waits, or is still being checked. The deadline of its
    /// decision goes on until then.
    pub fn is_undecided(self) -> bool {
        match self {
            Self::ValidateMakerAccess | Self::ValidatePayload | Self::AdminTask | Self::SentBack => true,
            Self::Approved
            | Self::Executed
            | Self::Failed
            | Self::Unknown
            | Self::Rejected
            | Self::Withdrawn
            | Self::Expired => false,
        }
    }

    /// Whether it waits, is being carried out or may have been, so that a second request on its subject is
    /// worth a look.
    pub fn is_open(self) -> bool {
        match self {
            Self::AdminTask | Self::SentBack | Self::Approved | Self::Unknown => true,
            Self::ValidateMakerAccess
            | Self::ValidatePayload
            | Self::Executed
            | Self::Failed
            | Self::Rejected
            | Self::Withdrawn
            | Self::Expired => false,
        }
    }

    /// Whether it certainly was not carried out, so that its counters no longer count it.
    ///
    /// An unknown outcome still counts: the call may have been carried out.
    pub fn frees_counters(self) -> bool {
        match self {
            Self::Failed | Self::Rejected | Self::Withdrawn | Self::Expired => true,
            Self::ValidateMakerAccess
            | Self::ValidatePayload
            | Self::AdminTask
            | Self::SentBack
            | Self::Approved
            | Self::Executed
            | Self::Unknown => false,
        }
    }

    /// Whether it never changes again. `unknown` is not final: it may still be settled.
    pub fn is_final(self) -> bool {
        match self {
            Self::Executed | Self::Failed | Self::Rejected | Self::Withdrawn | Self::Expired => true,
            Self::ValidateMakerAccess
            | Self::ValidatePayload
            | Self::AdminTask
            | Self::SentBack
            | Self::Approved
            | Self::Unknown => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a checker decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send it.
    Approved,
    /// Send nothing.
    Rejected,
}

impl Verdict {
    /// The wire's and the table's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// Reads [`Verdict::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Approved, Self::Rejected].into_iter().find(|verdict| verdict.name() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_from_its_own_name_only() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
        }
        assert_eq!(State::parse("admintask"), None);
    }

    #[test]
    fn what_frees_counters_is_final_and_does_not_wait() {
        for state in State::ALL {
            assert!(!state.frees_counters() || (state.is_final() && !state.is_undecided()), "{state}");
            assert!(!state.waits() || (state.is_undecided() && state.is_open()), "{state}");
        }
        assert!(!State::Unknown.frees_counters() && !State::Executed.frees_counters());
    }
}
