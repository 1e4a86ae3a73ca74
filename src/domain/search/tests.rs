//! Tests of what is a word, and of what a request is found by.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::split::{folded, words};
use super::*;
use crate::domain::ids::{OrgId, RequestId};

fn org() -> OrgId {
    OrgId::new("100")
}

fn set(texts: &[&str]) -> WordSet {
    let mut set = WordSet::new(&org());
    texts.iter().for_each(|text| set.add(text));
    set
}

/// Whether the keys of a request have what is sought: what both databases do.
fn has(keys: &BTreeSet<String>, sought: &Sought) -> bool {
    match sought {
        Sought::One(Term { key, is_beginning: false }) => keys.contains(key),
        Sought::One(Term { key, is_beginning: true }) => {
            keys.range(key.clone()..).next().is_some_and(|found| found.starts_with(key))
        }
        Sought::All(parts) => parts.iter().all(|part| has(keys, part)),
        Sought::Any(parts) => parts.iter().any(|part| has(keys, part)),
    }
}

fn finds(query: &str, texts: &[&str]) -> bool {
    let keys = set(texts).text().split(' ').map(str::to_owned).collect();
    has(&keys, &Query::parse(query).unwrap().sought(&org()))
}

fn split(text: &str) -> Vec<String> {
    let text = folded(text);
    words(&text).map(|word| format!("{}{}", if word.is_joined { "+" } else { "" }, word.text)).collect()
}

#[test]
fn a_word_is_a_run_of_letters_and_digits_without_case_width_and_diacritics() {
    for (text, expected) in [
        ("Refund, for Order 77-1!", &["refund", "for", "order", "77", "+1"][..]),
        ("https://api.example.com/pay", &["https", "api", "+example", "+com", "+pay"]),
        ("Zoë Ångström STRASSE straße", &["zoe", "angstrom", "strasse", "strasse"]),
        ("Łukasz Sørensen", &["lukasz", "sorensen"]),
        ("１２３４．５０", &["1234", "+50"]),
        ("so\u{ad}ft a\u{200b}b", &["soft", "ab"]),
        ("日本語 東京", &["日", "+本", "+語", "東", "+京"]),
        ("", &[]),
        (" \u{1f600} –— ", &[]),
    ] {
        assert_eq!(split(text), expected, "{text}");
    }
}

#[test]
fn every_word_must_be_there_and_the_last_one_may_be_a_beginning() {
    let texts = ["Refund for a customer", "chen@example.com", "api.example.com:8443", "1240.00"];
    for found in [
        "refund",
        "REFUND customer",
        "customer refund",
        "refund cust",
        "chen@example.com",
        "chen",
        "example.com",
        "api.exam",
        "api.example.com",
        "api.example.com:8443",
        "1240.00",
        "1240",
        "1240.0",
        "réfund",
        "\"refund\" AND",
        "refund*",
        "(refund",
        "refund -- a",
        "re\u{ad}fund",
    ] {
        // Words that are signs of a query language elsewhere are plain words here.
        let is_word = found.contains("AND");
        assert_eq!(finds(found, &texts), !is_word, "{found}");
    }
    for missed in ["refu customer", "refunds", "240.00", "40.00", "com.example", "example.org", "r"] {
        assert!(!finds(missed, &texts), "{missed}");
    }
}

#[test]
fn words_with_a_sign_between_them_are_found_only_where_they_stand_so() {
    assert!(finds("1240.00", &["1240.00"]) && finds("1240 00", &["1240.00"]));
    assert!(!finds("1240.00", &["1240 at 12:00"]) && finds("1240 00", &["1240 at 12:00"]));
    for grouped in ["1,240.00", "1240.00", "1.240", "1\u{2009}240", "1240", "1,240"] {
        assert!(finds(grouped, &["1240.00"]), "{grouped}");
    }
    assert!(
        !finds("240.00", &["1240.00"]) && !finds("12,40", &["1240.00"]) && !finds("10.0.0.1", &["100.0.1"])
    );
    assert!(finds("東京", &["私は東京都に住んでいます"]) && !finds("京東", &["私は東京都に住んでいます"]));
}

