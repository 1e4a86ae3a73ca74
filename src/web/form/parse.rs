//! From what was posted to JSON. Nothing is judged here but what could not be distinguished later: text that
//! is not JSON where JSON is expected. Everything else the type's own schema judges.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::entries::{Entries, is_mark, number_name, rows_name};
use super::plan::{Field, Inside, Kind};
use crate::domain::fault::form::FormFault;
use crate::domain::fault::wanted::{self, Wanted};
use crate::domain::fault::{Fault, FaultKind, pointer_to};
use crate::domain::json;

/// What a maker ticks to say yes.
pub const YES: &str = "yes";

/// The content of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing: the member is left out.
    Nothing,
    /// Only what would be there anyway; it does not bring an optional group into being.
    Anyway(Value),
    /// What somebody wrote.
    Given(Value),
}

impl Found {
    /// The value, if the member is there.
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::Anyway(value) | Self::Given(value) => Some(value),
        }
    }
}

/// Reads fields, and notes which names it came across.
pub struct Reader<'e> {
    entries: &'e Entries,
    used: BTreeSet<String>,
    /// What could not be read, with pointers as in the form.
    pub faults: Vec<Fault>,
}

impl<'e> Reader<'e> {
    /// Reads from `entries`.
    pub fn of(entries: &'e Entries) -> Self {
        Self { entries, used: BTreeSet::new(), faults: Vec::new() }
    }

    /// The value of one name.
    pub fn get(&mut self, name: &str) -> &'e str {
        self.used.insert(name.to_owned());
        self.entries.get(name)
    }

    /// Names with a value that no field asked for: the type has changed since the form was made.
    pub fn unused(&self) -> Vec<&'e str> {
        let unused = self
            .entries
            .iter()
            .filter(|(name, value)| !value.is_empty() && !is_mark(name) && !self.used.contains(*name));
        unused.map(|(name, _)| name).collect()
    }

    /// The content of `field`, which is at `at`.
    pub fn read(&mut self, field: &Field, at: &str) -> Found {
        let found = match &field.kind {
            Kind::Fixed(value) => self.fixed(field, at, value),
            Kind::Choice(options) => {
                let key = self.get(at);
                let chosen = options.iter().find(|option| option.key == key);
                text(key, field, |key| chosen.map_or_else(|| key.into(), |option| option.value.clone()))
            }
            Kind::Truth => self.truth(field, at),
            Kind::Text(_) => text(self.get(at), field, |text| text.into()),
            Kind::Number => text(self.get(at), field, number),
            Kind::TextOrNumber => {
                let is_number = self.get(&number_name(at)) == YES;
                let found =
                    text(self.get(at), field, |text| if is_number { number(text) } else { text.into() });
                // The schema would take the text, which is not what was asked for.
                if is_number && matches!(found, Found::Given(Value::String(_))) {
                    self.faults
                        .push(Fault::new(at, FaultKind::Wrong { wanted: Wanted::a(wanted::Kind::Number) }));
                }
                found
            }
            Kind::Group(fields, is_open) => {
                let mut group = self.members(fields, at);
                if *is_open {
                    group.is_given |= self.others(at, &mut group.members);
                }
                group.value(field)
            }
            Kind::List(item, _) => {
                let rows = self.entries.rows(at).unwrap_or(0);
                self.get(&rows_name(at));
                let items =
                    (0..rows).filter_map(|row| self.read(item, &pointer_to(at, &row.to_string())).value());
                list(items.collect(), field)
            }
            Kind::Lines(item) => {
                let lines = self.get(at).lines().filter(|line| !line.trim().is_empty());
                let is_number = matches!(item.kind, Kind::Number);
                list(lines.map(|line| if is_number { number(line) } else { line.into() }).collect(), field)
            }
            Kind::Json => match self.json(at) {
                Some(value) => Found::Given(value),
                None => nothing(field),
            },
        };
        match found {
            Found::Given(value) if field.default.as_ref() == Some(&value) => Found::Anyway(value),
            found @ (Found::Nothing | Found::Anyway(_) | Found::Given(_)) => found,
        }
    }

    fn fixed(&mut self, field: &Field, at: &str, value: &Value) -> Found {
        match (field.is_required, self.get(at) == YES) {
            (true, _) => Found::Anyway(value.clone()),
            (false, true) => Found::Given(value.clone()),
            (false, false) => Found::Nothing,
        }
    }

    fn truth(&mut self, field: &Field, at: &str) -> Found {
        match self.get(at) {
            "true" => Found::Given(true.into()),
            "false" => Found::Given(false.into()),
            "" if !is_box(field) => nothing(field),
            "" if field.default == Some(true.into()) => Found::Given(false.into()),
            "" => Found::Anyway(false.into()),
            other => Found::Given(other.into()),
        }
    }

    fn members(&mut self, fields: &[Field], at: &str) -> Group {
        let mut group = Group::default();
        for field in fields {
            let found = self.read(field, &pointer_to(at, &field.name));
            group.is_given |= matches!(found, Found::Given(_));
            if let Some(value) = found.value() {
                group.members.insert(field.name.clone(), value);
            }
        }
        group
    }

    /// Members beside a group's fields, written as a JSON object.
    fn others(&mut self, at: &str, members: &mut Map<String, Value>) -> bool {
        match self.json(at) {
            None => false,
            Some(Value::Object(others)) => {
                for (name, value) in others {
                    if members.contains_key(&name) {
                        self.faults.push(Fault::new(at, FormFault::HasItsField { name }));
                    } else {
                        members.insert(name, value);
                    }
                }
                true
            }
            Some(_) => {
                self.faults.push(Fault::new(at, FormFault::NotMembers));
                true
            }
        }
    }

    /// The JSON value written at `at`; text that is not JSON is taken as a string, and is a fault.
    fn json(&mut self, at: &str) -> Option<Value> {
        let text = self.get(at);
        if text.trim().is_empty() {
            return None;
        }
        match json::examine(text.as_bytes()) {
            Ok(json::Reading { value, faults }) => {
                let inside = |fault: Fault| Fault { field: format!("{at}{}", fault.field), ..fault };
                self.faults.extend(faults.into_iter().map(inside));
                Some(value)
            }
            Err(why) => {
                self.faults.push(Fault::new(at, FormFault::NotJson(why)));
                Some(text.into())
            }
        }
    }
}

