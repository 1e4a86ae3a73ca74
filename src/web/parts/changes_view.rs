//! What changed from one revision to the next, as a table: member, before, after.

use serde_json::Value;

use crate::domain::call_line::cut_after;
use crate::domain::pointer::steps_of;
use crate::domain::revision_changes::{ChangedValues, MemberChange, RevisionChanges};

/// The longest value that the table shows, in characters.
const VALUE_CHARS_MAX: usize = 500;

/// What changed since an earlier revision.
pub struct ChangesView {
    /// The number of that revision.
    pub since: i64,
    pub rows: Vec<ChangeRow>,
    /// Whether there are more.
    pub is_cut: bool,
}

/// One member that changed.
pub struct ChangeRow {
    /// Where it is, in a few words.
    pub label: String,
    pub pointer: String,
    /// Whether the reader may not see either value.
    pub is_hidden: bool,
    /// `None` if it was not there.
    pub old: Option<String>,
    /// `None` if it is not there any more.
    pub new: Option<String>,
}

impl ChangesView {
    /// The table of these changes, and the revision that they are since.
    pub fn of((since, changes): &(i64, RevisionChanges)) -> Self {
        let rows = changes.members.iter().map(ChangeRow::of).collect();
        Self { since: *since, rows, is_cut: changes.is_cut }
    }
}

impl ChangeRow {
    fn of(change: &MemberChange) -> Self {
        let text = |value: &Option<Value>| value.as_ref().map(value_line);
        let (is_hidden, old, new) = match &change.values {
            ChangedValues::Hidden => (true, None, None),
            ChangedValues::Shown { old, new } => (false, text(old), text(new)),
        };
        let (label, pointer) = (field_label(&change.pointer), change.pointer.clone());
        Self { label, pointer, is_hidden, old, new }
    }
}

/// A value as it is sent, but for texts, which are shown without their quotes; cut where it is long.
pub fn value_line(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    cut_after(text, VALUE_CHARS_MAX)
}

/// `/payload/IntouchAPITask-Payload/body/items/0/amount` as `body items 1 amount`: what a maker sees on their form.
pub fn field_label(pointer: &str) -> String {
    let steps = steps_of(pointer);
    let own = match steps.as_slice() {
        [payload, _, rest @ ..] if payload == "payload" && !rest.is_empty() => rest,
        all => all,
    };
    let word = |step: &String| match step.parse::<usize>() {
        Ok(index) => index.saturating_add(1).to_string(),
        Err(_) => step.clone(),
    };
    own.iter().map(word).collect::<Vec<_>>().join(" › ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_called_by_the_names_on_the_way_to_it_and_rows_count_from_one() {
        let at = |pointer| field_label(pointer);
        assert_eq!(at("/payload/IntouchAPITask-Payload/body/items/0/a~1b"), "body › items › 1 › a/b");
        assert_eq!(at("/entityInfo/tillId"), "entityInfo › tillId");
        assert_eq!(
            (at("/reason"), at("/payload"), at("")),
            ("reason".into(), "payload".into(), String::new())
        );
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters() {
        assert_eq!(value_line(&json!("é".repeat(501))), format!("{}…", "é".repeat(500)));
        assert_eq!(value_line(&json!({ "a": [1.50, null] })), r#"{"a":[1.5,null]}"#);
        assert_eq!(value_line(&json!("")), "");
    }
}
