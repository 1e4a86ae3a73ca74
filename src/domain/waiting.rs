//! A waiting request, as much of it as an inbox needs.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::amount::Amount;
use super::decision::Decision;
use super::ids::{OrgId, RequestId, RequestTypeName};
use super::policy::Risk;
use super::policy::progress::DecisionContext;
use super::request::sort_at;
use super::state::State;
use super::unit::Unit;

/// As much of a waiting request as is needed to decide whether somebody may decide it: an inbox reads
/// hundreds of them for one page.
#[derive(Clone, Debug)]
pub struct WaitingRequest {
    /// Its org.
    pub org: OrgId,
    /// Its id.
    pub id: RequestId,
    /// Its type.
    pub request_type: RequestTypeName,
    /// The version of the type that it was submitted under.
    pub type_version: String,
    /// The rule of that version.
    pub rule: String,
    /// The rule's risk.
    pub risk: Option<Risk>,
    /// Who submitted it.
    pub maker: Person,
    /// Who acted through the maker's token.
    pub maker_act: Vec<Person>,
    /// When it was submitted first.
    pub started_at: DateTime<Utc>,
    /// How much its call is about.
    pub amount: Option<Amount>,
    /// What that amount counts.
    pub unit: Option<Unit>,
    /// When the rule wants it decided.
    pub due_at: Option<DateTime<Utc>>,
    /// From this instant on no one can decide it.
    pub expires_at: DateTime<Utc>,
    /// The decisions, in their order.
    pub decisions: Vec<Decision>,
}

impl WaitingRequest {
    /// Its place in an inbox: what is due first comes first.
    pub fn sort_at(&self) -> DateTime<Utc> {
        sort_at(self.due_at, self.expires_at)
    }

    /// What the policy looks at.
    pub fn context(&self) -> DecisionContext<'_> {
        DecisionContext {
            org: &self.org,
            maker: &self.maker,
            maker_act: &self.maker_act,
            state: State::AdminTask,
            expires_at: self.expires_at,
            decisions: &self.decisions,
        }
    }
}
