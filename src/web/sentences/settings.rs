//! What the page of somebody's own settings says.

use crate::domain::preferences::{SAVED_VIEWS_MAX, ViewName};

/// Of a name that no view can have.
pub fn view_name_fault() -> String {
    format!("Write a name of 1 to {} characters on one line.", ViewName::CHARS_MAX)
}

/// Of one view too many.
pub fn views_are_full() -> String {
    format!(
        "You have {SAVED_VIEWS_MAX} views in this org, and no more can be kept. Remove one, then save this again."
    )
}