#[test]
fn an_id_is_found_by_its_first_eight_digits_or_more_with_hyphens_or_without() {
    let id = RequestId::parse("0190b6f2-7a3c-7cc0-8000-000000000001").unwrap();
    let keys: BTreeSet<String> = WordSet::of_id(&org(), id).text().split(' ').map(str::to_owned).collect();
    let finds = |text: &str| has(&keys, &Query::parse(text).unwrap().sought(&org()));
    for found in [
        "0190b6f2",
        "0190B6F2-7a3c",
        "0190b6f2-7a3c-7",
        "0190b6f27a3c7cc0",
        "0190b6f2-7a3c-7cc0-8000-000000000001",
    ] {
        assert!(finds(found), "{found}");
    }
    for missed in ["0190b6f", "0190b6f3", "7a3c", "0190-b6f27a3c", "0190b6f2-7a3c-7cc0-8000-000000000002"] {
        assert!(!finds(missed), "{missed}");
    }
}

#[test]
fn the_words_of_two_orgs_have_no_key_in_common() {
    let other = OrgId::new("200");
    let keys = set(&["refund"]).text().split(' ').map(str::to_owned).collect();
    let query = Query::parse("refund").unwrap();
    assert!(has(&keys, &query.sought(&org())) && !has(&keys, &query.sought(&other)));
}

#[test]
fn what_is_too_much_is_left_out_of_a_request_and_refused_in_a_query() {
    let many: Vec<String> = (0..3 * WORDS_MAX).map(|number| format!("word{number}")).collect();
    let full = set(&[&many.join(" ")]);
    assert_eq!(full.len(), WORDS_MAX);
    let long: Vec<String> = (0..WORDS_MAX).map(|number| format!("{number:0>60}")).collect();
    assert!(set(&[&long.join(" ")]).text().len() <= WORDS_BYTES_MAX + WORDS_MAX);
    let word = "x".repeat(WORD_CHARS_MAX + 9);
    assert!(finds(&word, &[&word]) && finds(&word, &[&"x".repeat(WORD_CHARS_MAX + 1)]));

    let fault = |text: &str| Query::parse(text).unwrap_err();
    assert_eq!(fault(" … \u{1f600} "), QueryFault::NoWord);
    assert_eq!(fault(&"é".repeat(QUERY_CHARS_MAX + 1)), QueryFault::TooLong);
    assert!(Query::parse(&"é".repeat(QUERY_CHARS_MAX)).is_ok());
    assert_eq!(fault(&"a ".repeat(QUERY_WORDS_MAX + 1)), QueryFault::TooManyWords);
    assert!(Query::parse(&"a ".repeat(QUERY_WORDS_MAX)).is_ok());
}

/// Texts with letters and signs that are special somewhere.
fn odd_text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        'a', 'B', '7', ' ', '.', '"', '\'', '\\', '*', ':', '&', '|', '!', '(', ')', '<', '-', '+', '^', '%',
        '\0', 'ß', 'İ', 'ø', '\u{301}', '\u{ad}', '\u{200d}', '日', 'あ', 'ﬀ', '①', 'Ａ', '\u{e000}',
        '\u{e010}', '\u{a0}', '가',
    ]);
    prop::collection::vec(prop_oneof![4 => odd, 1 => any::<char>()], 0..40)
        .prop_map(|chars| chars.iter().collect())
}

proptest! {
    #[test]
    fn keys_are_never_empty_and_have_no_sign_that_a_query_language_knows(text in odd_text()) {
        let keys = set(&[&text]);
        for key in keys.text().split(' ').filter(|_| !keys.is_empty()) {
            prop_assert!(!key.is_empty());
            let is_plain = |c: char| if c.is_ascii() { c.is_ascii_alphanumeric() } else { !c.is_whitespace() };
            prop_assert!(key.chars().all(is_plain), "{:?}", key);
        }
    }

    #[test]
    fn a_text_is_found_by_each_of_its_words_and_by_itself(text in odd_text()) {
        let texts = [text.as_str()];
        for word in split(&text) {
            prop_assert!(finds(word.trim_start_matches('+'), &texts), "{:?} {:?}", word, text);
        }
        if Query::parse(&text).is_ok() {
            prop_assert!(finds(&text, &texts), "{:?}", text);
        }
    }

    #[test]
    fn any_text_is_a_query_or_refused(text in ".{0,260}") {
        let is_short = text.trim().chars().count() <= QUERY_CHARS_MAX;
        match Query::parse(&text) {
            Ok(query) => {
                query.sought(&org());
                prop_assert!(is_short);
            }
            Err(QueryFault::TooLong) => prop_assert!(!is_short),
            Err(QueryFault::NoWord) => prop_assert!(split(&text).is_empty()),
            Err(QueryFault::TooManyWords) => prop_assert!(split(&text).len() > QUERY_WORDS_MAX),
        }
    }
}
