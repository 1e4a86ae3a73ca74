//! What a page says when the engine did not record what somebody sent.

use crate::domain::lifecycle::{COMMENTS_MAX, NotRepeatable, Refusal};
use crate::domain::period;
use crate::domain::request::Verdict;
use crate::domain::revision::REVISIONS_MAX;
use crate::domain::state::State;
use crate::engine::{EngineError, Unavailable};
use crate::web::parts::icons::Icon;
use crate::web::sentences::deciding::Situation;
use crate::web::sentences::seats::signed_as;
use crate::web::sentences::settling::why_not_settle;
use crate::web::sentences::together::alone;

/// What was not recorded, and why.
#[derive(Clone, Debug)]
pub struct Refused {
    pub icon: Icon,
    pub head: &'static str,
    pub lines: Vec<String>,
}

/// Why what somebody sent was not recorded; `seen` is the request as it is now.
pub fn refused(error: &EngineError, seen: &Situation<'_>) -> Refused {
    let not_recorded =
        |lines: Vec<String>| Refused { icon: Icon::Warn, head: "This was not recorded.", lines };
    match error {
        EngineError::Refused(refusal) => not_recorded(vec![why(refusal, seen)]),
        EngineError::PermissionMissing(_) => {
            not_recorded(vec!["Your sign-in does not let you do this any more.".to_owned()])
        }
        EngineError::NotFound => not_recorded(vec!["There is no such request for you any more.".to_owned()]),
        EngineError::Unreadable(faults) => {
            not_recorded(faults.iter().map(|fault| fault.message.clone()).collect())
        }
        EngineError::Invalid(faults) => not_recorded(faults.iter().map(|fault| fault.sentence()).collect()),
        EngineError::NotAdmitted(why) => not_recorded(vec![why.message.clone()]),
        EngineError::Store(_) => match error.unavailable() {
            Some(why) => Refused {
                icon: Icon::Wait,
                head: "Countersign can’t do this right now; your words are still here.",
                lines: vec![try_again(why).to_owned()],
            },
            None => not_recorded(vec![
                "Something broke here. Look at the request before you try again.".to_owned(),
            ]),
        },
    }
}

pub(super) fn try_again(why: Unavailable) -> &'static str {
    match why {
        Unavailable::QueueFull => "It is very busy. Nothing was recorded; try again shortly.",
        Unavailable::Held => {
            "Somebody else holds this in the database. Nothing was recorded; try again shortly, and tell the operators \
             if that does not help."
        }
        Unavailable::Away => "The database takes no changes. Nothing was recorded; try again shortly.",
        Unavailable::Unread => {
            "The database can’t be read. Try again shortly: what was recorded is not recorded a second time."
        }
        Unavailable::Unsure => {
            "The database did not say whether this was recorded. Send it again: it counts once at most."
        }
    }
}

fn why(refusal: &Refusal, seen: &Situation<'_>) -> String {
    match refusal {
        // What is true of the request now says why.
        Refusal::MakerIsChecker
        | Refusal::AlreadyDecided { .. }
        | Refusal::Closed { .. }
        | Refusal::Expired { .. }
        | Refusal::SentBack
        | Refusal::NotAllowed(_) => seen.answer().sentence,
        Refusal::DigestMismatch => "This is not what you read. Read it again before you decide.".to_owned(),
        Refusal::Moved { .. } | Refusal::RevisionNotNamed { .. } => moved(seen),
        Refusal::BulkNotAllowed(why) => alone(*why),
        Refusal::FreshSignInRequired { within } => format!(
            "To approve this you must have signed in within the last {}. Sign in again, then approve it.",
            period::words(*within)
        ),
        Refusal::NotTheMaker => "Only its maker can withdraw it. A checker can reject it.".to_owned(),
        Refusal::NotTheMakerResubmits => "Only its maker can resubmit it.".to_owned(),
        Refusal::NotTheMakerAgain => "Only its maker can submit it again.".to_owned(),
        Refusal::NotSentBack { .. } => "It does not wait for changes any more.".to_owned(),
        Refusal::TooManyRevisions => {
            format!("It has {REVISIONS_MAX} revisions, and can’t be sent back once more. Approve or reject it.")
        }
        Refusal::TooManyComments => format!("There are {COMMENTS_MAX} comments on it, and no more are taken."),
        Refusal::AttemptUnderWay => {
            "Its call is being sent, or may have been carried out, so it can’t be withdrawn. Wait for its outcome."
                .to_owned()
        }
        Refusal::NotExecutable { .. } => "There is nothing to send.".to_owned(),
        Refusal::MayNotSettle(why) => why_not_settle(why),
        Refusal::NotRepeatable(why) => not_repeatable(why).to_owned(),
    }
}

/// Who did what last, for somebody whose page was old.
fn moved(seen: &Situation<'_>) -> String {
    let read_again = "Read it again before you decide.";
    if seen.request.revision > 1 && seen.request.decisions.is_empty() {
        return format!(
            "It was changed since you read it: this is revision {}. {read_again}",
            seen.request.revision
        );
    }
    let Some(last) = seen.request.last_decision() else {
        return format!("Something happened to it since you read it. {read_again}");
    };
    let verb = match last.verdict {
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
    };
    let words = if last.message.is_empty() { String::new() } else { format!(": “{}”", last.message) };
    let (who, seats) = (seen.names.name(&last.checker), signed_as(&last.capacities, seen.names));
    format!("Since you read it, {who} {verb} it{seats}{words}. {read_again}")
}

fn not_repeatable(why: &NotRepeatable) -> &'static str {
    match why {
        NotRepeatable::State(
            State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask | State::Approved,
        ) => "It has not ended yet. Wait for its outcome, or withdraw it first.",
        NotRepeatable::State(State::SentBack) => {
            "It came back to you. Change and resubmit it, or withdraw it."
        }
        NotRepeatable::State(State::Executed) | NotRepeatable::CarriedOut => {
            "It was carried out. Submit a new request if it is wanted once more."
        }
        NotRepeatable::State(State::Unknown) => {
            "It may have been carried out. Once it is certain that it failed, it can be submitted again."
        }
        NotRepeatable::State(State::Failed | State::Rejected | State::Withdrawn | State::Expired) => {
            "It can’t be submitted again."
        }
        NotRepeatable::Repeated { .. } => "It was submitted again before. Go on from the newer request.",
        NotRepeatable::TypeGone => "Its type is no longer in force. Ask whoever keeps the request types.",
    }
}
