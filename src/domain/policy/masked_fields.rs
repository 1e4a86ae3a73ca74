//! Who sees the fields that a type masks.

use super::capacities::capacities;
use super::progress::{DecisionContext, PolicyInForce};
use crate::domain::actor::{Permission, Signer};

/// Whether `reader` sees the masked fields of a request: they are one of those who decide it.
///
/// They may check, could sign in one of its stages, are not switched off, and do not stand behind the maker.
/// Whether it is their turn does not matter.
pub fn sees_masked_fields(
    reader: &Signer,
    request: &DecisionContext<'_>,
    policy: &PolicyInForce<'_>,
) -> bool {
    let people = policy.people;
    let could_sign = |stage| !capacities(reader, stage, people).is_empty();
    reader.org == *request.org
        && reader.may(Permission::Check)
        && policy.approval.stages.iter().any(could_sign)
        && people.is_active(&reader.person, &reader.act)
        && !reader.behind(people).overlaps(&request.behind_maker(people))
}
