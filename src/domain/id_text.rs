//! Which texts can be ids: those that a person sees whole.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use super::deceptive::is_deceptive;

/// The most characters of an id.
pub const ID_CHARS_MAX: usize = 128;

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFault {
    /// It is empty, or longer than [`ID_CHARS_MAX`].
    Length,
    /// It begins or ends with white space.
    SpaceAtEnd,
    /// It holds a character that no one sees, that turns the direction of the text, or that has no meaning of
    /// its own.
    Unseen(char),
}

impl IdFault {
    /// What an id must be instead.
    pub fn wish(self) -> String {
        match self {
            Self::Length => format!("a text of 1 to {ID_CHARS_MAX} characters"),
            Self::SpaceAtEnd => "a text without white space before or after it".to_owned(),
            Self::Unseen(c) => {
                format!("a text without invisible or control characters (it has U+{:04X})", u32::from(c))
            }
        }
    }
}

/// The text, if it can be an id.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<&str, IdFault> {
    if !(1..=ID_CHARS_MAX).contains(&text.chars().take(ID_CHARS_MAX + 1).count()) {
        return Err(IdFault::Length);
    }
    check_seen(text)
}

/// The text, if every character of it is seen; of any length.
///
/// # Errors
/// What is wrong with it.
pub fn check_seen(text: &str) -> Result<&str, IdFault> {
    if let Some(unseen) = text.chars().find(|c| is_unseen(*c)) {
        return Err(IdFault::Unseen(unseen));
    }
    if text.trim() == text { Ok(text) } else { Err(IdFault::SpaceAtEnd) }
}

/// Whether a character is invisible, a control, a turn of direction, or means nothing that people agree on.
fn is_unseen(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    is_deceptive(c)
        || [
            GeneralCategory::Control,
            GeneralCategory::Format,
            GeneralCategory::PrivateUse,
            GeneralCategory::Surrogate,
            GeneralCategory::Unassigned,
            GeneralCategory::LineSeparator,
            GeneralCategory::ParagraphSeparator,
        ]
        .contains(&category)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_are_called_anywhere_can_be_an_id() {
        for id in [
            "400001",
            "mara.lind@example.com",
            "Zoë Müller",
            "日本語",
            "Weiß",
            "İpek",
            "u|auth0|1",
            "Ａ１",
            "אבג",
            "👍",
        ] {
            assert_eq!(check(id), Ok(id));
        }
        assert_eq!(check(&"é".repeat(ID_CHARS_MAX)).map(str::len), Ok(2 * ID_CHARS_MAX));
    }

    #[test]
    fn a_character_that_nobody_sees_makes_no_id_wherever_it_is() {
        // Width, joiners, soft hyphen, bidi, variation selector, tag, byte order mark, braille blank, Hangul
        // filler, controls, private use, not assigned, separators.
        for c in [
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{ad}',
            '\u{202e}',
            '\u{2066}',
            '\u{61c}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{feff}',
            '\u{2800}',
            '\u{3164}',
            '\0',
            '\t',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{e000}',
            '\u{f0000}',
            '\u{378}',
            '\u{ffff}',
            '\u{2028}',
            '\u{2029}',
            '\u{34f}',
            '\u{180e}',
            '\u{110bd}',
        ] {
            for id in [format!("{c}u-alice"), format!("u-{c}alice"), format!("u-alice{c}")] {
                assert_eq!(check(&id), Err(IdFault::Unseen(c)), "{id:?}");
            }
        }
    }

    #[test]
    fn white_space_at_the_ends_and_wrong_lengths_make_no_id() {
        for id in [" u", "u ", "\u{a0}u", "u\u{3000}", "u\u{2003}", " "] {
            assert_eq!(check(id), Err(IdFault::SpaceAtEnd), "{id:?}");
        }
        assert_eq!(check("Mara Lind"), Ok("Mara Lind"));
        assert_eq!(check(""), Err(IdFault::Length));
        assert_eq!(check(&"a".repeat(ID_CHARS_MAX + 1)), Err(IdFault::Length));
        assert_eq!(check_seen(&"a".repeat(9_000)).map(str::len), Ok(9_000));
    }
}
