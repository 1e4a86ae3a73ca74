//! The part of the org that a request is about; callers send it and read it back.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::entity::EntityInfo;
use crate::domain::submission::ENTITY_ID_CHARS_MAX;

/// Text without control characters, as a pattern.
pub const NO_CONTROL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// The part of the org that a request is about.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EntityInfo", deny_unknown_fields)]
pub struct EntityBody {
    /// The id of the till.
    #[schemars(length(min = 1, max = ENTITY_ID_CHARS_MAX), regex(pattern = NO_CONTROL))]
    till_id: String,
    /// The id of the store.
    #[schemars(length(min = 1, max = ENTITY_ID_CHARS_MAX), regex(pattern = NO_CONTROL))]
    store_id: String,
    /// The id of the zone.
    #[schemars(length(min = 1, max = ENTITY_ID_CHARS_MAX), regex(pattern = NO_CONTROL))]
    zone_id: String,
    /// The id of the concept.
    #[schemars(length(min = 1, max = ENTITY_ID_CHARS_MAX), regex(pattern = NO_CONTROL))]
    concept_id: String,
}

impl EntityBody {
    pub(super) fn of(entity: &EntityInfo) -> Self {
        Self {
            till_id: entity.till_id.clone(),
            store_id: entity.store_id.clone(),
            zone_id: entity.zone_id.clone(),
            concept_id: entity.concept_id.clone(),
        }
    }
}
