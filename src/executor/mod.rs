//! Runs what was approved: sends one stored call to its target and records what came back.
//!
//! **Invariant:** a call goes to an allow-listed origin and a checked address or it does not go, and
//! nothing here sends a call twice.

mod attempt;
pub mod egress;
pub mod exchange;
pub mod runner;

#[cfg(test)]
mod tests;
