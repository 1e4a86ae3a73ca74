//! What people wrote about requests that stands in their events only.

use diesel::prelude::*;

use crate::domain::lifecycle::EventType;
use crate::store::requests::{Key, key_columns, key_of};
use crate::store::schema::events;
use crate::store::stored_bytes::StoredId;
use crate::store::{AnyConnection, StoreError};

/// Comments, and why somebody withdrew: each with its request, those of one request in their order.
pub fn list(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<(Key, String)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (orgs, ids) = key_columns(keys);
    let types = [EventType::Commented, EventType::Withdrawn].map(EventType::name);
    let rows: Vec<(String, Option<StoredId>, Option<String>)> = events::table
        .filter(events::org_id.eq_any(orgs).and(events::request_id.eq_any(ids)))
        .filter(events::event_type.eq_any(types))
        .order((events::org_id, events::request_id, events::seq))
        .select((events::org_id, events::request_id, events::message))
        .load(conn)?;
    let remark =
        |(org, id, message): (String, Option<StoredId>, Option<String>)| Some((key_of(&org, id?), message?));
    Ok(rows.into_iter().filter_map(remark).collect())
}
