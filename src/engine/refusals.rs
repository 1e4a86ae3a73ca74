//! A refused submission is no request, but it is kept: who, when, which type, why. Never the payload.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::command::WriteCommand;
use super::{Engine, EngineError, SubmissionInput, require};
use crate::domain::actor::{Actor, Permission, Person};
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::store::refusals::{self, RefusalRow};
use crate::store::{StoreError, from_micros, to_micros};

/// Longer names than any type has are cut before they are kept.
const TYPE_NAME_CHARS_MAX: usize = 64;

impl Engine {
    /// Keeps a submission that was refused with `error`; from the 61st of a person in a minute on they are
    /// only counted. An error of the store is no refusal.
    pub(super) async fn keep_refusal(
        &self,
        input: &SubmissionInput<'_>,
        error: &EngineError,
    ) -> Result<(), EngineError> {
        let digest = match error {
            EngineError::Invalid(_)
            | EngineError::NotFound
            | EngineError::NotAdmitted(_)
            | EngineError::Refused(_) => input.body.ok().map(Digest::of),
            // The body was not looked at.
            EngineError::PermissionMissing(_) | EngineError::Unreadable(_) => None,
            EngineError::Store(_) => return Ok(()),
        };
        let now = self.inner.clock.now();
        let person = &input.actor.person;
        let mut codes: Vec<&str> = error.codes().into_iter().map(Code::name).collect();
        codes.sort_unstable();
        codes.dedup();
        let name: String = input.type_name.chars().filter(|c| !c.is_control()).collect();
        let row = RefusalRow {
            org_id: input.actor.org.to_string(),
            refusal_id: self.inner.clock.new_id().to_string(),
            at: to_micros(now),
            minute: now.timestamp() / 60,
            is_overflow: false,
            iss: person.iss.clone(),
            sub: person.sub.clone(),
            user_id: person.user_id.clone(),
            user_name: person.user_name.clone(),
            person_key: self.inner.book.current().people.key_of(person).into_text(),
            request_type: name.chars().take(TYPE_NAME_CHARS_MAX).collect(),
            codes: json!(codes).to_string(),
            digest: digest.map(|digest| digest.to_string()),
            reference: input.reference.to_owned(),
            count: 1,
        };
        self.inner.writer.write(WriteCommand::KeepRefusal(Box::new(row))).await?;
        Ok(())
    }

    /// The org's refused submissions, newest first.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] for everybody but auditors.
    pub async fn refusals(
        &self,
        actor: &Actor,
        after: Option<RefusalPosition>,
        limit: i64,
    ) -> Result<Vec<KeptRefusal>, EngineError> {
        require(actor, Permission::Audit)?;
        let org = actor.org.clone();
        let after = after.map(|after| (after.at, after.id));
        let read = move |conn: &mut _| {
            let rows = refusals::list(conn, &org, after, limit)?;
            rows.into_iter().map(KeptRefusal::try_from).collect::<Result<Vec<_>, _>>()
        };
        Ok(self.inner.store.read(read).await?)
    }
}

/// A refused submission, or the number of those beyond what is kept of a person in a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRefusal {
    /// The refusal's id.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who sent it.
    pub actor: Person,
    /// The type's name as the path spelled it.
    pub request_type: String,
    /// Why, as codes.
    pub codes: Vec<String>,
    /// The digest of the body, if it was read to its end.
    pub digest: Option<String>,
    /// Number of submissions.
    pub count: i64,
    /// Whether it only counts those that are not kept one by one.
    pub is_overflow: bool,
    /// The id under which the log has the API call.
    pub reference: String,
}

/// A position in the list of refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalPosition {
    /// Microseconds since 1970.
    pub at: i64,
    /// The refusal's id.
    pub id: String,
}

impl KeptRefusal {
    /// Where the list goes on after it.
    pub fn position(&self) -> RefusalPosition {
        RefusalPosition { at: to_micros(self.at), id: self.id.clone() }
    }
}

impl TryFrom<RefusalRow> for KeptRefusal {
    type Error = StoreError;

    fn try_from(row: RefusalRow) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::Corrupt(format!("{}: codes", row.refusal_id));
        Ok(Self {
            at: from_micros(row.at)?,
            codes: serde_json::from_str(&row.codes).map_err(corrupt)?,
            actor: row.actor(),
            id: row.refusal_id,
            request_type: row.request_type,
            digest: row.digest,
            count: row.count,
            is_overflow: row.is_overflow,
            reference: row.reference,
        })
    }
}
