//! How the entries of a people file are linked: by account, by name, by owner, and by what they look like.

use std::collections::{BTreeMap, BTreeSet};

use super::PersonEntry;
use crate::domain::caseless;
use crate::domain::fault::{DefinitionFault, pointer_to};

/// The links between entries, which are named by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Links {
    /// By account as people read it: who is whom, and who is active.
    by_account: BTreeMap<String, Vec<usize>>,
    /// The owners of each entry; never in a circle.
    pub(super) owners: Vec<Vec<usize>>,
    /// The entries of one name, where there are several.
    namesakes: BTreeMap<usize, Vec<usize>>,
    /// By what accounts and names look like.
    pub(super) looks: BTreeMap<String, Vec<usize>>,
}

impl Links {
    /// The links of a file without fault.
    pub fn checked(entries: &[PersonEntry]) -> Result<Self, Vec<DefinitionFault>> {
        let mut faults = Vec::new();
        let by_name = by_name(entries, &mut faults);
        let by_account = by_account(entries, &mut faults);
        let owners = owners(entries, &by_name, &mut faults);
        refuse_circles(&owners, &mut faults);
        for (number, entry) in entries.iter().enumerate() {
            for (index, _) in blanks(&entry.groups) {
                faults.push(fault(number, "groups", index, "Name a group."));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let by_account = by_account.into_iter().map(|(account, entry)| (account, vec![entry])).collect();
        Ok(Self { by_account, owners, namesakes: BTreeMap::new(), looks: looks(entries) })
    }

    /// The links of entries that were put together. Only an owner whom nobody is called like, or who would close a
    /// circle, is left out.
    pub fn lenient(entries: &[PersonEntry]) -> Self {
        let mut by_account: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, entry) in entries.iter().enumerate() {
            by_name.entry(&entry.name).or_default().push(number);
            for account in entry.accounts.iter().map(|account| caseless::fold(account)) {
                let listed = by_account.entry(account).or_default();
                if listed.last() != Some(&number) {
                    listed.push(number);
                }
            }
        }
        let several = by_name.values().filter(|numbers| numbers.len() > 1);
        let namesakes = several.flat_map(|numbers| numbers.iter().map(|number| (*number, numbers.clone())));
        let owners = vec![Vec::new(); entries.len()];
        let mut links = Self { by_account, owners, namesakes: namesakes.collect(), looks: looks(entries) };
        for (number, entry) in entries.iter().enumerate() {
            for owner in entry.owners.iter().filter_map(|owner| by_name.get(owner.as_str())?.first()) {
                if !links.answers_for(number, *owner) {
                    links.owners[number].push(*owner);
                }
            }
        }
        links
    }

    /// The entries that list an account, in whatever spelling.
    pub fn entries_with(&self, account: &str) -> &[usize] {
        self.by_account.get(&*caseless::folded(account)).map_or(&[], Vec::as_slice)
    }

    /// The entries with the name of this one, where there are several.
    pub fn namesakes(&self, entry: usize) -> &[usize] {
        self.namesakes.get(&entry).map_or(&[], Vec::as_slice)
    }

    /// Whether `one` is `other`, or answers for it, directly or through others.
    fn answers_for(&self, one: usize, other: usize) -> bool {
        let (mut open, mut seen) = (vec![other], BTreeSet::new());
        while let Some(entry) = open.pop() {
            if entry == one || self.namesakes(one).contains(&entry) {
                return true;
            }
            if seen.insert(entry) {
                open.extend(&self.owners[entry]);
                open.extend(self.namesakes(entry));
            }
        }
        false
    }
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
