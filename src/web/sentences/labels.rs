//! Short words that depend on what they stand beside: links, headings, and the labels of what was written.

use crate::web::parts::nav::Nav;

/// Leads from a body to its request.
pub const BACK_TO_THE_REQUEST: &str = "Back to the request";

/// Leads from a body to its revision.
pub const BACK_TO_THE_REVISION: &str = "Back to the revision";

/// The label of a message, where it is shown after its form was lost.
pub const YOUR_WORDS: &str = "What you wrote";

/// The same of the fields that a checker wants changed.
pub const TO_BE_CHANGED: &str = "What is to be changed";

/// The heading over amounts that count nothing in particular.
pub const NO_UNIT: &str = "Without a unit";

/// The heading over requests that have no amount.
pub const NO_AMOUNT: &str = "Without an amount";

/// Said instead of a sum that is too large.
pub const NO_SUM: &str = "too large to add up";

/// A page's name in the rail, and in what leads back to it.
pub fn of_page(nav: Nav) -> &'static str {
    match nav {
        Nav::NeedsMe => "Needs me",
        Nav::MyGroups => "My groups",
        Nav::Decided => "Decided by me",
        Nav::New => "New request",
        Nav::Mine => "My requests",
        Nav::History => "History",
        Nav::Search => "Search",
        Nav::Unknown => "Unknown outcome",
        Nav::OrgTrail => "Trail",
        Nav::Refusals => "Refused submissions",
        Nav::Pairs => "Makers and checkers",
        Nav::Deliveries => "Deliveries",
        Nav::Types => "Types and policies",
        Nav::Settings => "Settings",
        Nav::Elsewhere => "",
    }
}

/// The heading of an earlier revision of a request.
pub fn revision(number: i64, summary: &str) -> String {
    format!("Revision {number}: {summary}")
}

/// The choice of the server's own time zone.
pub fn servers_zone(zone: &str) -> String {
    format!("The server’s: {zone}")
}
