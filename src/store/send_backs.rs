//! The table `send_backs`: that checkers sent requests back to their makers. Rows are only ever added.

use diesel::prelude::*;

use super::by_key::load_by_key;
use super::columns::{batch_insert, person};
use super::request_parts::OfRequest;
use super::requests::{Key, key_of};
use super::schema::send_backs;
use super::stored_bytes::StoredId;
use super::{StoreError, from_micros, json, to_micros};
use crate::domain::request::Request;
use crate::domain::revision::SentBack;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = send_backs)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct SendBackRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub revision: i64,
    pub person_key: String,
    pub iss: String,
    pub sub: String,
    pub user_id: String,
    pub user_name: String,
    pub message: String,
    pub fields: String,
    pub sent_at: i64,
    pub stage: i64,
    pub capacities: String,
    pub act: String,
}

impl SendBackRow {
    /// The row for how the present revision of `request` was sent back.
    pub fn new(request: &Request, sent_back: &SentBack) -> Self {
        let by = sent_back.by.clone();
        Self {
            org_id: request.org.to_string(),
            request_id: request.id.into(),
            revision: request.revision,
            person_key: by.key().into_text(),
            iss: by.iss,
            sub: by.sub,
            user_id: by.user_id,
            user_name: by.user_name,
            message: sent_back.message.clone(),
            fields: json::write(&sent_back.fields),
            sent_at: to_micros(sent_back.at),
            stage: i64::try_from(sent_back.stage).unwrap_or(i64::MAX),
            capacities: json::write(&json::capacities(&sent_back.capacities)),
            act: json::write(&json::people(&sent_back.act)),
        }
    }

    /// What it says.
    pub fn into_sent_back(self) -> Result<SentBack, StoreError> {
        Ok(SentBack {
            by: person!(self, iss, sub, user_id, user_name),
            at: from_micros(self.sent_at)?,
            message: self.message,
            fields: json::read(&self.fields, "fields")?,
            stage: usize::try_from(self.stage).map_err(|_| StoreError::Corrupt("stage".to_owned()))?,
            capacities: json::read_capacities(json::read::<Vec<String>>(&self.capacities, "capacities")?)?,
            act: json::read_people(json::read(&self.act, "act")?),
        })
    }
}

impl OfRequest for SendBackRow {
    fn request(&self) -> Key {
        key_of(&self.org_id, self.request_id)
    }
}

load_by_key!(pub(super) fn rows(ReadSendBacks, send_backs) -> SendBackRow);

batch_insert!(pub fn insert(InsertSendBacks, send_backs, SendBackRow), [
    org_id, request_id, revision, person_key, iss, sub, user_id, user_name, message, fields, sent_at, stage,
    capacities, act,
]);
