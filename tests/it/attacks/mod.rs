//! Tables of attacks: every row is tried on both databases, or an override says what happens instead and why.
//!
//! **Invariant:** no row is dropped silently. The loader fails over a row that is neither tried nor
//! overridden, over the name of an unknown row, and over an override that agrees with its row.

mod four_eyes;
mod paths;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::read;

/// One attack.
pub struct Row {
    /// What its table calls it.
    pub id: String,
    /// Who tries what.
    pub input: Value,
    /// The one thing that happens.
    expected: String,
    why: String,
    /// The URL that must come out, in tables of calls.
    pub url: Option<String>,
}

/// A row that is not tried, because something else happens than it expects.
pub struct Override {
    pub id: &'static str,
    /// What happens.
    pub instead: &'static str,
    pub reason: &'static str,
}

/// The rows of a table, in its order.
pub fn table(file: &str) -> Vec<Row> {
    let rows: Vec<Value> = serde_json::from_str(&read(format!("tests/it/attacks/{file}"))).unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| Row {
            id: text(row, "id"),
            input: row["input"].clone(),
            expected: text(row, "expected"),
            why: text(row, "why"),
            url: row["url"].as_str().map(str::to_owned),
        })
        .collect()
}

impl Row {
    pub fn of(file: &str, id: &str) -> Self {
        let found = table(file).into_iter().find(|row| row.id == id);
        found.unwrap_or_else(|| panic!("{file} has no row {id}"))
    }

    /// Asserts that what the row expects happened.
    pub fn compare(&self, happened: &str) {
        let Self { id, input, expected, why, url: _ } = self;
        assert!(happened == expected, "{id}: expected {expected}, but it was {happened}: {input}, {why}");
    }
}

/// Asserts that each row of the table is either tried or overridden, once.
pub fn accounts_for_every_row(file: &str, tried: &[&str], overrides: &[Override]) {
    let rows = table(file);
    let known: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(known.len(), rows.len(), "{file} has an id twice");
    let named: Vec<&str> = tried.iter().copied().chain(overrides.iter().map(|row| row.id)).collect();
    let accounted: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(accounted.len(), named.len(), "a row is tried or overridden twice");
    let dropped: Vec<_> = known.difference(&accounted).collect();
    assert!(dropped.is_empty(), "{file}: neither tried nor overridden: {dropped:?}");
    let unknown: Vec<_> = accounted.difference(&known).collect();
    assert!(unknown.is_empty(), "{file} has no such rows: {unknown:?}");
    for Override { id, instead, reason } in overrides {
        let Row { expected, .. } = Row::of(file, id);
        assert_ne!(*instead, expected, "{id} says what its row says, so it can be tried: {reason}");
    }
}

mod tests {
    use super::*;

    const FILE: &str = "four_eyes.json";

    /// Overrides one row, and claims that all others are tried.
    fn override_one(id: &'static str, instead: &'static str) {
        let rows = table(FILE);
        let tried: Vec<&str> = rows.iter().map(|row| row.id.as_str()).filter(|tried| *tried != id).collect();
        accounts_for_every_row(FILE, &tried, &[Override { id, instead, reason: "This is a test." }]);
    }

    #[test]
    #[should_panic(expected = "neither tried nor overridden")]
    fn a_row_that_is_not_accounted_for_is_reported() {
        accounts_for_every_row(FILE, &["EYES-001"], &[]);
    }

    #[test]
    #[should_panic(expected = "has no such rows: [\"EYES-000\"]")]
    fn an_override_of_an_unknown_row_is_reported() {
        override_one("EYES-000", "200");
    }

    #[test]
    #[should_panic(expected = "EYES-001 says what its row says")]
    fn an_override_that_agrees_with_its_row_is_reported() {
        override_one("EYES-001", "403");
    }

    #[test]
    fn an_override_that_differs_from_its_row_is_accepted() {
        override_one("EYES-001", "200");
    }

    #[test]
    #[should_panic(expected = "EYES-001: expected 403, but it was 200")]
    fn a_row_that_fails_is_reported_with_its_id() {
        Row::of(FILE, "EYES-001").compare("200");
    }
}
