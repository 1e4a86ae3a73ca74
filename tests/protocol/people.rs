//! Who takes part: a maker and two checkers, of whom two have a second account. Who is whom is said twice: in a people
//! file, for the product, and here, for the properties.

use countersign::domain::actor::{Permission, Person, Signer};
use countersign::domain::ids::OrgId;
use countersign::domain::policy::people::{People, PersonEntry};

use crate::mutants::Mutant;

/// The org of everybody and everything.
pub const ORG: &str = "100";

/// An account that somebody signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// Anna's.
    Anna,
    /// Anna's second one.
    AnnasSecond,
    /// Bob's.
    Bob,
    /// Mara's, who is the maker of every request.
    Mara,
    /// Mara's second one.
    MarasSecond,
}

/// A human being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Human {
    /// A checker.
    Anna,
    /// A checker.
    Bob,
    /// The maker.
    Mara,
}

impl Account {
    /// Every account.
    pub const ALL: [Self; 5] = [Self::Anna, Self::AnnasSecond, Self::Bob, Self::Mara, Self::MarasSecond];

    /// Whose it is.
    pub fn human(self) -> Human {
        match self {
            Self::Anna | Self::AnnasSecond => Human::Anna,
            Self::Bob => Human::Bob,
            Self::Mara | Self::MarasSecond => Human::Mara,
        }
    }

    /// The account of a person as a token names them.
    pub fn of(person: &Person) -> Self {
        let is_theirs = |account: &Self| account.sub() == person.sub;
        Self::ALL.into_iter().find(is_theirs).expect("nobody else takes part")
    }

    /// The person as a token names them.
    pub fn person(self) -> Person {
        let (sub, user_id) = (self.sub().to_owned(), format!("id-of-{}", self.sub()));
        Person { iss: "https://idp.example".to_owned(), user_name: sub.clone(), sub, user_id }
    }

    /// Somebody who may check. What keeps the maker away is not a permission.
    pub fn signer(self) -> Signer {
        Signer {
            person: self.person(),
            act: Vec::new(),
            permissions: vec![Permission::Check],
            groups: Vec::new(),
            has_unread_groups: false,
            org: OrgId::new(ORG),
            signed_in_at: None,
        }
    }

    fn sub(self) -> &'static str {
        match self {
            Self::Anna => "anna",
            Self::AnnasSecond => "anna-second",
            Self::Bob => "bob",
            Self::Mara => "mara",
            Self::MarasSecond => "mara-second",
        }
    }
}

/// The people file. A mutant leaves out that two accounts are one person's.
pub fn people(mutant: Option<Mutant>) -> People {
    let entry = |name: &str, accounts: &[Account]| PersonEntry {
        name: name.to_owned(),
        accounts: accounts.iter().map(|account| account.sub().to_owned()).collect(),
        groups: Vec::new(),
        active: true,
        owners: Vec::new(),
    };
    let mut entries = vec![entry("Bob", &[Account::Bob])];
    if mutant != Some(Mutant::TwoAccountsAreTwoPeople) {
        entries.push(entry("Anna", &[Account::Anna, Account::AnnasSecond]));
    }
    if mutant != Some(Mutant::MakersSecondAccountHasAWord) {
        entries.push(entry("Mara", &[Account::Mara, Account::MarasSecond]));
    }
    People::new(entries).expect("no account is in two entries")
}
