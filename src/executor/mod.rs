//! Runs what was approved: sends one stored call to its target and records what came back.
//!
//! **Invariant:** a call goes to an allow-listed origin and a checked address or it does not go, and
//! nothing here sends a call twice: whether another attempt follows is decided when one has ended, and recorded.

mod attempt;
mod credentials;
pub mod egress;
pub mod exchange;
mod lease_keeper;
mod names;
pub mod own_listener;
mod probe;
pub mod runner;
mod tls;

#[cfg(test)]
mod tests;
