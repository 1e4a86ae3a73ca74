//! Rules that say whether a target's answer means success, as data.

use serde_json::{Map, Value, json};

use super::definition_text::read_line;
use super::parse::{Faults, Table};
use super::scalar::{read_scalar, scalar_value};
use crate::domain::pointer::{pointer_to, steps_of};

const MEMBERS: [&str; 11] = [
    "not_done_if_status",
    "failed_if_status",
    "unknown_if_status",
    "failed_if_header_above_zero",
    "failed_if_false",
    "failed_if_not_empty",
    "done_if_true",
    "done_if_present",
    "done_if_equals",
    "otherwise",
    "parts",
];
const STEPS_WISH: &str = "Write a JSON pointer into the answer's body, such as /errors.";

/// What an answer means. Apart from these rules, only the status counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerRules {
    /// Statuses by which the target says that it did nothing and may be asked again.
    pub not_done_if_status: Vec<u16>,
    /// Statuses that mean that it failed.
    pub failed_if_status: Vec<u16>,
    /// Statuses that do not say whether it was done.
    pub unknown_if_status: Vec<u16>,
    /// Headers whose number above zero means that it failed.
    pub failed_if_header_above_zero: Vec<String>,
    /// Values of the body that mean that it failed if they are `false` or `"false"`.
    pub failed_if_false: Vec<Steps>,
    /// Lists of the body that mean that it failed if anything is in them.
    pub failed_if_not_empty: Vec<Steps>,
    /// Values of the body that must be `true` or `"true"` as proof that it was done.
    pub done_if_true: Vec<Steps>,
    /// Values that the body must have, and not as null, as proof that it was done.
    pub done_if_present: Vec<Steps>,
    /// Values that the body must have as proof that it was done.
    pub done_if_equals: Vec<EqualsRule>,
    /// What a readable 2xx answer without the proof means.
    pub otherwise: Unproven,
    /// A list of parts, each of which may have failed alone.
    pub parts: Option<Parts>,
}

/// The steps of a JSON pointer into an answer's body.
pub type Steps = Vec<String>;

/// A value that the body must have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EqualsRule {
    /// Where.
    pub at: Steps,
    /// The value, as the text of a JSON string, number or boolean.
    pub equals: String,
}

/// What a readable 2xx answer means that lacks the proof for which its type asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unproven {
    /// Nobody knows whether it was done.
    #[default]
    Unknown,
    /// It failed.
    Failed,
}

impl Unproven {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Unknown, Self::Failed];

    /// `unknown` or `failed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// An answer that reports on every part of the call: if some failed, it is executed with warnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The list of parts.
    pub items: Steps,
    /// Where in a part its error is; only an object counts.
    pub error: Steps,
    /// Where in a part its name is.
    pub name: Option<Steps>,
    /// What people call a part, in lower case.
    pub called: String,
}

impl AnswerRules {
    /// Reads `[answer]`.
    pub(super) fn read(root: &Table<'_>, faults: &mut Faults) -> Self {
        let Some(answer) = root.table("answer", faults) else { return Self::default() };
        answer.allow(&MEMBERS, faults);
        let headers = answer.texts("failed_if_header_above_zero", faults);
        let otherwise = answer.word("otherwise", &Unproven::ALL, Unproven::name, faults);
        let read = Self {
            not_done_if_status: read_statuses(&answer, "not_done_if_status", faults),
            failed_if_status: read_statuses(&answer, "failed_if_status", faults),
            unknown_if_status: read_statuses(&answer, "unknown_if_status", faults),
            failed_if_header_above_zero: headers
                .into_iter()
                .map(|(name, _)| name.to_ascii_lowercase())
                .collect(),
            failed_if_false: read_pointers(&answer, "failed_if_false", faults),
            failed_if_not_empty: read_pointers(&answer, "failed_if_not_empty", faults),
            done_if_true: read_pointers(&answer, "done_if_true", faults),
            done_if_present: read_pointers(&answer, "done_if_present", faults),
            done_if_equals: read_equals_named(&answer, "done_if_equals", faults),
            otherwise: otherwise.unwrap_or_default(),
            parts: answer.table("parts", faults).and_then(|parts| read_parts(&parts, faults)),
        };
        read.check_statuses(&answer, faults);
        if otherwise.is_some() && !read.needs_proof() {
            faults.push(
                answer.at("otherwise"),
                "Add done_if_true, done_if_present or done_if_equals, or leave this out.",
            );
        }
        read
    }

    /// Whether any rule reads the body of a 2xx answer.
    pub fn read_the_body(&self) -> bool {
        !self.failed_if_false.is_empty()
            || !self.failed_if_not_empty.is_empty()
            || self.needs_proof()
            || self.parts.is_some()
    }

    /// Whether a 2xx answer must prove that it was done.
    pub fn needs_proof(&self) -> bool {
        !self.done_if_true.is_empty() || !self.done_if_present.is_empty() || !self.done_if_equals.is_empty()
    }

    /// Whether one of the three lists names this status.
    pub fn list_status(&self, status: u16) -> bool {
        self.status_lists().iter().any(|(_, list)| list.contains(&status))
    }

