//! A place in a task, named by a JSON pointer.

use serde_json::Value;

use crate::domain::pointer::{pointer_to, steps_of};

/// The members of a task that a place may be in.
pub const ROOTS: [&str; 3] = ["body", "queryParams", "pathParams"];

const HEADERS: &str = "headers";

/// Matches any one member or index.
const ANY: &str = "*";

/// A JSON pointer in which a step `*` matches any one member or index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    text: String,
    steps: Vec<String>,
}

impl Place {
    /// Reads a pointer to something inside a task.
    ///
    /// # Errors
    /// A sentence that says how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let steps = steps_of(text);
        let is_inside = steps.len() > 1 && (ROOTS.contains(&steps[0].as_str()) || steps[0] == HEADERS);
        if text.starts_with('/') && is_inside {
            Ok(Self { text: text.to_owned(), steps })
        } else {
            Err("Write a JSON pointer into the task: it begins with /body/, /queryParams/ or /pathParams/."
                .to_owned())
        }
    }

    /// The pointer as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names and indexes on the way to it.
    pub fn steps(&self) -> Vec<&str> {
        self.steps.iter().map(String::as_str).collect()
    }

    /// Whether it may name more than one value.
    pub fn is_wide(&self) -> bool {
        self.steps.iter().any(|step| step == ANY)
    }

    /// Whether it names a header.
    pub fn is_header(&self) -> bool {
        self.steps[0] == HEADERS
    }

    /// The value here, if the place names one only.
    pub fn find<'v>(&self, task: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(task, |value, step| child(value, step))
    }

    /// Whether it names the value at `steps`, or something around it.
    pub fn covers(&self, steps: &[&str]) -> bool {
        self.steps.len() <= steps.len()
            && self.steps.iter().zip(steps).all(|(own, step)| own == ANY || own == step)
    }

    /// Whether it may name something inside the value at `steps`.
    pub fn is_inside(&self, steps: &[&str]) -> bool {
        let mut pairs = self.steps.iter().zip(steps);
        steps.len() < self.steps.len() && pairs.all(|(own, step)| own == ANY || own == step)
    }

    /// Whether it names exactly the value at the JSON pointer `pointer`.
    pub fn is_at(&self, pointer: &str) -> bool {
        let steps = steps_of(pointer);
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        steps.len() == self.steps.len() && self.covers(&steps)
    }

    /// Calls `change` with every value that it names, and its pointer.
    pub fn each(&self, task: &mut Value, change: &mut impl FnMut(&mut Value, &str)) {
        walk(&self.steps, task, "", change);
    }
}

/// The member or item of `value` that `step` names.
pub fn child<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(step),
        Value::Array(items) => index(step).and_then(|index| items.get(index)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The index that a step names. It has one spelling, so that two places with different texts are never the same.
fn index(step: &str) -> Option<usize> {
    step.parse::<usize>().ok().filter(|index| index.to_string() == step)
}

fn walk(steps: &[String], value: &mut Value, at: &str, change: &mut impl FnMut(&mut Value, &str)) {
    let Some((step, rest)) = steps.split_first() else { return change(value, at) };
    let pointer = |name: &str| pointer_to(at, name);
    match value {
        Value::Object(members) => {
            let is_header = at == "/headers";
            let names =
                |name: &str| step == ANY || name == step || is_header && name.eq_ignore_ascii_case(step);
            for (name, value) in members.iter_mut().filter(|(name, _)| names(name)) {
                walk(rest, value, &pointer(name), change);
            }
        }
        Value::Array(items) => {
            let named = index(step);
            for (index, item) in items.iter_mut().enumerate() {
                if step == ANY || named == Some(index) {
                    walk(rest, item, &pointer(&index.to_string()), change);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_index_has_one_spelling_so_that_no_hidden_item_has_another_name() {
        let mut task = json!({"body": {"l": [{"x": 1}], "o": {"00": 2}}});
        let found = |place: &str| Place::parse(place).unwrap().find(&task).cloned();
        assert_eq!(found("/body/l/0/x"), Some(json!(1)));
        assert_eq!(found("/body/o/00"), Some(json!(2)));
        for other in ["/body/l/00/x", "/body/l/+0/x", "/body/l/-0/x", "/body/l/ 0/x", "/body/l/١/x"] {
            assert_eq!(found(other), None, "{other}");
            Place::parse(other).unwrap().each(&mut task.clone(), &mut |_, at| panic!("{at}"));
        }
        Place::parse("/body/l/0/x").unwrap().each(&mut task, &mut |value, _| *value = json!(3));
        assert_eq!(task["body"]["l"][0]["x"], 3);
    }
}
