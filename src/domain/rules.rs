//! The rules in force: request types, people, and who is told of changes.

use super::policy::people::People;
use super::request_type::RequestTypes;
use super::subscription::Subscriptions;

/// Request types, people and subscriptions that are in force together, and are replaced together.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The request types.
    pub types: RequestTypes,
    /// The people file.
    pub people: People,
    /// The subscriptions.
    pub subscriptions: Subscriptions,
}
