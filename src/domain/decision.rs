//! A checker's decision: as it is sent, and as it is recorded.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::digest::Digest;
use super::fault::Fault;
use super::fault::call::MemberFault;
use super::policy::Capacity;
use super::state::Verdict;

/// Words a person adds to a decision or a withdrawal, in characters.
pub const MESSAGE_CHARS_MAX: usize = 4_000;

/// A decision as a checker sends it: the verdict, the message, and what they read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDecision {
    /// Approved or rejected.
    pub verdict: Verdict,
    /// Why; never blank on a rejection.
    pub message: String,
    /// The digest that they read, as sent; compared as text with the request's.
    pub digest: Option<String>,
    /// The version of the request that they read.
    pub version: Option<i64>,
}

impl NewDecision {
    /// Checks the words: a rejection must say why.
    pub fn new(verdict: Verdict, message: &str, digest: Option<String>) -> Result<Self, String> {
        check_words(message)?;
        if verdict == Verdict::Rejected && message.trim().is_empty() {
            return Err("Write why you reject it. The maker reads these words.".to_owned());
        }
        Ok(Self { verdict, message: message.to_owned(), digest, version: None })
    }

    /// The same from somebody who read the request in this version.
    #[must_use]
    pub fn on_version(self, version: Option<i64>) -> Self {
        Self { version, ..self }
    }
}

/// Refuses words that are too long or hold characters no one can see.
pub fn check_words(words: &str) -> Result<(), String> {
    if words.chars().count() > MESSAGE_CHARS_MAX {
        return Err(format!("Write at most {MESSAGE_CHARS_MAX} characters."));
    }
    if words.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("Leave out control characters.".to_owned());
    }
    Ok(())
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

/// A withdrawal's reason, checked like every other word a person adds.
pub fn withdrawal_reason(reason: &str) -> Result<String, Fault> {
    check_words(reason).map_err(|sentence| Fault::new("/reason", MemberFault::Words { sentence }))?;
    Ok(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_without_words_is_refused_and_an_approval_without_words_is_not() {
        assert!(NewDecision::new(Verdict::Rejected, " \n", None).is_err());
        assert!(NewDecision::new(Verdict::Approved, "", None).is_ok());
    }

    #[test]
    fn words_hold_no_control_characters_and_have_an_end() {
        assert!(check_words("two\nlines\tand more").is_ok());
        assert!(check_words("nul\0").is_err());
        assert!(check_words(&"x".repeat(MESSAGE_CHARS_MAX + 1)).is_err());
    }
}
