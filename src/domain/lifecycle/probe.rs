//! Probing: what the answer of a target that was asked does to a request of which nobody knows the outcome.
//!
//! **Invariant:** a probe settles nothing but an unknown outcome, and only if the target says what became of the call.

use chrono::{DateTime, Utc};

use super::{EventKind, Refusal};
use crate::domain::actor::Signer;
use crate::domain::outcome::Outcome;
use crate::domain::policy::may_settle::{SettlementRules, WhyNotSettle, may_ask_for_probe};
use crate::domain::probe::{ProbeEnd, ProbeVerdict};
use crate::domain::request::Request;
use crate::domain::state::State;

/// Somebody's wish that the target is asked now.
#[derive(Clone, Copy, Debug)]
pub struct ProbeWish<'a> {
    /// Who wishes it.
    pub signer: &'a Signer,
    /// The request's approval, and the people in force.
    pub rules: SettlementRules<'a>,
    /// Whether the type says how to ask.
    pub has_probe: bool,
    /// Whether it is being asked, or is to be asked without that.
    pub is_due: bool,
}

/// What the wish does; nothing if the target is asked anyway.
pub(super) fn ask(request: &Request, wish: &ProbeWish<'_>) -> Result<Option<EventKind>, Refusal> {
    may_ask_for_probe(wish.signer, request, &wish.rules).map_err(Refusal::MayNotSettle)?;
    if !wish.has_probe {
        return Err(Refusal::MayNotSettle(WhyNotSettle::NoProbe));
    }
    Ok((!wish.is_due).then_some(EventKind::ProbeAsked))
}

/// The end of a probe: it settles an unknown outcome, or the target is asked again at `next`; of any other state it
/// moves nothing.
///
/// # Errors
/// The outcome was never unknown.
pub(super) fn end(
    request: &Request,
    end: &ProbeEnd,
    next: Option<DateTime<Utc>>,
) -> Result<EventKind, Refusal> {
    let (verdict, reason) = (end.verdict, end.reason.clone());
    let probed = |next_probe_at, settles| Ok(EventKind::Probed { verdict, reason, next_probe_at, settles });
    match request.state {
        State::Unknown => match verdict {
            ProbeVerdict::Happened => probed(None, Some(Outcome::Executed)),
            ProbeVerdict::DidNotHappen => probed(None, Some(Outcome::Failed)),
            ProbeVerdict::CannotTell => probed(next, None),
        },
        State::Executed | State::Failed => probed(None, None),
        State::ValidateMakerAccess
        | State::ValidatePayload
        | State::AdminTask
        | State::SentBack
        | State::Approved
        | State::Rejected
        | State::Withdrawn
        | State::Expired => Err(Refusal::NotExecutable { state: request.state }),
    }
}
