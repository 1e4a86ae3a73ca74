//! Deciding: what a checker's decision does to a request.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Event, EventKind, Refusal, Signature, refusal_of};
use crate::domain::actor::{Person, Signer};
use crate::domain::decision::{Decision, NewDecision};
use crate::domain::digest::Digest;
use crate::domain::policy::bulk::{AloneBecause, BulkRules, DecisionMode};
use crate::domain::policy::fresh::FreshSignIn;
use crate::domain::policy::may_decide::may_say;
use crate::domain::policy::progress::{DecisionContext, PolicyInForce, progress};
use crate::domain::policy::{Approval, Risk};
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
    let is_own = signer.person.is_same_person(&request.maker);
    if !is_own && !names_an_earlier_revision(request, decision) && request.decisions.iter().any(is_repeat) {
        return Ok(None);
    }
    let seat = may_say(decision.verdict, signer, &request.context(), policy, now)
        .map_err(|why| refusal_of(request, why))?;
    must_name_the_revision(request, decision)?;
    must_match_what_was_read(request, (decision.digest.as_deref(), decision.version))?;
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

/// Whether the decision is about a call that this one took the place of: what was decided about that says nothing here.
fn names_an_earlier_revision(request: &Request, decision: &NewDecision) -> bool {
    let Some(named) = &decision.digest else { return false };
    *named != request.digest.to_string()
        && request.earlier.iter().any(|earlier| *named == earlier.digest.to_string())
}

/// From the second revision on a decision must say which call its checker read.
fn must_name_the_revision(request: &Request, decision: &NewDecision) -> Result<(), Refusal> {
    if request.revision > 1 && decision.digest.is_none() {
        return Err(Refusal::RevisionNotNamed { revision: request.revision });
    }
    Ok(())
}

/// Refuses what is said about another call, or about another version of the request: `digest` and `version` are what
/// the person read, if they say so.
pub(super) fn must_match_what_was_read(
    request: &Request,
    (digest, version): (Option<&str>, Option<i64>),
) -> Result<(), Refusal> {
    if digest.is_some_and(|read| read != request.digest.to_string()) {
        return Err(Refusal::DigestMismatch);
    }
    match version {
        Some(seen) if seen != request.version => Err(Refusal::Moved { seen, version: request.version }),
        Some(_) | None => Ok(()),
    }
}

/// Why `request` can't be decided together with others; `None` if it can. `rules` are those of its type, and `is_flagged`
/// says whether a checker is warned of something about it.
pub fn alone_because(
    request: &Request,
    rules: Option<BulkRules>,
    approval: &Approval,
    is_flagged: bool,
) -> Option<AloneBecause> {
    let Some(rules) = rules else { return Some(AloneBecause::Type) };
    if request.revision > 1 {
        Some(AloneBecause::SentBack)
    } else if approval.fresh_sign_in.is_some() {
        Some(AloneBecause::FreshSignIn)
    } else if request.terms.risk == Some(Risk::High) && !rules.high_risk {
        Some(AloneBecause::HighRisk)
    } else if is_flagged && !rules.flagged {
        Some(AloneBecause::Flagged)
    } else {
        None
    }
}

fn must_be_allowed_in_bulk(request: &Request, command: &CheckerDecision<'_>) -> Result<(), Refusal> {
    let DecisionMode::Bulk { rules, is_flagged } = command.mode else { return Ok(()) };
    match alone_because(request, rules, command.policy.approval, is_flagged) {
        Some(why) => Err(Refusal::BulkNotAllowed(why)),
        None => Ok(()),
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
