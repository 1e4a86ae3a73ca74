//! Why the reader can't say how an unknown outcome ended.

use crate::domain::policy::capacities::SeatHint;
use crate::domain::policy::may_settle::{WORDS_PER_PERSON_MAX, WhyNotSettle};

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
