//! What a page says about what the reader has just done.

use crate::domain::request::{Request, State};
use crate::web::sentences::deciding::Situation;
use crate::web::sentences::rejecting::Rejecting;

/// After the reader's comment.
pub const COMMENT_RECORDED: &str = "Your comment is recorded.";

/// After the reader sent it back.
pub const SENT_BACK_RECORDED: &str = "You sent it back.";

/// After the reader wanted the target to be asked.
pub fn probe_asked() -> (&'static str, &'static str) {
    ("Countersign asks the target.", "Its answer is shown here once it has come.")
}

/// After the reader said how an unknown outcome ended: whether that settled it.
pub fn word_recorded(settles: bool) -> (&'static str, &'static str) {
    if settles {
        ("Your word is recorded, and the outcome is settled.", "Another person had said the same.")
    } else {
        ("Your word is recorded.", "The outcome is settled once another person says the same.")
    }
}

/// After the reader's approval: whom it waits for now, if anybody.
pub fn approval_recorded(seen: &Situation<'_>) -> (&'static str, Vec<String>) {
    ("Your approval is recorded.", waits_still(seen))
}

/// After the reader's rejection: whether it ended the request.
pub fn rejection_recorded(seen: &Situation<'_>) -> (&'static str, Vec<String>) {
    let progress = seen.explained.progress.as_ref().filter(|_| seen.request.state.waits());
    let more = progress
        .map(|progress| Rejecting { number: progress.rejections, needed: progress.rejections_needed }.more());
    ("Your rejection is recorded.", more.into_iter().collect())
}

/// After its maker submitted it, or resubmitted it; `None` once it has gone on from there.
pub fn submission_recorded(seen: &Situation<'_>) -> Option<(&'static str, Vec<String>)> {
    let Request { state, revision, .. } = seen.request;
    let head = if *revision > 1 { "Resubmitted." } else { "Submitted." };
    match state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => {
            Some((head, waits_still(seen)))
        }
        State::Approved | State::Executed if seen.request.decisions.is_empty() => {
            Some((head, vec!["Its rule asks for nobody.".to_owned()]))
        }
        State::Approved
        | State::Executed
        | State::SentBack
        | State::Failed
        | State::Unknown
        | State::Rejected
        | State::Withdrawn
        | State::Expired => None,
    }
}

fn waits_still(seen: &Situation<'_>) -> Vec<String> {
    let line = if seen.request.state.waits() { seen.waits_for() } else { String::new() };
    Some(line).filter(|line| !line.is_empty()).into_iter().collect()
}
