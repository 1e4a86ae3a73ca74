//! A maker submits a request.

use std::sync::Arc;

use super::admission::{Ground, PreparedSubmission, StoredContext, counters_of};
use super::command::{WriteCommand, WriteReply};
use super::idempotency::ClientKey;
use super::views::View;
use super::{AdmissionRefusal, DoorFault, Engine, EngineError, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::code::Code;
use crate::domain::ids::RequestId;
use crate::domain::policy::RuleChoice;
use crate::domain::request::Request;
use crate::domain::submission::validate;
use crate::fault_points::{self, FaultPoint};
use crate::store::StoreError;
use crate::store::events::Origin;
use crate::store::submissions::NewSubmission;

/// What a maker sends.
pub struct SubmissionInput<'a> {
    /// Who submits.
    pub actor: &'a Actor,
    /// The type's name as the path spells it.
    pub type_name: &'a str,
    /// The body as it came, or why the door could not read what was sent. A submission that can't be read
    /// is handed over all the same: it is refused, and the refusal is kept, like any other.
    pub body: Result<&'a [u8], &'a [DoorFault]>,
    /// The client's own key for this submission.
    pub idempotency_key: Option<&'a str>,
    /// The id under which the log has the call.
    pub reference: &'a str,
}

impl<'a> SubmissionInput<'a> {
    pub(super) fn body(&self) -> Result<&'a [u8], EngineError> {
        self.body.map_err(|faults| EngineError::Unreadable(faults.to_vec()))
    }
}

/// A submission that was taken.
#[derive(Debug)]
pub struct Submitted {
    /// The request: right after the submission, or as it is now if this was a repeat.
    pub view: View,
    /// Whether the idempotency key had been used for the same submission before.
    pub is_replay: bool,
}

impl Engine {
    /// Checks and stores a submission. When this returns, the request waits in `AdminTask`, or is approved if
    /// its rule approves without anybody.
    ///
    /// # Errors
    /// Every fault at once; the refusal is kept before this returns.
    pub async fn submit(&self, input: SubmissionInput<'_>) -> Result<Submitted, EngineError> {
        let submitted = match self.submit_or_replay(&input).await {
            Ok(submitted) => submitted,
            Err(error) => {
                self.keep_refusal(&input, &error).await?;
                return Err(error);
            }
        };
        fault_points::pass(FaultPoint::SubmissionCommitted);
        if !submitted.is_replay {
            self.note_submitted(&submitted.view.request);
        }
        Ok(submitted)
    }

    async fn submit_or_replay(&self, input: &SubmissionInput<'_>) -> Result<Submitted, EngineError> {
        require(input.actor, Permission::Make)?;
        let body = input.body()?;
        let client_key = input.idempotency_key.map(|key| ClientKey::new(key, input.type_name, body));
        if let Some(client_key) = &client_key
            && let Some(view) = self.replayed(input.actor, client_key).await?
        {
            return Ok(Submitted { view, is_replay: true });
        }
        self.store(input.actor, self.check(input, client_key)?).await
    }

    /// Stores a submission that has no fault, if it is admitted.
    pub(super) async fn store(
        &self,
        actor: &Actor,
        prepared: Box<PreparedSubmission>,
    ) -> Result<Submitted, EngineError> {
        let client_key = prepared.client_key.clone();
        let prepared = self.look(prepared).await?;
        let submitted = if prepared.needs_locks() {
            self.submit_locked(actor, prepared).await
        } else {
            self.submit_alone(prepared).await
        };
        match (submitted, client_key) {
            // The key was used meanwhile, by other bytes: they may mean the same.
            (Err(EngineError::NotAdmitted(why)), Some(client_key))
                if why.code == Code::IdempotencyKeyReused =>
            {
                let view = self.replayed(actor, &client_key).await?;
                view.map(|view| Submitted { view, is_replay: true }).ok_or(EngineError::NotAdmitted(why))
            }
            (submitted, _) => submitted,
        }
    }

    /// Everything about a submission but the write, where its admission depends on nothing stored.
    pub fn prepare(&self, input: &SubmissionInput<'_>) -> Result<(View, NewSubmission), EngineError> {
        let mut prepared = self.check(input, None)?;
        prepared.look();
        self.admit(prepared)
    }

    /// Evaluates what the policy asks of the submission, away from the threads that others wait for if it may take long.
    pub(super) async fn look(
        &self,
        mut prepared: Box<PreparedSubmission>,
    ) -> Result<Box<PreparedSubmission>, EngineError> {
        if !prepared.request_type.policy.is_dear() {
            prepared.look();
            return Ok(prepared);
        }
        let looking = tokio::task::spawn_blocking(move || {
            prepared.look();
            prepared
        });
        looking
            .await
            .map_err(|error| StoreError::Corrupt(format!("a policy could not be evaluated: {error}")).into())
    }

