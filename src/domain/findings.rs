//! What a checker should look at twice. A finding never refuses anything.

use serde_json::Value;

use super::fault::pointer_to;
use super::request_type::is_deceptive;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Note,
    /// Look twice.
    Warning,
}

impl Level {
    /// The wire's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable word.
    pub code: &'static str,
    /// How much it matters.
    pub level: Level,
    /// A sentence that says what is odd.
    pub sentence: String,
    /// A JSON pointer into the task, where there is one place.
    pub pointer: Option<String>,
}

/// Findings of one kind that are told.
const FINDINGS_MAX: usize = 20;

/// Texts and member names with characters that people can't see, or that change what they see.
pub fn hidden_characters(task: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    look(task, "", &mut found);
    found
}

fn look(value: &Value, pointer: &str, found: &mut Vec<Finding>) {
    if found.len() >= FINDINGS_MAX {
        return;
    }
    match value {
        Value::String(text) => note(text, pointer, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                look(item, &pointer_to(pointer, &index.to_string()), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let inner = pointer_to(pointer, name);
                note(name, &inner, found);
                look(member, &inner, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note(text: &str, pointer: &str, found: &mut Vec<Finding>) {
    let Some(hidden) = text.chars().find(|c| is_deceptive(*c) && !matches!(c, '\n' | '\t')) else { return };
    found.push(Finding {
        code: "hidden_characters",
        level: Level::Warning,
        sentence: format!("This text holds a character that nobody can see (U+{:04X}).", u32::from(hidden)),
        pointer: Some(pointer.to_owned()),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn characters_that_nobody_sees_are_found_in_texts_and_names() {
        let task = json!({"body": {"to": "a\u{202e}b", "list": ["plain", "x\u{200b}"], "na\u{feff}me": 1}});
        let pointers: Vec<_> =
            hidden_characters(&task).into_iter().filter_map(|found| found.pointer).collect();
        assert_eq!(pointers, ["/body/to", "/body/list/1", "/body/na\u{feff}me"]);
    }

    #[test]
    fn what_people_write_every_day_is_not_odd() {
        let task = json!({"body": {"name": "Zoë Müller-Łukasz", "note": "two\nlines\tand 日本語 🎉"}});
        assert!(hidden_characters(&task).is_empty());
    }
}
