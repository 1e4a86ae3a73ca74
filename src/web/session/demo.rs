//! Signing in without a password, for the demo alone: its people are given in code, and no key switches it on.

use crate::engine::sessions::SessionGrant;

/// One of the demo's people.
#[derive(Clone, Debug)]
pub struct DemoPerson {
    /// The name on the button.
    pub name: String,
    /// What this person does there, in a few words.
    pub what: String,
    /// Who it is, and what is granted.
    pub granted: SessionGrant,
}
