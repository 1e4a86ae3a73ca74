//! A submission as a maker writes it.

use serde_json::{Map, Value, json};

use super::{ENTITY_MEMBERS, EntityInfo, REASON};

/// The body of a submission, before it is written as bytes.
pub fn written(entity: Value, task: Value, reason: Option<Value>) -> Value {
    let mut body = json!({ "entityInfo": entity, "payload": { "IntouchAPITask-Payload": task } });
    if let Some(reason) = reason {
        body[REASON] = reason;
    }
    body
}

/// The entities, under the names that they have in a submission.
pub fn entity_members(entity: &EntityInfo) -> Value {
    let EntityInfo { till_id, store_id, zone_id, concept_id } = entity;
    let ids = ENTITY_MEMBERS.into_iter().zip([till_id, store_id, zone_id, concept_id]);
    Value::Object(ids.map(|(name, id)| (name.to_owned(), id.as_str().into())).collect::<Map<_, _>>())
}
