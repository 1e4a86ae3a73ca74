//! Submitting again: who may make a new request of one that ended without its call, and what the old one keeps of it.

use super::{EventKind, Refusal};
use crate::domain::actor::Person;
use crate::domain::ids::RequestId;
use crate::domain::policy::people::People;
use crate::domain::request::Request;
use crate::domain::state::State;

/// Why a request can't be submitted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRepeatable {
    /// It has not ended, or its call was carried out or may have been.
    State(State),
    /// It was submitted again before.
    Repeated {
        /// The newer request.
        by: RequestId,
    },
    /// An answer that came late says that its call was carried out.
    CarriedOut,
    /// Its type is no longer in force.
    TypeGone,
}

impl NotRepeatable {
    /// A sentence that says why not and what to do.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::State(State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask) => {
                "This request still waits for its decision, so it can't be submitted again. Wait, or withdraw it \
                 first."
                    .to_owned()
            }
            Self::State(State::SentBack) => {
                "This request was sent back to you for changes. Change and resubmit it, or withdraw it.".to_owned()
            }
            Self::State(State::Approved) => {
                "This request is approved and its call is about to be sent, so it can't be submitted again. Wait for \
                 its outcome."
                    .to_owned()
            }
            Self::State(State::Executed) => {
                "The call of this request was carried out, so it can't be submitted again. Submit a new request if it \
                 is wanted once more."
                    .to_owned()
            }
            Self::State(State::Unknown) => {
                "The call of this request may have been carried out, so it can't be submitted again. Ask the target; \
                 once it is certain that it failed, submit it again."
                    .to_owned()
            }
            // Those that may be submitted again; no refusal says this.
            Self::State(state @ (State::Failed | State::Rejected | State::Withdrawn | State::Expired)) => {
                format!("This request is {state} and can't be submitted again.")
            }
            Self::Repeated { by } => {
                format!("This request was submitted again before, as {by}. Go on from that one.")
            }
            Self::CarriedOut => {
                "An answer that came late says that the call of this request was carried out, so it can't be \
                 submitted again. Submit a new request if it is wanted once more."
                    .to_owned()
            }
            Self::TypeGone => {
                "The type of this request is no longer in force, so it can't be submitted again. Ask whoever keeps \
                 the request types."
                    .to_owned()
            }
        }
    }
}

/// Whether `by` may submit `request` again. Page, form and API all ask this.
///
/// The maker may, under any of their accounts as it is spelled, once: a request that certainly was not carried out and
/// never will be. Whether they may submit at all is asked as for every submission.
///
/// # Errors
/// Why not: they are not the maker, or [`NotRepeatable`].
pub fn may_submit_again(by: &Person, people: &People, request: &Request) -> Result<(), Refusal> {
    if !people.is_own_account(by, &request.maker) {
        return Err(Refusal::NotTheMakerAgain);
    }
    if let Some(newer) = request.repeated_by {
        return Err(Refusal::NotRepeatable(NotRepeatable::Repeated { by: newer }));
    }
    match request.state {
        State::Failed | State::Rejected | State::Withdrawn | State::Expired => Ok(()),
        state @ (State::ValidateMakerAccess
        | State::ValidatePayload
        | State::AdminTask
        | State::SentBack
        | State::Approved
        | State::Executed
        | State::Unknown) => Err(Refusal::NotRepeatable(NotRepeatable::State(state))),
    }
}

/// What the old request keeps of it: the new one's id.
pub(super) fn submit_again(
    request: &Request,
    (by, people): (&Person, &People),
    newer: RequestId,
) -> Result<EventKind, Refusal> {
    may_submit_again(by, people, request)?;
    Ok(EventKind::SubmittedAgain { newer })
}
