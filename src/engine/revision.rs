//! Comments, sending back, resubmitting, and reading what was submitted before.

use chrono::{DateTime, Utc};

use super::admission::Ground;
use super::command::{Caller, WriteCommand};
use super::idempotency::ClientKey;
use super::queries::not_readable;
use super::reader::Reader;
use super::submit_again::can_submit_type_of;
use super::views::View;
use super::{AgainInput, Engine, EngineError, Origin, SubmissionInput, Submitted, require};
use crate::domain::actor::{Actor, Permission, Signer};
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::{NotRepeatable, Refusal, may_resubmit};
use crate::domain::request::Request;
use crate::domain::revision::NewSendBack;
use crate::domain::revision_changes::{RevisionChanges, changes};
use crate::domain::rules::Rules;
use crate::domain::words::Words;
use crate::fault_points::{self, FaultPoint};
use crate::store::records::Record;
use crate::store::{AnyConnection, StoreError, calls, listing};

/// Whether the page of a request offers it: all that can be said before it is asked for.
pub(super) fn offers_resubmission(
    rules: &Rules,
    signer: &Signer,
    request: &Request,
    now: DateTime<Utc>,
) -> bool {
    can_submit_type_of(rules, signer, request)
        && may_resubmit(&signer.person, &rules.people, request, now).is_ok()
}

/// A revision of a request, and the one that it is compared with.
#[derive(Debug)]
pub struct ComparedRevision {
    /// The request as it is now.
    pub request: Request,
    /// The revision, as if it were the present one.
    pub view: View,
    /// What changed since an earlier revision, and the number of that one; `None` for the first revision.
    pub changes: Option<(i64, RevisionChanges)>,
}

impl Engine {
    /// One revision of a request, with what changed in it since the revision `since`, or since the one before it.
    ///
    /// # Errors
    /// Those of [`find`](Engine::find), and [`EngineError::NotFound`] if there is no such revision, or none to compare it
    /// with.
    pub async fn find_revision(
        &self,
        actor: &Actor,
        id: RequestId,
        (number, since): (i64, Option<i64>),
    ) -> Result<ComparedRevision, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| {
            let Some(request) = listing::find_request(conn, &reader.actor.org, id)? else { return Ok(None) };
            if !reader.actor.may_read(&reader.rules.people, &request.org, &request.maker) {
                return Ok(None);
            }
            compared(conn, &reader, request, (number, since))
        };
        self.inner.store.read(read).await?.ok_or_else(|| not_readable(actor))
    }

    /// Somebody who may read a request comments on it, until it ends.
    ///
    /// # Errors
    /// Those of [`find`](Engine::find), and what the rules forbid.
    pub async fn comment(
        &self,
        actor: &Actor,
        id: RequestId,
        words: Words,
        origin: Origin,
    ) -> Result<Request, EngineError> {
        let by = Caller { key: (actor.org.clone(), id), actor: actor.clone(), origin };
        let (request, _) = self.write_for_reader(actor, WriteCommand::Comment { by, words }).await?;
        tracing::info!(request.id = %request.id, "a request was commented on");
        Ok(request)
    }

    /// A checker sends a request back to its maker: see [`may_send_back`](crate::domain::lifecycle::may_send_back).
    ///
    /// # Errors
    /// Those of [`find`](Engine::find), and what the rules forbid.
    pub async fn send_back(
        &self,
        actor: &Actor,
        id: RequestId,
        wish: NewSendBack,
        origin: Origin,
    ) -> Result<Request, EngineError> {
        require(actor, Permission::Check)?;
        let by = Caller { key: (actor.org.clone(), id), actor: actor.clone(), origin };
        let (request, is_new) = self.write_for_reader(actor, WriteCommand::SendBack { by, wish }).await?;
        if is_new {
            tracing::info!(request.id = %request.id, revision = request.revision, "a request was sent back");
        }
        Ok(request)
    }

    /// The maker resubmits a request that was sent back: see [`may_resubmit`]. It is judged as
    /// every submission is, and becomes the next revision of the same request.
    ///
    /// # Errors
    /// Those of [`submit`](Engine::submit), and what the rules say of the request; the refusal is kept before this
    /// returns, and nothing else has changed.
    pub async fn resubmit(&self, input: AgainInput<'_>) -> Result<Submitted, EngineError> {
        let AgainInput { actor, old, body, idempotency_key, reference } = input;
        let type_name = old.request.request_type.clone();
        let input =
            SubmissionInput { actor, type_name: type_name.as_str(), body, idempotency_key, reference };
        let submitted = match self.resubmit_or_replay(&input, old.request).await {
            Ok(submitted) => submitted,
            Err(error) => {
                self.keep_refusal(&input, &error).await?;
                return Err(error);
            }
        };
        fault_points::pass(FaultPoint::SubmissionCommitted);
        if !submitted.is_replay {
            let Request { id, revision, digest, state, .. } = &submitted.view.request;
            tracing::info!(request.id = %id, revision, %digest, %state, "a request was resubmitted");
        }
        Ok(submitted)
    }

    async fn resubmit_or_replay(
        &self,
        input: &SubmissionInput<'_>,
        old: Request,
    ) -> Result<Submitted, EngineError> {
        require(input.actor, Permission::Make)?;
        let body = input.body()?;
        let client_key = input.idempotency_key.map(|key| ClientKey::of_resubmission(key, old.id, body));
        if let Some(client_key) = &client_key
            && let Some(view) = self.replayed(input.actor, client_key).await?
        {
            return Ok(Submitted { view, is_replay: true });
        }
        // Asked again on the locked row. Here it comes before every fault of what can't be resubmitted anyway. A deadline
        // that has passed is left to the locked row, which ends by it.
        let (rules, now) = (self.inner.book.current(), self.inner.clock.now());
        let is_due = old.state.is_undecided() && now >= old.expires_at;
        if !is_due {
            may_resubmit(&input.actor.person, &rules.people, &old, now).map_err(EngineError::Refused)?;
        }
        if rules.types.find(input.type_name).is_none() {
            return Err(EngineError::Refused(Refusal::NotRepeatable(NotRepeatable::TypeGone)));
        }
        let mut prepared = self.check_as(old.id, input, client_key)?;
        prepared.ground = Ground::Revision(Box::new(old));
        self.store(input.actor, prepared).await
    }
}

/// The revision `number` as the reader may see it, compared with an earlier one; `None` if one of them is not there.
fn compared(
    conn: &mut AnyConnection,
    reader: &Reader,
    request: Request,
    (number, since): (i64, Option<i64>),
) -> Result<Option<ComparedRevision>, StoreError> {
    let Some(view) = view_of(conn, reader, &request, number)? else { return Ok(None) };
    let before = since.or((number > 1).then(|| number - 1));
    let changes = match before {
        None => None,
        Some(before) if before >= number => return Ok(None),
        Some(before) => match view_of(conn, reader, &request, before)? {
            Some(earlier) => Some((before, changes(&earlier.submission(), &view.submission()))),
            None => return Ok(None),
        },
    };
    Ok(Some(ComparedRevision { request, view, changes }))
}

pub(super) fn view_of(
    conn: &mut AnyConnection,
    reader: &Reader,
    request: &Request,
    number: i64,
) -> Result<Option<View>, StoreError> {
    let Some(revision) = request.as_revision(number) else { return Ok(None) };
    let call = calls::find_revision(conn, &(request.org.clone(), request.id), number)?;
    reader.view(conn, Record { request: revision, call, answer: None }).map(Some)
}
