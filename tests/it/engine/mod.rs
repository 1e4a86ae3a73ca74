//! The engine over both databases, through its public functions.

mod change_feed;
mod decide;
mod duplicates;
mod execute;
mod expire;
mod folding;
mod idempotency;
mod inbox;
mod queries;
mod refusals;
mod rule_book;
mod sessions;
mod stages;
mod submit;
mod usage;
mod visibility;
