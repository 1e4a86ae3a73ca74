//! What conditions are evaluated on, beside the counters.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::people::People;
use crate::domain::actor::Signer;
use crate::domain::amount::Amount;
use crate::domain::entity::EntityInfo;

/// Everything that is known when a request is submitted.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The type's name, `ISSUE-BADGE`.
    pub request_type: &'a str,
    /// The org.
    pub org: &'a str,
    /// The entities it is about.
    pub entity: &'a EntityInfo,
    /// `pathParams`, `queryParams` and `body`, normalised.
    pub task: &'a Value,
    /// The amount, if the type names one and the payload has it.
    pub amount: Option<&'a Amount>,
    /// The subject, likewise.
    pub subject: Option<&'a str>,
    /// Who submits it.
    pub maker: &'a Signer,
    /// The people file: the maker's groups there count as well.
    pub people: &'a People,
    /// When.
    pub now: DateTime<Utc>,
}
