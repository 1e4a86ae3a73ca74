//! The people file: who has which accounts, who is in which group, who owns which service account.

use serde_json::Value;

use super::file::Document;
use crate::domain::fault::{DefinitionFault, pointer_to};
use crate::domain::policy::people::{People, PersonEntry};

const MEMBERS: [&str; 5] = ["name", "accounts", "groups", "active", "owners"];

/// Reads the text of a people file: `[[people]]` tables.
///
/// # Errors
/// Every fault with its line.
pub fn read(text: &str) -> Result<People, Vec<(usize, String)>> {
    let document = Document::read(text).map_err(|fault| vec![fault])?;
    let placed = |faults: Vec<DefinitionFault>| faults.iter().map(|fault| document.place(fault)).collect();
    let entries = entries(&document.value).map_err(placed)?;
    People::new(entries).map_err(placed)
}

fn entries(value: &Value) -> Result<Vec<PersonEntry>, Vec<DefinitionFault>> {
    let mut faults = Vec::new();
    for name in
        value.as_object().into_iter().flat_map(|members| members.keys()).filter(|name| *name != "people")
    {
        faults.push(fault(pointer_to("", name), "Leave this out; write [[people]] tables only."));
    }
    let people = value.get("people").and_then(Value::as_array);
    if people.is_none_or(Vec::is_empty) {
        faults.push(fault("/people", "Write at least one [[people]]."));
    }
    let mut entries = Vec::new();
    for (index, person) in people.into_iter().flatten().enumerate() {
        entries.extend(entry(person, &format!("/people/{index}"), &mut faults));
    }
    if faults.is_empty() { Ok(entries) } else { Err(faults) }
}

fn entry(person: &Value, at: &str, faults: &mut Vec<DefinitionFault>) -> Option<PersonEntry> {
    let members = person.as_object()?;
    for name in members.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
        let message = format!("Leave this out; allowed here: {}.", MEMBERS.join(", "));
        faults.push(fault(pointer_to(at, name), message));
    }
    let name = person.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    if name.is_none() {
        faults.push(fault(pointer_to(at, "name"), "Add name: what people call them, once in this file."));
    }
    let accounts = texts(person, "accounts", at, faults);
    if accounts.is_empty() {
        let wish = "Add accounts: the subjects or user ids of their tokens.";
        faults.push(fault(pointer_to(at, "accounts"), wish));
    }
    let active = person.get("active").map_or(Some(true), Value::as_bool);
    if active.is_none() {
        faults.push(fault(pointer_to(at, "active"), "Write true or false."));
    }
    let (groups, owners) = (texts(person, "groups", at, faults), texts(person, "owners", at, faults));
    Some(PersonEntry { name: name?.to_owned(), accounts, groups, active: active?, owners })
}

fn texts(person: &Value, name: &str, at: &str, faults: &mut Vec<DefinitionFault>) -> Vec<String> {
    let Some(value) = person.get(name) else { return Vec::new() };
    let text = |item: &Value| item.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let texts = value.as_array().and_then(|items| items.iter().map(text).collect::<Option<Vec<_>>>());
    texts.unwrap_or_else(|| {
        faults.push(fault(pointer_to(at, name), "Write a list of texts, none of them empty."));
        Vec::new()
    })
}

fn fault(at: impl Into<String>, message: impl Into<String>) -> DefinitionFault {
    DefinitionFault::new(at, message)
}
