//! The engine over both databases, through its public functions.

mod begin;
mod change_feed;
mod claims;
mod decide;
mod duplicates;
mod execute;
mod expire;
mod folding;
mod idempotency;
mod inbox;
mod late_answers;
mod queries;
mod refusals;
mod revisions;
mod rule_book;
mod search;
mod sessions;
mod settle;
mod stages;
mod submit;
mod unreadable;
mod usage;
mod visibility;
