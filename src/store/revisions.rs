//! The table `revisions`: what was submitted before it was sent back and revised. Rows are only ever added.

use diesel::prelude::*;

use super::by_key::load_by_key;
use super::columns::batch_insert;
use super::compact_text::CompactText;
use super::request_parts::OfRequest;
use super::requests::{Key, key_of};
use super::schema::revisions;
use super::stored_bytes::{StoredDigest, StoredId};
use super::{StoreError, from_micros, terms, to_micros};
use crate::domain::entity::EntityInfo;
use crate::domain::request::{Decision, Request};
use crate::domain::revision::{Revision, SentBack};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = revisions)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct RevisionRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub revision: i64,
    pub submitted_at: i64,
    pub type_version: CompactText,
    pub digest: StoredDigest,
    pub host: String,
    pub till_id: String,
    pub store_id: String,
    pub zone_id: String,
    pub concept_id: String,
    pub terms: String,
    pub subject: Option<String>,
    pub repeat_key: Option<String>,
}

impl RevisionRow {
    /// The row for an earlier revision of `request`.
    pub fn new(request: &Request, revision: &Revision) -> Self {
        let entity = revision.entity.clone();
        Self {
            org_id: request.org.to_string(),
            request_id: request.id.into(),
            revision: revision.number,
            submitted_at: to_micros(revision.submitted_at),
            type_version: CompactText::of(&revision.type_version),
            digest: StoredDigest(revision.digest),
            host: revision.host.clone(),
            till_id: entity.till_id,
            store_id: entity.store_id,
            zone_id: entity.zone_id,
            concept_id: entity.concept_id,
            terms: terms::write(&revision.terms),
            subject: revision.terms.subject.clone(),
            repeat_key: revision.terms.repeat_key.clone(),
        }
    }

    /// The revision, with its rows of the tables `decisions` and `send_backs`.
    pub(super) fn into_revision(
        self,
        decisions: Vec<Decision>,
        sent_back: Option<SentBack>,
    ) -> Result<Revision, StoreError> {
        Ok(Revision {
            number: self.revision,
            submitted_at: from_micros(self.submitted_at)?,
            type_version: self.type_version.into(),
            entity: EntityInfo {
                till_id: self.till_id,
                store_id: self.store_id,
                zone_id: self.zone_id,
                concept_id: self.concept_id,
            },
            digest: self.digest.0,
            host: self.host,
            terms: terms::read(&self.terms, self.subject, self.repeat_key)?,
            decisions,
            sent_back,
        })
    }
}

impl OfRequest for RevisionRow {
    fn request(&self) -> Key {
        key_of(&self.org_id, self.request_id)
    }
}

load_by_key!(pub(super) fn rows(ReadRevisions, revisions) -> RevisionRow);

batch_insert!(pub fn insert(InsertRevisions, revisions, RevisionRow), [
    org_id, request_id, revision, submitted_at, type_version, digest, host, till_id, store_id, zone_id, concept_id,
    terms, subject, repeat_key,
]);
