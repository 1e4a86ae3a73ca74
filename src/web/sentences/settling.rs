//! An unknown outcome: what was tried and asked, what people said, and why the reader can't say how it ended.

use crate::domain::policy::capacities::SeatHint;
use crate::domain::policy::may_settle::{WORDS_PER_PERSON_MAX, WhyNotSettle};
use crate::domain::settlement::SettledOutcome;
use crate::web::parts::format::Time;

/// Said where somebody named no outcome.
pub const NO_OUTCOME: &str = "Say what happened.";

/// The label of the choice of an outcome, where it is shown after its form was lost.
pub const OUTCOME_LABEL: &str = "What happened at the target";

/// What one person said about the outcome.
pub fn said(outcome: SettledOutcome) -> &'static str {
    match outcome {
        SettledOutcome::Executed => "It happened",
        SettledOutcome::Failed => "It did not happen",
    }
}

/// The heading over so many attempts.
pub fn attempts_title(begun: usize) -> &'static str {
    if begun == 1 { "The one attempt" } else { "The attempts" }
}

/// What is certain once an attempt began.
pub fn attempt_began(attempt: i64) -> String {
    format!("Attempt {attempt} began: from here on bytes of the call may have left.")
}

/// How an attempt ended, with the engine's sentence about it.
pub fn attempt_ended(attempt: i64, reason: &str) -> String {
    format!("Attempt {attempt} ended. {reason}")
}

/// What the target said when it was asked, in the engine's sentence, and when it is asked again.
pub fn probed(reason: &str, next: Option<Time>) -> String {
    match next {
        Some(next) => format!("{reason} It is asked again at {}.", next.words()),
        None => reason.to_owned(),
    }
}

/// The label of the instant at which an attempt was sent.
pub fn sent_at(attempt: i64, is_only: bool) -> String {
    if is_only { "Sent at".to_owned() } else { format!("Attempt {attempt} sent at") }
}

/// What Countersign does to find out, after it asked so many times.
pub fn probes(asked: i64) -> String {
    match asked {
        0 => "Countersign asks the target itself, as soon as the call can’t be under way there any more."
            .to_owned(),
        1 => "Countersign asked the target once, and it could not tell.".to_owned(),
        more => format!("Countersign asked the target {more} times, and it could not tell."),
    }
}

/// Why they can't say now how it ended.
pub fn why_not_settle(why: &WhyNotSettle) -> String {
    match why {
        WhyNotSettle::OtherOrg => "It belongs to another org. A checker of that org can settle it.".to_owned(),
        WhyNotSettle::PermissionMissing => {
            "You can read this, but not settle it: your sign-in does not make you a checker.".to_owned()
        }
        WhyNotSettle::PersonInactive => {
            "You can’t settle it: the people file has switched your account off. Ask whoever keeps that file."
                .to_owned()
        }
        WhyNotSettle::Maker => {
            "You can’t settle it, because you submitted it or answer for whoever did. Two checkers can.".to_owned()
        }
        WhyNotSettle::AttemptUnderWay => {
            "Its call is being sent, or is still to be sent, so there is nothing to settle yet.".to_owned()
        }
        WhyNotSettle::NotUnknown { .. } => "Its outcome is known, so there is nothing to settle.".to_owned(),
        WhyNotSettle::NoSeat { hint: Some(SeatHint::Spelling(spelling)), .. } => format!(
            "You can’t settle it: the people file spells your account {spelling}, not as your sign-in does, so it \
             gives you no group. Ask whoever keeps that file."
        ),
        WhyNotSettle::NoSeat { hint: Some(SeatHint::ServiceAccount), .. } => {
            "A service account settles an outcome only where the policy names it.".to_owned()
        }
        WhyNotSettle::NoSeat { stages, hint: None } if stages.is_empty() => {
            "You are not among those who can settle it.".to_owned()
        }
        WhyNotSettle::NoSeat { stages, hint: None } => {
            format!("Only those who could have agreed to it can settle it: {}.", stages.join(", "))
        }
        WhyNotSettle::NoProbe => {
            "Countersign does not know how to ask this target. Ask it yourself, then say here what it told you."
                .to_owned()
        }
        WhyNotSettle::TooManyWords => format!(
            "You have said {WORDS_PER_PERSON_MAX} times how it ended, and no more is kept. Your last word counts."
        ),
        WhyNotSettle::Moved { .. } => {
            "Something happened to it since you read it. Read it again before you say how it ended.".to_owned()
        }
    }
}
