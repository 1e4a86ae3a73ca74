//! The one key of a person, under which the store and the rules know them.

use std::fmt;

use super::caseless;

/// What is compared, counted and indexed for a person: an account's issuer and its id as people read it, or an
/// entry of the people file. How the token spelled the id is kept beside it, for the trail.
///
/// Ids are compared under one issuer: the same id of two issuers is two people, unless the people file joins them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonKey(String);

impl PersonKey {
    /// The key of an account: a subject or a user id of one issuer.
    pub fn of_account(issuer: &str, id: &str) -> Self {
        Self(format!("{issuer}\n{}", caseless::folded(id)))
    }

    /// The key of everybody with one subject, beside the keys of their user ids. No id has a line end.
    pub fn of_subject(issuer: &str, subject: &str) -> Self {
        Self(format!("{issuer}\n{}\nsub", caseless::folded(subject)))
    }

    /// The key of everybody whom one entry of the people file joins. No issuer is blank.
    pub fn of_entry(name: &str) -> Self {
        Self(format!("\n{name}"))
    }

    /// The key as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as it is stored.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
