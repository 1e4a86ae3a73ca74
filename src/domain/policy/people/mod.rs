//! The people file: accounts that are one person, groups, service accounts and their owners.

mod links;

use std::collections::{BTreeMap, BTreeSet};

use links::Links;

use crate::domain::actor::{Person, Signer};
use crate::domain::caseless;
use crate::domain::fault::DefinitionFault;
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
    /// First those that grant groups and seats, then those that only say who is whom.
    entries: Vec<PersonEntry>,
    /// How many of the entries grant something.
    granting: usize,
    links: Links,
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
        let links = Links::checked(&entries)?;
        Ok(Self { granting: entries.len(), entries, links })
    }

    /// People of whom `only_identity` grants nothing: its entries say which accounts are one person, who answers for
    /// whom, and who is off. Here an account may be in several entries, and entries of one name are one person's.
    pub fn with_identity(granting: Vec<PersonEntry>, only_identity: Vec<PersonEntry>) -> Self {
        let count = granting.len();
        let mut entries = granting;
        entries.extend(only_identity);
        let links = Links::lenient(&entries);
        Self { granting: count, entries, links }
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries that grant something, in the file's order.
    pub fn entries(&self) -> &[PersonEntry] {
        &self.entries[..self.granting]
    }

    /// The entries that only say who is whom: see [`People::with_identity`].
    pub fn identity_entries(&self) -> &[PersonEntry] {
        &self.entries[self.granting..]
    }

    /// Everybody behind a person and their `act` chain: linked accounts, and the owners of service accounts,
    /// their owners, and so on.
    pub fn behind<'a>(&self, person: &'a Person, act: &'a [Person]) -> Behind<'a> {
        let accounts: Vec<&Person> = std::iter::once(person).chain(act).collect();
        let mut open: Vec<usize> = accounts.iter().flat_map(|account| self.entries_of(account)).collect();
        let mut entries = BTreeSet::new();
        while let Some(entry) = open.pop() {
            if entries.insert(entry) {
                open.extend(&self.links.owners[entry]);
                open.extend(self.links.namesakes(entry));
            }
        }
        Behind { accounts, entries }
    }

    /// The person's groups according to the file, sorted: those of the entries that list one of their accounts
    /// exactly as their token spells it.
    pub fn groups_of(&self, person: &Person) -> BTreeSet<&str> {
        let listed = self.granting_entries_of(person).filter(|entry| is_spelled_as_in(entry, person));
        listed.flat_map(|entry| &entry.groups).map(String::as_str).collect()
    }

    /// The name that the file gives the person: that of the one entry that lists an account of theirs letter by letter.
    /// `None` where the file does not say which of several people they are.
    pub fn name_of(&self, person: &Person) -> Option<&str> {
        let listed = self.granting_entries_of(person).filter(|entry| is_spelled_as_in(entry, person));
        let mut names = listed.map(|entry| entry.name.as_str());
        let name = names.next()?;
        names.all(|other| other == name).then_some(name)
    }

    /// The name of the entry that lists this account letter by letter.
    pub fn name_of_account(&self, account: &str) -> Option<&str> {
        let entries = self.links.entries_with(account).iter().filter(|entry| **entry < self.granting);
        let mut listed = entries.map(|entry| &self.entries[*entry]);
        let is_it = |entry: &&PersonEntry| entry.accounts.iter().any(|own| own == account);
        listed.find(is_it).map(|entry| entry.name.as_str())
    }

    /// Whether an entry has this name, or one that people take for it.
    pub fn has_name_like(&self, name: &str) -> bool {
        let looks = caseless::looks_of(name);
        let is_alike = |entry: &PersonEntry| {
            caseless::is_same(&entry.name, name)
                || caseless::looks_of(&entry.name).iter().any(|look| looks.contains(look))
        };
        let alike = looks.iter().filter_map(|look| self.links.looks.get(look)).flatten();
        alike.copied().any(|entry| is_alike(&self.entries[entry]))
    }

    /// The account that the file lists for the person in another spelling than their token's, in an entry with
    /// one of `groups`: with that spelling they would be in it.
    pub fn spelling_wanted(&self, person: &Person, groups: &[&str]) -> Option<&str> {
        self.other_spelling(person, |entry| entry.groups.iter().any(|own| groups.contains(&own.as_str())))
    }

    /// Why it is not clear what groups they are in, as a clause: the file lists their account in another spelling than
    /// their token's, in an entry with any group; or it has a fault, and groups of theirs wait or ended.
    pub fn unclear_groups(&self, person: &Person) -> Option<String> {
        if let Some(spelling) = self.other_spelling(person, |entry| !entry.groups.is_empty()) {
            return Some(format!(
                "the people file spells the maker's account {spelling}, not as their token does"
            ));
        }
        let clear = self.groups_of(person);
        let of_entry =
            |entry: usize| self.entries[entry].groups.iter().all(|group| clear.contains(group.as_str()));
        let are_clear = self.entries_of(person).into_iter().all(of_entry);
        (!are_clear).then(|| "the people file has a fault, and the maker's groups may be others".to_owned())
    }

    fn other_spelling(&self, person: &Person, matters: impl Fn(&PersonEntry) -> bool) -> Option<&str> {
        let mut misspelled = self
            .granting_entries_of(person)
            .filter(|entry| matters(entry) && !is_spelled_as_in(entry, person));
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
        let mut entries = self.links.entries_with(account).iter().filter(|entry| **entry < self.granting);
        entries.any(|entry| self.entries[*entry].accounts.iter().any(|own| own == account))
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
        let mut alike = looks.iter().filter_map(|look| self.links.looks.get(look)).flatten();
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

    /// Whether `other` is an account of this person letter by letter: the same subject or user id of one issuer, or an
    /// account that the file lists beside theirs, each as it is spelled there. What is theirs alone (reading,
    /// withdrawing, an answer to their key) asks for this; another spelling only takes away.
    pub fn is_own_account(&self, person: &Person, other: &Person) -> bool {
        let is_same = person.iss == other.iss && (person.sub == other.sub || person.user_id == other.user_id);
        let joins = |entry: &PersonEntry| is_spelled_as_in(entry, person) && is_spelled_as_in(entry, other);
        is_same || self.granting_entries_of(person).any(joins)
    }

    /// The accounts that the file lists beside the person's, if it spells theirs as their token does.
    pub fn accounts_listed_with(&self, person: &Person) -> Vec<String> {
        let listed = self.granting_entries_of(person).filter(|entry| is_spelled_as_in(entry, person));
        listed.flat_map(|entry| entry.accounts.iter().cloned()).collect()
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

    /// Whether a person and everybody in their `act` chain is active. People who are not in the file are
    /// active; a service account is active as long as one of its owners is.
    pub fn is_active(&self, person: &Person, act: &[Person]) -> bool {
        let mut accounts = std::iter::once(person).chain(act);
        accounts.all(|account| self.entries_of(account).into_iter().all(|entry| self.is_on(entry)))
    }

    /// Number of active people in the group, without service accounts.
    pub fn members(&self, group: &str) -> usize {
        let is_in = |entry: &&PersonEntry| entry.groups.iter().any(|own| own == group);
        self.active_people().iter().filter(|entries| entries.iter().any(is_in)).count()
    }

    /// The active people without service accounts, each with their entries: one, unless the file has a fault.
    pub fn active_people(&self) -> Vec<Vec<&PersonEntry>> {
        if self.identity_entries().is_empty() {
            let people = self.entries.iter().filter(|entry| entry.active && !entry.is_service());
            return people.map(|entry| vec![entry]).collect();
        }
        let mut people: Vec<Vec<&PersonEntry>> = Vec::new();
        let mut known: BTreeMap<usize, usize> = BTreeMap::new();
        for entry in self.entries() {
            let own: BTreeSet<usize> =
                entry.accounts.iter().flat_map(|account| self.links.entries_with(account)).copied().collect();
            if !own.iter().all(|other| self.is_on(*other) && !self.entries[*other].is_service()) {
                continue;
            }
            let at = own.iter().find_map(|other| known.get(other)).copied().unwrap_or(people.len());
            known.extend(own.into_iter().map(|other| (other, at)));
            match people.get_mut(at) {
                Some(person) => person.push(entry),
                None => people.push(vec![entry]),
            }
        }
        people
    }

    /// Whether the entry is one of those behind somebody.
    pub fn is_behind(&self, entry: &PersonEntry, behind: &Behind<'_>) -> bool {
        let first = entry.accounts.first().map(|account| self.links.entries_with(account));
        first.is_some_and(|own| own.iter().any(|own| behind.entries.contains(own)))
    }

    /// The entries behind somebody: those of their accounts, and of whoever answers for them.
    pub fn entries_behind<'a>(&'a self, behind: &'a Behind<'_>) -> impl Iterator<Item = &'a PersonEntry> {
        behind.entries.iter().map(|entry| &self.entries[*entry])
    }

    fn granting_entries_of(&self, person: &Person) -> impl Iterator<Item = &PersonEntry> {
        let entries = self.entries_of(person).into_iter().filter(|entry| *entry < self.granting);
        entries.map(|entry| &self.entries[entry])
    }

    /// The entries that list the person, in whatever spelling.
    fn entries_of(&self, person: &Person) -> BTreeSet<usize> {
        if self.is_empty() {
            return BTreeSet::new();
        }
        let ids = [&person.sub, &person.user_id];
        let mut entries: BTreeSet<usize> =
            ids.into_iter().flat_map(|id| self.links.entries_with(id)).copied().collect();
        let namesakes: Vec<usize> =
            entries.iter().flat_map(|entry| self.links.namesakes(*entry)).copied().collect();
        entries.extend(namesakes);
        entries
    }

    // Terminates, because the links have no circles of owners.
    fn is_on(&self, entry: usize) -> bool {
        let own = std::iter::once(&entry).chain(self.links.namesakes(entry));
        let is_on = |entry: &usize| {
            let (owners, entry) = (&self.links.owners[*entry], &self.entries[*entry]);
            // Without an owner whom the links know, nobody answers for a service account.
            entry.active && (!entry.is_service() || owners.iter().any(|owner| self.is_on(*owner)))
        };
        own.into_iter().all(is_on)
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
    /// themselves, under any of their accounts as it is spelled and whatever permissions their token still grants.
    pub fn may_read(&self, people: &People, org: &OrgId, maker: &Person) -> bool {
        self.org == *org && (self.sees_all() || people.is_own_account(&self.person, maker))
    }
}

/// Whether the entry lists one of the person's accounts letter by letter.
fn is_spelled_as_in(entry: &PersonEntry, person: &Person) -> bool {
    entry.accounts.iter().any(|account| *account == person.sub || *account == person.user_id)
}
