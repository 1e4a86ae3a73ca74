//! A checker's decision: as it is sent, and as it is recorded.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::digest::Digest;
use super::policy::Capacity;
use super::state::Verdict;
use super::words::{Words, WordsFault};

/// A decision as a checker sends it: the verdict, the message, and what they read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDecision {
    /// Approved or rejected.
    pub verdict: Verdict,
    /// Why; never blank on a rejection.
    pub message: Words,
    /// The digest that they read, as sent; compared as text with the request's.
    pub digest: Option<String>,
    /// The version of the request that they read.
    pub version: Option<i64>,
}

impl NewDecision {
    /// Checks the words: a rejection must say why.
    ///
    /// # Errors
    /// They are no [`Words`], or a rejection has none that can be seen.
    pub fn new(verdict: Verdict, message: &str, digest: Option<String>) -> Result<Self, WordsFault> {
        let message = Words::new(message)?;
        if verdict == Verdict::Rejected && message.is_blank() {
            return Err(WordsFault::RejectionIsBlank);
        }
        Ok(Self { verdict, message, digest, version: None })
    }

    /// The same from somebody who read the request in this version.
    #[must_use]
    pub fn on_version(self, version: Option<i64>) -> Self {
        Self { version, ..self }
    }
}

/// A recorded decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who decided.
    pub checker: Person,
    /// Approved or rejected.
    pub verdict: Verdict,
    /// Why.
    pub message: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The digest of the call that was decided on.
    pub digest: Digest,
    /// The stage that it counts for, from 0.
    pub stage: usize,
    /// What they signed as, sorted.
    pub capacities: Vec<Capacity>,
    /// Who acted through the checker's token.
    pub act: Vec<Person>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_without_words_is_refused_and_an_approval_without_words_is_not() {
        assert!(NewDecision::new(Verdict::Rejected, " \u{200b}\r\n", None).is_err());
        assert!(NewDecision::new(Verdict::Approved, "", None).is_ok());
    }
}
