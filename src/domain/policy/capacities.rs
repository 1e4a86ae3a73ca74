//! What somebody may sign a stage as.

use std::collections::BTreeSet;

use super::people::People;
use super::{Capacity, Stage};
use crate::domain::actor::Signer;

/// Why somebody has no seat although it seems so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatHint {
    /// The people file spells their account this way; with that spelling they would have a seat.
    Spelling(String),
    /// They are a service account, or one acts through their token, and no seat of the stage names it.
    ServiceAccount,
}

/// Why a signer without capacities for the stage may wonder.
pub(super) fn seat_hint(signer: &Signer, stage: &Stage, people: &People) -> Option<SeatHint> {
    if people.is_service(&signer.person, &signer.act) {
        return Some(SeatHint::ServiceAccount);
    }
    let groups: Vec<&str> = stage.seats.iter().map(|seat| seat.who.name()).collect();
    people.spelling_wanted(&signer.person, &groups).map(|spelling| SeatHint::Spelling(spelling.to_owned()))
}

/// What `signer` may sign this stage as, sorted. A service account has no other seat than one that names it.
pub fn capacities(signer: &Signer, stage: &Stage, people: &People) -> Vec<Capacity> {
    let is_service = people.is_service(&signer.person, &signer.act);
    let listed = people.groups_of(&signer.person);
    let mut found = BTreeSet::new();
    for seat in &stage.seats {
        match &seat.who {
            Capacity::Account(account) => {
                if people.is_account_of(account, &signer.person) {
                    found.insert(seat.who.clone());
                }
            }
            Capacity::Group(_) | Capacity::ClaimedGroup(_) | Capacity::Permission(_) if is_service => {}
            Capacity::Group(name) | Capacity::ClaimedGroup(name) => {
                if listed.contains(name.as_str()) {
                    found.insert(Capacity::Group(name.clone()));
                }
                if signer.groups.contains(name) {
                    found.insert(Capacity::ClaimedGroup(name.clone()));
                }
            }
            Capacity::Permission(permission) => {
                if signer.may(*permission) {
                    found.insert(seat.who.clone());
                }
            }
        }
    }
    found.into_iter().collect()
}
