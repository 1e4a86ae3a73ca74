//! Reads the parts of a definition and reports every fault.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::super::fault::{DefinitionFault, pointer_to};
use super::super::period;

type Object = Map<String, Value>;

/// The faults of a definition found so far.
#[derive(Default)]
pub struct Faults(pub Vec<DefinitionFault>);

impl Faults {
    /// Notes what to write at `at`.
    pub fn push(&mut self, at: impl Into<String>, message: impl Into<String>) {
        self.0.push(DefinitionFault::new(at, message));
    }

    /// The value, or nothing and a fault at `at`.
    pub fn take<T>(&mut self, at: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.push(at, message)).ok()
    }

    /// Adds other faults.
    pub fn merge<T>(&mut self, read: Result<T, Vec<DefinitionFault>>) -> Option<T> {
        read.map_err(|faults| self.0.extend(faults)).ok()
    }
}

/// An object in a definition and its pointer.
#[derive(Clone)]
pub struct Table<'v> {
    members: &'v Object,
    at: String,
}

static NOTHING: std::sync::LazyLock<Object> = std::sync::LazyLock::new(Object::new);

impl<'v> Table<'v> {
    /// The object at `at`; a fault and an empty one for any other value.
    pub fn of(value: &'v Value, at: impl Into<String>, faults: &mut Faults) -> Self {
        let at = at.into();
        let members = value.as_object().unwrap_or_else(|| {
            faults.push(&at, "Write a table.");
            &NOTHING
        });
        Self { members, at }
    }

    /// The pointer of a member.
    pub fn at(&self, name: &str) -> String {
        pointer_to(&self.at, name)
    }

    /// Every member.
    pub fn members(&self) -> &'v Object {
        self.members
    }

    /// Any member.
    pub fn get(&self, name: &str) -> Option<&'v Value> {
        self.members.get(name)
    }

    /// Notes every member that is not known.
    pub fn allow(&self, known: &[&str], faults: &mut Faults) {
        for name in self.members.keys().filter(|name| !known.contains(&name.as_str())) {
            faults.push(self.at(name), format!("Leave this out; allowed here: {}.", known.join(", ")));
        }
    }

    /// A table inside this one.
    pub fn table(&self, name: &str, faults: &mut Faults) -> Option<Table<'v>> {
        self.get(name).map(|value| Table::of(value, self.at(name), faults))
    }

    /// Every table of a list inside this one.
    pub fn tables(&self, name: &str, faults: &mut Faults) -> Vec<Table<'v>> {
        let items = self.items(name, &format!("Write [[{name}]], a list of tables."), faults);
        items.into_iter().map(|(item, at)| Table::of(item, at, faults)).collect()
    }

    /// Every item of a list with its pointer; for anything else a fault that says `wish`.
    pub fn items(&self, name: &str, wish: &str, faults: &mut Faults) -> Vec<(&'v Value, String)> {
        let Some(value) = self.get(name) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            faults.push(self.at(name), wish);
            return Vec::new();
        };
        let at = |index: usize| pointer_to(&self.at(name), &index.to_string());
        items.iter().enumerate().map(|(index, item)| (item, at(index))).collect()
    }

    /// A text.
    pub fn text(&self, name: &str, faults: &mut Faults) -> Option<&'v str> {
        let value = self.get(name)?;
        if value.as_str().is_none() {
            faults.push(self.at(name), "Write a text.");
        }
        value.as_str()
    }

    /// A required text.
    pub fn required_text(&self, name: &str, wish: &str, faults: &mut Faults) -> Option<&'v str> {
        if self.get(name).is_none() {
            faults.push(self.at(name), format!("Add {name}: {wish}"));
        }
        self.text(name, faults)
    }

    /// A list of texts.
    pub fn texts(&self, name: &str, faults: &mut Faults) -> Vec<(&'v str, String)> {
        let mut texts = Vec::new();
        for (item, at) in self.items(name, "Write a list of texts.", faults) {
            match item.as_str() {
                Some(text) => texts.push((text, at)),
                None => faults.push(at, "Write a text."),
            }
        }
        texts
    }

    /// `true` or `false`; absent is `false`.
    pub fn flag(&self, name: &str, faults: &mut Faults) -> bool {
        let Some(value) = self.get(name) else { return false };
        value.as_bool().unwrap_or_else(|| {
            faults.push(self.at(name), "Write true or false.");
            false
        })
    }

    /// A period, `24h`.
    pub fn period(&self, name: &str, faults: &mut Faults) -> Option<TimeDelta> {
        let text = self.text(name, faults)?;
        let read = period::parse(text);
        if read.is_none() {
            faults
                .push(self.at(name), "Write one number and one unit out of s, m, h and d, such as \"24h\".");
        }
        read
    }

    /// One word out of `all`.
    pub fn word<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        spelling: fn(T) -> &'static str,
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.text(name, faults)?;
        let found = all.iter().copied().find(|word| spelling(*word) == text);
        if found.is_none() {
            let all: Vec<&str> = all.iter().map(|word| spelling(*word)).collect();
            faults.push(self.at(name), format!("Write one of: {}.", all.join(", ")));
        }
        found
    }
}
