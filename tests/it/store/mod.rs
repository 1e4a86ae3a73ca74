//! The store: both databases behave alike.

mod claims;
mod connection;
mod constraints;
mod deliveries;
mod migrate;
mod open_on_subjects;
mod openings;
mod plans;
mod prepared;
mod search;
mod standby;
mod stuck;
mod waits;
mod writer;

use crate::support::stores::Database;

/// A table `numbers` of the numbers `i` from 1 to `most`, and the id of a request that stands for `i`: both as SQL.
pub fn numbered(database: &Database, most: i64) -> (String, &'static str) {
    if database.is_postgres() {
        (format!("generate_series(1, {most}) AS numbers (i)"), "decode(lpad(to_hex(i), 32, '0'), 'hex')")
    } else {
        (
            format!(
                "(WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {most}) \
                 SELECT i FROM numbers) AS numbers"
            ),
            "unhex(printf('%032x', i))",
        )
    }
}
