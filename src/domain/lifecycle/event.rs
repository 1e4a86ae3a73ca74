//! Events: what happened to a request, and the state that follows.

use chrono::{DateTime, Utc};

use super::tried::Tried;
use crate::domain::actor::Person;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::domain::entity::EntityInfo;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::outcome::Outcome;
use crate::domain::policy::Capacity;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{Request, Terms};
use crate::domain::settlement::SettledOutcome;
use crate::domain::state::{State, Verdict};

/// A request as it is submitted; its first event carries this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// The org it belongs to.
    pub org: OrgId,
    /// Its id.
    pub id: RequestId,
    /// Its request type.
    pub request_type: RequestTypeName,
    /// The version of the type in force.
    pub type_version: String,
    /// Who submits it.
    pub maker: Person,
    /// The entities it is about.
    pub entity: EntityInfo,
    /// The digest of the call.
    pub digest: Digest,
    /// Where the call goes: the host, and the port if it is not the scheme's own.
    pub host: String,
    /// When it expires: from then on no one can decide it.
    pub expires_at: DateTime<Utc>,
    /// The terms under which it is admitted.
    pub terms: Terms,
    /// The capacities that can sign first; empty if no one has to sign.
    pub waits_for: Vec<Capacity>,
    /// The request that it submits again.
    pub repeat_of: Option<RequestId>,
}

/// What a maker submits in place of what was sent back; the event `resubmitted` carries this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevision {
    /// The version of the type in force.
    pub type_version: String,
    /// The entities it is about.
    pub entity: EntityInfo,
    /// The digest of the call.
    pub digest: Digest,
    /// Where the call goes: the host, and the port if it is not the scheme's own.
    pub host: String,
    /// The terms under which it is admitted.
    pub terms: Terms,
    /// The capacities that can sign first; empty if no one has to sign.
    pub waits_for: Vec<Capacity>,
}

/// A fact about a request: it happened, and is never refused or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the event in its request, from 1.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who caused it.
    pub by: Person,
    /// The revision that was the present one after it.
    pub revision: i64,
    /// The state before; `None` for the first event.
    pub from: Option<State>,
    /// The state after; the same as before if the event does not change it.
    pub to: State,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The maker submitted it.
    Submitted(Box<NewRequest>),
    /// The maker may submit this type.
    MakerAccessValidated,
    /// The payload has no fault.
    PayloadValidated,
    /// A checker decided about the call with this digest.
    Decided {
        /// Approved or rejected.
        verdict: Verdict,
        /// Their message, and what they signed as.
        signature: Box<Signature>,
        /// The state after: `AdminTask` while the policy asks for more.
        leads_to: State,
        /// The capacities that can sign now.
        waits_for: Vec<Capacity>,
        /// When the call must have been sent, once it is approved.
        execute_before: Option<DateTime<Utc>>,
    },
    /// A rule of the policy approves it without anybody.
    AutoApproved {
        /// The rule.
        rule: String,
        /// When the call must have been sent.
        execute_before: DateTime<Utc>,
    },
    /// Somebody who may read it said something about it, which decides nothing.
    Commented {
        /// What.
        message: String,
    },
    /// A checker sent it back to its maker.
    SentBack {
        /// What is to be changed, and what the checker signed as.
        signature: Box<Signature>,
        /// The members of the submission that it is about, as JSON pointers.
        fields: Vec<String>,
    },
    /// The maker resubmitted it after it had been sent back.
    Resubmitted {
        /// What they submitted.
        new: Box<NewRevision>,
        /// Whether a rule approves it without anybody, with the next event.
        is_auto_approved: bool,
    },
    /// The maker withdrew it.
    Withdrawn {
        /// Why.
        reason: String,
    },
    /// It was not decided in time, or the approved call was not sent in time.
    Expired,
    /// From here on bytes of the call may be sent.
    AttemptStarted {
        /// Numbered from 1.
        attempt: i64,
    },
    /// An attempt is over, and another one is to come.
    AttemptEnded {
        /// Its number.
        attempt: i64,
        /// What it came to.
        outcome: AttemptOutcome,
        /// A sentence for people.
        reason: String,
        /// When the next one is due.
        next_attempt_at: DateTime<Utc>,
    },
    /// How the execution ended.
    Ended {
        /// The attempt that ended it; `None` if no attempt did.
        attempt: Option<AttemptResult>,
        /// How.
        outcome: Outcome,
        /// A sentence for people.
        reason: String,
        /// Whether the work is only known to be done because a repeat was recognised.
        inferred: bool,
    },
    /// How an attempt ended became known after others had gone on without it.
    LateAnswer {
        /// The attempt.
        attempt: AttemptResult,
        /// A sentence for people.
        reason: String,
        /// How this ends the execution; `None` if it only adds to what is known.
        settles: Option<Outcome>,
    },
    /// Somebody tried something that the rules forbid; nothing changed.
    Refused {
        /// The refusal's code.
        code: Code,
        /// The sentence that they got.
        message: String,
        /// What they tried.
        tried: Option<Box<Tried>>,
    },
    /// A person said how an unknown outcome ended.
    SettlementWordGiven {
        /// What they said, and what they signed as.
        word: Box<GivenWord>,
        /// Whether another person's latest word says the same, so that the outcome is settled.
        settles: bool,
    },
    /// The maker submitted it again, as a new request.
    SubmittedAgain {
        /// The new request.
        newer: RequestId,
    },
    /// Somebody who may settle the outcome wants the target to be asked now.
    ProbeAsked,
    /// The target was asked what became of the call.
    Probed {
        /// What it said.
        verdict: ProbeVerdict,
        /// A sentence for people.
        reason: String,
        /// When it is asked again.
        next_probe_at: Option<DateTime<Utc>>,
        /// How this ends the execution; `None` if it only adds to what is known.
        settles: Option<Outcome>,
    },
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptResult {
    /// Its number, from 1.
    pub attempt: i64,
    /// What it came to.
    pub outcome: AttemptOutcome,
}

