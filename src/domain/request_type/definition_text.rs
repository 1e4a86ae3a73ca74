//! Texts in a definition that people read.

use super::parse::{Faults, Table};
use crate::domain::deceptive::is_deceptive;

const TEXT_CHARS_MAX: usize = 200;

/// A text on one line.
pub(super) fn read_line<'v>(root: &Table<'v>, name: &str, faults: &mut Faults) -> Option<&'v str> {
    let text = root.text(name, faults)?;
    let length = text.chars().count();
    if length == 0 || length > TEXT_CHARS_MAX || text.chars().any(is_deceptive) {
        let wish = "characters on one line, none of them invisible.";
        faults.push(root.at(name), format!("Write 1 to {TEXT_CHARS_MAX} {wish}"));
    }
    Some(text)
}
