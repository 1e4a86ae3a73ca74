//! What takes a right away in a people file that has a fault elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::files::ReadEntry;
use crate::domain::policy::people::{People, PersonEntry};

/// The people in force, with everything taken away that the entries take away: somebody is switched off, has lost a
/// group or their whole entry, is one person with another account, or answers to an owner. What grants something waits
/// until the file has no fault.
pub fn narrowed(last: &People, entries: &[ReadEntry]) -> People {
    let found = Found::new(entries);
    let fewer: Vec<PersonEntry> = last.entries().iter().map(|known| found.fewer(known)).collect();
    let more_off = with_strangers_off(&fewer, entries);
    let joined = found.joined(&more_off);
    // Each step is left out if it would make a file that can't be used; the first one never does.
    let candidates = [joined, more_off, fewer];
    let usable = candidates.into_iter().find_map(|candidate| People::new(candidate).ok());
    usable.unwrap_or_else(|| last.clone())
}

/// The entries, found by the accounts and names that they have.
struct Found<'a> {
    entries: &'a [ReadEntry],
    by_account: BTreeMap<&'a str, Vec<usize>>,
    by_name: BTreeMap<&'a str, Vec<usize>>,
    /// An entry that may be anybody's: then nobody is gone for certain.
    has_nameless: bool,
}

impl<'a> Found<'a> {
    fn new(entries: &'a [ReadEntry]) -> Self {
        let (mut by_account, mut by_name) = (BTreeMap::new(), BTreeMap::new());
        for (at, entry) in entries.iter().enumerate() {
            for account in &entry.accounts {
                by_account.entry(account.as_str()).or_insert_with(Vec::new).push(at);
            }
            if let Some(name) = &entry.name {
                by_name.entry(name.as_str()).or_insert_with(Vec::new).push(at);
            }
        }
        let is_nameless = |entry: &ReadEntry| entry.name.is_none() && entry.accounts.is_empty();
        Self { entries, by_account, by_name, has_nameless: entries.iter().any(is_nameless) }
    }

    /// The entries about a person: they share an account with them, or have their name.
    fn about(&self, known: &PersonEntry) -> Vec<&'a ReadEntry> {
        let by_account = known.accounts.iter().filter_map(|account| self.by_account.get(account.as_str()));
        let numbers: BTreeSet<usize> =
            by_account.chain(self.by_name.get(known.name.as_str())).flatten().copied().collect();
        numbers.into_iter().map(|at| &self.entries[at]).collect()
    }

    fn fewer(&self, known: &PersonEntry) -> PersonEntry {
        let about = self.about(known);
        let keeps = |group: &&String| {
            let names_it =
                |entry: &&ReadEntry| entry.groups.as_ref().is_none_or(|groups| groups.contains(group));
            if about.is_empty() { self.has_nameless } else { about.iter().any(names_it) }
        };
        PersonEntry {
            groups: known.groups.iter().filter(keeps).cloned().collect(),
            active: known.active && !about.iter().any(|entry| self.switches_off(entry)),
            ..known.clone()
        }
    }

    /// A service account is off as well once every owner that its entry names is.
    fn switches_off(&self, entry: &ReadEntry) -> bool {
        let is_off = |owner: &String| {
            let named = self.by_name.get(owner.as_str());
            named.is_some_and(|named| named.iter().any(|at| self.entries[*at].active == Some(false)))
        };
        let owners = entry.owners.as_ref().filter(|owners| !owners.is_empty());
        entry.active == Some(false) || owners.is_some_and(|owners| owners.iter().all(is_off))
    }

    /// With the accounts and owners that entries add. Somebody who answers to owners already gets no other: one who is
    /// active would keep a service account in office.
    fn joined(&self, people: &[PersonEntry]) -> Vec<PersonEntry> {
        let taken: BTreeSet<&String> = people.iter().flat_map(|known| &known.accounts).collect();
        let names: BTreeSet<&String> = people.iter().map(|known| &known.name).collect();
        let join = |known: &PersonEntry| {
            let about = self.about(known);
            let mut joined = known.clone();
            let new =
                about.iter().flat_map(|entry| &entry.accounts).filter(|account| !taken.contains(account));
            joined.accounts.extend(new.cloned());
            if joined.owners.is_empty() {
                let owners = about.iter().flat_map(|entry| entry.owners.iter().flatten());
                joined.owners.extend(owners.filter(|owner| names.contains(owner)).cloned());
            }
            joined
        };
        people.iter().map(join).collect()
    }
}

/// Somebody whom the people in force do not name may act; an entry that switches them off ends that.
fn with_strangers_off(people: &[PersonEntry], entries: &[ReadEntry]) -> Vec<PersonEntry> {
    let mut accounts: BTreeSet<String> = people.iter().flat_map(|known| known.accounts.clone()).collect();
    let mut names: BTreeSet<String> = people.iter().map(|known| known.name.clone()).collect();
    let mut people = people.to_vec();
    for entry in entries.iter().filter(|entry| entry.active == Some(false)) {
        for account in &entry.accounts {
            if !accounts.insert(account.clone()) {
                continue;
            }
            let mut name = entry.name.clone().unwrap_or_else(|| account.clone());
            while !names.insert(name.clone()) {
                name = format!("{name}, {account}");
            }
            let (accounts, groups, owners) = (vec![account.clone()], Vec::new(), Vec::new());
            people.push(PersonEntry { name, accounts, groups, active: false, owners });
        }
    }
    people
}
