//! The ids by which targets recognise repeats: which request has one, and who sent it.

use diesel::prelude::*;

use super::requests::{OPEN_STATES, RequestRow};
use super::schema::{attempts, requests};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::request::Request;

/// Whether another open request of the org to the host carries the same repeat key. The one that it submits again has
/// ended, if only in the rows that are about to be written.
pub fn is_repeat_key_in_use(conn: &mut AnyConnection, row: &RequestRow) -> Result<bool, StoreError> {
    let Some(repeat_key) = &row.repeat_key else { return Ok(false) };
    let same = requests::org_id.eq(&row.org_id).and(requests::host.eq(&row.host));
    let found = requests::table
        .filter(same.and(requests::repeat_key.eq(repeat_key)))
        .filter(requests::state.eq_any(OPEN_STATES).and(requests::request_id.ne(row.request_id)))
        .filter(requests::request_id.ne(row.repeat_of.unwrap_or(row.request_id)))
        .select(requests::request_id)
        .first::<StoredId>(conn);
    Ok(found.optional()?.is_some())
}

/// Whether another request of the org to the host, with the same repeat key, ever began an attempt that may
/// have reached the target.
pub fn was_repeat_key_sent_by_another(
    conn: &mut AnyConnection,
    request: &Request,
) -> Result<bool, StoreError> {
    let Some(repeat_key) = &request.terms.repeat_key else { return Ok(false) };
    let of_request = attempts::org_id.eq(requests::org_id).and(attempts::request_id.eq(requests::request_id));
    let same = requests::org_id.eq(request.org.as_str()).and(requests::host.eq(&request.host));
    let found = requests::table
        .inner_join(attempts::table.on(of_request))
        .filter(same.and(requests::repeat_key.eq(repeat_key)).and(requests::attempts.gt(0)))
        .filter(requests::request_id.ne(StoredId::from(request.id)))
        .filter(
            attempts::outcome
                .is_null()
                .or(attempts::outcome.ne(AttemptOutcome::NotSent.name()).assume_not_null()),
        )
        .select(requests::request_id)
        .first::<StoredId>(conn);
    Ok(found.optional()?.is_some())
}
