//! Search: requests by what they are about and what people said of them.
//!
//! A loop indexes what changed, beside the commands. **Invariant:** whoever searches finds what their lists may show, by
//! the same rule, and nothing tells them of anything else.

pub(in crate::engine) mod backlog;
mod collect;
mod find;
mod indexer;

pub use find::{Found, SearchInput, SearchPosition};
