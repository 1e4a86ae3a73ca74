//! What changed from one revision of a request to another, member by member, as a reader may see it.

use serde_json::Value;

use super::entity::EntityInfo;
use super::pointer::pointer_to;
use super::submission::{entity_members, written};

/// The most changes that are listed.
pub const CHANGES_MAX: usize = 500;

/// One member that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberChange {
    /// A JSON pointer to it, into the submission as it was sent.
    pub pointer: String,
    /// What it was, and what it is now.
    pub values: ChangedValues,
}

/// What a member was, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedValues {
    /// Both as the reader may see them; `None` where there was or is no such member.
    Shown {
        /// In the earlier revision.
        old: Option<Value>,
        /// In the later one.
        new: Option<Value>,
    },
    /// The reader may not see them, only that they differ.
    Hidden,
}

/// The changes in the order of the members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionChanges {
    /// Each member that differs, as deep as both have it.
    pub members: Vec<MemberChange>,
    /// Whether there are more than [`CHANGES_MAX`].
    pub is_cut: bool,
}

/// What was submitted in one revision: in clear, and as a reader may see it.
#[derive(Clone, Debug)]
pub struct ComparedSubmission {
    clear: Value,
    shown: Value,
}

impl ComparedSubmission {
    /// The submission of this task; `shown` is the task as the reader may see it.
    pub fn new(entity: &EntityInfo, reason: Option<&str>, task: &Value, shown: &Value) -> Self {
        let with =
            |task: &Value| written(entity_members(entity), without_empty(task), reason.map(Value::from));
        Self { clear: with(task), shown: with(shown) }
    }

    /// The submission without what the reader may not see, and where there is anything of that kind: for a form in
    /// which the maker changes it. A list of which items are hidden is named itself.
    pub fn without_hidden(&self) -> (Value, Vec<String>) {
        let mut hidden = Vec::new();
        let visible = visible(Side::of(self), "", &mut hidden).unwrap_or_default();
        (visible, hidden)
    }
}

fn visible(side: Side<'_>, at: &str, hidden: &mut Vec<String>) -> Option<Value> {
    if side.is_hidden() {
        hidden.push(at.to_owned());
        return None;
    }
    Some(match side.clear {
        Value::Object(_) => {
            let members = side.names().filter_map(|name| {
                Some((name.clone(), visible(side.member(name)?, &pointer_to(at, name), hidden)?))
            });
            Value::Object(members.collect())
        }
        Value::Array(_) => {
            let mut items = Vec::new();
            let mut is_short = false;
            for item in (0..side.len()).filter_map(|index| side.item(index)) {
                if item.is_hidden() {
                    is_short = true;
                } else {
                    items.extend(visible(item, &pointer_to(at, &items.len().to_string()), hidden));
                }
            }
            hidden.extend(is_short.then(|| at.to_owned()));
            items.into()
        }
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar.clone(),
    })
}

/// No parameters at all are the same as empty ones: the same call is sent.
fn without_empty(task: &Value) -> Value {
    let mut task = task.clone();
    if let Some(members) = task.as_object_mut() {
        for name in ["pathParams", "queryParams"] {
            if members.get(name).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
                members.shift_remove(name);
            }
        }
    }
    task
}

/// What differs between an earlier and a later revision.
pub fn changes(old: &ComparedSubmission, new: &ComparedSubmission) -> RevisionChanges {
    let mut found = RevisionChanges::default();
    compare(String::new(), (Some(Side::of(old)), Some(Side::of(new))), &mut found);
    found
}

/// A value in clear, and what the reader may see in its place.
#[derive(Clone, Copy)]
struct Side<'a> {
    clear: &'a Value,
    shown: Option<&'a Value>,
}

impl<'a> Side<'a> {
    fn of(whole: &'a ComparedSubmission) -> Self {
        Self { clear: &whole.clear, shown: Some(&whole.shown) }
    }

    /// Whether the reader sees something else in its place.
    fn is_hidden(self) -> bool {
        match (self.clear, self.shown) {
            (Value::Object(_), Some(Value::Object(_))) | (Value::Array(_), Some(Value::Array(_))) => false,
            (clear, Some(shown)) => clear != shown,
            (_, None) => true,
        }
    }

    fn member(self, name: &str) -> Option<Self> {
        Some(Self { clear: self.clear.get(name)?, shown: self.shown.and_then(|shown| shown.get(name)) })
    }

    fn item(self, at: usize) -> Option<Self> {
        Some(Self { clear: self.clear.get(at)?, shown: self.shown.and_then(|shown| shown.get(at)) })
    }

