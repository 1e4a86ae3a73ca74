//! The states of a request in a few words: for lists, and for the end of the line of its stages.

use crate::domain::policy::Capacity;
use crate::domain::request::State;
use crate::web::parts::who::Names;
use crate::web::sentences::seats::seat_names;

/// A state; `waits` are the capacities in which people could decide.
pub fn state_words(state: State, waits: &[Capacity]) -> String {
    match state {
        State::ValidateMakerAccess | State::ValidatePayload => "Being checked".to_owned(),
        State::AdminTask => {
            // Whether it takes one or all of them is not known here.
            let names = seat_names(waits, &Names::as_spelled());
            if names.is_empty() { "Waits".to_owned() } else { waits_for(&names.join(", ")) }
        }
        State::SentBack => "Sent back for changes".to_owned(),
        State::Approved => "Approved, being sent".to_owned(),
        State::Executed => "Done".to_owned(),
        State::Failed => "Failed".to_owned(),
        State::Unknown => "Outcome unknown".to_owned(),
        State::Rejected => "Rejected".to_owned(),
        State::Withdrawn => "Withdrawn".to_owned(),
        State::Expired => "Expired".to_owned(),
    }
}

/// The state of a request that waits for these.
pub fn waits_for(needed: &str) -> String {
    format!("Waits for {needed}")
}

/// The states as people search for them.
pub const STATES: [(&str, State); 9] = [
    ("Waiting", State::AdminTask),
    ("Sent back", State::SentBack),
    ("Being sent", State::Approved),
    ("Done", State::Executed),
    ("Failed", State::Failed),
    ("Outcome unknown", State::Unknown),
    ("Rejected", State::Rejected),
    ("Withdrawn", State::Withdrawn),
    ("Expired", State::Expired),
];

/// How it goes on, or ended, behind the last stage.
pub fn after_the_stages(state: State) -> &'static str {
    match state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => "once, at once",
        State::SentBack => "waits for changes",
        State::Approved => "under way",
        State::Executed => "done",
        State::Failed => "failed",
        State::Unknown => "sent, outcome unknown",
        State::Rejected | State::Withdrawn | State::Expired => "not sent",
    }
}

/// The box of the reader among those who are still needed.
pub const YOUR_BOX: &str = "You may sign here";

/// How many of those who are needed have signed.
pub fn signed(got: u32, needed: u32) -> String {
    format!("{got} of {needed}")
}

/// The same, and who is needed.
pub fn signed_and_needed(got: u32, needed: u32, who: &str) -> String {
    format!("{got} of {needed}, needs {who}")
}

/// The same to the last one who is needed.
pub fn you_are_last(got: u32, needed: u32) -> String {
    format!("{got} of {needed}, you are the last")
}
