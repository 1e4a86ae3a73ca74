//! What people write: the message of a decision, the reason of a withdrawal.
//!
//! One type for every door: the same words count the same and are stored the same, whoever brings them.

use std::fmt;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// A text that a person wrote: line ends are `\n`, and it has at most [`Words::CHARS_MAX`] characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(String);

/// Why a text is not taken as a person's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordsFault {
    /// It is too long.
    TooLong,
    /// It has characters that do something instead of saying something.
    Control,
    /// A rejection says nothing that can be seen.
    RejectionIsBlank,
    /// The evidence for an outcome says nothing that can be seen.
    EvidenceIsBlank,
    /// The reason for a submission says nothing that can be seen.
    ReasonIsBlank,
    /// What is sent back says nothing that can be seen.
    SendBackIsBlank,
    /// A comment says nothing that can be seen.
    CommentIsBlank,
}

impl Words {
    /// The most characters (Unicode scalar values). A line break is one, however it was sent.
    pub const CHARS_MAX: usize = 4_000;

    /// These words, with each line end as `\n`.
    ///
    /// # Errors
    /// They are too long, or have control characters other than tabs and line ends.
    pub fn new(text: &str) -> Result<Self, WordsFault> {
        let words = text.replace("\r\n", "\n").replace('\r', "\n");
        if words.chars().count() > Self::CHARS_MAX {
            return Err(WordsFault::TooLong);
        }
        if words.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(WordsFault::Control);
        }
        Ok(Self(words))
    }

    /// As they are stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether no one can see any of it: no letter, digit, punctuation mark or symbol.
    pub fn is_blank(&self) -> bool {
        !self.0.chars().any(is_visible)
    }
}

impl From<Words> for String {
    fn from(words: Words) -> Self {
        words.0
    }
}

impl WordsFault {
    /// What to write instead.
    pub fn sentence(self) -> String {
        match self {
            Self::TooLong => format!("Write at most {} characters.", Words::CHARS_MAX),
            Self::Control => "Leave out control characters.".to_owned(),
            Self::RejectionIsBlank => "Write why you reject it. The maker reads these words.".to_owned(),
            Self::ReasonIsBlank => "Say why you submit this; whoever decides reads it first.".to_owned(),
            Self::SendBackIsBlank => "Write what is to be changed. The maker reads these words.".to_owned(),
            Self::CommentIsBlank => "Write a comment that can be read.".to_owned(),
            Self::EvidenceIsBlank => {
                "Write how you know it, such as the target's own number for it or a line of its log."
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for WordsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

/// Whether a character alone leaves something to see. An accent needs a letter; white space, format characters,
/// fillers and characters that no one has assigned leave nothing.
pub(super) fn is_visible(c: char) -> bool {
    const SHOWN: GeneralCategoryGroup = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    // The blank braille pattern, the null note head, and what stands for an object that is not here.
    let is_empty_symbol = matches!(c, '\u{2800}' | '\u{1d159}' | '\u{fffc}');
    !is_empty_symbol
        && SHOWN.contains(CodePointMapData::<GeneralCategory>::new().get(c))
        && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_blank(text: &str) -> bool {
        Words::new(text).unwrap().is_blank()
    }

    #[test]
    fn a_line_end_is_one_character_however_it_is_sent() {
        for sent in ["a\nb\n\nc", "a\r\nb\r\n\r\nc", "a\rb\r\rc", "a\r\nb\n\rc"] {
            assert_eq!(Words::new(sent).unwrap().as_str(), "a\nb\n\nc", "{sent:?}");
        }
        let full = "\r\n".repeat(Words::CHARS_MAX);
        assert_eq!(Words::new(&full).unwrap().as_str().len(), Words::CHARS_MAX);
        assert_eq!(Words::new(&(full + "\r\n")), Err(WordsFault::TooLong));
    }

    #[test]
    fn characters_are_counted_and_not_bytes_or_code_units() {
        for c in ["x", "ß", "語", "🎉", "\u{10fffd}"] {
            assert!(Words::new(&c.repeat(Words::CHARS_MAX)).is_ok(), "{c}");
            assert_eq!(Words::new(&c.repeat(Words::CHARS_MAX + 1)), Err(WordsFault::TooLong), "{c}");
        }
    }

    #[test]
    fn words_hold_no_control_characters_but_tabs_and_line_ends() {
        assert!(Words::new("two\nlines\tand more").is_ok());
        for bad in ["nul\0", "\u{1b}[31m", "\u{7f}", "next\u{85}line", "\u{b}"] {
            assert_eq!(Words::new(bad), Err(WordsFault::Control), "{bad:?}");
        }
    }

    #[test]
    fn what_no_one_can_see_is_blank() {
        for unseen in [
            "",
            " \n\t",
            "\u{200b}",
            "\u{2800}\u{2800}",
            "\u{3164}",
            "\u{115f}\u{1160}\u{ffa0}",
            "\u{feff}\u{2060}",
            "\u{ad}",
            "\u{3000}\u{a0}\u{2003}",
            "\u{202e}\u{2066}",
            "\u{e0041}\u{e007f}",
            "\u{fe0f}",
            "\u{301}",
            "\u{1d159}",
            "\u{e000}",
            "\u{ffff}",
            "\u{1bca0}",
        ] {
            assert!(is_blank(unseen), "{unseen:?}");
        }
        for seen in ["x", "\u{200b}x", "否", ".", "👎🏽", "ﷺ", "−", "e\u{301}", "\u{600}1", "⠿"] {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }

    proptest! {
        #[test]
        fn words_that_were_taken_are_taken_again_and_stay_the_same(text: String) {
            if let Ok(words) = Words::new(&text) {
                prop_assert!(!words.as_str().contains('\r'));
                prop_assert!(words.as_str().chars().count() <= Words::CHARS_MAX);
                prop_assert_eq!(Words::new(words.as_str()), Ok(words));
            }
        }

        #[test]
        fn every_way_to_end_a_line_gives_the_same_words(lines in proptest::collection::vec("[a-z ]{0,9}", 0..9)) {
            let words = |end| Words::new(&lines.join(end));
            prop_assert_eq!(words("\r\n"), words("\n"));
            prop_assert_eq!(words("\r"), words("\n"));
        }

        #[test]
        fn what_is_not_seen_makes_no_words_of_nothing_and_takes_none_away(
            unseen in "[ \u{200b}-\u{200f}\u{2060}-\u{206f}\u{fe00}-\u{fe0f}\u{2800}\u{3164}\n]{0,20}",
            seen in "[a-zа-я0-9ぁ-ん!?]",
        ) {
            prop_assert!(is_blank(&unseen));
            let (behind, before) = (format!("{unseen}{seen}"), format!("{seen}{unseen}"));
            prop_assert!(!is_blank(&behind));
            prop_assert!(!is_blank(&before));
        }
    }
}
