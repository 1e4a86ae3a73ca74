//! The tests from outside: through the crate's public functions, over HTTP, and as an operator.
//! One binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops there")]

mod support;

mod api;
mod architecture;
mod attacks;
mod cli;
mod delivery;
mod docs;
mod engine;
mod executor;
mod gateway;
mod http;
mod page_sentences;
mod server;
mod store;
mod web;
mod wire_shapes;
