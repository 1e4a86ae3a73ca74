//! A checker sends a request back, its maker resubmits it, and people comment on it.

use super::submission::replayed;
use super::{Decider, expire};
use crate::domain::lifecycle::{Command, Refusal, SendBackCommand, may_resubmit};
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::Request;
use crate::domain::revision::NewSendBack;
use crate::domain::words::Words;
use crate::engine::admission::PreparedSubmission;
use crate::engine::batch_rows::BatchRows;
use crate::engine::command::{Caller, WriteReply};
use crate::engine::error::AdmissionRefusal;
use crate::engine::rule_book::approval_of;
use crate::store::calls::CallRow;
use crate::store::requests::{Key, RequestRow};
use crate::store::{AnyConnection, StoreError, repeat_keys};

impl Decider {
    pub(super) fn run_comment(
        &mut self,
        rows: &mut BatchRows<'_>,
        by: &Caller,
        words: &Words,
    ) -> Result<WriteReply, StoreError> {
        let Caller { key, actor, .. } = by;
        let maker = rows.request(key).map(|found| &found.maker);
        let rules = self.shared.book.current();
        if !maker.is_some_and(|maker| actor.may_read(&rules.people, &key.0, maker)) {
            return Ok(WriteReply::NotFound);
        }
        self.run_for_person(rows, by, &Command::Comment { by: actor.person.clone(), words: words.clone() })
    }

    /// The one place where a request is sent back, whichever door the wish came through.
    pub(super) fn run_send_back(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        (by, wish): (&Caller, &NewSendBack),
    ) -> Result<WriteReply, StoreError> {
        let (Some(request), Some(pinned)) = (rows.request(&by.key), rows.pinned(&by.key)) else {
            return Ok(WriteReply::NotFound);
        };
        let Some(approval) = approval_of(&pinned, request)?.cloned() else {
            return Ok(WriteReply::Refused(Refusal::Closed { state: request.state }));
        };
        let version = rows.version_read(conn, &by.key, wish.version)?;
        let rules = self.shared.book.current();
        let command = Command::SendBack(SendBackCommand {
            signer: &by.actor.signer,
            wish: &NewSendBack { version, ..wish.clone() },
            policy: PolicyInForce { approval: &approval, people: &rules.people },
        });
        self.run_for_person(rows, by, &command)
    }

    /// Judges a resubmission as a new submission is, on locked rows. Its share of the counters takes the place of that
    /// of the revision before it; if it is refused, nothing has changed.
    pub(super) fn run_resubmit(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        (prepared, call, sent_back): (&PreparedSubmission, &CallRow, &Request),
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        let key = (sent_back.org.clone(), sent_back.id);
        let Some(request) = rows.request(&key) else { return Ok(WriteReply::NotFound) };
        // Asked a second time it would meet itself.
        let is_stored =
            request.revision == prepared.revision() && request.digest == prepared.submission.digest;
        if is_retry && is_stored {
            return Ok(super::current(rows, &key, true));
        }
        if let Some(replayed) = replayed(conn, rows, prepared)? {
            return Ok(replayed);
        }
        expire(rows, &key)?;
        let Some(request) = rows.request(&key).cloned() else { return Ok(WriteReply::NotFound) };
        if let Err(refusal) = self.may_resubmit(prepared, (&request, sent_back), rows) {
            return Ok(WriteReply::Refused(refusal));
        }
        rows.give_share_back(&request)?;
        let refused = match self.revise(conn, rows, (prepared, call), (&key, &request))? {
            Ok(()) => return Ok(super::current(rows, &key, true)),
            Err(refused) => refused,
        };
        rows.take_share(&request)?;
        Ok(WriteReply::NotAdmitted(refused))
    }

    fn may_resubmit(
        &self,
        prepared: &PreparedSubmission,
        (request, read): (&Request, &Request),
        rows: &BatchRows<'_>,
    ) -> Result<(), Refusal> {
        let rules = self.shared.book.current();
        may_resubmit(&prepared.maker.person, &rules.people, request, rows.now)?;
        // It came back and was sent back once more, so this answers what nobody asks any more.
        if request.revision == read.revision {
            Ok(())
        } else {
            Err(Refusal::Moved { seen: read.version, version: request.version })
        }
    }

    /// Writes the next revision, if it is admitted.
    fn revise(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        (prepared, call): (&PreparedSubmission, &CallRow),
        (key, request): (&Key, &Request),
    ) -> Result<Result<(), AdmissionRefusal>, StoreError> {
        let deadlines = (request.started_at, request.expires_at);
        let (new, auto_approved) = match prepared.admit_revision(&rows.stored_context(prepared), deadlines) {
            Ok(admitted) => admitted,
            Err(refused) => return Ok(Err(refused)),
        };
        let rules = self.shared.book.current();
        let (by, people) = (prepared.maker.person.clone(), &rules.people);
        let command = Command::Resubmit { by, people, new: Box::new(new), auto_approved };
        let revised = match rows.foresee(key, &command) {
            Some(revised) => revised,
            None => return Err(StoreError::Corrupt(format!("{} can't be revised", key.1))),
        };
        if !rows.can_count(&revised) {
            return Ok(Err(AdmissionRefusal::too_large()));
        }
        if repeat_keys::is_repeat_key_in_use(conn, &RequestRow::from(&revised))? {
            return Ok(Err(AdmissionRefusal::repeat_key_in_use()));
        }
        rows.revise(key, &command, (prepared, call))?;
        Ok(Ok(()))
    }
}
