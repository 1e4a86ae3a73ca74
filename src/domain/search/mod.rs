//! Search: which words a request is found by, and what a person's words ask for.
//!
//! Both databases get plain keys and no text: what is a word is decided here alone, so both find the same, and nothing
//! that a person writes is read as a query. Every key begins with its org's, so the words of one org are not among those
//! of another.
//!
//! **Invariant:** only what every reader of a request may see is among its words.

mod document;
mod keys;
mod query;
mod split;
#[cfg(test)]
mod tests;
mod word_set;

pub use document::words_of;
pub use keys::{AccountKey, OrgKeys};
pub use query::{Query, QueryFault, Sought, Term};
pub use word_set::WordSet;

/// The longest text that is searched for, in characters.
pub const QUERY_CHARS_MAX: usize = 200;

/// The most words that are searched for at once.
pub const QUERY_WORDS_MAX: usize = 10;

/// A word counts up to this character.
pub const WORD_CHARS_MAX: usize = 64;

/// A shorter last word is not taken for the beginning of others: nearly everything would fit.
pub const BEGINNING_CHARS_MIN: usize = 2;

/// The most words and pairs of words that one request is found by.
pub const WORDS_MAX: usize = 2_000;

/// The most bytes that they have together.
pub const WORDS_BYTES_MAX: usize = 32 * 1024;

/// So many matches are looked at, the newest first.
pub const MATCHES_MAX: usize = 10_000;
