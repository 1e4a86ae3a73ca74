//! Withdrawing: who may end a request that waits, and what happens then.

use chrono::{DateTime, Utc};

use super::refusal::must_be_undecided;
use super::{EventKind, Refusal};
use crate::domain::actor::Person;
use crate::domain::policy::people::People;
use crate::domain::request::Request;
use crate::domain::state::State;
use crate::domain::words::Words;

/// Whether `by` may withdraw `request` at `now`. Page, form and API all ask this.
///
/// The maker may, under any of their accounts as it is spelled, as long as the request waits for checkers or for the
/// maker: whatever permissions their token still grants, and even if the people file has switched them off. Withdrawing
/// only ever stops something. They may as well while it is approved, as long as the call certainly was not carried out
/// and is not under way.
///
/// # Errors
/// Why not: they are not the maker, it takes no more commands, or the call may have been carried out.
pub fn may_withdraw(
    by: &Person,
    people: &People,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    if !people.is_own_account(by, &request.maker) {
        return Err(Refusal::NotTheMaker);
    }
    if request.state != State::Approved {
        return must_be_undecided(request, now);
    }
    if request.sending.is_certainly_undone() { Ok(()) } else { Err(Refusal::AttemptUnderWay) }
}

/// What a withdrawal does; nothing if it is a client's retry.
pub(super) fn withdraw(
    request: &Request,
    (by, people): (&Person, &People),
    reason: &Words,
    now: DateTime<Utc>,
) -> Result<Option<EventKind>, Refusal> {
    let is_repeat = request.state == State::Withdrawn && people.is_own_account(by, &request.maker);
    if is_repeat {
        return Ok(None);
    }
    may_withdraw(by, people, request, now)?;
    Ok(Some(EventKind::Withdrawn { reason: reason.as_str().to_owned() }))
}
