//! The people file: accounts that are one person, groups, service accounts and their owners.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actor::{Person, Signer};
use crate::domain::fault::{DefinitionFault, pointer_to};

/// One entry of the people file: a person, or a service account that people own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonEntry {
    /// Unique in the file.
    pub name: String,
    /// The subjects and user ids that are this person.
    pub accounts: Vec<String>,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// Whether they may submit and decide at all.
    pub active: bool,
    /// Names of the entries that own it; not empty for a service account.
    pub owners: Vec<String>,
}

impl PersonEntry {
    /// Whether it is a service account, for which its owners answer.
    pub fn is_service(&self) -> bool {
        !self.owners.is_empty()
    }
}

/// The people file; empty if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    entries: Vec<PersonEntry>,
    by_account: BTreeMap<String, usize>,
    owners: Vec<Vec<usize>>,
}

/// The accounts and entries behind somebody who submits or decides.
#[derive(Clone, Debug)]
pub struct Behind<'a> {
    accounts: Vec<&'a Person>,
    entries: BTreeSet<usize>,
}

impl Behind<'_> {
    /// Whether both have a person in common.
    pub fn overlaps(&self, other: &Behind<'_>) -> bool {
        let same = |one: &Person| other.accounts.iter().any(|account| account.is_same_person(one));
        !self.entries.is_disjoint(&other.entries) || self.accounts.iter().any(|account| same(account))
    }
}

impl People {
    /// No people file.
    pub fn none() -> Self {
        Self::default()
    }

    /// Checks and links the entries. Faults point to `/people/<number>/…`.
    pub fn new(entries: Vec<PersonEntry>) -> Result<Self, Vec<DefinitionFault>> {
        let mut faults = Vec::new();
        let by_name = by_name(&entries, &mut faults);
        let by_account = by_account(&entries, &mut faults);
        let owners = owners(&entries, &by_name, &mut faults);
        refuse_circles(&owners, &mut faults);
        for (number, entry) in entries.iter().enumerate() {
            for (index, _) in blanks(&entry.groups) {
                faults.push(fault(number, "groups", index, "Name a group."));
            }
        }
        if faults.is_empty() { Ok(Self { entries, by_account, owners }) } else { Err(faults) }
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in the file's order.
    pub fn entries(&self) -> &[PersonEntry] {
        &self.entries
    }

    /// Everybody behind a person and their `act` chain: linked accounts, and the owners of service accounts,
    /// their owners, and so on.
    pub fn behind<'a>(&self, person: &'a Person, act: &'a [Person]) -> Behind<'a> {
        let accounts: Vec<&Person> = std::iter::once(person).chain(act).collect();
        let mut open: Vec<usize> = accounts.iter().flat_map(|account| self.entries_of(account)).collect();
        let mut entries = BTreeSet::new();
        while let Some(entry) = open.pop() {
            if entries.insert(entry) {
                open.extend(&self.owners[entry]);
            }
        }
        Behind { accounts, entries }
    }

    /// The person's groups according to the file, sorted.
    pub fn groups_of(&self, person: &Person) -> BTreeSet<&str> {
        let entries = self.entries_of(person).into_iter();
        entries.flat_map(|entry| &self.entries[entry].groups).map(String::as_str).collect()
    }

    /// Whether a person and everybody in their `act` chain is active. People who are not in the file are
    /// active; a service account is active as long as one of its owners is.
    pub fn is_active(&self, person: &Person, act: &[Person]) -> bool {
        let mut accounts = std::iter::once(person).chain(act);
        accounts.all(|account| self.entries_of(account).into_iter().all(|entry| self.is_on(entry)))
    }

    /// Number of active people in the group, without service accounts.
    pub fn members(&self, group: &str) -> usize {
        self.active_people().filter(|entry| entry.groups.iter().any(|own| own == group)).count()
    }

    /// The active people without service accounts.
    pub fn active_people(&self) -> impl Iterator<Item = &PersonEntry> {
        self.entries.iter().filter(|entry| entry.active && !entry.is_service())
    }

    /// Whether the entry is one of those behind somebody.
    pub fn is_behind(&self, entry: &PersonEntry, behind: &Behind<'_>) -> bool {
        let own = entry.accounts.first().and_then(|account| self.by_account.get(account));
        own.is_some_and(|own| behind.entries.contains(own))
    }

    fn entries_of(&self, person: &Person) -> BTreeSet<usize> {
        let texts = [&person.sub, &person.user_id];
        texts.into_iter().filter_map(|text| self.by_account.get(text)).copied().collect()
    }

    // Terminates, because `new` refuses circles of owners.
    fn is_on(&self, entry: usize) -> bool {
        let owners = &self.owners[entry];
        self.entries[entry].active && (owners.is_empty() || owners.iter().any(|owner| self.is_on(*owner)))
    }
}

impl Signer {
    /// The signer's people: linked accounts, who acts through the token, and the owners of service accounts.
    pub fn behind(&self, people: &People) -> Behind<'_> {
        people.behind(&self.person, &self.act)
    }
}