    fn names(self) -> impl Iterator<Item = &'a String> {
        self.clear.as_object().into_iter().flat_map(|members| members.keys())
    }

    fn len(self) -> usize {
        self.clear.as_array().map_or(0, Vec::len)
    }
}

fn compare(at: String, (old, new): (Option<Side<'_>>, Option<Side<'_>>), found: &mut RevisionChanges) {
    if old.map(|old| old.clear) == new.map(|new| new.clear) || found.is_cut {
        return;
    }
    if found.members.len() == CHANGES_MAX {
        found.is_cut = true;
        return;
    }
    let is_hidden = [old, new].into_iter().flatten().any(Side::is_hidden);
    match (old, new) {
        (Some(old), Some(new)) if !is_hidden && old.clear.is_object() && new.clear.is_object() => {
            let added = new.names().filter(|name| old.member(name).is_none());
            for name in old.names().chain(added) {
                compare(pointer_to(&at, name), (old.member(name), new.member(name)), found);
            }
        }
        (Some(old), Some(new)) if !is_hidden && old.clear.is_array() && new.clear.is_array() => {
            for index in 0..old.len().max(new.len()) {
                let pointer = pointer_to(&at, &index.to_string());
                compare(pointer, (old.item(index), new.item(index)), found);
            }
        }
        (old, new) => {
            let shown = |side: Option<Side<'_>>| side.and_then(|side| side.shown).cloned();
            let values = if is_hidden {
                ChangedValues::Hidden
            } else {
                ChangedValues::Shown { old: shown(old), new: shown(new) }
            };
            found.members.push(MemberChange { pointer: at, values });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::json;
    use crate::domain::pointer::steps_of;

    fn read(text: &str) -> Value {
        json::read(text.as_bytes()).unwrap()
    }

    fn submission(task: &str, shown: &str) -> ComparedSubmission {
        ComparedSubmission::new(&EntityInfo::default(), None, &read(task), &read(shown))
    }

    /// `pointer old new`, from the task on; `-` where there is none.
    fn told(old: &ComparedSubmission, new: &ComparedSubmission) -> Vec<String> {
        let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        let line = |change: MemberChange| {
            let at = change.pointer.trim_start_matches("/payload/IntouchAPITask-Payload").to_owned();
            match &change.values {
                ChangedValues::Shown { old, new } => format!("{at} {} {}", text(old), text(new)),
                ChangedValues::Hidden => format!("{at} hidden"),
            }
        };
        changes(old, new).members.into_iter().map(line).collect()
    }

    fn in_clear(old: &str, new: &str) -> Vec<String> {
        told(&submission(old, old), &submission(new, new))
    }

    #[test]
    fn each_member_that_differs_is_told_once_and_as_deep_as_both_have_it() {
        let old =
            r#"{"path": "/a", "body": {"amount": 1.50, "to": {"iban": "X"}, "gone": true, "a/b": [1, 2]}}"#;
        let new = r#"{"path": "/a", "body": {"amount": 15.0, "to": {"iban": "Y", "n": null}, "a/b": [1], "more": {}}}"#;
        let expected = [
            "/body/amount 1.50 15.0",
            r#"/body/to/iban "X" "Y""#,
            "/body/to/n - null",
            "/body/gone true -",
            "/body/a~1b/1 2 -",
            "/body/more - {}",
        ];
        assert_eq!(in_clear(old, new), expected);
        assert_eq!(in_clear(r#"{"body": [1]}"#, r#"{"body": {"a": 1}}"#), [r#"/body [1] {"a":1}"#]);
        assert_eq!(in_clear(old, old), [""; 0]);
    }

    #[test]
    fn no_parameters_are_the_same_as_empty_ones() {
        assert_eq!(
            in_clear(r#"{"pathParams": {}, "queryParams": {}, "body": {}}"#, r#"{"body": {}}"#),
            [""; 0]
        );
        assert_eq!(
            in_clear(r#"{"queryParams": {}}"#, r#"{"queryParams": {"a": "1"}}"#),
            [r#"/queryParams - {"a":"1"}"#]
        );
    }

    #[test]
    fn digits_that_are_sent_differently_are_a_change_and_the_order_of_members_is_none() {
        assert_eq!(in_clear(r#"{"n": 1.0}"#, r#"{"n": 1.00}"#), ["/n 1.0 1.00"]);
        assert_eq!(in_clear(r#"{"a": 1, "b": 2}"#, r#"{"b": 2, "a": 1}"#), [""; 0]);
    }

    #[test]
    fn reason_and_entities_are_compared_as_well() {
        let task = json!({});
        let of = |till: &str, reason| {
            let entity = EntityInfo { till_id: till.to_owned(), ..EntityInfo::default() };
            ComparedSubmission::new(&entity, reason, &task, &task)
        };
        let expected = [r#"/entityInfo/tillId "1" "2""#, r#"/reason - "New receipt""#];
        assert_eq!(told(&of("1", None), &of("2", Some("New receipt"))), expected);
    }

    #[test]
    fn of_what_the_reader_may_not_see_they_learn_that_it_changed_and_nothing_else() {
        let old = submission(
            r#"{"headers": {"Authorization": "Bearer a"}, "card": {"number": "4111", "pin": 1}, "n": 1}"#,
            r#"{"headers": {"Authorization": "Bearer ••••"}, "card": "••••", "n": 1}"#,
        );
        let new = submission(
            r#"{"headers": {"Authorization": "Bearer b"}, "card": {"number": "4222", "pin": 1}, "n": 2}"#,
            r#"{"headers": {"Authorization": "Bearer ••••"}, "card": "••••", "n": 2}"#,
        );
        let expected = ["/headers/Authorization hidden", "/card hidden", "/n 1 2"];
        assert_eq!(told(&old, &new), expected);
        let (seen, hidden) = old.without_hidden();
        assert_eq!(seen["payload"]["IntouchAPITask-Payload"], json!({ "headers": {}, "n": 1 }));
        let at = "/payload/IntouchAPITask-Payload";
        assert_eq!(hidden, [format!("{at}/headers/Authorization"), format!("{at}/card")]);
        let of_list = submission(
            r#"{"l": ["a", {"p": 1}, "b", {"p": 2}]}"#,
            r#"{"l": ["•", {"p": 1}, "•", {"p": "•"}]}"#,
        );
        let (seen, hidden) = of_list.without_hidden();
        assert_eq!(seen["payload"]["IntouchAPITask-Payload"], json!({ "l": [{ "p": 1 }, {}] }));
        assert_eq!(hidden, [format!("{at}/l/1/p"), format!("{at}/l")]);
        let same = submission(r#"{"card": {"number": "4111"}}"#, r#"{"card": "••••"}"#);
        assert_eq!(told(&same, &same), [""; 0]);
        // Hidden in one version of the type and public in the next: what was hidden stays hidden.
        let public = submission(r#"{"card": "4222"}"#, r#"{"card": "4222"}"#);
        assert_eq!(told(&same, &public), ["/card hidden"]);
        assert_eq!(told(&submission("{}", "{}"), &same), ["/card hidden"]);
    }

    #[test]
    fn more_changes_than_anybody_reads_are_cut() {
        let list = |from: usize| (from..from + CHANGES_MAX + 1).collect::<Vec<_>>();
        let task = |from| json!({ "body": list(from) });
        let of = |task: &Value| ComparedSubmission::new(&EntityInfo::default(), None, task, task);
        let found = changes(&of(&task(0)), &of(&task(1)));
        assert_eq!((found.members.len(), found.is_cut), (CHANGES_MAX, true));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..4_i64).prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[ab/~]{1,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The task with what a change says put in its place; from the last change on, so that items are taken away from
    /// the end of a list.
    fn applied(mut task: Value, found: &[MemberChange]) -> Value {
        for change in found.iter().rev() {
            let ChangedValues::Shown { new, .. } = &change.values else { panic!("nothing is hidden") };
            let at = change.pointer.trim_start_matches("/payload/IntouchAPITask-Payload");
            let Some((parent, _)) = at.rsplit_once('/') else { return new.clone().unwrap() };
            let name = steps_of(at).pop().unwrap();
            match (task.pointer_mut(parent).unwrap(), new) {
                (Value::Object(members), Some(new)) => drop(members.insert(name, new.clone())),
                (Value::Object(members), None) => drop(members.shift_remove(&name)),
                (Value::Array(items), Some(new)) => {
                    let index: usize = name.parse().unwrap();
                    items.resize(items.len().max(index + 1), Value::Null);
                    items[index] = new.clone();
                }
                (Value::Array(items), None) => items.truncate(name.parse().unwrap()),
                (other, _) => panic!("{other}"),
            }
        }
        task
    }

    proptest! {
        #[test]
        fn the_changes_make_the_later_revision_of_the_earlier_one(old in values(), new in values()) {
            let of = |task: &Value| ComparedSubmission::new(&EntityInfo::default(), None, task, task);
            let found = changes(&of(&old), &of(&new));
            prop_assert_eq!(applied(old, &found.members), new);
        }
    }
}
