//! The entities that a request is about.

/// What a request is about: part of the org, named by the ids of the client's own systems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityInfo {
    /// The till.
    pub till_id: String,
    /// The store.
    pub store_id: String,
    /// The zone.
    pub zone_id: String,
    /// The concept.
    pub concept_id: String,
}