fn fault(number: usize, member: &str, index: usize, message: impl Into<String>) -> DefinitionFault {
    DefinitionFault::new(format!("/people/{number}/{member}/{index}"), message)
}

fn blanks(texts: &[String]) -> impl Iterator<Item = (usize, &String)> {
    texts.iter().enumerate().filter(|(_, text)| text.trim().is_empty())
}

fn by_name(entries: &[PersonEntry], faults: &mut Vec<DefinitionFault>) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        let mut refuse = |message: String| {
            let field = pointer_to(&format!("/people/{number}"), "name");
            faults.push(DefinitionFault::new(field, message));
        };
        if entry.name.trim().is_empty() {
            refuse("Write a name.".to_owned());
        } else if found.insert(entry.name.clone(), number).is_some() {
            refuse(format!("Choose another name; {} is taken above.", entry.name));
        }
    }
    found
}

fn by_account(entries: &[PersonEntry], faults: &mut Vec<DefinitionFault>) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        if entry.accounts.is_empty() {
            let field = format!("/people/{number}/accounts");
            faults.push(DefinitionFault::new(field, "List at least one subject or user id."));
        }
        for (index, _) in blanks(&entry.accounts) {
            faults.push(fault(number, "accounts", index, "Write a subject or a user id."));
        }
        for (index, account) in entry.accounts.iter().enumerate() {
            if let Some(other) = found.insert(account.clone(), number).filter(|other| *other != number) {
                let owner: &PersonEntry = &entries[other];
                let message = format!("Leave this account out; it is {}'s.", owner.name);
                faults.push(fault(number, "accounts", index, message));
            }
        }
    }
    found
}

fn owners(
    entries: &[PersonEntry],
    by_name: &BTreeMap<String, usize>,
    faults: &mut Vec<DefinitionFault>,
) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let mut own = Vec::new();
        for (index, owner) in entry.owners.iter().enumerate() {
            match by_name.get(owner) {
                Some(owner) => own.push(*owner),
                None => {
                    let message = format!("Name an entry of this file; nobody here is called {owner}.");
                    faults.push(fault(number, "owners", index, message));
                }
            }
        }
        found.push(own);
    }
    found
}

/// Removes entries without owners again and again; what is left is a circle, or depends on one.
fn refuse_circles(owners: &[Vec<usize>], faults: &mut Vec<DefinitionFault>) {
    let mut left: BTreeSet<usize> = (0..owners.len()).collect();
    loop {
        let is_free = |entry: &usize| owners[*entry].iter().all(|owner| !left.contains(owner));
        let free: Vec<usize> = left.iter().copied().filter(|entry| is_free(entry)).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|entry| !free.contains(entry));
    }
    for number in left {
        let field = format!("/people/{number}/owners");
        let message = "Name people as owners; these accounts own each other in a circle.";
        faults.push(DefinitionFault::new(field, message));
    }
}
