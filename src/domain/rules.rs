//! The rules in force: what may be asked, and who is who.

use super::policy::people::People;
use super::request_type::RequestTypes;

/// What is in force together: replaced as one.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What may be asked.
    pub types: RequestTypes,
    /// Who is who.
    pub people: People,
}
