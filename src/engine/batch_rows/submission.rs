//! The submissions of a batch, and what each finds under its idempotency key and on its subject.

use std::borrow::Cow;
use std::collections::hash_map;

use super::{BatchRows, ExecutionEntry};
use crate::domain::ids::RequestId;
use crate::domain::policy::usage::Usage;
use crate::domain::request::Request;
use crate::engine::admission::{PreparedSubmission, StoredContext, usage_in};
use crate::engine::change_feed::Change;
use crate::engine::search::backlog::Unindexed;
use crate::store::stored_bytes::StoredDigest;
use crate::store::submission_keys::{self, SubmissionKeyRow};
use crate::store::submissions::NewSubmission;
use crate::store::usage::UsageKey;
use crate::store::{AnyConnection, StoreError, requests};

impl<'a> BatchRows<'a> {
    pub(super) fn load_client_key(
        &mut self,
        conn: &mut AnyConnection,
        prepared: &PreparedSubmission,
    ) -> Result<(), StoreError> {
        let Some(client_key) = &prepared.client_key else { return Ok(()) };
        let org = prepared.maker.org.to_string();
        if let Some(row) = submission_keys::find(conn, &org, &client_key.key)? {
            self.client_keys.insert((org, client_key.key.clone()), row);
        }
        Ok(())
    }

    pub(super) fn load_pending(
        &mut self,
        conn: &mut AnyConnection,
        prepared: &PreparedSubmission,
    ) -> Result<(), StoreError> {
        let Some(at) = pending_key(prepared) else { return Ok(()) };
        if let hash_map::Entry::Vacant(open) = self.pending.entry(at) {
            let (org, name, _, subject, _) = open.key();
            // One more than is told: the request that a submission repeats does not stand in its way.
            let found = requests::list_pending_on(conn, (org, name), subject, 2)?;
            open.insert(found);
        }
        Ok(())
    }

    /// Adds a submission that passed every check.
    pub(in crate::engine) fn submit(&mut self, submission: Cow<'a, NewSubmission>) -> Result<(), StoreError> {
        if self.keeps_changes {
            self.changes.push(Change::of_submission(&submission.request)?);
        }
        self.has_outbox |= submission.outbox.is_some();
        self.unindexed.push(Unindexed::submitted(&submission.request));
        if let Some(execution) = submission.execution.clone() {
            self.executions.insert(execution.key(), ExecutionEntry { execution, before: None });
        }
        self.submissions.push(submission);
        Ok(())
    }

    /// Where the idempotency key was used before: in an earlier batch, or earlier in this one.
    pub(in crate::engine) fn used_key(&self, prepared: &PreparedSubmission) -> Option<&SubmissionKeyRow> {
        let client_key = prepared.client_key.as_ref()?;
        self.client_keys.get(&(prepared.maker.org.to_string(), client_key.key.clone()))
    }

    /// The stored rows that a submission's admission depends on, as they are in this batch.
    pub(in crate::engine) fn stored_context(&self, prepared: &PreparedSubmission) -> StoredContext {
        let usage = prepared.usage(|key| usage_in(self.usage.get(key)));
        let pending = pending_key(prepared).and_then(|at| self.pending.get(&at).cloned());
        let mut pending = pending.unwrap_or_default();
        if let Some((_, own)) = prepared.ground.key() {
            // It is its own earlier revision, or its deadline may have passed just now.
            pending.retain(|id| *id != own);
        }
        StoredContext { usage, pending }
    }

    /// Adds an admitted submission, and counts it for those after it.
    pub(in crate::engine) fn submit_admitted(
        &mut self,
        prepared: &PreparedSubmission,
        request: &Request,
        submission: NewSubmission,
    ) -> Result<(), StoreError> {
        self.count(request, Usage::add)?;
        self.remember(prepared, submission.request.request_id.into());
        self.submit(Cow::Owned(submission))
    }

    /// Shows the submission, which became the request `id`, to those after it: on its subject, and under its key.
    pub(super) fn remember(&mut self, prepared: &PreparedSubmission, id: RequestId) {
        if let Some(at) = pending_key(prepared) {
            self.pending.entry(at).or_default().push(id);
        }
        if let Some(client_key) = &prepared.client_key {
            let row = SubmissionKeyRow {
                org_id: prepared.maker.org.to_string(),
                key: client_key.key.clone(),
                request_id: id.into(),
                person_key: prepared.rules.people.key_of(&prepared.maker.person).into_text(),
                digest: StoredDigest(client_key.digest),
            };
            self.client_keys.insert((row.org_id.clone(), row.key.clone()), row.clone());
            self.new_client_keys.push(row);
        }
    }
}

/// The key under which the open requests on a submission's subject are kept; `None` if it need not be alone.
fn pending_key(prepared: &PreparedSubmission) -> Option<UsageKey> {
    let subject = prepared.submission.subject.clone().filter(|_| prepared.must_be_alone())?;
    let (org, name) = (prepared.maker.org.to_string(), prepared.request_type.name.to_string());
    Some((org, name, String::new(), subject, 0))
}
