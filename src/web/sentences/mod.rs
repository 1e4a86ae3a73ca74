//! What the pages say, by situation and by reader: whether and why somebody can decide a request, how it ended, what a
//! step does, what to look at, what was recorded, and what is wrong.
//!
//! What depends on the situation stands here; what a page always says stands in its template.
//!
//! **Invariant:** every sentence here is made of what the engine knows as types. None of them was written for the
//! callers of the API, who read about tokens, calls and the names of states.

mod auditing;
mod boxes;
pub mod calls;
mod conduct;
mod deciding;
pub mod errors;
pub mod events;
pub mod faults;
mod forbidden;
pub mod hints;
pub mod labels;
pub mod listing;
pub mod live;
mod looks;
pub mod outcomes;
pub mod pairs;
pub mod policies;
mod recorded;
mod refused;
mod rejecting;
pub mod searching;
mod seats;
mod settings;
pub mod settling;
pub mod states;
mod steps;
pub mod submitting;
#[cfg(test)]
mod tests;
pub mod together;
pub mod trails;
pub mod type_facts;

/// Said where somebody filters by an amount that is none.
pub const NO_AMOUNT: &str =
    "Write each amount as a plain number, such as 1000 or 1000.50. This one was not used.";

pub use self::auditing::{event_type_name, is_done_by_the_engine, what_they_did, why_not_submitted};
pub use self::boxes::{OpenBox, box_words, member_lines, open_boxes, still_needed_after_mine, waiting_words};
pub use self::conduct::odd_looks;
pub use self::deciding::{Answer, SWITCHED_OFF, Situation};
pub use self::forbidden::not_decided;
pub use self::looks::{Look, draft_looks, looks, passed_checks};
pub use self::recorded::{
    COMMENT_RECORDED, SENT_BACK_RECORDED, approval_recorded, probe_asked, rejection_recorded,
    submission_recorded, word_recorded,
};
pub use self::refused::refused;
pub use self::rejecting::reject_many;
pub use self::seats::{Acting, origin, signed_as};
pub use self::settings::{view_name_fault, views_are_full};
pub use self::settling::why_not_settle;
pub use self::steps::{Step, StepWords};
