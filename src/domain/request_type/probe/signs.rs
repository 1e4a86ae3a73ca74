//! By which signs an answer to a probe says what became of the call.

use serde_json::{Map, Value, json};

use crate::domain::request_type::answer::{
    EqualsRule, Steps, pointer, read_equals_named, read_pointers, read_statuses, sorted as sorted_list,
};
use crate::domain::request_type::parse::{Faults, Table};
use crate::domain::request_type::scalar::scalar_value;

/// What a rule's name goes on with, after `happened_if_` or `did_not_happen_if_`.
pub(super) const ENDINGS: [&str; 7] = ["status", "true", "false", "present", "equals", "empty", "not_empty"];

/// What an answer must have: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// One of these statuses; any 2xx if there are none.
    pub statuses: Vec<u16>,
    /// Values of the body that are `true` or `"true"`.
    pub is_true: Vec<Steps>,
    /// Values that are `false` or `"false"`.
    pub is_false: Vec<Steps>,
    /// Values that are there, and not as null.
    pub present: Vec<Steps>,
    /// Values that are equal to these.
    pub equals: Vec<EqualsRule>,
    /// Lists in which nothing is.
    pub empty: Vec<Steps>,
    /// Lists in which something is.
    pub not_empty: Vec<Steps>,
}

impl Signs {
    pub(super) fn read(probe: &Table<'_>, prefix: &str, faults: &mut Faults) -> Self {
        let name = |ending: &str| format!("{prefix}_if_{ending}");
        Self {
            statuses: read_statuses(probe, &name("status"), faults),
            is_true: read_pointers(probe, &name("true"), faults),
            is_false: read_pointers(probe, &name("false"), faults),
            present: read_pointers(probe, &name("present"), faults),
            equals: read_equals_named(probe, &name("equals"), faults),
            empty: read_pointers(probe, &name("empty"), faults),
            not_empty: read_pointers(probe, &name("not_empty"), faults),
        }
    }

    /// Whether there is no rule at all.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether any of them reads the body.
    pub fn read_the_body(&self) -> bool {
        *self != Self { statuses: self.statuses.clone(), ..Self::default() }
    }

    pub(super) fn put_into(&self, members: &mut Map<String, Value>, prefix: &str) {
        let mut put = |ending: &str, value: Value| {
            if value.as_array().is_some_and(|items| !items.is_empty()) {
                members.insert(format!("{prefix}_if_{ending}"), value);
            }
        };
        let pointers = |all: &[Steps]| sorted_list(all.iter().map(|steps| pointer(steps)).collect());
        put("status", sorted_list(self.statuses.clone()));
        for (ending, places) in [
            ("true", &self.is_true),
            ("false", &self.is_false),
            ("present", &self.present),
            ("empty", &self.empty),
            ("not_empty", &self.not_empty),
        ] {
            put(ending, pointers(places));
        }
        let mut rules: Vec<&EqualsRule> = self.equals.iter().collect();
        rules.sort();
        rules.dedup();
        let written =
            |rule: &EqualsRule| json!({"at": pointer(&rule.at), "equals": scalar_value(&rule.equals)});
        put("equals", rules.into_iter().map(written).collect());
    }
}
