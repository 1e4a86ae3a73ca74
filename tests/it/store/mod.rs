//! The store: both databases behave alike.

mod claims;
mod connection;
mod constraints;
mod migrate;
mod plans;
mod standby;
mod stuck;
mod waits;
mod writer;
