//! The people file: who has which accounts, who is in which group, who owns which service account.

use serde_json::Value;

use super::file::{Document, Placed};
use crate::domain::fault::{DefinitionFault, pointer_to};
use crate::domain::id_text;
use crate::domain::policy::people::{People, PersonEntry};
use crate::domain::rules::files::ReadEntry;

/// Maximum length of a name, in characters.
const NAME_CHARS_MAX: usize = 256;

const MEMBERS: [&str; 5] = ["name", "accounts", "groups", "active", "owners"];

/// A people file with faults.
#[derive(Debug)]
pub struct Unusable {
    /// Every fault with its line.
    pub faults: Vec<Placed>,
    /// What can be read of the entries all the same; `None` if there are none.
    pub entries: Option<Vec<ReadEntry>>,
}

/// Reads the text of a people file: `[[people]]` tables.
pub fn read(text: &str) -> Result<People, Unusable> {
    let document = Document::read(text).map_err(|fault| Unusable { faults: vec![fault], entries: None })?;
    let mut faults = Vec::new();
    let entries = entries(&document.value, &mut faults);
    let people =
        if faults.is_empty() { People::new(entries.iter().filter_map(whole).collect()) } else { Err(faults) };
    people.map_err(|faults| Unusable {
        faults: faults.iter().map(|fault| document.place(fault)).collect(),
        entries: Some(entries).filter(|entries| !entries.is_empty()),
    })
}

/// An entry of which everything can be read.
fn whole(entry: &ReadEntry) -> Option<PersonEntry> {
    let ReadEntry { name, accounts, groups, active, owners } = entry.clone();
    Some(PersonEntry { name: name?, accounts, groups: groups?, active: active?, owners: owners? })
}

fn entries(value: &Value, faults: &mut Vec<DefinitionFault>) -> Vec<ReadEntry> {
    for name in
        value.as_object().into_iter().flat_map(|members| members.keys()).filter(|name| *name != "people")
    {
        faults.push(fault(pointer_to("", name), "Leave this out; write [[people]] tables only."));
    }
    let people = value.get("people").and_then(Value::as_array);
    if people.is_none_or(Vec::is_empty) {
        faults.push(fault("/people", "Write at least one [[people]]."));
    }
    let numbered = people.into_iter().flatten().enumerate();
    numbered.map(|(index, person)| entry(person, &format!("/people/{index}"), faults)).collect()
}

fn entry(person: &Value, at: &str, faults: &mut Vec<DefinitionFault>) -> ReadEntry {
    let Some(members) = person.as_object() else {
        faults.push(fault(at, "Write a [[people]] table."));
        return ReadEntry::default();
    };
    for name in members.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
        let message = format!("Leave this out; allowed here: {}.", MEMBERS.join(", "));
        faults.push(fault(pointer_to(at, name), message));
    }
    let name = person.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    if name.is_none() {
        faults.push(fault(pointer_to(at, "name"), "Add name: what people call them, once in this file."));
    }
    let accounts = texts(person, "accounts", at, faults).unwrap_or_default();
    if accounts.is_empty() {
        let wish = "Add accounts: the subjects or user ids of their tokens.";
        faults.push(fault(pointer_to(at, "accounts"), wish));
    }
    let active = person.get("active").map_or(Some(true), Value::as_bool);
    if active.is_none() {
        faults.push(fault(pointer_to(at, "active"), "Write true or false."));
    }
    for (number, account) in accounts.iter().enumerate() {
        if let Err(wrong) = id_text::check(account) {
            faults.push(fault(format!("{at}/accounts/{number}"), format!("Write {}.", wrong.wish())));
        }
    }
    if let Some(wish) = name.and_then(wish_for_name) {
        faults.push(fault(pointer_to(at, "name"), wish));
    }
    let (groups, owners) = (texts(person, "groups", at, faults), texts(person, "owners", at, faults));
    let name = name.filter(|name| wish_for_name(name).is_none()).map(str::to_owned);
    ReadEntry { name, accounts, groups, active, owners }
}

/// What is wrong with a name: it is shown, and part of the keys under which a person is counted.
fn wish_for_name(name: &str) -> Option<String> {
    if name.chars().count() > NAME_CHARS_MAX {
        return Some(format!("Write at most {NAME_CHARS_MAX} characters."));
    }
    id_text::check_seen(name).err().map(|wrong| format!("Write {}.", wrong.wish()))
}

/// The texts of a list, which may be left out; `None` if it can't be read.
fn texts(person: &Value, name: &str, at: &str, faults: &mut Vec<DefinitionFault>) -> Option<Vec<String>> {
    let Some(value) = person.get(name) else { return Some(Vec::new()) };
    let text = |item: &Value| item.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let texts = value.as_array().and_then(|items| items.iter().map(text).collect::<Option<Vec<_>>>());
    if texts.is_none() {
        faults.push(fault(pointer_to(at, name), "Write a list of texts, none of them empty."));
    }
    texts
}

fn fault(at: impl Into<String>, message: impl Into<String>) -> DefinitionFault {
    DefinitionFault::new(at, message)
}
