//! What the pages say on which several requests are decided together.

use crate::domain::policy::bulk::AloneBecause;
use crate::domain::request::Verdict;

/// The heading over so many requests.
pub fn review(count: usize) -> String {
    match count {
        1 => "Review 1 request".to_owned(),
        many => format!("Review {many} together"),
    }
}

/// Why one is decided on its own page.
pub fn alone(why: AloneBecause) -> String {
    format!("It is decided alone, on its own page: {}.", why.clause())
}

/// The same of one with a header that nobody could read here.
pub const LONG_HEADER: &str = "It has a header that is too long to be read here. Decide it on its own page.";

/// The same of one that nobody could read here.
pub const TOO_LONG: &str = "It is too long to be read beside the others. Decide it on its own page.";

/// One that is not decided with the others, with the sentence that says why.
pub fn left_out(why: &str) -> String {
    format!("Left out: {why}")
}

/// What approving one does; `needed` is who must agree afterwards.
pub fn if_approved(needed: Option<&str>) -> String {
    match needed {
        None => "If you approve, it is sent at once".to_owned(),
        Some(needed) => format!("If you approve, it still needs {needed}"),
    }
}

/// A subject that several of them are about.
pub fn times(subject: &str, times: usize) -> String {
    format!("{subject} ({times} times)")
}

/// `5001 (3 times), 5002 (2 times) and 4 more`.
pub fn and_more(named: &str, more: usize) -> String {
    if more == 0 { named.to_owned() } else { format!("{named} and {more} more") }
}

/// The heading of the results: `3 approved, 1 not decided`.
pub fn decided(count: usize, verdict: Verdict, refused: usize) -> String {
    format!("{count} {}, {refused} not decided", verdict.name())
}

/// The state of one that was not decided.
pub const NOT_DECIDED: &str = "Not decided";

/// The way back to a list: `Needs me: 12 left`.
pub fn next(list: &str, left: &str) -> String {
    format!("{list}: {left} left")
}
