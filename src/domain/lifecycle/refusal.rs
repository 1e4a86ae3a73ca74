//! Refusals: why the rules forbid a command, as a code and a sentence.

use chrono::{DateTime, TimeDelta, Utc};

use super::NotRepeatable;
use super::comment::COMMENTS_MAX;
use crate::domain::code::Code;
use crate::domain::decision::Decision;
use crate::domain::period;
use crate::domain::policy::bulk::AloneBecause;
use crate::domain::policy::may_decide::{self, WhyNot};
use crate::domain::policy::may_settle::WhyNotSettle;
use crate::domain::request::Request;
use crate::domain::revision::REVISIONS_MAX;
use crate::domain::state::State;

/// Why the rules forbid a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No one decides their own request.
    MakerIsChecker,
    /// Only its maker withdraws a request.
    NotTheMaker,
    /// It is decided already.
    AlreadyDecided {
        /// The latest decision.
        decision: Box<Decision>,
        /// The state it led to.
        state: State,
    },
    /// It does not wait any more.
    Closed {
        /// Its state.
        state: State,
    },
    /// Its deadline has passed.
    Expired {
        /// The deadline.
        expires_at: DateTime<Utc>,
    },
    /// The checker read something other than what is stored.
    DigestMismatch,
    /// Something has happened to it since the checker read it.
    Moved {
        /// The version that they read.
        seen: i64,
        /// Its version now.
        version: i64,
    },
    /// It must be decided alone.
    BulkNotAllowed(AloneBecause),
    /// To approve it, the rule asks for a more recent sign-in.
    FreshSignInRequired {
        /// Maximum age of the sign-in.
        within: TimeDelta,
    },
    /// From the second revision on a checker must say which one they read.
    RevisionNotNamed {
        /// The number of the present revision.
        revision: i64,
    },
    /// It was sent back to its maker.
    SentBack,
    /// Only its maker resubmits a request.
    NotTheMakerResubmits,
    /// It was not sent back, or has come back already.
    NotSentBack {
        /// Its state.
        state: State,
    },
    /// It can't be sent back once more.
    TooManyRevisions,
    /// No more comments are taken.
    TooManyComments,
    /// The policy does not let this person decide, or not now.
    NotAllowed(WhyNot),
    /// The call is being sent, or may have been carried out.
    AttemptUnderWay,
    /// There is nothing to execute, or its execution has begun.
    NotExecutable {
        /// Its state.
        state: State,
    },
    /// This person may not say how the outcome ended, or not now.
    MayNotSettle(WhyNotSettle),
    /// Only its maker submits a request again.
    NotTheMakerAgain,
    /// It can't be submitted again.
    NotRepeatable(NotRepeatable),
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::MakerIsChecker => Code::MakerIsChecker,
            Self::NotTheMaker => Code::NotTheMaker,
            Self::AlreadyDecided { .. } => Code::AlreadyDecided,
            Self::Closed { .. } => Code::RequestClosed,
            Self::Expired { .. } => Code::RequestExpired,
            Self::DigestMismatch => Code::DigestMismatch,
            Self::Moved { .. } | Self::RevisionNotNamed { .. } => Code::RequestMoved,
            Self::SentBack => Code::RequestSentBack,
            Self::NotTheMakerResubmits => Code::NotTheMaker,
            Self::NotSentBack { .. } => Code::NotSentBack,
            Self::TooManyRevisions => Code::TooManyRevisions,
            Self::TooManyComments => Code::TooManyComments,
            Self::BulkNotAllowed(_) => Code::BulkNotAllowed,
            Self::FreshSignInRequired { .. } => Code::FreshSignInRequired,
            Self::NotAllowed(why) => why.code(),
            Self::AttemptUnderWay => Code::AttemptUnderWay,
            // The executor's own question; no client asks it.
            Self::NotExecutable { .. } => Code::Internal,
            Self::MayNotSettle(why) => why.code(),
            Self::NotTheMakerAgain => Code::NotTheMaker,
            Self::NotRepeatable(_) => Code::NotRepeatable,
        }
    }

    /// A sentence that says why not and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::MakerIsChecker => {
                "You submitted this request, so you can't decide it. Ask another checker, or withdraw it."
                    .to_owned()
            }
            Self::NotTheMaker => "Only its maker can withdraw a request. A checker can reject it.".to_owned(),
            Self::AlreadyDecided { decision, state } => format!(
                "{} {} this request at {}; its state is {state}. Your call changed nothing.",
                decision.checker.user_name,
                decision.verdict.name(),
                decision.at.format("%Y-%m-%dT%H:%M:%SZ"),
            ),
            Self::Closed { state } => {
                format!("This request is {state} and takes no more commands. Your call changed nothing.")
            }
            Self::Expired { expires_at } => format!(
                "This request expired at {}. Nothing was sent; submit it again if it is still wanted.",
                expires_at.format("%Y-%m-%dT%H:%M:%SZ"),
            ),
            Self::DigestMismatch => {
                "The digest you sent is not this request's. Read the request again before you decide."
                    .to_owned()
            }
            Self::Moved { seen, version } => format!(
                "You read version {seen} of this request, and by now it is version {version}. Your call changed \
                 nothing. Read the request again before you decide.",
            ),
            Self::RevisionNotNamed { revision } => format!(
                "This request was changed, and is revision {revision} by now. Your call changed nothing. Read it again, \
                 and name its digest.",
            ),
            Self::SentBack => WhyNot::NotWaiting { state: State::SentBack }.sentence(),
            Self::NotTheMakerResubmits => {
                "Only its maker can resubmit a request. Submit a new one if you want it.".to_owned()
            }
            Self::NotSentBack { state } => format!(
                "This request is {state}. Only one that was sent back can be resubmitted. Your call changed nothing.",
            ),
            Self::TooManyRevisions => format!(
                "This request has {REVISIONS_MAX} revisions, and can't be sent back once more. Approve or reject it.",
            ),
            Self::TooManyComments => {
                format!("There are {COMMENTS_MAX} comments on this request, and no more are taken.")
            }
            Self::BulkNotAllowed(why) => format!(
                "This request must be decided alone: {}. It still waits; open it and decide it there.",
                why.clause(),
            ),
            Self::FreshSignInRequired { within } => format!(
                "To approve this request you must have signed in at most {} ago. Your call changed nothing. \
                 Sign in again, and then approve it.",
                period::words(*within),
            ),
            Self::NotAllowed(why) => why.sentence(),
            Self::AttemptUnderWay => {
                "The call of this request is being sent, or may have been carried out, so it can't be withdrawn. \
                 Wait for its outcome."
                    .to_owned()
            }
            Self::NotExecutable { state } => format!("This request is {state}; there is nothing to execute."),
            Self::MayNotSettle(why) => why.sentence(),
            Self::NotTheMakerAgain => {
                "Only its maker can submit a request again. Submit a new one if you want it.".to_owned()
            }
            Self::NotRepeatable(why) => why.sentence(),
        }
    }
}

