//! A text into words.

use std::borrow::Cow;

use icu_normalizer::DecomposingNormalizer;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::WORD_CHARS_MAX;
use crate::domain::caseless;

/// One word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'t> {
    /// Its letters and digits, folded.
    pub(super) text: &'t str,
    /// Whether at most one sign stands between it and the word before it, as in `example.com`.
    pub(super) is_joined: bool,
}

/// The text without differences of letter case, width, diacritics, and of what nobody sees.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return caseless::folded(text);
    }
    let (categories, ignorable) =
        (CodePointMapData::<GeneralCategory>::new(), CodePointSetData::new::<DefaultIgnorableCodePoint>());
    let is_letter =
        |c: &char| categories.get(*c) != GeneralCategory::NonspacingMark && !ignorable.contains(*c);
    let decomposed = DecomposingNormalizer::new_nfkd();
    let mut plain = String::with_capacity(text.len());
    for c in decomposed.normalize(&caseless::fold(text)).chars().filter(is_letter) {
        match base_of(c) {
            Some(base) => plain.push_str(base),
            None => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

/// The plain letters of one that has its sign within it, so that Unicode does not take it apart.
fn base_of(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

/// The words of a text that is [`folded`], in their order.
///
/// A word is a run of letters and digits. Of the scripts that put no space between words, each letter is one.
pub(super) fn words(folded: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = folded;
    // Signs since the last word; `None` before the first one, and after a space.
    let mut signs: Option<usize> = None;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            if !first.is_alphanumeric() {
                signs = if first.is_whitespace() { None } else { signs.map(|signs| signs + 1) };
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let is_more = |c: char| c.is_alphanumeric() && !stands_alone(c);
            let length = if stands_alone(first) {
                first.len_utf8()
            } else {
                rest.find(|c: char| !is_more(c)).unwrap_or(rest.len())
            };
            let (word, behind) = rest.split_at(length);
            rest = behind;
            let is_joined = signs.replace(0).is_some_and(|signs| signs <= 1);
            return Some(Word { text: beginning_of(word), is_joined });
        }
    })
}

/// Whether a letter is a word of its own: Chinese and Japanese put no space between words.
pub(super) fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

fn beginning_of(word: &str) -> &str {
    word.char_indices().nth(WORD_CHARS_MAX).map_or(word, |(end, _)| &word[..end])
}
