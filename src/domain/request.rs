//! A request: what a maker submitted, its state, and its decisions.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::amount::Amount;
use super::call_line::CallLine;
pub use super::decision::{Decision, NewDecision};
use super::digest::Digest;
use super::entity::EntityInfo;
use super::findings::Warning;
use super::ids::{OrgId, RequestId, RequestTypeName};
use super::policy::progress::DecisionContext;
use super::policy::{Capacity, Risk};
use super::revision::{Revision, SentBack};
use super::sending::Sending;
use super::settlement::SettlementWord;
pub use super::state::{State, Verdict};
use super::unit::Unit;

/// The terms under which a revision was admitted; they never change.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Terms {
    /// The policy's rule that applied.
    pub rule: String,
    /// One sentence about it.
    pub summary: String,
    /// Why it was submitted, in the maker's words.
    pub reason: Option<String>,
    /// The risk, as the rule says.
    pub risk: Option<Risk>,
    /// When it should be decided. Being late changes nothing but order and colour.
    pub due_at: Option<DateTime<Utc>>,
    /// Who or what the call is about.
    pub subject: Option<String>,
    /// By what the target recognises a repeat of the call, if the call carries it; unique among the open
    /// requests of the org to the host.
    pub repeat_key: Option<String>,
    /// How much the call is about.
    pub amount: Option<Amount>,
    /// What that amount counts, if that is known; never without an amount.
    pub unit: Option<Unit>,
    /// Who acted through the maker's token.
    pub maker_act: Vec<Person>,
    /// The counters that count it, unless its state [frees them](State::frees_counters).
    pub counted: Vec<Counted>,
    /// The warnings that came with its submission.
    pub warnings: Vec<Warning>,
    /// What lists show of its call.
    pub call: CallLine,
}

/// One counter that counts a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted {
    /// The counter's name in the type.
    pub counter: String,
    /// The maker or the subject whose requests it counts.
    pub who: String,
    /// The start of its window, in microseconds since 1970.
    pub window_start: i64,
}

/// A request in its current state: the fold of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The org it belongs to.
    pub org: OrgId,
    /// Its id.
    pub id: RequestId,
    /// Its request type.
    pub request_type: RequestTypeName,
    /// The version of the type that was in force when its present revision was submitted.
    pub type_version: String,
    /// Who submitted it.
    pub maker: Person,
    /// The entities it is about, as the present revision says.
    pub entity: EntityInfo,
    /// SHA-256 over the bytes of the stored call of the present revision.
    pub digest: Digest,
    /// Where the call goes: the host, and the port if it is not the scheme's own.
    pub host: String,
    /// Its state.
    pub state: State,
    /// Number of its events; every write checks it.
    pub version: i64,
    /// How far the sending of its call has come.
    pub sending: Sending,
    /// The number of its present revision, from 1; only this one can be decided and sent.
    pub revision: i64,
    /// When its present revision was submitted; `None` for the first.
    pub revised_at: Option<DateTime<Utc>>,
    /// How the present revision was sent back, if it was.
    pub sent_back: Option<SentBack>,
    /// The revisions before the present one, in their order.
    pub earlier: Vec<Revision>,
    /// How many comments there are on it.
    pub comments: i64,
    /// When it was submitted first.
    pub started_at: DateTime<Utc>,
    /// When it expires: from then on no one can decide it.
    pub expires_at: DateTime<Utc>,
    /// When it reached a final state.
    pub ended_at: Option<DateTime<Utc>>,
    /// When an approved call must have been sent.
    pub execute_before: Option<DateTime<Utc>>,
    /// Under which terms its present revision was admitted.
    pub terms: Terms,
    /// The capacities that can sign now, sorted; empty once it does not wait.
    pub waits_for: Vec<Capacity>,
    /// The decisions on its present revision, in their order.
    pub decisions: Vec<Decision>,
    /// What people said about its unknown outcome, in their order.
    pub settlement: Vec<SettlementWord>,
    /// The request that it submits again.
    pub repeat_of: Option<RequestId>,
    /// The request as which it was submitted again.
    pub repeated_by: Option<RequestId>,
}

impl Request {
    /// When its present revision was submitted.
    pub fn submitted_at(&self) -> DateTime<Utc> {
        self.revised_at.unwrap_or(self.started_at)
    }

    /// The present revision as the later ones will remember it.
    pub fn present_revision(&self) -> Revision {
        Revision {
            number: self.revision,
            submitted_at: self.submitted_at(),
            type_version: self.type_version.clone(),
            entity: self.entity.clone(),
            digest: self.digest,
            host: self.host.clone(),
            terms: self.terms.clone(),
            decisions: self.decisions.clone(),
            sent_back: self.sent_back.clone(),
        }
    }

    /// The revision with this number, if there is one; the present one as it is now.
    pub fn find_revision(&self, number: i64) -> Option<Revision> {
        if number == self.revision {
            return Some(self.present_revision());
        }
        self.earlier.iter().find(|earlier| earlier.number == number).cloned()
    }

    /// The request as it stood with an earlier revision, for those who read that. Its state is the present one.
    pub fn as_revision(&self, number: i64) -> Option<Self> {
        if number == self.revision {
            return Some(self.clone());
        }
        let at = self.earlier.iter().position(|earlier| earlier.number == number)?;
        let Revision {
            number,
            submitted_at,
            type_version,
            entity,
            digest,
            host,
            terms,
            decisions,
            sent_back,
        } = self.earlier.get(at)?.clone();
        Some(Self {
            revision: number,
            revised_at: (number > 1).then_some(submitted_at),
            type_version,
            entity,
            digest,
            host,
            terms,
            decisions,
            sent_back,
            earlier: self.earlier.iter().take(at).cloned().collect(),
            ..self.clone()
        })
    }

    /// The digest of the call of a revision; that of the present one if there is no such revision.
    pub fn digest_of(&self, number: i64) -> Digest {
        let earlier = self.earlier.iter().find(|earlier| earlier.number == number);
        earlier.map_or(self.digest, |earlier| earlier.digest)
    }

    /// The latest decision on its present revision.
    pub fn last_decision(&self) -> Option<&Decision> {
        self.decisions.last()
    }

    /// The word that settled its outcome, if people settled it.
    pub fn settling_word(&self) -> Option<&SettlementWord> {
        self.settlement.iter().find(|word| word.settles)
    }

    /// What an inbox is sorted by: requests that are due first come first.
    pub fn sort_at(&self) -> DateTime<Utc> {
        sort_at(self.terms.due_at, self.expires_at)
    }

    /// What the policy looks at.
    pub fn context(&self) -> DecisionContext<'_> {
        DecisionContext {
            org: &self.org,
            maker: &self.maker,
            maker_act: &self.terms.maker_act,
            state: self.state,
            expires_at: self.expires_at,
            decisions: &self.decisions,
        }
    }
}

/// The version of a request that begins to wait: submitted, with its maker's access and its payload checked,
/// and without any decision.
pub const VERSION_ON_ARRIVAL: i64 = 3;

/// The place of a request in an inbox: what is due first comes first.
pub(super) fn sort_at(due_at: Option<DateTime<Utc>>, expires_at: DateTime<Utc>) -> DateTime<Utc> {
    due_at.unwrap_or(expires_at)
}
