//! A refused submission is no request, but it is kept: who, when, which type, why. Never the payload.

use serde_json::json;

use super::command::WriteCommand;
use super::{Engine, EngineError};
use crate::domain::actor::Actor;
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::store::refusals::RefusalRow;
use crate::store::to_micros;

/// What is kept of a refused submission.
pub struct RefusedSubmission<'a> {
    /// Who sent it.
    pub actor: &'a Actor,
    /// The type's name as the path spelled it.
    pub type_name: &'a str,
    /// Why, as codes.
    pub codes: &'a [Code],
    /// The digest of the body, if it was read to its end.
    pub digest: Option<Digest>,
    /// The id under which the log has the call.
    pub reference: &'a str,
}

/// Longer names than any type has are cut before they are kept.
const TYPE_NAME_CHARS_MAX: usize = 64;

impl Engine {
    /// Keeps a refused submission; from the 61st of a person in a minute on they are only counted.
    pub async fn keep_refusal(&self, refused: RefusedSubmission<'_>) -> Result<(), EngineError> {
        let now = self.inner.clock.now();
        let person = &refused.actor.person;
        let mut codes = refused.codes.to_vec();
        codes.sort_unstable_by_key(|code| code.name());
        codes.dedup();
        let name: String = refused.type_name.chars().filter(|c| !c.is_control()).collect();
        let row = RefusalRow {
            org_id: refused.actor.org.to_string(),
            refusal_id: self.inner.clock.new_id().to_string(),
            at: to_micros(now),
            minute: now.timestamp() / 60,
            is_overflow: false,
            iss: person.iss.clone(),
            sub: person.sub.clone(),
            user_id: person.user_id.clone(),
            user_name: person.user_name.clone(),
            person_key: person.key(),
            request_type: name.chars().take(TYPE_NAME_CHARS_MAX).collect(),
            codes: json!(codes.iter().map(|code| code.name()).collect::<Vec<_>>()).to_string(),
            digest: refused.digest.map(|digest| digest.to_string()),
            reference: refused.reference.to_owned(),
            count: 1,
        };
        self.inner.writer.write(WriteCommand::KeepRefusal(Box::new(row))).await?;
        Ok(())
    }
}
