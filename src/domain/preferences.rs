//! What people set for themselves in the pages: the zone of their times, and the views that they saved.

use super::words::{Words, is_visible};
use super::zone::Zone;

/// What one person set, as it is in one org.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The zone of their times, in every org; the server's if none.
    pub zone: Option<Zone>,
    /// The views that they saved in the org, in the order of their names.
    pub views: Vec<SavedView>,
}

/// A list with its filter and order, saved under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// What the person calls it; they have one view of a name in an org.
    pub name: ViewName,
    /// The list's name in its address, and its query: `history?states=failed`.
    pub path: String,
}

/// The most views of a person in an org.
pub const SAVED_VIEWS_MAX: usize = 20;

/// What a view is called: 1 to 40 characters on one line, something of it visible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViewName(String);

impl ViewName {
    /// The most characters (Unicode scalar values).
    pub const CHARS_MAX: usize = 40;

    /// This name, without spaces around it; `None` if it is too long, says nothing, or has characters that do something
    /// instead.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim();
        let is_fit = name.chars().count() <= Self::CHARS_MAX
            && name.chars().any(is_visible)
            && !name.chars().any(char::is_control)
            && Words::new(name).is_ok();
        is_fit.then(|| Self(name.to_owned()))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_a_name_that_can_be_read() {
        for (text, name) in [("High risk", Some("High risk")), ("  Über 10 000 € ", Some("Über 10 000 €"))]
        {
            assert_eq!(ViewName::parse(text).as_ref().map(ViewName::as_str), name);
        }
        let longest = "ü".repeat(ViewName::CHARS_MAX);
        assert!(ViewName::parse(&longest).is_some());
        for text in ["", "   ", "\u{200b}", "a\nb", "a\tb", "a\0b", &format!("{longest}x")] {
            assert_eq!(ViewName::parse(text), None, "{text:?}");
        }
    }
}
