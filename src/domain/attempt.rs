//! An attempt: one numbered send of an approved call, and what it came to.

/// What an attempt came to. All but the last are certain; of that one nobody knows whether the target did the
/// work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptOutcome {
    /// The target did what was asked.
    Executed,
    /// The target refused for good.
    Failed,
    /// Certainly no byte of the call left.
    NotSent,
    /// The target says by its status that it did not do it and may be asked again.
    NotDone,
    /// The target says that it had this call already.
    AlreadyDone,
    /// Bytes left, and what came back does not say what became of them.
    Ambiguous,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Executed, Self::Failed, Self::NotSent, Self::NotDone, Self::AlreadyDone, Self::Ambiguous];

    /// The word in the table `attempts` and in the trail.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::NotSent => "not_sent",
            Self::NotDone => "not_done",
            Self::AlreadyDone => "already_done",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// Reads [`AttemptOutcome::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_name_and_is_read_back() {
        for (at, outcome) in AttemptOutcome::ALL.into_iter().enumerate() {
            assert_eq!(AttemptOutcome::parse(outcome.name()), Some(outcome));
            assert!(AttemptOutcome::ALL[at + 1..].iter().all(|other| other.name() != outcome.name()));
        }
        assert_eq!(AttemptOutcome::parse("unknown"), None);
    }
}
