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
use super::sending::Sending;
use super::settlement::SettlementWord;
pub use super::state::{State, Verdict};

/// The terms under which a request was admitted; they never change.
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
    /// Its state.
    pub state: State,
    /// Number of its events; every write checks it.
    pub version: i64,
    /// How far the sending of its call has come.
    pub sending: Sending,
    /// When it was submitted.
    pub started_at: DateTime<Utc>,
    /// When it expires: from then on no one can decide it.
    pub expires_at: DateTime<Utc>,
    /// When it reached a final state.
    pub ended_at: Option<DateTime<Utc>>,
    /// When an approved call must have been sent.
    pub execute_before: Option<DateTime<Utc>>,
    /// Under which terms it was admitted.
    pub terms: Terms,
    /// The capacities that can sign now, sorted; empty once it does not wait.
    pub waits_for: Vec<Capacity>,
    /// The decisions, in their order.
    pub decisions: Vec<Decision>,
    /// What people said about its unknown outcome, in their order.
    pub settlement: Vec<SettlementWord>,
    /// The request that it submits again.
    pub repeat_of: Option<RequestId>,
    /// The request as which it was submitted again.
    pub repeated_by: Option<RequestId>,
}

impl Request {
    /// The latest decision.
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
