//! What takes a right away in a people file that has a fault elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::files::ReadEntry;
use crate::domain::caseless;
use crate::domain::policy::people::{People, PersonEntry};

/// The people in force, with everything taken away that the entries take away. What grants something waits until the
/// file has no fault.
///
/// An account keeps the groups and the seat that the people in force **and** the entry that lists it give it, spelled
/// as both spell it. Whoever was one person stays one, and every entry that can be read adds who is one person, who
/// answers for whom, and who is off. Each entry is taken for itself: one that contradicts another hides nothing of it.
pub fn narrowed(last: &People, entries: &[ReadEntry]) -> People {
    let found = Found::new(last, entries);
    let granting: Vec<PersonEntry> = last.entries().iter().flat_map(|known| found.kept(known)).collect();
    let before = last.entries().iter().map(|known| found.before(known));
    let read = entries.iter().filter_map(|entry| found.identity_of(entry));
    let mut known = ByName::default();
    for entry in &granting {
        known.add(entry.clone());
    }
    let mut identity = Vec::new();
    for entry in last.identity_entries().iter().cloned().chain(before).chain(read) {
        if known.add(entry.clone()) {
            identity.push(entry);
        }
    }
    People::with_identity(granting, identity)
}

/// Entries by name.
#[derive(Default)]
struct ByName(BTreeMap<String, Vec<PersonEntry>>);

impl ByName {
    /// Adds an entry, unless one that is known says the same; says whether it was added.
    fn add(&mut self, entry: PersonEntry) -> bool {
        let known = self.0.entry(entry.name.clone()).or_default();
        let is_new = !known.iter().any(|known| covers(known, &entry));
        if is_new {
            known.push(entry);
        }
        is_new
    }
}

/// The entries, found by the accounts and names that they have, in whatever spelling.
struct Found<'a> {
    entries: &'a [ReadEntry],
    by_account: BTreeMap<String, Vec<usize>>,
    /// By what they are called in force.
    by_name: BTreeMap<String, Vec<usize>>,
    names: Names<'a>,
    /// An entry that may be anybody's: then nobody is gone for certain.
    has_nameless: bool,
}

impl<'a> Found<'a> {
    fn new(last: &'a People, entries: &'a [ReadEntry]) -> Self {
        let names = Names::of(last);
        let (mut by_account, mut by_name) = (BTreeMap::new(), BTreeMap::new());
        for (at, entry) in entries.iter().enumerate() {
            for account in &entry.accounts {
                by_account.entry(caseless::fold(account)).or_insert_with(Vec::new).push(at);
            }
            if let Some(name) = &entry.name {
                by_name.entry(names.in_force(name)).or_insert_with(Vec::new).push(at);
            }
        }
        let is_nameless = |entry: &ReadEntry| entry.name.is_none() && entry.accounts.is_empty();
        Self { entries, by_account, by_name, names, has_nameless: entries.iter().any(is_nameless) }
    }

