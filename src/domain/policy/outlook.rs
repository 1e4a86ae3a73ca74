//! What could come next for a request that waits: who could sign, and how far one more approval would bring it.
//!
//! For people to read. Nothing here decides anything: `may_decide` does.

use chrono::{DateTime, Utc};

use super::capacities::capacities;
use super::may_decide::SigningSeat;
use super::people::PersonEntry;
use super::progress::{DecisionContext, PolicyInForce, Progress, progress};
use super::shortage::Bystanders;
use super::{Capacity, Seat};
use crate::domain::actor::Signer;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::state::Verdict;

/// The people of one group who could still sign a request, as far as the people file can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMembers {
    /// The group.
    pub group: String,
    /// Their names in the file's order; none where the file names nobody.
    pub names: Vec<String>,
}

/// Who could still sign, by the groups that the seats of every stage ask for, each group once.
///
/// Left out are the maker with everybody behind them, those who have decided, those who are switched off, and service
/// accounts. No list says who has a permission, or which tokens claim a group.
pub fn members_who_could_sign(
    context: &DecisionContext<'_>,
    policy: &PolicyInForce<'_>,
) -> Vec<GroupMembers> {
    let people = policy.people;
    let bystanders = Bystanders::of(context, people);
    let is_free = |person: &Vec<&PersonEntry>| person.iter().all(|entry| bystanders.why_not(entry).is_none());
    let free: Vec<Vec<&PersonEntry>> = people.active_people().into_iter().filter(is_free).collect();
    let mut found: Vec<GroupMembers> = Vec::new();
    let seats = policy.approval.stages.iter().flat_map(|stage| &stage.seats);
    for group in seats.filter_map(group_of) {
        if found.iter().any(|known| known.group == group) {
            continue;
        }
        let is_in = |entry: &&&PersonEntry| entry.groups.iter().any(|own| own == group);
        let names =
            free.iter().filter_map(|person| person.iter().find(is_in)).map(|entry| entry.name.clone());
        found.push(GroupMembers { group: group.to_owned(), names: names.collect() });
    }
    found
}

fn group_of(seat: &Seat) -> Option<&str> {
    match &seat.who {
        Capacity::Group(name) | Capacity::ClaimedGroup(name) => Some(name),
        Capacity::Permission(_) | Capacity::Account(_) => None,
    }
}

/// How far it would have come if `signer` had approved it in this seat.
pub fn after_approval(
    (signer, seat): (&Signer, &SigningSeat),
    context: &DecisionContext<'_>,
    policy: &PolicyInForce<'_>,
    now: DateTime<Utc>,
) -> Progress {
    let mut decisions = context.decisions.to_vec();
    decisions.push(Decision {
        checker: signer.person.clone(),
        verdict: Verdict::Approved,
        message: String::new(),
        at: now,
        digest: Digest::of(b""),
        stage: seat.stage,
        capacities: seat.capacities.clone(),
        act: signer.act.clone(),
    });
    progress(&DecisionContext { decisions: &decisions, ..*context }, policy)
}

/// What `signer` could sign a stage after the current one as: the first such stage. Empty if there is none.
pub fn later_capacities(signer: &Signer, so_far: &Progress, policy: &PolicyInForce<'_>) -> Vec<Capacity> {
    let later = policy.approval.stages.iter().skip(so_far.stage.saturating_add(1));
    let mut own = later.map(|stage| capacities(signer, stage, policy.people));
    own.find(|own| !own.is_empty()).unwrap_or_default()
}
