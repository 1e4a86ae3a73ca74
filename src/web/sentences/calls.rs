//! What is said about a call: over it, by the state of its request, and in its file for curl.

use crate::domain::request::{Request, State};
use crate::web::parts::format::number_of;

/// Said over the call of an earlier revision.
pub const NEVER_SENT: &str = "This was never sent:";

/// Said instead of an answer that no page can show.
pub const NO_TEXT: &str = "The answer’s body is no text.";

/// What is over the call of a request.
pub fn over_the_call(request: &Request) -> &'static str {
    match request.state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => {
            "If it is approved, exactly this is sent, once:"
        }
        State::SentBack => "This was sent back for changes, and is not sent as it is:",
        State::Approved if request.sending.attempts > 0 => "Exactly this is sent:",
        State::Approved => "Exactly this is sent, once:",
        State::Executed | State::Unknown if request.sending.attempts > 1 => {
            "This was sent, in several attempts:"
        }
        State::Executed | State::Unknown => "This was sent, once:",
        State::Failed => "This was approved:",
        State::Rejected | State::Withdrawn | State::Expired if request.sending.attempts > 0 => {
            "This was not carried out:"
        }
        State::Rejected | State::Withdrawn | State::Expired => NEVER_SENT,
    }
}

/// The heading of the call in the trail of a request.
pub fn heading(state: State) -> &'static str {
    match state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => "What would be sent",
        State::SentBack => "What was sent back for changes",
        State::Approved => "What is sent",
        State::Executed | State::Unknown => "What was sent",
        State::Failed => "What was approved",
        State::Rejected | State::Withdrawn | State::Expired => "What was never sent",
    }
}

/// The first line of the file for curl.
pub const FOR_READING: &str =
    "For reading, or to try elsewhere: run here, it sends the call without anybody's approval.";

/// Said in the file for curl of a call that no command line can hold.
pub const NO_ARGUMENT: &str = "The call holds a character that no argument can hold.";

/// Said in the file for curl where so many values are hidden.
pub fn hidden_as_dots(values: usize) -> String {
    let values =
        number_of(values, "value is hidden from you and stands", "values are hidden from you and stand");
    format!("{values} as dots: this is not the call as it is sent.")
}
