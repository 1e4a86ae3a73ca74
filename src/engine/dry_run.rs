//! The dry run of a submission: every check of [`Engine::submit`], and nothing is stored.
//!
//! Counters and other requests on the subject are read without a lock, so the result may be out of date at
//! once. Only a real submission is judged on locked rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::admission::{Admitted, Ground, PreparedSubmission, StoredContext, usage_in};
use super::stored_findings::nearly_used_up;
use super::{AdmissionRefusal, Engine, EngineError, SubmissionInput, require};
use crate::domain::actor::Permission;
use crate::domain::call::Call;
use crate::domain::digest::Digest;
use crate::domain::findings::{Finding, Level, hidden_characters};
use crate::domain::ids::RequestId;
use crate::domain::policy::RuleOutcome;
use crate::domain::policy::progress::{PolicyInForce, Progress, progress};
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::submission::mask_headers;
use crate::store::requests::RequestRow;
use crate::store::usage::{UsageKey, UsageRow};
use crate::store::{AnyConnection, StoreError, repeat_keys, requests, usage};

/// What a submission without faults would become.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// Its type, as it is in force.
    pub request_type: Arc<RequestType>,
    /// What would be sent: the method.
    pub method: String,
    /// How many bytes the body would have.
    pub body_bytes: usize,
    /// The target's label.
    pub label: String,
    /// The digest of the call.
    pub digest: Digest,
    /// The sentence about it.
    pub summary: String,
    /// The request as it would be, or why it would be refused.
    pub admission: Result<Box<DraftRequest>, AdmissionRefusal>,
    /// The findings that a checker would be shown.
    pub findings: Vec<Finding>,
    task: Value,
}

/// A request that was not submitted.
#[derive(Clone, Debug)]
pub struct DraftRequest {
    /// As it would be right after its submission; its id means nothing.
    pub request: Request,
    /// Who would have to agree; `None` if its rule approves without anybody.
    pub progress: Option<Progress>,
}

impl DryRun {
    /// The task as it was submitted, to tell what [`shown`](Self::shown) hides of it; not for a page.
    pub fn task(&self) -> &Value {
        &self.task
    }

    /// The task and the URL for a page: credentials, masked and secret fields are hidden, since a page may
    /// be read over a shoulder or kept by a browser.
    pub fn shown(&self) -> (Value, String) {
        let task = self.request_type.shown(&self.task, false);
        let url = Call::shown_url(&task);
        (mask_headers(&task), url)
    }
}

impl Engine {
    /// Checks a submission and stores nothing: no request, and no refusal either.
    ///
    /// # Errors
    /// Every fault of the submission. A refusal to admit it is part of the result.
    pub async fn dry_run(&self, input: &SubmissionInput<'_>) -> Result<DryRun, EngineError> {
        require(input.actor, Permission::Make)?;
        // Without the idempotency key: one that was used before says nothing about this draft.
        // A draft has no id yet; a header that carries the request's id shows zeros until then.
        let prepared = self.check_as(RequestId::nil(), input, None)?;
        self.tried(prepared).await
    }

    /// The same for what would take the place of a request that was sent back.
    ///
    /// # Errors
    /// Those of [`dry_run`](Engine::dry_run).
    pub async fn dry_run_resubmission(
        &self,
        input: &SubmissionInput<'_>,
        sent_back: &Request,
    ) -> Result<DryRun, EngineError> {
        require(input.actor, Permission::Make)?;
        let mut prepared = self.check_as(sent_back.id, input, None)?;
        prepared.ground = Ground::Revision(Box::new(sent_back.clone()));
        self.tried(prepared).await
    }

