//! What the pages say about a request in whole sentences: whether and why the reader can decide it, what a step does,
//! what to look at, and what was recorded.
//!
//! **Invariant:** every sentence here is made of what the engine knows as types. None of them was written for the
//! callers of the API, who read about tokens, calls and the names of states.

mod auditing;
mod boxes;
mod conduct;
mod deciding;
mod forbidden;
mod looks;
mod recorded;
mod refused;
mod rejecting;
pub mod searching;
mod seats;
mod settings;
mod settling;
mod steps;
#[cfg(test)]
mod tests;

/// Said where somebody filters by an amount that is none.
pub const NO_AMOUNT: &str =
    "Write each amount as a plain number, such as 1000 or 1000.50. This one was not used.";

pub use self::auditing::{event_type_name, is_done_by_the_engine, what_they_did, why_not_submitted};
pub use self::boxes::{OpenBox, box_words, member_lines, open_boxes, still_needed_after_mine, waiting_words};
pub use self::conduct::odd_looks;
pub use self::deciding::{Answer, SWITCHED_OFF, Situation};
pub use self::forbidden::{not_decided, why_forbidden};
pub use self::looks::{Look, draft_looks, looks, passed_checks};
pub use self::recorded::{approval_recorded, rejection_recorded, submission_recorded};
pub use self::refused::refused;
pub use self::rejecting::reject_many;
pub use self::seats::{Acting, seat_name, seat_names, signed_as};
pub use self::settings::{view_name_fault, views_are_full};
pub use self::settling::why_not_settle;
pub use self::steps::{Step, StepWords};
