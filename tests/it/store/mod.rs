//! The store: both databases behave alike.

mod connection;
mod constraints;
mod migrate;
mod stuck;
mod waits;
mod writer;
