//! A submission is stored, or its rule is chosen on locked rows first.

use super::{Decider, expire};
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::{Command, NotRepeatable, Refusal, may_submit_again};
use crate::domain::request::Request;
use crate::engine::admission::PreparedSubmission;
use crate::engine::batch_rows::BatchRows;
use crate::engine::command::WriteReply;
use crate::engine::error::AdmissionRefusal;
use crate::engine::idempotency::is_theirs;
use crate::store::calls::CallRow;
use crate::store::requests::{self, RequestRow};
use crate::store::{AnyConnection, StoreError, attempts};

impl Decider {
    /// Chooses the rule on locked counters; each submission of a batch sees those before it.
    pub(super) fn run_submit_locked(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        (prepared, call): (&PreparedSubmission, &CallRow),
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        // Checked a second time it would meet its own counter, its own subject and its own key.
        if is_retry && let Some(request) = stored_request(conn, prepared)? {
            return Ok(WriteReply::Current { request: Box::new(request), is_new: true });
        }
        if let (Some(client_key), Some(row)) = (&prepared.client_key, rows.used_key(prepared)) {
            let is_theirs = is_theirs(conn, row, (&prepared.maker.person, &prepared.rules.people))?;
            return Ok(match client_key.request_of(row, is_theirs)? {
                Some(id) => WriteReply::Replayed(id),
                None => WriteReply::NotAdmitted(AdmissionRefusal::key_reused()),
            });
        }
        if let Some(refused) = self.refuse_to_repeat(conn, rows, prepared)? {
            return Ok(refused);
        }
        let admitted = match prepared.admit(&rows.stored_context(prepared), &self.shared.clock) {
            Ok(admitted) => admitted,
            Err(why) => return Ok(WriteReply::NotAdmitted(why)),
        };
        if !rows.can_count(&admitted.request) {
            return Ok(WriteReply::NotAdmitted(AdmissionRefusal::too_large()));
        }
        let (request, submission) = admitted.with_call(call.clone());
        if is_retry && requests::is_repeat_key_in_use(conn, &submission.request)? {
            return Ok(WriteReply::NotAdmitted(AdmissionRefusal::repeat_key_in_use()));
        }
        self.link(rows, prepared)?;
        rows.submit_admitted(prepared, &request, submission)?;
        Ok(WriteReply::Current { request: Box::new(request), is_new: true })
    }

    /// Why the request that this one submits again can't be; nothing for any other submission. Its deadline is first.
    fn refuse_to_repeat(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        prepared: &PreparedSubmission,
    ) -> Result<Option<WriteReply>, StoreError> {
        let Some(key) = &prepared.repeats else { return Ok(None) };
        let (rules, by) = (self.shared.book.current(), &prepared.maker);
        let is_seen = |request: &Request| by.may_read(&rules.people, &key.0, &request.maker);
        if !rows.request(key).is_some_and(is_seen) {
            return Ok(Some(WriteReply::NotFound));
        }
        expire(rows, key)?;
        let Some(request) = rows.request(key) else { return Ok(Some(WriteReply::NotFound)) };
        if let Err(refusal) = may_submit_again(&by.person, &rules.people, request) {
            return Ok(Some(WriteReply::Refused(refusal)));
        }
        // What became known after the end moves nothing, and says all the same that the work was done.
        let was_done = request.sending.attempts > 0 && attempts::was_carried_out(conn, key)?;
        let carried_out = || WriteReply::Refused(Refusal::NotRepeatable(NotRepeatable::CarriedOut));
        Ok(was_done.then(carried_out))
    }

    /// The request that this one submits again keeps which one it is.
    fn link(&self, rows: &mut BatchRows<'_>, prepared: &PreparedSubmission) -> Result<(), StoreError> {
        let Some(key) = &prepared.repeats else { return Ok(()) };
        let rules = self.shared.book.current();
        let by = prepared.maker.person.clone();
        let command = Command::SubmitAgain { by, people: &rules.people, newer: prepared.id };
        let linked = rows.transition(key, &command, &prepared.origin)?;
        let unlinked = |refusal: Refusal| StoreError::Corrupt(format!("{}: {}", key.1, refusal.sentence()));
        linked.map(drop).map_err(unlinked)
    }
}

/// Whether an earlier try of this submission was committed although it was reported as failed.
pub(super) fn is_stored(conn: &mut AnyConnection, row: &RequestRow) -> Result<bool, StoreError> {
    let (org, id) = (OrgId::new(row.org_id.clone()), requests::parse_id(&row.request_id)?);
    Ok(requests::find(conn, &org, id)?.is_some_and(|found| found.digest == row.digest))
}

/// What an earlier try of this submission stored, although its commit was reported as failed.
fn stored_request(
    conn: &mut AnyConnection,
    prepared: &PreparedSubmission,
) -> Result<Option<Request>, StoreError> {
    let found = requests::find(conn, &prepared.maker.org, prepared.id)?;
    found.map(|row| row.into_request(Vec::new(), Vec::new())).transpose()
}
