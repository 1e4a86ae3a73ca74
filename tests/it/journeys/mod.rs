//! Does a person reach the goal over real HTTP? Each journey runs on both databases.

mod access;
mod audit;
mod bad_input;
mod contract_examples;
mod decisions;
mod execution;
mod four_eyes;
mod leases;
mod lists;
mod nodes;
mod operations;
mod outcomes;
mod policies;
mod refusals;
mod tampering;
