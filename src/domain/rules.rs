//! The rules in force: request types and people.

use super::policy::people::People;
use super::request_type::RequestTypes;

/// Request types and people that are in force together, and are replaced together.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The request types.
    pub types: RequestTypes,
    /// The people file.
    pub people: People,
}
