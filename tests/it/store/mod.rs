//! The store: both databases behave alike.

mod connection;
mod constraints;
mod migrate;
mod plans;
mod stuck;
mod waits;
mod writer;
