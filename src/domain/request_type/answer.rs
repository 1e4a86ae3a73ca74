//! Rules that say whether a target's answer means success, as data.

use serde_json::{Map, Value, json};

use crate::domain::pointer::{pointer_to, steps_of};

/// What to read in a full 2xx answer. Apart from these, only the status counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerRules {
    /// Headers whose number above zero means that it failed.
    pub failed_if_header_above_zero: Vec<String>,
    /// Values of the body that mean that it failed if they are `false` or `"false"`.
    pub failed_if_false: Vec<Steps>,
    /// Lists of the body that mean that it failed if anything is in them.
    pub failed_if_not_empty: Vec<Steps>,
    /// A list of parts, each of which may have failed alone.
    pub parts: Option<Parts>,
}

/// The steps of a JSON pointer into an answer's body.
pub type Steps = Vec<String>;

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
    /// The rules as a definition has them; `None` if there are none.
    pub fn to_definition(&self) -> Option<Value> {
        let mut members = Map::new();
        let mut put = |name: &str, texts: Vec<String>| {
            if !texts.is_empty() {
                members.insert(name.to_owned(), sorted(texts));
            }
        };
        put("failed_if_header_above_zero", self.failed_if_header_above_zero.clone());
        put("failed_if_false", self.failed_if_false.iter().map(|steps| pointer(steps)).collect());
        put("failed_if_not_empty", self.failed_if_not_empty.iter().map(|steps| pointer(steps)).collect());
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
}

fn pointer(steps: &[String]) -> String {
    steps.iter().map(|step| pointer_to("", step)).collect()
}

fn sorted(mut texts: Vec<String>) -> Value {
    texts.sort();
    texts.dedup();
    texts.into()
}

/// Reads a JSON pointer into an answer.
pub fn steps(pointer: &str) -> Option<Steps> {
    pointer.starts_with('/').then(|| steps_of(pointer))
}
