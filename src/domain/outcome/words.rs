//! A target's codes and words in sentences for people.

use super::raw_json::{find, scalar};

/// Maximum length of a target's own message in a sentence for people.
pub(super) const WORDS_CHARS_MAX: usize = 200;
/// Maximum length of a target's code or name in a sentence.
pub(super) const CODE_CHARS_MAX: usize = 32;
const CODES_SHOWN_MAX: usize = 5;

/// ` (809, 810)`: the different codes of some errors, or nothing if they have none.
pub(super) fn codes_of<'a>(errors: impl Iterator<Item = &'a str>) -> String {
    let mut codes: Vec<String> = Vec::new();
    for code in errors.filter_map(code) {
        if codes.len() < CODES_SHOWN_MAX && !codes.contains(&code) {
            codes.push(code);
        }
    }
    if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) }
}

/// The code of an error, if it has a plain one.
pub(super) fn code(error: &str) -> Option<String> {
    let code = scalar(find(error, &["code"]).ok().flatten()?).ok().flatten()?;
    let is_word = (1..=CODE_CHARS_MAX).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_word.then_some(code)
}

/// Cuts a target's words to a length, on one line.
pub(super) fn shorten(text: &str, chars_max: usize) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = printable.take(chars_max).collect();
    if text.chars().nth(chars_max).is_some() {
        short.push('…');
    }
    short
}
