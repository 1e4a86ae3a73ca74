//! The people file: accounts that are one person, groups, service accounts and their owners.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actor::{Person, Signer};
use crate::domain::caseless;
use crate::domain::fault::{DefinitionFault, pointer_to};
use crate::domain::ids::OrgId;
use crate::domain::person_key::PersonKey;

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
    /// By account as people read it: who is whom, and who is active.
    by_account: BTreeMap<String, usize>,
    owners: Vec<Vec<usize>>,
    /// By what accounts and names look like.
    looks: BTreeMap<String, Vec<usize>>,
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
        let looks = looks(&entries);
        if faults.is_empty() { Ok(Self { entries, by_account, owners, looks }) } else { Err(faults) }
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

    /// The person's groups according to the file, sorted: those of the entries that list one of their accounts
    /// exactly as their token spells it.
    pub fn groups_of(&self, person: &Person) -> BTreeSet<&str> {
        let entries = self.entries_of(person).into_iter().map(|entry| &self.entries[entry]);
        let listed = entries.filter(|entry| is_spelled_as_in(entry, person));
        listed.flat_map(|entry| &entry.groups).map(String::as_str).collect()
    }

    /// The account that the file lists for the person in another spelling than their token's, in an entry with
    /// one of `groups`: with that spelling they would be in it.
    pub fn spelling_wanted(&self, person: &Person, groups: &[&str]) -> Option<&str> {
        self.other_spelling(person, |entry| entry.groups.iter().any(|own| groups.contains(&own.as_str())))
    }

    /// The account that the file lists for the person in another spelling than their token's, in an entry with
    /// any group: what groups they are in is not clear.
    pub fn unclear_groups(&self, person: &Person) -> Option<&str> {
        self.other_spelling(person, |entry| !entry.groups.is_empty())
    }

    fn other_spelling(&self, person: &Person, matters: impl Fn(&PersonEntry) -> bool) -> Option<&str> {
        let entries = self.entries_of(person).into_iter().map(|entry| &self.entries[entry]);
        let mut misspelled = entries.filter(|entry| matters(entry) && !is_spelled_as_in(entry, person));
        let ids = [&person.sub, &person.user_id];
        let is_own = |account: &&String| ids.into_iter().any(|own| caseless::is_same(own, account));
        misspelled.find_map(|entry| entry.accounts.iter().find(is_own)).map(String::as_str)
    }

    /// Whether the file lists this account, letter by letter, and it is the person's.
    pub fn is_account_of(&self, account: &str, person: &Person) -> bool {
        let is_theirs = account == person.sub || account == person.user_id;
        is_theirs && self.lists(account)
    }

    /// Whether an entry lists this account letter by letter.
    pub fn lists(&self, account: &str) -> bool {
        let entry = self.by_account.get(&*caseless::folded(account));
        entry.is_some_and(|entry| self.entries[*entry].accounts.iter().any(|own| own == account))
    }

    /// Whether a person, or somebody in their `act` chain, is a service account.
    pub fn is_service(&self, person: &Person, act: &[Person]) -> bool {
        let mut accounts = std::iter::once(person).chain(act);
        let is_service = |entry: usize| self.entries[entry].is_service();
        accounts.any(|account| self.entries_of(account).into_iter().any(is_service))
    }

    /// The account or name of somebody else that `text`, an id or a name of `person`, looks like though it is
    /// another one; and the name of their entry.
    pub fn look_alike(&self, person: &Person, text: &str) -> Option<(&str, &str)> {
        if self.is_empty() {
            return None;
        }
        let own = self.entries_of(person);
        let looks = caseless::looks_of(text);
        let mut alike = looks.iter().filter_map(|look| self.looks.get(look)).flatten();
        alike.find_map(|entry| {
            let other = self.entries.get(*entry).filter(|_| !own.contains(entry))?;
            let mut texts = other.accounts.iter().chain([&other.name]);
            if texts.clone().any(|known| caseless::is_same(known, text)) {
                return None;
            }
            let known =
                texts.find(|known| caseless::looks_of(known).iter().any(|look| looks.contains(look)))?;
            Some((known.as_str(), other.name.as_str()))
        })
    }

    /// Whether both are accounts of one human being: one account in whatever spelling, or two that the file
    /// lists in one entry.
    pub fn is_one_person(&self, one: &Person, other: &Person) -> bool {
        one.is_same_person(other) || !self.entries_of(one).is_disjoint(&self.entries_of(other))
    }

    /// The one key of a person: their entry's, or their account's if the file does not list it.
    pub fn key_of(&self, person: &Person) -> PersonKey {
        let entry = self.entries_of(person).into_iter().next();
        entry.map_or_else(|| person.key(), |entry| PersonKey::of_entry(&self.entries[entry].name))
    }

    /// The accounts of the entries that list the person.
    pub fn accounts_joined_with(&self, person: &Person) -> Vec<String> {
        let entries = self.entries_of(person).into_iter();
        entries.flat_map(|entry| self.entries[entry].accounts.iter().cloned()).collect()
    }

    /// The keys under which rows of a person may be stored: what [`People::key_of`] says now comes first, then
    /// the keys of every account that the file joins with theirs, under their own issuer.
    pub fn keys_of(&self, person: &Person) -> Vec<PersonKey> {
        let mut keys = vec![self.key_of(person), person.key()];
        for entry in self.entries_of(person) {
            let entry = &self.entries[entry];
            keys.push(PersonKey::of_entry(&entry.name));
            keys.extend(entry.accounts.iter().map(|account| PersonKey::of_account(&person.iss, account)));
        }
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        keys
    }

    /// Whether a stored key is one of this person's: an account's of theirs under any issuer, or their entry's.
    pub fn is_key_of(&self, stored: &str, person: &Person) -> bool {
        let listed = PersonKey::id_in(stored).and_then(|id| self.by_account.get(id));
        stored == person.key().as_str()
            || listed.is_some_and(|entry| self.entries_of(person).contains(entry))
            || self.keys_of(person).iter().any(|key| key.as_str() == stored)
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
        let first = entry.accounts.first();
        let own = first.and_then(|account| self.by_account.get(&*caseless::folded(account)));
        own.is_some_and(|own| behind.entries.contains(own))
    }

    /// The entries that list the person, in whatever spelling.
    fn entries_of(&self, person: &Person) -> BTreeSet<usize> {
        if self.is_empty() {
            return BTreeSet::new();
        }
        let ids = [&person.sub, &person.user_id];
        ids.into_iter().filter_map(|id| self.by_account.get(&*caseless::folded(id))).copied().collect()
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

    /// Whether they may read a request of `org` that `maker` submitted.
    ///
    /// A checker and an auditor read everything in their org. Everybody reads what they submitted
    /// themselves, under any of their accounts and whatever permissions their token still grants.
    pub fn may_read(&self, people: &People, org: &OrgId, maker: &Person) -> bool {
        self.org == *org && (self.sees_all() || people.is_one_person(&self.person, maker))
    }
}

/// Whether the entry lists one of the person's accounts letter by letter.
fn is_spelled_as_in(entry: &PersonEntry, person: &Person) -> bool {
    entry.accounts.iter().any(|account| *account == person.sub || *account == person.user_id)
}

fn looks(entries: &[PersonEntry]) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        for look in entry.accounts.iter().chain([&entry.name]).flat_map(|text| caseless::looks_of(text)) {
            let alike = found.entry(look).or_default();
            if alike.last() != Some(&number) {
                alike.push(number);
            }
        }
    }
    found
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
            let before = found.insert(caseless::fold(account), number);
            if let Some(owner) = before.filter(|other| *other != number).map(|other| &entries[other]) {
                let spelled = owner.accounts.iter().find(|other| caseless::is_same(account, other));
                let spelled = spelled.filter(|other| *other != account);
                let spelled = spelled.map_or_else(String::new, |other| format!(", spelled {other} there"));
                let message = format!("Leave this account out; it is {}'s{spelled}.", owner.name);
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
