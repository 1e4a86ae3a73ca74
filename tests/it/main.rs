//! The tests from outside: through the crate's public doors, or over HTTP.

mod store_contract;
mod support;
