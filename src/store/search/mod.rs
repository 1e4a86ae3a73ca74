//! Search: which requests have which words. FTS5 on SQLite, `tsvector` on PostgreSQL.
//!
//! A change of a request leaves a row in the queue; whoever indexes the request takes it out in the same transaction, so
//! a crash loses nothing. Each database gets keys that `domain/search` made, and keeps no text.

mod expression;
pub mod index;
pub mod matches;
mod postgres;
pub mod queue;
pub mod remarks;
pub mod schema;
mod sqlite;
