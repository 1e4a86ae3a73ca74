//! Settlement: what people say about an outcome that nobody knows, and on what evidence.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::outcome::Outcome;
use super::policy::Capacity;
use super::words::{Words, WordsFault};

/// How an unknown outcome ended, as a person says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SettledOutcome {
    /// The target did what was asked.
    Executed,
    /// The target did not do it.
    Failed,
}

impl SettledOutcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Executed, Self::Failed];

    /// The wire's and the table's spelling.
    pub fn name(self) -> &'static str {
        self.outcome().name()
    }

    /// Reads [`SettledOutcome::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == text)
    }

    /// The outcome of the execution that it stands for.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Executed => Outcome::Executed,
            Self::Failed => Outcome::Failed,
        }
    }
}

/// A person's word as they send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSettlementWord {
    /// How it ended.
    pub outcome: SettledOutcome,
    /// How they know it; never blank.
    pub evidence: Words,
    /// The version of the request that they read.
    pub version: Option<i64>,
}

impl NewSettlementWord {
    /// Checks the evidence: an outcome that nobody can look up again is a guess.
    ///
    /// # Errors
    /// The evidence is no [`Words`], or nobody can see any of it.
    pub fn new(outcome: SettledOutcome, evidence: &str, version: Option<i64>) -> Result<Self, WordsFault> {
        let evidence = Words::new(evidence)?;
        if evidence.is_blank() {
            return Err(WordsFault::EvidenceIsBlank);
        }
        Ok(Self { outcome, evidence, version })
    }
}

/// A person's recorded word about an outcome that nobody knew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementWord {
    /// Who said it.
    pub by: Person,
    /// How it ended.
    pub outcome: SettledOutcome,
    /// How they know it.
    pub evidence: String,
    /// When they said it.
    pub at: DateTime<Utc>,
    /// What they signed as, sorted.
    pub capacities: Vec<Capacity>,
    /// Who acted through their token.
    pub act: Vec<Person>,
    /// Whether it was the second of two equal words, and settled the outcome.
    pub settles: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_read_from_its_own_name_only() {
        for outcome in SettledOutcome::ALL {
            assert_eq!(SettledOutcome::parse(outcome.name()), Some(outcome));
        }
        assert_eq!((SettledOutcome::parse("unknown"), SettledOutcome::parse("Failed")), (None, None));
    }

    #[test]
    fn a_word_without_evidence_that_can_be_seen_is_not_taken() {
        let word = |evidence| NewSettlementWord::new(SettledOutcome::Executed, evidence, None);
        assert_eq!(word(" \u{200b}\n"), Err(WordsFault::EvidenceIsBlank));
        assert_eq!(word("\0"), Err(WordsFault::Control));
        assert_eq!(
            word("Transaction T-77120 is in the target's log.\r\n").unwrap().evidence.as_str().len(),
            44
        );
    }
}