/// Why the policy forbids deciding `request`, as clients get it: with the decision or the deadline that ended
/// its waiting.
pub fn refusal_of(request: &Request, why: WhyNot) -> Refusal {
    match why {
        WhyNot::MakerIsChecker => Refusal::MakerIsChecker,
        WhyNot::Expired { .. } => expired(request),
        WhyNot::NotWaiting { state } => closed(request, state),
        WhyNot::AlreadyDecidedByYou if !request.state.waits() => closed(request, request.state),
        WhyNot::OtherOrg
        | WhyNot::PermissionMissing
        | WhyNot::PersonInactive
        | WhyNot::AlreadyDecidedByYou
        | WhyNot::NotInStage { .. }
        | WhyNot::NotNeeded { .. } => Refusal::NotAllowed(why),
    }
}

fn closed(request: &Request, state: State) -> Refusal {
    match state {
        State::SentBack => Refusal::SentBack,
        State::Approved | State::Executed | State::Failed | State::Unknown | State::Rejected => {
            match request.last_decision() {
                Some(last) => Refusal::AlreadyDecided { decision: Box::new(last.clone()), state },
                None => Refusal::Closed { state },
            }
        }
        State::Expired => expired(request),
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask | State::Withdrawn => {
            Refusal::Closed { state }
        }
    }
}

/// Names the deadline that passed: that of the call once it was approved.
fn expired(request: &Request) -> Refusal {
    Refusal::Expired { expires_at: request.execute_before.unwrap_or(request.expires_at) }
}

/// Refuses unless the request waits, for checkers or for its maker, and its deadline is ahead.
pub(super) fn must_be_undecided(request: &Request, now: DateTime<Utc>) -> Result<(), Refusal> {
    match may_decide::must_wait(request.state, request.expires_at, now) {
        Ok(()) | Err(WhyNot::NotWaiting { state: State::SentBack }) => Ok(()),
        Err(why) => Err(refusal_of(request, why)),
    }
}
