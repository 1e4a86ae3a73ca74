//! Ids as people read them: two spellings of one id are equal here, in whatever letter case or width.
//!
//! This only ever takes something away: it makes two accounts one person. What grants something (a group, a
//! seat, a permission; reading, withdrawing and repeating one's own) is compared exactly, letter by letter.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};

/// The text without differences of letter case and of compatibility: a caseless compatibility match as Unicode
/// defines it (The Unicode Standard, D146), composed.
///
/// No language has rules of its own here: `I` is `i`, and the Turkish `İ` is `i` with a dot above.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let (cases, compatible) = (CaseMapper::new(), DecomposingNormalizer::new_nfkd());
    let canonical = DecomposingNormalizer::new_nfd().normalize(text);
    let folded = cases.fold_string(&canonical);
    let folded = cases.fold_string(&compatible.normalize(&folded)).into_owned();
    ComposingNormalizer::new_nfkc().normalize(&folded).into_owned()
}

/// Whether both are spellings of one id.
pub fn is_same(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one == other || fold(one) == fold(other)
}

/// The text in the letters that people take for the same: the skeleton of Unicode's Technical Standard 39. Two
/// texts with one skeleton look alike.
pub fn look_of(text: &str) -> String {
    unicode_security::skeleton(text).collect()
}

/// The looks of a text as it is written and in lower case: `u-аlice` looks like `U-ALICE`, too.
pub fn looks_of(text: &str) -> [String; 2] {
    let folded = fold(text);
    [look_of(text), look_of(&folded)]
}

/// The text as it is stored under a person's key, without a copy where it is folded already.
pub fn folded(text: &str) -> Cow<'_, str> {
    let is_folded = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_folded { Cow::Borrowed(text) } else { Cow::Owned(fold(text)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Spellings that people take for one id.
    const SAME: [[&str; 2]; 12] = [
        ["Mara.Lind@Example.com", "mara.lind@example.com"],
        // Full width.
        ["ｍａｒａ", "mara"],
        ["４０００１", "40001"],
        // Composed and combining.
        ["Zoë", "ZOE\u{308}"],
        ["Ångström", "A\u{30a}ngstro\u{308}m"],
        // German.
        ["STRASSE", "straße"],
        ["groẞ", "GROSS"],
        // Turkish: the dotted capital is an i with a dot above.
        ["İpek", "i\u{307}pek"],
        // Greek: both small sigmas, and an iota below.
        ["ΟΔΥΣΣΕΥΣ", "οδυσσευς"],
        ["\u{1fb3}", "\u{391}\u{399}"],
        // Ligatures and signs.
        ["oﬃce", "OFFICE"],
        ["\u{212a}elvin", "kelvin"],
    ];

    /// Pairs that are two ids.
    const DIFFERENT: [[&str; 2]; 7] = [
        ["mara", "mara2"],
        ["zoe", "zoë"],
        ["ipek", "ıpek"],
        ["ipek", "i\u{307}pek"],
        ["alice", "\u{430}lice"],
        ["40001", "040001"],
        ["a b", "ab"],
    ];

    #[test]
    fn spellings_of_one_id_are_equal_whatever_their_case_width_and_composition() {
        for [one, other] in SAME {
            assert!(is_same(one, other) && is_same(other, one), "{one} {other}");
            assert_eq!(fold(one), fold(other));
        }
    }

    #[test]
    fn ids_that_differ_in_more_than_their_spelling_are_different() {
        for [one, other] in DIFFERENT {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn letters_of_other_scripts_look_alike_though_they_are_other_letters() {
        for [one, other] in [
            ["u-alice", "u-\u{430}lice"],
            ["paypal", "paypaI"],
            ["scope", "\u{455}cope"],
            ["400010", "4000l0"],
        ] {
            assert!(looks_of(one).iter().any(|look| looks_of(other).contains(look)), "{one} {other}");
            assert!(!is_same(one, other));
        }
    }

    /// Texts with letters whose case or composition is special.
    fn odd_text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            'a', 'A', 'ß', 'ẞ', 'İ', 'ı', 'i', 'I', '\u{307}', '\u{345}', 'ͅ', 'ſ', 'ﬀ', 'ŉ', 'ǰ', 'ΐ', 'և',
            'ẖ', 'ｱ', 'ﾞ', 'Ａ', '①', '℡', 'Ⅷ', '\u{3a3}', '\u{3c2}', '\u{1f80}', '\u{1fbe}', '가', 'ᄀ',
            '\u{13a0}', '\u{ab70}', 'Ω', '\u{2126}', '\u{1e9b}', '\u{323}',
        ]);
        prop::collection::vec(prop_oneof![odd, any::<char>()], 0..12).prop_map(|chars| chars.iter().collect())
    }

    proptest! {
        #[test]
        fn what_is_folded_is_folded_once_and_for_all(text in odd_text()) {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
            prop_assert_eq!(folded(&text).into_owned(), fold(&text));
        }

        #[test]
        fn being_spellings_of_one_id_is_an_equivalence(
            texts in prop::array::uniform3(prop_oneof![odd_text(), Just("ss".to_owned()), Just("ß".to_owned())]),
        ) {
            let [one, two, three] = &texts;
            prop_assert!(is_same(one, one));
            prop_assert_eq!(is_same(one, two), is_same(two, one));
            prop_assert!(!(is_same(one, two) && is_same(two, three)) || is_same(one, three));
            prop_assert_eq!(is_same(one, two), fold(one) == fold(two));
        }

        #[test]
        fn other_cases_and_forms_of_a_text_are_the_same_id(text in odd_text()) {
            let nfd = DecomposingNormalizer::new_nfd().normalize(&text).into_owned();
            let nfc = ComposingNormalizer::new_nfc().normalize(&text).into_owned();
            for other in [nfd, nfc, text.to_ascii_uppercase()] {
                prop_assert!(is_same(&text, &other), "{:?} {:?}", text, other);
            }
        }
    }
}
