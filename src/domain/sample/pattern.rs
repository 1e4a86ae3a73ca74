//! One text that a pattern matches.

use regex_syntax::hir::{Class, Hir, HirKind};
use regex_syntax::parse;

use crate::domain::path::MARKS;

/// How far repetitions are drawn out to reach a length.
const LONGER: [u32; 6] = [0, 1, 4, 16, 64, 256];

/// The most characters of a text.
const CHARS_MAX: usize = 4096;

/// A text of at least `least` characters, if the pattern can be read and gives one; that it really matches, the schema
/// says afterwards.
pub fn text_of(pattern: &str, least: usize) -> Option<String> {
    let pattern = parse(pattern).ok()?;
    let texts = LONGER.iter().filter_map(|more| {
        let mut text = String::new();
        write(&pattern, *more, &mut text).then_some(text)
    });
    let mut longest = None;
    for text in texts {
        let is_enough = text.chars().count() >= least;
        longest = Some(text);
        if is_enough {
            break;
        }
    }
    longest
}

/// Adds what the pattern wants; `false` if it is too long or nothing matches.
fn write(pattern: &Hir, more: u32, text: &mut String) -> bool {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(literal) => {
                text.push_str(literal);
                true
            }
            Err(_) => false,
        },
        HirKind::Class(class) => match character_of(class) {
            Some(found) => {
                text.push(found);
                true
            }
            None => false,
        },
        HirKind::Repetition(repetition) => {
            // One rather than none: an empty text is seldom what is meant.
            let wanted = repetition.min.max(1).saturating_add(more);
            let times = repetition.max.map_or(wanted, |max| wanted.min(max));
            (0..times).all(|_| text.len() <= CHARS_MAX && write(&repetition.sub, more, text))
        }
        HirKind::Capture(capture) => write(&capture.sub, more, text),
        HirKind::Concat(parts) => parts.iter().all(|part| write(part, more, text)),
        HirKind::Alternation(options) => options.iter().any(|option| {
            let before = text.len();
            let is_written = write(option, more, text) && (text.len() > before || before > 0);
            if !is_written {
                text.truncate(before);
            }
            is_written
        }),
    }
}

/// A character of the class: a letter or digit before one that a path may have, that before any other.
fn character_of(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let has = |c: &char| ranges.iter().any(|(first, last)| (first..=last).contains(&c));
    let usual = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain(MARKS.chars()).chain(' '..='~');
    usual.into_iter().find(has).or_else(|| ranges.first().map(|(first, _)| *first))
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn a_pattern_gets_a_text_that_it_matches() {
        for pattern in [
            "^[a-z0-9-]{1,32}$",
            "^[0-9]{4,12}$",
            "^[a-f0-9]{24}$",
            "^(EUR|USD)$",
            "^\\d{4}-\\d{2}-\\d{2}$",
            "^[^/]+$",
            "^.+@.+\\.[a-z]{2,}$",
            "^(?:|x)y?$",
            "^\\p{L}+$",
            "sample",
            "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$",
            "^a*$",
            "",
        ] {
            let text = text_of(pattern, 0).unwrap_or_else(|| panic!("{pattern}"));
            assert!(Regex::new(pattern).unwrap().is_match(&text), "{pattern}: {text}");
        }
    }

    #[test]
    fn a_repetition_is_drawn_out_to_the_length_that_is_wanted() {
        assert_eq!(text_of("^[a-z]+$", 0).unwrap(), "a");
        assert!(text_of("^[a-z]+$", 12).unwrap().len() >= 12);
        assert_eq!(text_of("^[a-z]{2}$", 12).unwrap(), "aa");
    }

    #[test]
    fn what_has_no_text_or_a_huge_one_gives_none() {
        assert_eq!(text_of("(", 0), None);
        assert_eq!(text_of("[^\\s\\S]", 0), None);
        assert_eq!(text_of("^(a{1000}){1000}$", 0), None);
    }
}
