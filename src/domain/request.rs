//! A request: what a maker submitted, where it stands, and who decided it.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::amount::Amount;
pub use super::decision::{Decision, MESSAGE_CHARS_MAX, NewDecision, withdrawal_reason};
use super::digest::Digest;
use super::entity::EntityInfo;
use super::findings::Warning;
use super::ids::{OrgId, RequestId, RequestTypeName};
use super::policy::progress::DecisionContext;
use super::policy::{Capacity, Risk};
pub use super::state::{State, Verdict};

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

/// The version of a request that has come to wait for somebody: submitted, its maker's access and its payload
/// checked. At this version nobody has decided anything.
pub const VERSION_ON_ARRIVAL: i64 = 3;
