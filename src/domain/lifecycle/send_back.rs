//! Sending back: a checker asks the maker for changes, and the maker resubmits.
//!
//! **Invariant:** nobody decides what was sent back, and no decision on one revision counts for another.

use chrono::{DateTime, Utc};

use super::decide::must_match_what_was_read;
use super::event::{NewRevision, next_event};
use super::refusal::must_be_undecided;
use super::{Event, EventKind, Refusal, Signature, refusal_of};
use crate::domain::actor::{Person, Signer};
use crate::domain::policy::may_decide::{SigningSeat, may_say};
use crate::domain::policy::people::People;
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::Request;
use crate::domain::revision::{NewSendBack, REVISIONS_MAX};
use crate::domain::state::{State, Verdict};

/// A checker's wish for changes, with everything that it is weighed by.
#[derive(Clone, Copy, Debug)]
pub struct SendBackCommand<'a> {
    /// Who asks.
    pub signer: &'a Signer,
    /// What they ask for.
    pub wish: &'a NewSendBack,
    /// The rule that applies, and the people in force.
    pub policy: PolicyInForce<'a>,
}

/// Whether `signer` may send `request` back at `now`: whoever may reject it may. Page, form and API all ask this.
///
/// # Errors
/// Why not.
pub fn may_send_back(
    signer: &Signer,
    request: &Request,
    policy: &PolicyInForce<'_>,
    now: DateTime<Utc>,
) -> Result<SigningSeat, Refusal> {
    let seat = may_say(Verdict::Rejected, signer, &request.context(), policy, now)
        .map_err(|why| refusal_of(request, why))?;
    if request.revision < REVISIONS_MAX { Ok(seat) } else { Err(Refusal::TooManyRevisions) }
}

/// What the wish does; nothing if it is a client's retry.
pub(super) fn send_back(
    request: &Request,
    command: &SendBackCommand<'_>,
    now: DateTime<Utc>,
) -> Result<Option<EventKind>, Refusal> {
    let SendBackCommand { signer, wish, policy } = command;
    let is_repeat = request.sent_back.as_ref().is_some_and(|sent_back| {
        sent_back.by.is_same_person(&signer.person)
            && sent_back.message == wish.message.as_str()
            && sent_back.fields == wish.fields
    });
    if is_repeat {
        return Ok(None);
    }
    let SigningSeat { stage, capacities } = may_send_back(signer, request, policy, now)?;
    must_match_what_was_read(request, (wish.digest.as_deref(), wish.version))?;
    let message = wish.message.as_str().to_owned();
    let signature = Signature { message, stage, capacities, act: signer.act.clone() };
    Ok(Some(EventKind::SentBack { signature: Box::new(signature), fields: wish.fields.clone() }))
}

/// Whether `by` may resubmit `request` at `now`. Page, form and API all ask this.
///
/// The maker may, under any of their accounts as it is spelled, while it is sent back. Whether they may submit at all is
/// asked as for every submission.
///
/// # Errors
/// Why not.
pub fn may_resubmit(
    by: &Person,
    people: &People,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    if !people.is_own_account(by, &request.maker) {
        return Err(Refusal::NotTheMakerResubmits);
    }
    must_be_undecided(request, now)?;
    if request.state == State::SentBack { Ok(()) } else { Err(Refusal::NotSentBack { state: request.state }) }
}

/// What a resubmission does. `auto_approved` says until when its call must be sent, if a rule approves it without
/// anybody.
pub(super) fn resubmit(
    request: &Request,
    (by, people): (&Person, &People),
    (new, auto_approved): (&NewRevision, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> Result<Vec<Event>, Refusal> {
    may_resubmit(by, people, request, now)?;
    let kind =
        EventKind::Resubmitted { new: Box::new(new.clone()), is_auto_approved: auto_approved.is_some() };
    let mut events = vec![next_event(request, by.clone(), kind, now)];
    if let (Some(execute_before), Some(resubmitted)) = (auto_approved, events.first()) {
        let kind = EventKind::AutoApproved { rule: new.terms.rule.clone(), execute_before };
        let revised = request.clone().apply(resubmitted);
        events.push(next_event(&revised, Person::system(), kind, now));
    }
    Ok(events)
}
