//! The bodies that the API answers, as the contract spells them. Nothing else knows its spellings.
//!
//! The schemas of the OpenAPI document are derived from these structs: a field's doc comment is its
//! description there. **Invariant:** a member is either always there and may be `null`, or it may be
//! absent and is never `null`.

mod bulk;
mod delivery;
mod entity;
mod errors;
mod explained;
mod export;
mod gate;
mod health;
mod lists;
mod org_event;
mod person;
mod request;
mod revision;
mod settlement;
mod target;
mod target_host;
mod time;
mod trail;
mod word;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::bulk::BulkResultBody;
pub use self::delivery::{DeliveryBody, DeliveryPage};
pub use self::entity::{EntityBody, NO_CONTROL};
pub use self::errors::ErrorBody;
pub use self::explained::{ExplainedBody, ReasonBody};
pub use self::export::{ExportedLists, ExportedRequest, outcome, via};
pub use self::gate::{ErrorOrGateBody, ErrorOrTokenBody, GateBody, TokenBody};
pub use self::health::{Check, Liveness, Readiness, ReadinessChecks, RulesCheck, StaleFile};
pub use self::lists::{
    CursorPagination, OneByOne, Pagination, RefusalBody, RefusalPage, RequestPage, SearchBody, SearchPage,
};
pub use self::org_event::{OrgEventBody, OrgEventPage};
pub use self::request::{Headers, RequestBody};
pub use self::revision::RevisionBody;
pub use self::target_host::TargetHostBody;
pub use self::time::iso_time;
pub use self::trail::TrailEntryBody;
pub use self::word::Word;

/// One thing as `{"data": …}`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Data")]
pub struct Data<T> {
    /// What the call asked for.
    pub data: T,
}

/// A complete list as `{"data": […]}`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub struct List<T> {
    /// The entries.
    pub data: Vec<T>,
}

/// The SHA-256 of the exact call.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Digest")]
struct DigestText(#[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))] String);
