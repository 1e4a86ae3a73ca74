//! A maker submits a request.

use std::sync::Arc;

use super::admission::{AdmissionRefusal, ClientKey, PreparedSubmission, StoredContext, call_row};
use super::command::{WriteCommand, WriteReply};
use super::queries::View;
use super::{Engine, EngineError, RefusedSubmission, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;
use crate::domain::request::{Request, State};
use crate::domain::submission::validate;
use crate::store::events::Origin;
use crate::store::submission_keys;
use crate::store::submissions::NewSubmission;

/// What a maker sends.
pub struct SubmissionInput<'a> {
    /// Who submits.
    pub actor: &'a Actor,
    /// The type's name as the path spells it.
    pub type_name: &'a str,
    /// The body as it came.
    pub body: &'a [u8],
    /// The client's own key for this submission.
    pub idempotency_key: Option<&'a str>,
    /// The id under which the log has the call.
    pub reference: &'a str,
}

/// A submission that was taken.
#[derive(Debug)]
pub struct Submitted {
    /// The request: right after the submission, or as it stands by now if this was a repeat.
    pub view: View,
    /// Whether the client's key had been used for just this before.
    pub is_replay: bool,
}

impl Engine {
    /// Checks and stores a submission; it rests in `AdminTask`, or is approved if its rule asks for
    /// nobody, when this returns.
    ///
    /// # Errors
    /// Every fault at once; the refusal is kept before this returns.
    pub async fn submit(&self, submitting: SubmissionInput<'_>) -> Result<Submitted, EngineError> {
        let submitted = match self.submit_or_replay(&submitting).await {
            Ok(submitted) => submitted,
            Err(error) => {
                self.keep_refused(&submitting, &error).await?;
                return Err(error);
            }
        };
        if !submitted.is_replay {
            self.note_submitted(&submitted.view.request);
        }
        Ok(submitted)
    }

    async fn submit_or_replay(&self, submitting: &SubmissionInput<'_>) -> Result<Submitted, EngineError> {
        if let Some(view) = self.replayed(submitting).await? {
            return Ok(Submitted { view, is_replay: true });
        }
        let prepared = self.check(submitting)?;
        if prepared.needs_locks() {
            self.submit_locked(submitting, prepared).await
        } else {
            self.submit_alone(prepared).await
        }
    }

    /// Everything about a submission but the write, where nothing stored has a say in it.
    pub fn prepare(&self, submitting: &SubmissionInput<'_>) -> Result<(View, NewSubmission), EngineError> {
        self.admit(self.check(submitting)?)
    }

    /// What the client's key stands for already, before anything is checked anew: types may have changed
    /// since.
    async fn replayed(&self, submitting: &SubmissionInput<'_>) -> Result<Option<View>, EngineError> {
        let Some(client_key) = client_key(submitting) else { return Ok(None) };
        require(submitting.actor, Permission::Make)?;
        let org = submitting.actor.org.to_string();
        let key = client_key.key.clone();
        let read = move |conn: &mut _| submission_keys::find(conn, &org, &key);
        let Some(row) = self.inner.store.read(read).await? else { return Ok(None) };
        let id = client_key.stands_for(&row, &submitting.actor.person)?;
        Ok(Some(self.find(submitting.actor, id).await?))
    }

