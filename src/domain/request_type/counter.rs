//! Counters: what a condition may know of other requests.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::parse::{Faults, Table};
use crate::domain::amount::Amount;
use crate::domain::period;

const COUNTERS_MAX: usize = 8;
const NAME_CHARS_MAX: usize = 64;

/// Requests counted over a window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its name in conditions.
    pub name: String,
    /// Whose requests are counted together.
    pub by: CountBy,
    /// The length of a window; windows begin at its multiples since 1970 in UTC.
    pub window: TimeDelta,
    /// Number of requests from which checkers are warned that it is nearly used up.
    pub warn_count: Option<i64>,
    /// Sum of amounts from which checkers are warned.
    pub warn_sum: Option<Amount>,
}

/// Whose requests a counter counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountBy {
    /// Those of one maker.
    Maker,
    /// Those on one subject.
    Subject,
}

impl CountBy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Maker, Self::Subject];

    /// `maker` or `subject`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Subject => "subject",
        }
    }
}

/// Reads `[[usage]]`.
pub(super) fn read_usage(root: &Table<'_>, faults: &mut Faults) -> Vec<Counter> {
    let tables = root.tables("usage", faults);
    if tables.len() > COUNTERS_MAX {
        faults.push("/usage", format!("Write at most {COUNTERS_MAX} counters."));
    }
    let mut names = BTreeSet::new();
    let mut counters = Vec::new();
    for table in &tables {
        let Some(counter) = read_counter(table, faults) else { continue };
        if !names.insert(counter.name.clone()) {
            faults.push(table.at("name"), "Give every counter a name of its own.");
        }
        counters.push(counter);
    }
    counters
}

fn read_counter(table: &Table<'_>, faults: &mut Faults) -> Option<Counter> {
    table.allow(&["name", "by", "window", "warn_count", "warn_sum"], faults);
    let wish = "a lower-case letter, then lower-case letters, digits and _.";
    let name = table.required_text("name", wish, faults);
    let is_word = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= NAME_CHARS_MAX
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if name.is_some_and(|name| !is_word(name)) {
        faults.push(table.at("name"), format!("Write {wish}"));
    }
    table.required_text("by", "maker or subject.", faults);
    let by = table.get("by").filter(|by| by.is_string());
    let by = by.and_then(|_| table.word("by", &CountBy::ALL, CountBy::name, faults));
    table.required_text("window", "how long it counts, such as \"1d\".", faults);
    let window = table.get("window").filter(|window| window.is_string());
    let window = window.and_then(|_| table.period("window", faults));
    if window.is_some_and(|window| window < TimeDelta::hours(1) || window > TimeDelta::days(31)) {
        faults.push(table.at("window"), "Write a window from 1h to 31d.");
    }
    let (warn_count, warn_sum) = read_warnings(table, faults);
    Some(Counter { name: name?.to_owned(), by: by?, window: window?, warn_count, warn_sum })
}

fn read_warnings(table: &Table<'_>, faults: &mut Faults) -> (Option<i64>, Option<Amount>) {
    let count = table.get("warn_count").map(|value| value.as_i64().filter(|count| *count > 0));
    if count == Some(None) {
        faults.push(table.at("warn_count"), "Write a whole number above 0.");
    }
    let sum = table.get("warn_sum").map(Amount::from_json);
    let sum = sum.and_then(|read| faults.take(&table.at("warn_sum"), read));
    (count.flatten(), sum)
}

/// The counters as a definition has them; `None` if there are none.
pub(super) fn usage_definition(usage: &[Counter]) -> Option<Value> {
    let mut counters: Vec<&Counter> = usage.iter().collect();
    counters.sort_by(|a, b| a.name.cmp(&b.name));
    let counter = |counter: &Counter| {
        let mut members = json!({
            "by": counter.by.name(), "name": counter.name, "window": period::text(counter.window),
        });
        if let Some(count) = counter.warn_count {
            members["warn_count"] = count.into();
        }
        if let Some(sum) = &counter.warn_sum {
            members["warn_sum"] = sum.to_string().into();
        }
        members
    };
    let counters: Vec<Value> = counters.into_iter().map(counter).collect();
    (!counters.is_empty()).then_some(counters.into())
}
