//! Under which accounts the store finds what a person made and decided.

use super::Engine;
use crate::domain::actor::{Actor, Person, Signer};
use crate::domain::person_key::PersonKey;
use crate::domain::policy::people::People;
use crate::store::accounts::Accounts;

impl Engine {
    /// The accounts of `actor`, whose requests are their own.
    pub fn accounts_of(&self, actor: &Actor) -> Accounts {
        accounts_of(&actor.person, &self.inner.book.current().people)
    }
}

/// The accounts of one person, whose requests are their own.
pub(super) fn accounts_of(person: &Person, people: &People) -> Accounts {
    Accounts {
        iss: person.iss.clone(),
        sub: person.sub.clone(),
        keys: people.keys_of(person).into_iter().map(PersonKey::into_text).collect(),
        listed: people.accounts_joined_with(person),
    }
}

/// The accounts of everybody behind a signer: what one of them made or decided, the signer can't decide.
pub(super) fn accounts_behind(signer: &Signer, people: &People) -> Accounts {
    let behind = signer.behind(people);
    let mut accounts = accounts_of(&signer.person, people);
    for entry in people.entries_behind(&behind) {
        let keys = entry.accounts.iter().map(|account| PersonKey::of_account(&accounts.iss, account));
        accounts.keys.extend(keys.map(PersonKey::into_text));
        accounts.listed.extend(entry.accounts.iter().cloned());
    }
    accounts
}