    /// Everything about a submission that needs nothing but its body and the rules in force.
    pub(super) fn check(
        &self,
        input: &SubmissionInput<'_>,
        client_key: Option<ClientKey>,
    ) -> Result<Box<PreparedSubmission>, EngineError> {
        self.check_as(RequestId::new(self.inner.clock.new_id()), input, client_key)
    }

    /// The same, for a request of this id.
    pub(super) fn check_as(
        &self,
        id: RequestId,
        input: &SubmissionInput<'_>,
        client_key: Option<ClientKey>,
    ) -> Result<Box<PreparedSubmission>, EngineError> {
        let rules = self.inner.book.current();
        let request_type = Arc::clone(rules.types.find(input.type_name).ok_or(EngineError::NotFound)?);
        let submission =
            validate(&request_type, &self.inner.targets, id, input.body()?).map_err(EngineError::Invalid)?;
        if !rules.people.is_active(&input.actor.person, &input.actor.act) {
            let message = "Your account is not active in the people file. Ask whoever keeps it.".to_owned();
            return Err(EngineError::NotAdmitted(AdmissionRefusal { code: Code::PersonInactive, message }));
        }
        let (signer, now) = (&input.actor.signer, self.inner.clock.now());
        let counters =
            counters_of(&request_type, (signer, &rules.people), submission.subject.as_deref(), now);
        Ok(Box::new(PreparedSubmission {
            maker: input.actor.signer.clone(),
            origin: Origin::of(input.actor, input.reference),
            id,
            now,
            request_type,
            submission,
            choice: RuleChoice::default(),
            rules,
            deadlines: self.inner.deadlines,
            client_key,
            counters,
            ground: Ground::New,
        }))
    }

    fn admit(&self, prepared: Box<PreparedSubmission>) -> Result<(View, NewSubmission), EngineError> {
        let admitted =
            prepared.admit(&StoredContext::default(), &self.inner.clock).map_err(EngineError::NotAdmitted)?;
        let (request, rows) = admitted.with_call(prepared.call_row());
        Ok((View::of_submission(request, prepared.submission, prepared.request_type), rows))
    }

    async fn submit_alone(&self, prepared: Box<PreparedSubmission>) -> Result<Submitted, EngineError> {
        let (view, rows) = self.admit(prepared)?;
        match self.inner.writer.write(WriteCommand::Submit(Box::new(rows))).await? {
            WriteReply::NotAdmitted(why) => Err(EngineError::NotAdmitted(why)),
            WriteReply::Done => Ok(Submitted { view, is_replay: false }),
            WriteReply::NotFound
            | WriteReply::Full
            | WriteReply::Refused(_)
            | WriteReply::Current { .. }
            | WriteReply::Claimed { .. }
            | WriteReply::AttemptStarted(_)
            | WriteReply::Fenced
            | WriteReply::HandedOver(_)
            | WriteReply::Indexed(_)
            | WriteReply::Replayed(_) => Err(WriteReply::unexpected().into()),
        }
    }

    async fn submit_locked(
        &self,
        actor: &Actor,
        prepared: Box<PreparedSubmission>,
    ) -> Result<Submitted, EngineError> {
        let call = Box::new(prepared.call_row());
        let command = WriteCommand::SubmitLocked(prepared, call);
        let (reply, command) = self.inner.writer.write_and_return(command).await?;
        match (reply, command) {
            (WriteReply::Current { request, .. }, WriteCommand::SubmitLocked(prepared, _)) => {
                let PreparedSubmission { submission, request_type, .. } = *prepared;
                let view = View::of_submission(*request, submission, request_type);
                Ok(Submitted { view, is_replay: false })
            }
            (WriteReply::Replayed(id), _) => {
                Ok(Submitted { view: self.find(actor, id).await?, is_replay: true })
            }
            (WriteReply::NotAdmitted(why), _) => Err(EngineError::NotAdmitted(why)),
            // Only of a request that is submitted again or resubmitted.
            (WriteReply::Refused(refusal), _) => Err(EngineError::Refused(refusal)),
            (WriteReply::NotFound, _) => Err(EngineError::NotFound),
            (
                WriteReply::Current { .. }
                | WriteReply::Done
                | WriteReply::Full
                | WriteReply::Claimed { .. }
                | WriteReply::AttemptStarted(_)
                | WriteReply::Fenced
                | WriteReply::HandedOver(_)
                | WriteReply::Indexed(_),
                _,
            ) => Err(WriteReply::unexpected().into()),
        }
    }

    pub(super) fn note_submitted(&self, request: &Request) {
        self.inner.metrics.submitted(request.request_type.as_str());
        tracing::info!(
            request.id = %request.id,
            request.type = %request.request_type,
            digest = %request.digest,
            state = %request.state,
            "a request was submitted"
        );
    }
}
