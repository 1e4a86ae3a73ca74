//! Search: which requests have which words. FTS5 on SQLite, `tsvector` on PostgreSQL.
//!
//! What changed and is not indexed yet, each node knows by itself; the store knows since when it has such a backlog, so a
//! crash loses nothing. Each database gets keys that `domain/search` made, and keeps no text.

pub mod backlogs;
pub mod changed;
mod expression;
pub mod index;
pub mod matches;
mod postgres;
pub mod remarks;
pub mod schema;
mod sqlite;
