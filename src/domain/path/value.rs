//! A value in a path.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::percent_decode_str;
use regex::Regex;

use crate::domain::deceptive::is_deceptive;

/// Maximum length of a value in a path.
pub const VALUE_BYTES_MAX: usize = 1024;

/// What may be between letters and digits.
pub const MARKS: &str = "-._~!$&'()*+,;=:@";

/// How often a value may be percent-encoded over itself, where a type allows `%`.
const DECODED_MAX: usize = 3;

static LETTER_OR_DIGIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{Nd}]$").expect("a test reads it"));

/// What is wrong with a value in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFault {
    /// It is empty, too long, or a server may read it as a step in the path: `.`, `..;x`.
    Shape,
    /// It has this character, or brings it about.
    Character(char),
}

/// The characters that a type allows by name, beyond those that every value may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedCharacters(pub BTreeSet<char>);

impl NamedCharacters {
    fn allow(&self, c: char) -> bool {
        !c.is_control() && (is_plain(c) || self.0.contains(&c))
    }
}

/// Whether `value` may stand in a path whose type names these characters.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_value(value: &str, named: &NamedCharacters) -> Result<(), ValueFault> {
    if value.is_empty() || value.len() > VALUE_BYTES_MAX {
        return Err(ValueFault::Shape);
    }
    let mut text = Cow::Borrowed(value);
    for _ in 0..=DECODED_MAX {
        check_text(&text, named)?;
        if !text.contains('%') {
            return Ok(());
        }
        let decoded = percent_decode_str(&text).decode_utf8();
        let decoded = decoded.map_err(|_| ValueFault::Character('%'))?.into_owned();
        if decoded == *text {
            return Ok(());
        }
        text = Cow::Owned(decoded);
    }
    Err(ValueFault::Character('%'))
}

/// Checks a text as it is, and as it is after compatibility normalisation.
pub(super) fn check_text(text: &str, named: &NamedCharacters) -> Result<(), ValueFault> {
    let normal = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    for text in [text, &normal] {
        if let Some(found) = text.chars().find(|c| !named.allow(*c)) {
            return Err(ValueFault::Character(found));
        }
        if text.split(['/', '\\']).any(is_step) {
            return Err(ValueFault::Shape);
        }
    }
    Ok(())
}

/// Whether any value may have this character.
fn is_plain(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || MARKS.contains(c);
    }
    !is_deceptive(c) && LETTER_OR_DIGIT.is_match(c.encode_utf8(&mut [0; 4]))
}

/// Whether a server may read a segment as a step, or as nothing: some cut a segment at the first `;`, and some
/// leave spaces out.
fn is_step(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default();
    matches!(name.trim(), "" | "." | "..")
}

/// A character in a sentence: as it is where one sees it, else by its number.
pub fn shown(c: char) -> String {
    if c.is_ascii_graphic() || c.is_alphanumeric() {
        c.to_string()
    } else {
        format!("U+{:04X}", u32::from(c))
    }
}
