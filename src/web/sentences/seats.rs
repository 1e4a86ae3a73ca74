//! What people sign as, and what a stage asks for, in words.

use crate::domain::actor::{Permission, Person};
use crate::domain::policy::Capacity;
use crate::web::parts::format::either;
use crate::web::parts::who::{Names, Who};

/// A capacity as a sentence names it: a group, what a permission lets a person be, or the owner of an account.
pub fn seat_name(who: &Capacity, names: &Names) -> String {
    match who {
        Capacity::Group(name) | Capacity::ClaimedGroup(name) => name.clone(),
        Capacity::Account(account) => names.name_of_account(account),
        Capacity::Permission(permission) => role_of(*permission).to_owned(),
    }
}

fn role_of(permission: Permission) -> &'static str {
    match permission {
        Permission::Make => "a maker",
        Permission::Check => "a checker",
        Permission::Audit => "an auditor",
    }
}

/// The names of these capacities, each once: a group of the people file may be in a token as well.
pub fn seat_names(all: &[Capacity], names: &Names) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in all.iter().map(|who| seat_name(who, names)) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// ` for Risk and Finance`, ` as a checker`: goes on after what somebody did; empty if they signed as nothing.
pub fn signed_as(all: &[Capacity], names: &Names) -> String {
    let is_group = |who: &&Capacity| match who {
        Capacity::Group(_) | Capacity::ClaimedGroup(_) => true,
        Capacity::Permission(_) | Capacity::Account(_) => false,
    };
    let (groups, others): (Vec<Capacity>, Vec<Capacity>) =
        all.iter().cloned().partition(|who| is_group(&who));
    let mut words = String::new();
    if !groups.is_empty() {
        words.push_str(&format!(" for {}", and_list(&seat_names(&groups, names))));
    }
    if !others.is_empty() {
        let and = if groups.is_empty() { "" } else { " and" };
        words.push_str(&format!("{and} as {}", and_list(&seat_names(&others, names))));
    }
    words
}

/// `Risk, Finance and Operations`.
pub fn and_list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `Risk, Finance or the checkers`: where several people could come from.
pub(super) fn or_list(all: &[Capacity], names: &Names) -> String {
    either(&all.iter().map(|who| origin(who, names)).collect::<Vec<_>>())
}

/// Where the people of a seat come from: `Risk`, `the checkers`.
pub fn origin(who: &Capacity, names: &Names) -> String {
    match who {
        Capacity::Permission(Permission::Check) => "the checkers".to_owned(),
        Capacity::Permission(_) | Capacity::Group(_) | Capacity::ClaimedGroup(_) | Capacity::Account(_) => {
            seat_name(who, names)
        }
    }
}

/// As whom and as what the reader is about to act: every step shows it.
pub struct Acting {
    /// `You sign as`.
    pub verb: &'static str,
    pub who: Who,
    /// ` for Risk`; empty where it is nothing.
    pub signed_as: String,
    pub org: String,
}

impl Acting {
    /// Whoever acts without signing: a maker, or anybody who comments.
    pub fn of(who: Who, org: &str) -> Self {
        Self { verb: "You act as", who, signed_as: String::new(), org: org.to_owned() }
    }

    /// Whoever signs in these capacities.
    pub fn signing(reader: &Person, capacities: &[Capacity], (names, org): (&Names, &str)) -> Self {
        let signed_as = signed_as(capacities, names);
        Self { verb: "You sign as", signed_as, ..Self::of(names.who(reader), org) }
    }
}