    fn named(&self, name: &str) -> Vec<&'a ReadEntry> {
        let places = self.by_name.get(&self.names.in_force(name));
        places.into_iter().flatten().map(|at| &self.entries[*at]).collect()
    }

    /// What a person keeps: an entry for each of those that list one of their accounts as it is spelled.
    fn kept(&self, known: &PersonEntry) -> Vec<PersonEntry> {
        let mut parts: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
        for account in &known.accounts {
            let spelled = |at: &&usize| self.entries[**at].accounts.contains(account);
            let listed = self.by_account.get(&caseless::fold(account)).into_iter().flatten().filter(spelled);
            parts.entry(listed.copied().collect()).or_default().push(account.clone());
        }
        let part = |(listed, accounts): (Vec<usize>, Vec<String>)| {
            let listed: Vec<&ReadEntry> = listed.iter().map(|at| &self.entries[*at]).collect();
            self.part(known, &listed, accounts)
        };
        parts.into_iter().filter_map(part).collect()
    }

    /// What these accounts of a person keep, which the entries list as they are spelled.
    fn part(&self, known: &PersonEntry, listed: &[&ReadEntry], accounts: Vec<String>) -> Option<PersonEntry> {
        let namesakes = self.named(&known.name);
        // Entries whose accounts can't be read may list them as well.
        let mut about: Vec<&ReadEntry> = listed.to_vec();
        if about.is_empty() {
            about.extend(namesakes.iter().filter(|entry| entry.accounts.is_empty()));
            let is_listed = |account: &String| self.by_account.contains_key(&caseless::fold(account));
            let is_gone = namesakes.is_empty() && !known.accounts.iter().any(is_listed);
            if about.is_empty() && !(is_gone && self.has_nameless) {
                return None;
            }
        }
        let keeps = |group: &&String| {
            about.iter().all(|entry| entry.groups.as_ref().is_none_or(|groups| groups.contains(group)))
        };
        let is_off = about.iter().chain(&namesakes).any(|entry| self.switches_off(entry));
        Some(PersonEntry {
            name: known.name.clone(),
            groups: known.groups.iter().filter(keeps).cloned().collect(),
            active: known.active && !is_off,
            accounts,
            owners: known.owners.clone(),
        })
    }

    /// Who somebody was. They are off once an entry of their name is, or every account of theirs that is listed still.
    fn before(&self, known: &PersonEntry) -> PersonEntry {
        let is_off = |places: &Vec<usize>| places.iter().any(|at| self.switches_off(&self.entries[*at]));
        let listed =
            known.accounts.iter().filter_map(|account| self.by_account.get(&caseless::fold(account)));
        let listed: Vec<bool> = listed.map(is_off).collect();
        let all_off = !listed.is_empty() && listed.iter().all(|off| *off);
        let is_off = all_off || self.named(&known.name).iter().any(|entry| self.switches_off(entry));
        PersonEntry { active: known.active && !is_off, ..known.clone() }
    }

    /// A service account is off as well once every owner that its entry names is.
    fn switches_off(&self, entry: &ReadEntry) -> bool {
        let is_off = |owner: &String| self.named(owner).iter().any(|named| named.active == Some(false));
        let owners = entry.owners.as_ref().filter(|owners| !owners.is_empty());
        entry.active == Some(false) || owners.is_some_and(|owners| owners.iter().all(is_off))
    }

    fn owners(&self, about: &[&ReadEntry]) -> Vec<String> {
        let owners: BTreeSet<String> = about
            .iter()
            .flat_map(|entry| entry.owners.iter().flatten())
            .map(|name| self.names.in_force(name))
            .collect();
        owners.into_iter().collect()
    }

    /// What an entry says of who is whom; `None` if it names nobody.
    fn identity_of(&self, entry: &ReadEntry) -> Option<PersonEntry> {
        Some(PersonEntry {
            name: self.names.in_force(entry.name.as_ref().or_else(|| entry.accounts.first())?),
            accounts: entry.accounts.clone(),
            groups: entry.groups.clone().unwrap_or_default(),
            active: entry.active != Some(false),
            owners: self.owners(&[entry]),
        })
    }
}

/// The names in force.
struct Names<'a> {
    exact: BTreeSet<&'a str>,
    /// By how people read them.
    folded: BTreeMap<String, &'a str>,
}

impl<'a> Names<'a> {
    fn of(last: &'a People) -> Self {
        let known = || last.entries().iter().chain(last.identity_entries()).map(|known| known.name.as_str());
        Self { exact: known().collect(), folded: known().map(|name| (caseless::fold(name), name)).collect() }
    }

    /// What somebody is called in force, in whatever spelling the file names them.
    fn in_force(&self, name: &str) -> String {
        let known = self.exact.get(name).or_else(|| self.folded.get(&caseless::fold(name)));
        known.map_or(name, |known| *known).to_owned()
    }
}

/// Whether an entry says everything of who is whom that another of its name says, and names all its groups.
fn covers(known: &PersonEntry, other: &PersonEntry) -> bool {
    let lists = |account: &String| known.accounts.iter().any(|own| caseless::is_same(own, account));
    let has_owners = other.owners.is_empty() || known.owners == other.owners;
    (other.active || !known.active)
        && has_owners
        && other.groups.iter().all(|group| known.groups.contains(group))
        && other.accounts.iter().all(lists)
}
