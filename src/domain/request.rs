//! A request: what a maker submitted, where it stands, and who decided it.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::amount::Amount;
use super::digest::Digest;
use super::entity::EntityInfo;
use super::fault::Fault;
use super::findings::Warning;
use super::ids::{OrgId, RequestId, RequestTypeName};
use super::policy::progress::{CastVote, DecisionContext};
use super::policy::{Capacity, Risk};
pub use super::state::{State, Verdict};

/// Words a person adds to a decision or a withdrawal, in characters.
pub const MESSAGE_CHARS_MAX: usize = 4_000;

/// What a checker sends: his verdict, his words, and what he saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDecision {
    /// His verdict.
    pub verdict: Verdict,
    /// His words; never blank on a rejection.
    pub message: String,
    /// The digest he read, as he sent it; compared as text with the request's.
    pub digest: Option<String>,
    /// The version of the request that he read.
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

/// A decision that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who decided.
    pub checker: Person,
    /// What he said.
    pub verdict: Verdict,
    /// His words.
    pub message: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The digest of the call that he decided on.
    pub digest: Digest,
    /// The stage that he signed, counted from 0.
    pub stage: usize,
    /// The seats that he held then.
    pub capacities: Vec<Capacity>,
    /// Who acted through his token.
    pub act: Vec<Person>,
}

/// Under which terms a request was admitted. They never change while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Terms {
    /// The policy's rule that applied; empty for a request from before there were policies.
    pub rule: String,
    /// What it is about, in a sentence.
    pub summary: String,
    /// How much is at stake, as the rule says.
    pub risk: Option<Risk>,
    /// When it should be decided. Being late changes nothing but order and colour.
    pub due_at: Option<DateTime<Utc>>,
    /// Whom or what the call is about.
    pub subject: Option<String>,
    /// How much of it.
    pub amount: Option<Amount>,
    /// Who acted through the maker's token.
    pub maker_act: Vec<Person>,
    /// The counters that it counts in until it certainly is not carried out.
    pub counted: Vec<Counted>,
    /// What was odd about it when it came in.
    pub warnings: Vec<Warning>,
}

/// One counter that a request counts in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted {
    /// The counter's name in the type.
    pub counter: String,
    /// Whose it is: a maker's or a subject's.
    pub who: String,
    /// Where its window begins, in microseconds since 1970.
    pub window_start: i64,
}

/// A request as it stands: the fold of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The org it belongs to.
    pub org: OrgId,
    /// Its id.
    pub id: RequestId,
    /// What kind of call it wraps.
    pub request_type: RequestTypeName,
    /// The version of the type that was in force when it was submitted.
    pub type_version: String,
    /// Who submitted it.
    pub maker: Person,
    /// The entities it is about.
    pub entity: EntityInfo,
    /// SHA-256 over the bytes of the stored call.
    pub digest: Digest,
    /// Where the call goes: the host, and the port if it is not the scheme's own.
    pub host: String,
    /// Where it stands.
    pub state: State,
    /// Number of its events; every write is guarded by it.
    pub version: i64,
    /// Attempts begun: 0 or 1.
    pub attempts: i64,
    /// When it was submitted.
    pub started_at: DateTime<Utc>,
    /// From this instant on nobody can decide it any more.
    pub expires_at: DateTime<Utc>,
    /// When it reached a final state.
    pub ended_at: Option<DateTime<Utc>>,
    /// Until when an approved call must have left.
    pub execute_before: Option<DateTime<Utc>>,
    /// Under which terms it was admitted.
    pub terms: Terms,
    /// Who can help now, sorted; empty once it waits for nobody.
    pub waits_for: Vec<Capacity>,
    /// The decisions, in their order.
    pub decisions: Vec<Decision>,
}

impl Request {
    /// The decision that stands last.
    pub fn last_decision(&self) -> Option<&Decision> {
        self.decisions.last()
    }

    /// Where it stands in its inbox: what is due first comes first.
    pub fn turn_at(&self) -> DateTime<Utc> {
        self.terms.due_at.unwrap_or(self.expires_at)
    }

    /// The decisions as the policy weighs them.
    pub fn votes(&self) -> Vec<CastVote<'_>> {
        votes(&self.decisions)
    }

    /// What the policy asks of it, with [`Request::votes`].
    pub fn matter<'a>(&'a self, votes: &'a [CastVote<'a>]) -> DecisionContext<'a> {
        DecisionContext {
            org: &self.org,
            maker: &self.maker,
            maker_act: &self.terms.maker_act,
            state: self.state,
            expires_at: self.expires_at,
            decisions: votes,
        }
    }
}

/// The version of a request that has come to wait for somebody: submitted, its maker's access and its payload
/// checked. At this version nobody has decided anything.
pub const VERSION_ON_ARRIVAL: i64 = 3;

/// Decisions as the policy weighs them.
pub fn votes(decisions: &[Decision]) -> Vec<CastVote<'_>> {
    fn vote(decision: &Decision) -> CastVote<'_> {
        let Decision { checker, act, verdict, stage, capacities, .. } = decision;
        CastVote { checker, act, verdict: *verdict, stage: *stage, capacities }
    }
    decisions.iter().map(vote).collect()
}

/// A withdrawal's reason, checked like every other word a person adds.
pub fn withdrawal_reason(reason: &str) -> Result<String, Fault> {
    check_words(reason).map_err(|sentence| Fault::invalid("/reason", sentence))?;
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
