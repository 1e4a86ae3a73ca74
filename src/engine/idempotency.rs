//! The `Idempotency-Key`: a submission that is sent again finds its request.

use super::views::View;
use super::{AdmissionRefusal, Engine, EngineError};
use crate::domain::actor::{Actor, Person};
use crate::domain::allowed_targets::Targets;
use crate::domain::digest::Digest;
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::policy::people::People;
use crate::domain::submission::{AgainWish, means_the_same, validate};
use crate::domain::words::Words;
use crate::store::requests;
use crate::store::stored_bytes::StoredDigest;
use crate::store::submission_keys::{self, SubmissionKeyRow};
use crate::store::{AnyConnection, StoreError};

/// A client's key and what came with it.
#[derive(Clone, Debug)]
pub(super) struct ClientKey {
    pub(super) key: String,
    /// SHA-256 over what was asked for: the type's name and the body as it came, or which request to submit again, with
    /// which id and why.
    pub(super) digest: Digest,
    asked: Asked,
}

/// What the key's call asked for, where other bytes may ask for the same.
#[derive(Clone, Debug)]
enum Asked {
    Submission {
        type_name: String,
        body: Vec<u8>,
    },
    /// The digest says all of it: which request, and what came with it.
    OfRequest,
}

impl ClientKey {
    /// The key that a submission came with.
    pub(super) fn new(key: &str, type_name: &str, body: &[u8]) -> Self {
        let digest = Digest::of(&[type_name.as_bytes(), b"\n", body].concat());
        let asked = Asked::Submission { type_name: type_name.to_owned(), body: body.to_vec() };
        Self { key: key.to_owned(), digest, asked }
    }

    /// The key with which a request is submitted again. No type is called like this.
    pub(super) fn of_again(key: &str, id: RequestId, wish: &AgainWish) -> Self {
        let new_id = wish.new_id.as_deref().map_or_else(String::new, |new_id| format!("={new_id}"));
        let reason = wish.reason.as_deref().map_or_else(String::new, |reason| format!("={reason}"));
        let digest = Digest::of(format!("submit-again\n{id}\n{new_id}\n{reason}").as_bytes());
        Self { key: key.to_owned(), digest, asked: Asked::OfRequest }
    }

    /// The key with which a request that was sent back is resubmitted, with this body.
    pub(super) fn of_resubmission(key: &str, id: RequestId, body: &[u8]) -> Self {
        let digest = Digest::of(&[format!("resubmit\n{id}\n").as_bytes(), body].concat());
        Self { key: key.to_owned(), digest, asked: Asked::OfRequest }
    }

    /// The request that the key was used for by the same bytes; `None` if another person used it, or for other bytes,
    /// which may still [mean the same](Self::asks_for). Any account of the person may send it again.
    pub(super) fn request_of(&self, row: &SubmissionKeyRow, is_theirs: bool) -> Option<RequestId> {
        let is_same = is_theirs && row.digest == StoredDigest(self.digest);
        is_same.then(|| row.request_id.into())
    }

    /// Whether the submission asks for what `view` is: type, entities, reason and task are the same after normalisation by the
    /// rules of the version that the request is pinned to.
    fn asks_for(&self, view: &View, targets: &Targets) -> bool {
        let request = &view.request;
        let Asked::Submission { type_name, body } = &self.asked else { return false };
        request.repeat_of.is_none()
            && request.request_type.as_str() == type_name
            && validate(&view.pinned, targets, request.id, body).is_ok_and(|submission| {
                let reason = submission.reason.as_ref().map(Words::as_str);
                submission.entity == request.entity
                    && reason == request.terms.reason.as_deref()
                    && means_the_same(&submission.task, &view.task)
            })
    }
}

/// Whether a key was used by this person: under any of their accounts, as the people file joins them now, each as it is
/// spelled.
pub(super) fn is_theirs(
    conn: &mut AnyConnection,
    row: &SubmissionKeyRow,
    (person, people): (&Person, &People),
) -> Result<bool, StoreError> {
    let found = requests::find(conn, &OrgId::new(row.org_id.clone()), row.request_id.into())?;
    Ok(found.is_some_and(|request| people.is_own_account(person, &request.maker())))
}

impl Engine {
    /// The request that a key already names. Asked before a submission is checked: the types may have
    /// changed since.
    pub(super) async fn replayed(
        &self,
        actor: &Actor,
        client_key: &ClientKey,
    ) -> Result<Option<View>, EngineError> {
        let org = actor.org.to_string();
        let key = client_key.key.clone();
        let rules = self.inner.book.current();
        let person = actor.person.clone();
        let read = move |conn: &mut _| {
            let Some(row) = submission_keys::find(conn, &org, &key)? else { return Ok(None) };
            let is_theirs = is_theirs(conn, &row, (&person, &rules.people))?;
            Ok(Some((row, is_theirs)))
        };
        let Some((row, is_theirs)) = self.inner.store.read(read).await? else { return Ok(None) };
        let reused = || EngineError::NotAdmitted(AdmissionRefusal::key_reused());
        if let Some(id) = client_key.request_of(&row, is_theirs) {
            return Ok(Some(self.find(actor, id).await?));
        }
        if !is_theirs {
            return Err(reused());
        }
        let id = RequestId::from(row.request_id);
        let view = self.find(actor, id).await?;
        // What came with the key of a submission is the first revision, whatever the request is by now.
        let is_asked_for = if view.request.revision == 1 {
            client_key.asks_for(&view, &self.inner.targets)
        } else {
            let first = self.find_revision(actor, id, (1, None)).await?;
            client_key.asks_for(&first.view, &self.inner.targets)
        };
        if is_asked_for { Ok(Some(view)) } else { Err(reused()) }
    }
}
