//! What unit tests of the domain share.

pub mod contract_types;
