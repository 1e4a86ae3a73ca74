//! Where an event came from, beyond the person who caused it.

use crate::domain::actor::Actor;

/// Where an event came from, beyond the person: kept beside it for the auditor.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The token's id.
    pub token_id: Option<String>,
    /// The caller's address.
    pub address: Option<String>,
    /// The name of the client that the call came through.
    pub via: Option<String>,
    /// The id under which the log has the call.
    pub reference: String,
}

impl Origin {
    /// A call by `actor`.
    pub fn of(actor: &Actor, reference: &str) -> Self {
        Self {
            token_id: actor.token_id.clone(),
            address: actor.source_address.clone(),
            via: actor.via.clone(),
            reference: reference.to_owned(),
        }
    }
}
