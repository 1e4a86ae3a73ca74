//! The rules in force: request types, people, and who is told of changes; and how they follow from files.
//!
//! **Invariant:** each part comes into force for itself. A fault in one never keeps another's change out, and least of
//! all one that takes a right away.

pub mod files;
mod narrowed_people;
mod settle;
mod stale;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::policy::people::People;
use super::policy::shortage::cannot_be_filled;
use super::request_type::{RequestType, RequestTypes};
use super::subscription::Subscriptions;

pub use settle::settle;
pub use stale::{RulesPart, StaleRule};

/// Request types, people and subscriptions that are in force together.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The request types.
    pub types: RequestTypes,
    /// The people file.
    pub people: People,
    /// The subscriptions.
    pub subscriptions: Subscriptions,
}

impl Rules {
    /// The number of stages that nobody can fill, whoever submits, by type.
    pub fn unfillable_stages(&self) -> BTreeMap<String, usize> {
        let count = |found: &Arc<RequestType>| {
            let stages = found.policy.stages();
            let unfillable =
                stages.filter(|(_, stage)| cannot_be_filled(stage, &self.people).is_some()).count();
            (unfillable > 0).then(|| (found.name.to_string(), unfillable))
        };
        self.types.iter().filter_map(count).collect()
    }
}

/// Rules as they follow from the files, and what does not follow from them.
#[derive(Clone, Debug, Default)]
pub struct SettledRules {
    /// The rules.
    pub rules: Arc<Rules>,
    /// The name of the file that each type came from; a type without one is embedded.
    pub files: BTreeMap<String, String>,
    /// What is not as its file says.
    pub stale: Vec<StaleRule>,
}

/// Rules that came from no file.
impl From<Rules> for SettledRules {
    fn from(rules: Rules) -> Self {
        Self { rules: Arc::new(rules), ..Self::default() }
    }
}

/// The version of a type that was in force last, and the file that it came from.
#[derive(Clone, Debug)]
pub struct LastType {
    /// The type.
    pub read: Arc<RequestType>,
    /// The name of its file; `None` for an embedded type.
    pub file: Option<String>,
}

/// What was in force before the files were read.
#[derive(Clone, Debug, Default)]
pub struct LastRules {
    /// The types by name.
    pub types: BTreeMap<String, LastType>,
    /// The people and subscriptions; `None` at a start, which needs files without fault.
    pub others: Option<(People, Subscriptions)>,
}

impl From<&SettledRules> for LastRules {
    fn from(settled: &SettledRules) -> Self {
        let known = |read: &Arc<RequestType>| {
            let name = read.name.to_string();
            let file = settled.files.get(&name).cloned();
            (name, LastType { read: Arc::clone(read), file })
        };
        Self {
            types: settled.rules.types.iter().map(known).collect(),
            others: Some((settled.rules.people.clone(), settled.rules.subscriptions.clone())),
        }
    }
}
