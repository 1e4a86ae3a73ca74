//! The store: both databases behave alike.

mod claims;
mod connection;
mod constraints;
mod deliveries;
mod migrate;
mod plans;
mod prepared;
mod standby;
mod stuck;
mod waits;
mod writer;
