//! A submission is stored, or its rule is chosen on locked rows first.

use super::{Decider, expire};
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::{Command, NotRepeatable, Refusal, may_submit_again};
use crate::domain::request::Request;
use crate::engine::admission::{Ground, PreparedSubmission};
use crate::engine::batch_rows::BatchRows;
use crate::engine::command::WriteReply;
use crate::engine::error::AdmissionRefusal;
use crate::engine::idempotency::is_theirs;
use crate::store::calls::CallRow;
use crate::store::request_parts::RequestParts;
use crate::store::requests::{self, RequestRow};
use crate::store::{AnyConnection, StoreError, attempts, repeat_keys};

impl Decider {
    /// Chooses the rule on locked counters; each submission of a batch sees those before it.
    pub(super) fn run_submit_locked(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        (prepared, call): (&PreparedSubmission, &CallRow),
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        if let Ground::Revision(sent_back) = &prepared.ground {
            return self.run_resubmit(conn, rows, (prepared, call, sent_back), is_retry);
        }
        // Checked a second time it would meet its own counter, its own subject and its own key.
        if is_retry && let Some(request) = stored_request(conn, prepared)? {
            return Ok(WriteReply::Current { request: Box::new(request), is_new: true });
        }
        if let Some(replayed) = replayed(conn, rows, prepared)? {
            return Ok(replayed);
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
        if is_retry && repeat_keys::is_repeat_key_in_use(conn, &submission.request)? {
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
        let Ground::Repeat(key) = &prepared.ground else { return Ok(None) };
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
        let Ground::Repeat(key) = &prepared.ground else { return Ok(()) };
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
    let (org, id) = (OrgId::new(row.org_id.clone()), row.request_id.into());
    Ok(requests::find(conn, &org, id)?.is_some_and(|found| found.digest == row.digest))
}

/// What the submission's idempotency key was used for before.
pub(super) fn replayed(
    conn: &mut AnyConnection,
    rows: &BatchRows<'_>,
    prepared: &PreparedSubmission,
) -> Result<Option<WriteReply>, StoreError> {
    let (Some(client_key), Some(row)) = (&prepared.client_key, rows.used_key(prepared)) else {
        return Ok(None);
    };
    let is_theirs = is_theirs(conn, row, (&prepared.maker.person, &prepared.rules.people))?;
    Ok(Some(match client_key.request_of(row, is_theirs) {
        Some(id) => WriteReply::Replayed(id),
        None => WriteReply::NotAdmitted(AdmissionRefusal::key_reused()),
    }))
}

/// What an earlier try of this submission stored, although its commit was reported as failed.
fn stored_request(
    conn: &mut AnyConnection,
    prepared: &PreparedSubmission,
) -> Result<Option<Request>, StoreError> {
    let found = requests::find(conn, &prepared.maker.org, prepared.id)?;
    found.map(|row| row.into_request(RequestParts::default())).transpose()
}
