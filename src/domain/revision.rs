//! Revisions: what a maker submitted each time, where a checker sent the request back for changes.
//!
//! **Invariant:** a revision never changes. Decisions belong to one revision, and count for no other.

use chrono::{DateTime, Utc};

use super::actor::Person;
use super::decision::Decision;
use super::digest::Digest;
use super::entity::EntityInfo;
use super::lifecycle::Signature;
use super::pointer::steps_of;
use super::policy::Capacity;
use super::request::Terms;
use super::submission::ROOT_MEMBERS;
use super::words::{Words, WordsFault};

/// The most revisions of one request. Whoever checks the last one approves or rejects it.
pub const REVISIONS_MAX: i64 = 10;

/// One revision of a request, beside its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number, from 1.
    pub number: i64,
    /// When it was submitted.
    pub submitted_at: DateTime<Utc>,
    /// The version of the type that was in force then.
    pub type_version: String,
    /// The entities it is about.
    pub entity: EntityInfo,
    /// SHA-256 over the bytes of its stored call.
    pub digest: Digest,
    /// Where its call would have gone.
    pub host: String,
    /// Under which terms it was admitted.
    pub terms: Terms,
    /// The decisions on it, in their order.
    pub decisions: Vec<Decision>,
    /// How it was sent back.
    pub sent_back: Option<SentBack>,
}

/// That a checker sent a revision back, and what they want changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentBack {
    /// Who sent it back.
    pub by: Person,
    /// When.
    pub at: DateTime<Utc>,
    /// What is to be changed.
    pub message: String,
    /// The members of the submission that it is about, as JSON pointers; maybe none.
    pub fields: Vec<String>,
    /// The stage in which they could have rejected it, from 0.
    pub stage: usize,
    /// What they signed as, sorted.
    pub capacities: Vec<Capacity>,
    /// Who acted through their token.
    pub act: Vec<Person>,
}

impl SentBack {
    /// As an event records it.
    pub(super) fn recorded(
        (by, at): (&Person, DateTime<Utc>),
        signature: &Signature,
        fields: &[String],
    ) -> Self {
        let Signature { message, stage, capacities, act } = signature.clone();
        Self { by: by.clone(), at, message, fields: fields.to_vec(), stage, capacities, act }
    }
}

/// A checker's wish to send a request back, as they send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSendBack {
    /// What is to be changed; never blank.
    pub message: Words,
    /// The members of the submission that it is about, as JSON pointers.
    pub fields: Vec<String>,
    /// The digest that they read, as sent; compared as text with the request's.
    pub digest: Option<String>,
    /// The version of the request that they read.
    pub version: Option<i64>,
}

/// Why a list of members is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldsFault {
    /// There are too many.
    TooMany,
    /// This one, counted from 0, is no JSON pointer to something within a submission.
    NoPointer(usize),
    /// This one, counted from 0, is listed twice.
    Twice(usize),
}

impl NewSendBack {
    /// The most members that are named.
    pub const FIELDS_MAX: usize = 50;

    /// The longest pointer, in characters.
    pub const POINTER_CHARS_MAX: usize = 500;

    /// Checks the words: a maker who is told nothing can change nothing.
    ///
    /// # Errors
    /// The message is no [`Words`], or nobody can see any of it.
    pub fn new(message: &str) -> Result<Self, WordsFault> {
        let message = Words::new(message)?;
        if message.is_blank() {
            return Err(WordsFault::SendBackIsBlank);
        }
        Ok(Self { message, fields: Vec::new(), digest: None, version: None })
    }

    /// The same about these members of the submission.
    ///
    /// # Errors
    /// One of them is no pointer, is listed twice, or there are too many.
    pub fn about(self, fields: Vec<String>) -> Result<Self, FieldsFault> {
        if fields.len() > Self::FIELDS_MAX {
            return Err(FieldsFault::TooMany);
        }
        for (at, field) in fields.iter().enumerate() {
            if !is_pointer(field) {
                return Err(FieldsFault::NoPointer(at));
            }
            if fields[..at].contains(field) {
                return Err(FieldsFault::Twice(at));
            }
        }
        Ok(Self { fields, ..self })
    }

    /// The same from somebody who read the request with this digest, and in this version.
    #[must_use]
    pub fn on(self, digest: Option<String>, version: Option<i64>) -> Self {
        Self { digest, version, ..self }
    }
}

/// Whether a text is a pointer into a submission: RFC 6901, of a length that can be shown, and to one of the parts
/// that a maker writes.
fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let is_short = text.chars().count() <= NewSendBack::POINTER_CHARS_MAX;
    let root = steps_of(text).into_iter().next().unwrap_or_default();
    let is_of_submission = ROOT_MEMBERS.contains(&root.as_str());
    text.starts_with('/') && is_short && escapes && is_of_submission && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(fields: &[&str]) -> Result<NewSendBack, FieldsFault> {
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        NewSendBack::new("The amount is wrong.").unwrap().about(fields)
    }

    #[test]
    fn what_is_sent_back_says_what_to_change() {
        for blank in ["", " \u{200b}\n"] {
            assert_eq!(NewSendBack::new(blank), Err(WordsFault::SendBackIsBlank));
        }
        assert_eq!(NewSendBack::new("\0"), Err(WordsFault::Control));
    }

    #[test]
    fn the_named_members_are_pointers_into_a_submission_each_once() {
        let amount = "/payload/IntouchAPITask-Payload/body/amount";
        assert_eq!(about(&[amount, "/reason", "/entityInfo/tillId"]).unwrap().fields.len(), 3);
        let long = format!("/payload/{}", "x".repeat(NewSendBack::POINTER_CHARS_MAX));
        for wrong in ["", "amount", "/", "/body/amount", "/payload/~2", "/payload/~", "/reason/\u{7}", &long]
        {
            assert_eq!(about(&["/reason", wrong]), Err(FieldsFault::NoPointer(1)), "{wrong}");
        }
        assert_eq!(about(&[amount, "/reason", amount]), Err(FieldsFault::Twice(2)));
        let many: Vec<String> = (0..=NewSendBack::FIELDS_MAX).map(|n| format!("/payload/{n}")).collect();
        assert_eq!(NewSendBack::new("x").unwrap().about(many), Err(FieldsFault::TooMany));
    }
}
