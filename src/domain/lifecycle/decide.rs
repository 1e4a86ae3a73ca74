//! Deciding: what a checker's decision does to a request.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Event, EventKind, Refusal, Signature, refusal_of};
use crate::domain::actor::{Person, Signer};
use crate::domain::decision::{Decision, NewDecision};
use crate::domain::digest::Digest;
use crate::domain::policy::bulk::{DecisionMode, allows_bulk};
use crate::domain::policy::fresh::FreshSignIn;
use crate::domain::policy::may_decide::may_say;
use crate::domain::policy::progress::{DecisionContext, PolicyInForce, progress};
use crate::domain::request::Request;
use crate::domain::state::{State, Verdict};

/// A checker's decision, with everything that it is weighed by.
#[derive(Clone, Copy, Debug)]
pub struct CheckerDecision<'a> {
    /// Who decides.
    pub signer: &'a Signer,
    /// What they decide.
    pub decision: &'a NewDecision,
    /// Whether they decide this request only, or many in one call.
    pub mode: DecisionMode,
    /// The rule that applies, and the people in force.
    pub policy: PolicyInForce<'a>,
    /// How long an approved call may wait to be sent.
    pub approval_ttl: TimeDelta,
}

/// What the decision does; nothing if it is a client's retry.
pub(super) fn decide(
    request: &Request,
    command: &CheckerDecision<'_>,
    now: DateTime<Utc>,
) -> Result<Option<EventKind>, Refusal> {
    let CheckerDecision { signer, decision, policy, .. } = command;
    let is_repeat = |recorded: &Decision| is_repeat(recorded, &signer.person, decision);
    if !signer.person.is_same_person(&request.maker) && request.decisions.iter().any(is_repeat) {
        return Ok(None);
    }
    let seat = may_say(decision.verdict, signer, &request.context(), policy, now)
        .map_err(|why| refusal_of(request, why))?;
    must_match_what_was_read(request, decision)?;
    must_be_allowed_in_bulk(request, command)?;
    must_be_fresh(command, now)?;
    let own = Decision {
        checker: signer.person.clone(),
        verdict: decision.verdict,
        message: decision.message.as_str().to_owned(),
        at: now,
        digest: request.digest,
        stage: seat.stage,
        capacities: seat.capacities,
        act: signer.act.clone(),
    };
    Ok(Some(event_of(request, command, own, now + command.approval_ttl)))
}

/// The event of this decision: it says what the request has come to with it.
fn event_of(
    request: &Request,
    command: &CheckerDecision<'_>,
    own: Decision,
    execute_before: DateTime<Utc>,
) -> EventKind {
    let mut decisions = request.decisions.clone();
    decisions.push(own.clone());
    let progress = progress(&DecisionContext { decisions: &decisions, ..request.context() }, &command.policy);
    let (leads_to, execute_before) = match (progress.approved, progress.rejected) {
        (_, true) => (State::Rejected, None),
        (true, false) => (State::Approved, Some(execute_before)),
        (false, false) => (State::AdminTask, None),
    };
    let Decision { verdict, message, stage, capacities, act, .. } = own;
    EventKind::Decided {
        verdict,
        signature: Box::new(Signature { message, stage, capacities, act }),
        leads_to,
        waits_for: progress.waits_for().to_vec(),
        execute_before,
    }
}

/// The decision that an event records.
pub(super) fn recorded(event: &Event, verdict: Verdict, signature: &Signature, digest: Digest) -> Decision {
    let Signature { message, stage, capacities, act } = signature.clone();
    Decision { checker: event.by.clone(), verdict, message, at: event.at, digest, stage, capacities, act }
}

fn is_repeat(recorded: &Decision, checker: &Person, decision: &NewDecision) -> bool {
    recorded.checker.is_same_person(checker)
        && recorded.verdict == decision.verdict
        && recorded.message == decision.message.as_str()
}

/// Refuses a decision about another call, or about another version of the request.
fn must_match_what_was_read(request: &Request, decision: &NewDecision) -> Result<(), Refusal> {
    if decision.digest.as_ref().is_some_and(|read| *read != request.digest.to_string()) {
        return Err(Refusal::DigestMismatch);
    }
    match decision.version {
        Some(seen) if seen != request.version => Err(Refusal::Moved { seen, version: request.version }),
        Some(_) | None => Ok(()),
    }
}

fn must_be_allowed_in_bulk(request: &Request, command: &CheckerDecision<'_>) -> Result<(), Refusal> {
    match command.mode {
        DecisionMode::Bulk { is_allowed_by_type }
            if !allows_bulk(is_allowed_by_type, request.terms.risk, command.policy.approval) =>
        {
            Err(Refusal::BulkNotAllowed)
        }
        DecisionMode::Bulk { .. } | DecisionMode::Single => Ok(()),
    }
}

/// Asked last, so that nobody signs in again for nothing.
fn must_be_fresh(command: &CheckerDecision<'_>, now: DateTime<Utc>) -> Result<(), Refusal> {
    if command.decision.verdict == Verdict::Rejected {
        return Ok(());
    }
    match FreshSignIn::of(command.policy.approval, command.signer, now) {
        Some(FreshSignIn { within, is_fresh: false }) => Err(Refusal::FreshSignInRequired { within }),
        Some(FreshSignIn { is_fresh: true, .. }) | None => Ok(()),
    }
}
