//! What an open page says about what has just happened to a request.

use crate::domain::outcome::Outcome;
use crate::domain::request::Verdict;
use crate::engine::change_feed::ChangeKind;

/// What has just happened, whether it waits all the same, and the name of whoever did it.
pub fn just_now(kind: &ChangeKind, still_waits: bool, by: &str) -> String {
    let goes_on = if still_waits { "; it waits for others" } else { "" };
    match kind {
        ChangeKind::Submitted => format!("Submitted by {by} just now"),
        ChangeKind::Decided(Verdict::Approved) => format!("Approved by {by} just now{goes_on}"),
        ChangeKind::Decided(Verdict::Rejected) => format!("Rejected by {by} just now{goes_on}"),
        ChangeKind::Commented => format!("Commented on by {by} just now"),
        ChangeKind::SentBack => format!("Sent back by {by} just now; its maker is asked for changes"),
        ChangeKind::Resubmitted => format!("Resubmitted by {by} just now"),
        ChangeKind::Withdrawn => format!("Withdrawn by {by} just now"),
        ChangeKind::Expired => "Expired just now. Nothing was sent".to_owned(),
        ChangeKind::AttemptEnded => "An attempt ended just now; another one is to come".to_owned(),
        ChangeKind::LateAnswer => "A late answer of the target came in just now".to_owned(),
        ChangeKind::Ended(Outcome::Executed) => "Done just now".to_owned(),
        ChangeKind::Ended(Outcome::Failed) => "Failed just now".to_owned(),
        ChangeKind::Ended(Outcome::Unknown) => "Outcome unknown since just now".to_owned(),
        ChangeKind::SettlementProposed => format!("{by} said just now how it ended"),
        ChangeKind::Settled => format!("Settled by {by} just now"),
        ChangeKind::SubmittedAgain => format!("Submitted again by {by} just now"),
        ChangeKind::Probed => "The target was asked just now what became of it".to_owned(),
    }
}
