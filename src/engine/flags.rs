//! What a checker should look at twice about requests that are read beside others: for rows of a list, and for a
//! decision about many.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::explain::findings_of_people;
use super::stored_findings::StoredFindings;
use super::views::{RowView, is_flagged};
use super::{Engine, EngineError};
use crate::domain::findings::{Finding, hidden_characters};
use crate::domain::ids::RequestId;
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::rules::Rules;
use crate::store::calls::{self, CallRow};
use crate::store::{AnyConnection, StoreError};

/// The longest call that is read for a row of a list, in bytes of [`CallRow::read_bytes`].
const ROW_CALL_BYTES_MAX: i64 = 64 * 1024;

/// What is known of one request beside others.
#[derive(Clone, Debug, Default)]
pub struct RowFindings {
    /// What a checker should look at twice.
    pub findings: Vec<Finding>,
    /// Whether its call is too long to be searched for a list, so that there may be more.
    pub is_unread: bool,
}

impl Engine {
    /// What a checker should look at twice about each of these rows that still waits, by id: all in one read.
    pub async fn findings_of_rows(
        &self,
        rows: &[RowView],
    ) -> Result<HashMap<RequestId, RowFindings>, EngineError> {
        let rules = self.inner.book.current();
        let now = self.inner.clock.now();
        let waiting = rows.iter().filter(|row| row.request.state.waits());
        let (requests, pinned): (Vec<Request>, Vec<Arc<RequestType>>) =
            waiting.map(|row| (row.request.clone(), Arc::clone(&row.pinned))).unzip();
        let read = move |conn: &mut AnyConnection| {
            let mut calls = calls::list_short(conn, &requests, ROW_CALL_BYTES_MAX)?;
            let mut stored = StoredFindings::under(&rules);
            stored.read_ahead(conn, requests.iter())?;
            let mut found = HashMap::new();
            for (request, pinned) in requests.iter().zip(&pinned) {
                let call = calls.remove(&(request.org.clone(), request.id));
                let in_call = call.as_ref().and_then(in_call);
                let is_unread = in_call.is_none();
                let mut findings = in_call.unwrap_or_default();
                findings.extend(stored.of(conn, request, pinned)?);
                findings.extend(findings_of_people(&rules, request, pinned, now)?);
                found.insert(request.id, RowFindings { findings, is_unread });
            }
            Ok(found)
        };
        Ok(self.inner.store.read(read).await?)
    }
}

/// Whether a checker is warned of something about `request` now. What can't be read is flagged.
pub(super) fn is_flagged_now(
    conn: &mut AnyConnection,
    rules: &Arc<Rules>,
    (request, pinned): (&Request, &RequestType),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let call = calls::find(conn, &(request.org.clone(), request.id))?;
    let Some(mut findings) = in_call(&call) else { return Ok(true) };
    findings.extend(StoredFindings::under(rules).of(conn, request, pinned)?);
    findings.extend(findings_of_people(rules, request, pinned, now)?);
    Ok(is_flagged(request, &findings))
}

/// The findings about a call itself; `None` if somebody damaged it.
fn in_call(call: &CallRow) -> Option<Vec<Finding>> {
    let task = call.unpack().and_then(|stored| stored.task()).ok()?;
    Some(hidden_characters(&task))
}
