//! Why somebody can't decide, as people are told.

use crate::domain::code::Code;

/// Why somebody can't decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A stable word.
    pub code: Code,
    /// A sentence for people.
    pub sentence: String,
}
