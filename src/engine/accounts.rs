//! Under which accounts the store finds what a person made and decided.

use super::Engine;
use crate::domain::actor::{Actor, Person, Signer};
use crate::domain::person_key::PersonKey;
use crate::domain::policy::people::People;
use crate::store::accounts::Accounts;

impl Engine {
    /// The accounts of `actor`, whose requests are their own. Whoever reads everything in their org finds theirs in every
    /// spelling, anybody else only what they may read.
    pub fn accounts_of(&self, actor: &Actor) -> Accounts {
        let people = &self.inner.book.current().people;
        if actor.sees_all() {
            accounts_of(&actor.person, people)
        } else {
            own_accounts(&actor.person, people)
        }
    }

    /// Whether both are accounts of one person, as the people file joins them now.
    pub fn is_one_person(&self, one: &Person, other: &Person) -> bool {
        self.inner.book.current().people.is_one_person(one, other)
    }

    /// The one key of a person: see [`People::key_of`].
    pub fn key_of(&self, person: &Person) -> PersonKey {
        self.inner.book.current().people.key_of(person)
    }
}

/// The accounts of one person, in every spelling.
pub(super) fn accounts_of(person: &Person, people: &People) -> Accounts {
    Accounts {
        iss: person.iss.clone(),
        sub: person.sub.clone(),
        user_id: person.user_id.clone(),
        keys: people.keys_of(person).into_iter().map(PersonKey::into_text).collect(),
        listed: people.accounts_joined_with(person),
    }
}

/// The accounts whose requests a person may read as their own: as they are spelled.
pub(super) fn own_accounts(person: &Person, people: &People) -> Accounts {
    let listed = people.accounts_listed_with(person);
    Accounts { keys: Vec::new(), listed, ..accounts_of(person, people) }
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