    async fn tried(&self, prepared: Box<PreparedSubmission>) -> Result<DryRun, EngineError> {
        let prepared = self.look(prepared).await?;
        let (prepared, stored) = if prepared.needs_locks() {
            let read = move |conn: &mut AnyConnection| {
                let stored = stored_context(conn, &prepared)?;
                Ok((prepared, stored))
            };
            self.inner.store.read(read).await?
        } else {
            (prepared, StoredContext::default())
        };
        let admission = match self.admission(&prepared, &stored) {
            Ok(draft) => self.with_free_repeat_key(draft).await?,
            Err(refusal) => Err(refusal),
        };
        let mut findings = hidden_characters(&prepared.submission.task);
        if let Ok(draft) = &admission {
            findings.extend(draft.request.terms.warnings.iter().map(|warning| Finding {
                code: warning.code.as_finding(),
                level: Level::Warning,
                sentence: warning.message.clone(),
                pointer: None,
                facts: None,
            }));
            findings.extend(used_up(&prepared, &stored, &draft.request));
        }
        let PreparedSubmission { request_type, submission, .. } = *prepared;
        let body_bytes = submission.call.body.len();
        Ok(DryRun {
            request_type,
            method: submission.call.method,
            body_bytes,
            label: submission.label,
            digest: submission.digest,
            summary: submission.summary,
            admission: admission.map(Box::new),
            findings,
            task: submission.task,
        })
    }

    /// The draft, unless another open request carries the id by which the target recognises a repeat.
    async fn with_free_repeat_key(
        &self,
        draft: DraftRequest,
    ) -> Result<Result<DraftRequest, AdmissionRefusal>, EngineError> {
        if draft.request.terms.repeat_key.is_none() {
            return Ok(Ok(draft));
        }
        let row = RequestRow::from(&draft.request);
        let read = move |conn: &mut AnyConnection| repeat_keys::is_repeat_key_in_use(conn, &row);
        let is_in_use = self.inner.store.read(read).await?;
        Ok(if is_in_use { Err(AdmissionRefusal::repeat_key_in_use()) } else { Ok(draft) })
    }

    fn admission(
        &self,
        prepared: &PreparedSubmission,
        stored: &StoredContext,
    ) -> Result<DraftRequest, AdmissionRefusal> {
        let Admitted { request, .. } = prepared.admit(stored, &self.inner.clock)?;
        if !stored.usage.values().all(|usage| usage.can_hold(request.terms.amount)) {
            return Err(AdmissionRefusal::too_large());
        }
        let rule = prepared.request_type.policy.rule(&request.terms.rule);
        let progress = rule.and_then(|rule| match &rule.outcome {
            RuleOutcome::Stages(approval) => {
                let in_force = PolicyInForce { approval, people: &prepared.rules.people };
                Some(progress(&request.context(), &in_force))
            }
            RuleOutcome::AutoApprove | RuleOutcome::Refuse { .. } => None,
        });
        Ok(DraftRequest { request, progress })
    }
}

/// Counters and other requests as they are now, read without locks and without making missing rows.
fn stored_context(
    conn: &mut AnyConnection,
    prepared: &PreparedSubmission,
) -> Result<StoredContext, StoreError> {
    let (org, name) = (prepared.maker.org.as_str(), prepared.request_type.name.as_str());
    let mut stored = StoredContext::default();
    let rows = usage::find_all(conn, &prepared.read_rows())?;
    let rows: BTreeMap<UsageKey, UsageRow> = rows.into_iter().map(|row| (row.key(), row)).collect();
    let own = prepared.given_back();
    stored.usage = prepared.usage(|key| {
        let usage = usage_in(rows.get(key))?;
        if own.contains(key) { usage.remove(prepared.amount_given_back()) } else { Some(usage) }
    });
    if let Some(subject) = prepared.submission.subject.as_deref().filter(|_| prepared.must_be_alone()) {
        stored.pending = requests::list_pending_on(conn, (org, name), subject, 2)?;
        let own = prepared.ground.key().map(|(_, id)| id);
        stored.pending.retain(|id| Some(*id) != own);
    }
    Ok(stored)
}

/// Counters that would have come, with this request, as far as its type wants checkers to know.
fn used_up(prepared: &PreparedSubmission, stored: &StoredContext, request: &Request) -> Vec<Finding> {
    let of = |counter: &crate::domain::request_type::Counter| {
        let before = stored.usage.get(&counter.name)?;
        nearly_used_up(&prepared.request_type, counter, before.add(request.terms.amount)?)
    };
    prepared.request_type.usage.iter().filter_map(of).collect()
}
