//! The `Idempotency-Key`: a submission that is sent again finds its request.

use super::views::View;
use super::{AdmissionRefusal, Engine, EngineError};
use crate::domain::actor::{Actor, Person};
use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;
use crate::store::StoreError;
use crate::store::requests::parse_id;
use crate::store::submission_keys::{self, SubmissionKeyRow};

/// A client's key and what came with it.
#[derive(Clone, Debug)]
pub(super) struct ClientKey {
    pub(super) key: String,
    /// SHA-256 over the type's name and the body as it came.
    pub(super) digest: Digest,
}

impl ClientKey {
    /// The key that a submission came with.
    pub(super) fn new(key: &str, type_name: &str, body: &[u8]) -> Self {
        let digest = Digest::of(&[type_name.as_bytes(), b"\n", body].concat());
        Self { key: key.to_owned(), digest }
    }

    /// The request that the key was used for; `None` if another person used it, or for another submission.
    pub(super) fn request_of(
        &self,
        row: &SubmissionKeyRow,
        person: &Person,
    ) -> Result<Option<RequestId>, StoreError> {
        let is_same = row.person_key == person.key() && row.digest == self.digest.to_string();
        is_same.then(|| parse_id(&row.request_id)).transpose()
    }
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
        let read = move |conn: &mut _| submission_keys::find(conn, &org, &key);
        let Some(row) = self.inner.store.read(read).await? else { return Ok(None) };
        let id = client_key.request_of(&row, &actor.person)?;
        let id = id.ok_or_else(|| EngineError::NotAdmitted(AdmissionRefusal::key_reused()))?;
        Ok(Some(self.find(actor, id).await?))
    }
}
