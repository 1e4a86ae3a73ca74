//! A maker submits a request.

use super::decider::Command;
use super::queries::View;
use super::{Engine, EngineError, RefusedSubmission, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;
use crate::domain::json;
use crate::domain::lifecycle::{Birth, submit};
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::submission::{Submission, validate};
use crate::store::calls::CallRow;
use crate::store::events::{EventRow, Origin};
use crate::store::requests::RequestRow;
use crate::store::submissions::NewSubmission;

/// What a maker sends.
pub struct Submitting<'a> {
    /// Who submits.
    pub actor: &'a Actor,
    /// The type's name as the path spells it.
    pub type_name: &'a str,
    /// The body as it came.
    pub body: &'a [u8],
    /// The id under which the log has the call.
    pub reference: &'a str,
}

impl Engine {
    /// Checks and stores a submission; it rests in `AdminTask` when this returns.
    ///
    /// # Errors
    /// Every fault at once; the refusal is kept before this returns.
    pub async fn submit(&self, submitting: Submitting<'_>) -> Result<View, EngineError> {
        let (view, rows) = match self.prepare(&submitting) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.keep_refused(&submitting, &error).await?;
                return Err(error);
            }
        };
        self.inner.writer.write(Command::Submit(Box::new(rows))).await?;
        self.inner.metrics.submitted(view.request.request_type.as_str());
        tracing::info!(
            request.id = %view.request.id,
            request.type = %view.request.request_type,
            digest = %view.request.digest,
            "a request was submitted"
        );
        Ok(view)
    }

    /// Everything about a submission but the write: the checks, the call, the digest, the rows.
    pub fn prepare(&self, submitting: &Submitting<'_>) -> Result<(View, NewSubmission), EngineError> {
        require(submitting.actor, Permission::Make)?;
        let settings = &self.inner.settings;
        let request_type = settings.types.find(submitting.type_name).ok_or(EngineError::NotFound)?;
        let submission =
            validate(request_type, &settings.targets, submitting.body).map_err(EngineError::Invalid)?;
        Ok(self.rows(submitting, request_type, submission))
    }

    fn rows(
        &self,
        submitting: &Submitting<'_>,
        request_type: &RequestType,
        submission: Submission,
    ) -> (View, NewSubmission) {
        let now = self.inner.clock.now();
        let birth = Birth {
            org: submitting.actor.org.clone(),
            id: RequestId::new(self.inner.clock.new_id()),
            request_type: request_type.name.clone(),
            type_version: request_type.version.clone(),
            maker: submitting.actor.person.clone(),
            entity: submission.entity,
            digest: submission.digest,
            host: submission.call.authority(),
            expires_at: now + self.inner.settings.pending_ttl,
        };
        let born = submit(birth.clone(), now);
        let origin = Origin::of(submitting.actor, submitting.reference);
        let mut request = Request::born(birth, now);
        let mut events = Vec::with_capacity(born.len());
        for event in &born {
            request = request.apply(event);
            events.push(EventRow::new(&request, event, self.inner.clock.new_id(), &origin));
        }
        let call = CallRow {
            org_id: request.org.to_string(),
            request_id: request.id.to_string(),
            call: submission.call_bytes,
            echo: json::write(&submission.task),
            label: submission.label.clone(),
        };
        let rows = NewSubmission { request: RequestRow::from(&request), call, events };
        let view = View {
            request,
            task: submission.task,
            method: submission.call.method,
            url: submission.call.url,
            label: submission.label,
            answer: None,
        };
        (view, rows)
    }

    async fn keep_refused(
        &self,
        submitting: &Submitting<'_>,
        error: &EngineError,
    ) -> Result<(), EngineError> {
        let codes: Vec<&str> = match error {
            EngineError::Invalid(faults) => faults.iter().map(|fault| fault.code).collect(),
            EngineError::PermissionMissing(_) => vec!["permission_missing"],
            EngineError::NotFound => vec!["not_found"],
            EngineError::Refused(_) | EngineError::Store(_) => return Ok(()),
        };
        self.keep_refusal(RefusedSubmission {
            actor: submitting.actor,
            type_name: submitting.type_name,
            codes: &codes,
            digest: Some(Digest::of(submitting.body)),
            reference: submitting.reference,
        })
        .await
    }
}