/// A decision's message, and what the checker signed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Why.
    pub message: String,
    /// The stage, from 0.
    pub stage: usize,
    /// What they signed as, sorted.
    pub capacities: Vec<Capacity>,
    /// Who acted through the checker's token.
    pub act: Vec<Person>,
}

/// A person's word about an unknown outcome, and what they signed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenWord {
    /// How it ended.
    pub outcome: SettledOutcome,
    /// How they know it.
    pub evidence: String,
    /// What they signed as, sorted.
    pub capacities: Vec<Capacity>,
    /// Who acted through their token.
    pub act: Vec<Person>,
}

/// The next event of `request`, with the state that follows from it.
pub(super) fn next_event(request: &Request, by: Person, kind: EventKind, now: DateTime<Utc>) -> Event {
    let to = match &kind {
        EventKind::Submitted(_) => State::ValidateMakerAccess,
        EventKind::MakerAccessValidated => State::ValidatePayload,
        EventKind::PayloadValidated => State::AdminTask,
        EventKind::Decided { leads_to, .. } => *leads_to,
        EventKind::AutoApproved { .. } => State::Approved,
        EventKind::SentBack { .. } => State::SentBack,
        EventKind::Resubmitted { is_auto_approved: true, .. } => State::ValidatePayload,
        EventKind::Resubmitted { is_auto_approved: false, .. } => State::AdminTask,
        EventKind::Withdrawn { .. } => State::Withdrawn,
        EventKind::Expired => State::Expired,
        EventKind::Ended { outcome, .. } => outcome.state(),
        EventKind::LateAnswer { settles, .. } | EventKind::Probed { settles, .. } => {
            settles.map_or(request.state, Outcome::state)
        }
        EventKind::SettlementWordGiven { word, settles: true } => word.outcome.outcome().state(),
        EventKind::SettlementWordGiven { settles: false, .. } | EventKind::ProbeAsked => request.state,
        EventKind::AttemptStarted { .. }
        | EventKind::AttemptEnded { .. }
        | EventKind::Commented { .. }
        | EventKind::Refused { .. }
        | EventKind::SubmittedAgain { .. } => request.state,
    };
    let revision = request.revision + i64::from(matches!(kind, EventKind::Resubmitted { .. }));
    Event { seq: request.version + 1, at: now, by, revision, from: Some(request.state), to, kind }
}