    /// The rules as a definition has them; `None` if there are none.
    pub(super) fn to_definition(&self) -> Option<Value> {
        let mut members = Map::new();
        let mut put = |name: &str, texts: Vec<String>| {
            if !texts.is_empty() {
                members.insert(name.to_owned(), sorted(texts));
            }
        };
        let pointers = |all: &[Steps]| all.iter().map(|steps| pointer(steps)).collect();
        put("failed_if_header_above_zero", self.failed_if_header_above_zero.clone());
        put("failed_if_false", pointers(&self.failed_if_false));
        put("failed_if_not_empty", pointers(&self.failed_if_not_empty));
        put("done_if_true", pointers(&self.done_if_true));
        put("done_if_present", pointers(&self.done_if_present));
        for (name, list) in self.status_lists().into_iter().filter(|(_, list)| !list.is_empty()) {
            members.insert(name.to_owned(), sorted(list.to_vec()));
        }
        if !self.done_if_equals.is_empty() {
            let mut rules: Vec<&EqualsRule> = self.done_if_equals.iter().collect();
            rules.sort();
            rules.dedup();
            let written =
                |rule: &EqualsRule| json!({"at": pointer(&rule.at), "equals": scalar_value(&rule.equals)});
            members.insert("done_if_equals".to_owned(), rules.into_iter().map(written).collect());
        }
        if self.otherwise != Unproven::default() {
            members.insert("otherwise".to_owned(), self.otherwise.name().into());
        }
        if let Some(parts) = &self.parts {
            let mut written = json!({
                "items": pointer(&parts.items), "error": pointer(&parts.error), "called": parts.called,
            });
            if let Some(name) = &parts.name {
                written["name"] = pointer(name).into();
            }
            members.insert("parts".to_owned(), written);
        }
        (!members.is_empty()).then_some(Value::Object(members))
    }

    fn status_lists(&self) -> [(&'static str, &[u16]); 3] {
        [
            ("not_done_if_status", &self.not_done_if_status),
            ("failed_if_status", &self.failed_if_status),
            ("unknown_if_status", &self.unknown_if_status),
        ]
    }

    /// A status means one thing.
    fn check_statuses(&self, answer: &Table<'_>, faults: &mut Faults) {
        let lists = self.status_lists();
        for (at, (name, list)) in lists.iter().enumerate() {
            let before = &lists[..at];
            for status in list.iter().filter(|status| before.iter().any(|(_, list)| list.contains(status))) {
                faults.push(answer.at(name), format!("Write {status} in one of the lists of statuses only."));
            }
        }
    }
}

/// An HTTP status.
pub(super) fn status_of(value: &Value, from: u16) -> Option<u16> {
    let status = value.as_u64().and_then(|status| u16::try_from(status).ok())?;
    (from..=599).contains(&status).then_some(status)
}

pub(super) fn read_statuses(answer: &Table<'_>, name: &str, faults: &mut Faults) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (item, at) in answer.items(name, "Write a list of statuses, such as [429, 503].", faults) {
        match status_of(item, 100) {
            Some(status) => statuses.push(status),
            None => faults.push(at, "Write a status from 100 to 599."),
        }
    }
    statuses
}

pub(super) fn read_pointers(answer: &Table<'_>, name: &str, faults: &mut Faults) -> Vec<Steps> {
    let texts = answer.texts(name, faults);
    texts
        .into_iter()
        .filter_map(|(text, at)| faults.take(&at, steps(text).ok_or(STEPS_WISH.into())))
        .collect()
}

pub(super) fn read_equals_named(answer: &Table<'_>, name: &str, faults: &mut Faults) -> Vec<EqualsRule> {
    let tables = answer.tables(name, faults);
    tables.iter().filter_map(|table| read_equal(table, faults)).collect()
}

fn read_equal(table: &Table<'_>, faults: &mut Faults) -> Option<EqualsRule> {
    table.allow(&["at", "equals"], faults);
    let at = read_steps(table, "at", "a JSON pointer into the answer's body, such as /status.", faults);
    let equals = read_scalar(table, "equals", faults);
    Some(EqualsRule { at: at?, equals: equals? })
}

/// A required pointer into an answer's body.
pub(super) fn read_steps(table: &Table<'_>, name: &str, wish: &str, faults: &mut Faults) -> Option<Steps> {
    let text = table.required_text(name, wish, faults)?;
    faults.take(&table.at(name), steps(text).ok_or(STEPS_WISH.to_owned()))
}

fn read_parts(parts: &Table<'_>, faults: &mut Faults) -> Option<Parts> {
    parts.allow(&["items", "error", "name", "called"], faults);
    let items = read_steps(parts, "items", "a JSON pointer to the list of parts.", faults);
    let error = read_steps(parts, "error", "a JSON pointer to the error inside of a part.", faults);
    let name = parts.text("name", faults);
    let name = name.and_then(|name| faults.take(&parts.at("name"), steps(name).ok_or(STEPS_WISH.to_owned())));
    let called = read_line(parts, "called", faults).unwrap_or("part").to_lowercase();
    Some(Parts { items: items?, error: error?, name, called })
}

/// The JSON pointer of these steps.
pub(super) fn pointer(steps: &[String]) -> String {
    steps.iter().map(|step| pointer_to("", step)).collect()
}

pub(super) fn sorted<T: Ord + Into<Value>>(mut items: Vec<T>) -> Value {
    items.sort();
    items.dedup();
    items.into()
}

/// Reads a JSON pointer into an answer.
fn steps(pointer: &str) -> Option<Steps> {
    pointer.starts_with('/').then(|| steps_of(pointer))
}
