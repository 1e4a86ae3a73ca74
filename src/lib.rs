//! Countersign: a maker-checker (four-eyes) approval engine that stands in front of any HTTP API.
//!
//! Read in this order: [`domain`] (the rules), [`store`] (persistence), [`engine`] (the one
//! door to change anything), then the ways in and out: [`api`], [`web`], [`executor`], [`cli`].

/// HTTP workers allocate what the writer thread frees, many times per request; the system allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod api;
pub mod auth;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod engine;
pub mod executor;
pub mod fault_points;
pub mod gateway;
pub mod http;
pub mod metrics;
pub mod provider_http;
pub mod sandbox;
pub mod secrets;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod web;