/// The members of a group as they were read.
#[derive(Default)]
struct Group {
    members: Map<String, Value>,
    /// Whether a person wrote any of them.
    is_given: bool,
}

impl Group {
    fn value(self, field: &Field) -> Found {
        match (self.is_given, field.is_required) {
            (true, _) => Found::Given(self.members.into()),
            (false, true) => Found::Anyway(self.members.into()),
            (false, false) => Found::Nothing,
        }
    }
}

/// Whether true and false are one box to tick: then one of both is always sent.
pub fn is_box(field: &Field) -> bool {
    field.is_required || field.default.as_ref().is_some_and(Value::is_boolean)
}

/// Takes rows in which nothing was written out of every list inside of `field`.
pub fn drop_empty_rows(field: &Field, at: &str, entries: &mut Entries) {
    match field.kind.inside() {
        Inside::Members(fields) => {
            for field in fields {
                drop_empty_rows(field, &pointer_to(at, &field.name), entries);
            }
        }
        Inside::Rows(item) => {
            for row in (0..entries.rows(at).unwrap_or(0)).rev() {
                let row_at = pointer_to(at, &row.to_string());
                drop_empty_rows(item, &row_at, entries);
                let is_missed = entries.typed_in(&row_at).any(|at| entries.is_emptied(at));
                if !is_missed && !matches!(Reader::of(entries).read(item, &row_at), Found::Given(_)) {
                    entries.remove_row(at, row);
                }
            }
        }
        Inside::Nothing => {}
    }
}

/// An empty text is no text: a form can't say which is meant.
fn text(written: &str, field: &Field, value: impl FnOnce(&str) -> Value) -> Found {
    if written.is_empty() { nothing(field) } else { Found::Given(value(written)) }
}

fn nothing(field: &Field) -> Found {
    if field.is_required && field.is_nullable { Found::Anyway(Value::Null) } else { Found::Nothing }
}

fn list(items: Vec<Value>, field: &Field) -> Found {
    match (items.is_empty(), field.is_required) {
        (false, _) => Found::Given(items.into()),
        (true, true) => Found::Anyway(items.into()),
        (true, false) => Found::Nothing,
    }
}

/// A number digit by digit; what is none stays a text, for the schema to refuse in its own words.
fn number(text: &str) -> Value {
    match json::read(text.trim().as_bytes()) {
        Ok(number @ Value::Number(_)) => number,
        Ok(_) | Err(_) => text.into(),
    }
}
