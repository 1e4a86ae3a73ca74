//! Tables of attacks: every row is tried on both databases, or it says why it is not.
//!
//! **Invariant:** no row is dropped silently. The loader counts them, and fails over one that is neither
//! tried nor overridden, and over a name that stands for no row.

mod four_eyes;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::read;

/// One attack.
pub struct Row {
    /// What its table calls it.
    pub id: String,
    /// Who tries what.
    pub input: Value,
    expected: String,
    why: String,
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
        })
        .collect()
}

impl Row {
    pub fn of(file: &str, id: &str) -> Self {
        let found = table(file).into_iter().find(|row| row.id == id);
        found.unwrap_or_else(|| panic!("{file} has no row {id}"))
    }

    /// Asserts that what happened is one of the things that the row expects.
    pub fn compare(&self, happened: &str) {
        let Self { id, input, expected, why } = self;
        let is_expected = expected.split(" or ").any(|one| one == happened);
        assert!(is_expected, "{id}: expected {expected}, but it was {happened}: {input}, {why}");
    }
}

/// Asserts that each row of the table is either tried or overridden, once.
pub fn accounts_for_every_row(file: &str, tried: &[&str], overridden: &[(&str, &str)]) {
    let rows: Vec<String> = table(file).into_iter().map(|row| row.id).collect();
    let known: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(known.len(), rows.len(), "{file} has an id twice");
    let named: Vec<&str> = tried.iter().copied().chain(overridden.iter().map(|(id, _)| *id)).collect();
    let accounted: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(accounted.len(), named.len(), "a row is tried or overridden twice");
    let dropped: Vec<_> = known.difference(&accounted).collect();
    assert!(dropped.is_empty(), "{file}: neither tried nor overridden: {dropped:?}");
    let unknown: Vec<_> = accounted.difference(&known).collect();
    assert!(unknown.is_empty(), "{file} has no such rows: {unknown:?}");
    for (id, reason) in overridden {
        assert!(reason.len() > 20 && reason.ends_with('.'), "{id}: give the reason in a sentence");
    }
    assert_eq!(rows.len(), tried.len() + overridden.len());
}

#[test]
#[should_panic(expected = "neither tried nor overridden")]
fn a_row_that_nobody_accounts_for_is_told() {
    accounts_for_every_row("four_eyes.json", &["EYES-001"], &[]);
}

#[test]
#[should_panic(expected = "has no such rows: [\"EYES-000\"]")]
fn an_override_of_no_row_is_told() {
    let rows: Vec<String> = table("four_eyes.json").into_iter().map(|row| row.id).collect();
    let tried: Vec<&str> = rows.iter().map(String::as_str).collect();
    accounts_for_every_row("four_eyes.json", &tried, &[("EYES-000", "There is no such row in the table.")]);
}

#[test]
#[should_panic(expected = "EYES-001: expected 403, but it was 200")]
fn a_row_that_does_not_hold_is_told_with_its_id() {
    Row::of("four_eyes.json", "EYES-001").compare("200");
}