    /// Everything about a submission that needs nothing but its body and the rules in force.
    pub(super) fn check(
        &self,
        submitting: &SubmissionInput<'_>,
    ) -> Result<Box<PreparedSubmission>, EngineError> {
        require(submitting.actor, Permission::Make)?;
        let rules = self.inner.book.current();
        let request_type = Arc::clone(rules.types.find(submitting.type_name).ok_or(EngineError::NotFound)?);
        let submission =
            validate(&request_type, &self.inner.targets, submitting.body).map_err(EngineError::Invalid)?;
        if !rules.people.is_active(&submitting.actor.person, &submitting.actor.act) {
            let message = "Your account is not active in the people file. Ask whoever keeps it.".to_owned();
            return Err(EngineError::NotAdmitted(AdmissionRefusal { code: Code::PersonInactive, message }));
        }
        Ok(Box::new(PreparedSubmission {
            maker: submitting.actor.signer(),
            origin: Origin::of(submitting.actor, submitting.reference),
            id: RequestId::new(self.inner.clock.new_id()),
            now: self.inner.clock.now(),
            request_type,
            submission,
            rules,
            deadlines: self.inner.deadlines,
            client_key: client_key(submitting),
        }))
    }

    fn admit(&self, mut prepared: Box<PreparedSubmission>) -> Result<(View, NewSubmission), EngineError> {
        let admitted =
            prepared.admit(&StoredContext::default(), &self.inner.clock).map_err(EngineError::NotAdmitted)?;
        let call_bytes = std::mem::take(&mut prepared.submission.call_bytes);
        let call = call_row(&prepared, call_bytes);
        let (request, rows) = admitted.with_call(call);
        Ok((View::of_submission(request, prepared.submission, prepared.request_type), rows))
    }

    async fn submit_alone(&self, prepared: Box<PreparedSubmission>) -> Result<Submitted, EngineError> {
        let (view, rows) = self.admit(prepared)?;
        self.inner.writer.write(WriteCommand::Submit(Box::new(rows))).await?;
        Ok(Submitted { view, is_replay: false })
    }

    async fn submit_locked(
        &self,
        submitting: &SubmissionInput<'_>,
        prepared: Box<PreparedSubmission>,
    ) -> Result<Submitted, EngineError> {
        let (submission, request_type) = (prepared.submission.clone(), Arc::clone(&prepared.request_type));
        match self.inner.writer.write(WriteCommand::SubmitLocked(prepared)).await? {
            WriteReply::Current { request, .. } => {
                let view = View::of_submission(*request, submission, request_type);
                Ok(Submitted { view, is_replay: false })
            }
            WriteReply::Replayed(id) => {
                Ok(Submitted { view: self.find(submitting.actor, id).await?, is_replay: true })
            }
            WriteReply::NotAdmitted(why) => Err(EngineError::NotAdmitted(why)),
            WriteReply::Done
            | WriteReply::NotFound
            | WriteReply::Refused(_)
            | WriteReply::Claimed(_)
            | WriteReply::Fenced => Err(WriteReply::unexpected().into()),
        }
    }

    fn note_submitted(&self, request: &Request) {
        self.inner.metrics.submitted(request.request_type.as_str());
        tracing::info!(
            request.id = %request.id,
            request.type = %request.request_type,
            digest = %request.digest,
            state = %request.state,
            "a request was submitted"
        );
        if request.state == State::Approved {
            self.inner.due.notify_one();
        }
    }

    async fn keep_refused(
        &self,
        submitting: &SubmissionInput<'_>,
        error: &EngineError,
    ) -> Result<(), EngineError> {
        let is_kept = match error {
            EngineError::Invalid(_)
            | EngineError::PermissionMissing(_)
            | EngineError::NotFound
            | EngineError::NotAdmitted(_) => true,
            EngineError::Refused(_) | EngineError::Store(_) => false,
        };
        if !is_kept {
            return Ok(());
        }
        self.keep_refusal(RefusedSubmission {
            actor: submitting.actor,
            type_name: submitting.type_name,
            codes: &error.codes(),
            digest: Some(Digest::of(submitting.body)),
            reference: submitting.reference,
        })
        .await
    }
}

fn client_key(submitting: &SubmissionInput<'_>) -> Option<ClientKey> {
    let key = submitting.idempotency_key?.to_owned();
    let digest = Digest::of(&[submitting.type_name.as_bytes(), b"\n", submitting.body].concat());
    Some(ClientKey { key, digest })
}
