//! Does a person reach the goal over real HTTP? Each journey runs on both databases.

mod access;
mod audit;
mod bad_input;
mod bulk;
mod bulk_pages;
mod changes;
mod contract_examples;
mod decisions;
mod execution;
mod four_eyes;
mod fresh_sign_in;
mod leases;
mod lists;
mod live_pages;
mod new_request;
mod nodes;
mod operations;
mod outcomes;
mod pages;
mod policies;
mod records;
mod refusals;
mod sessions;
mod tampering;
mod withdraw;
