//! What helps to fill in a form, and what is wrong with its fields.

use serde_json::json;

use super::*;
use crate::domain::fault::FaultKind;
use crate::domain::fault::wanted::{Kind, Limit, Wanted};
use crate::domain::media_type::MediaType;
use crate::web::sentences::faults;
use crate::web::sentences::hints::{self, Bounds, FormPart, NotPublic, NumberLimits};

fn every_wanted() -> Vec<Wanted> {
    let kinds = [
        Kind::Text,
        Kind::Number,
        Kind::WholeNumber,
        Kind::Object,
        Kind::List(vec![Kind::Text]),
        Kind::Truth,
        Kind::Other("null".to_owned()),
    ];
    let mut all: Vec<Wanted> = kinds.into_iter().map(Wanted::a).collect();
    all.extend([
        Wanted::OneOf(vec!["red".to_owned(), "green".to_owned()]),
        Wanted::Exactly("red".to_owned()),
        Wanted::Unclear,
    ]);
    all
}

/// The faults that a page says in its own words.
fn every_own_fault() -> Vec<FaultKind> {
    let limits = [
        Limit::ItemsMin(2),
        Limit::ItemsMax(5),
        Limit::UniqueItems,
        Limit::Pattern("[A-Z]{3}".to_owned()),
        Limit::Format("date".to_owned()),
        Limit::Format("regex".to_owned()),
    ];
    let mut all: Vec<FaultKind> = limits.into_iter().map(FaultKind::Limit).collect();
    for wanted in every_wanted() {
        all.extend([FaultKind::Missing { wanted: wanted.clone() }, FaultKind::Wrong { wanted }]);
    }
    all.extend([
        FaultKind::Unknown { allowed: Vec::new() },
        FaultKind::Unknown { allowed: vec!["amount".to_owned(), "unit".to_owned()] },
    ]);
    all
}

#[test]
fn every_fault_says_what_to_do() {
    for fault in every_own_fault() {
        let what = format!("{fault:?}");
        for sentence in [faults::anywhere(&fault), faults::of_list(&fault)] {
            assert_plain(&sentence, &what);
            assert_plain(&faults::of_item(0, &sentence), &what);
        }
    }
    for sentence in [faults::CHOOSE, faults::FILL_IN, faults::TICK_ONE] {
        assert_plain(sentence, "fault");
    }
    assert_eq!(faults::of_item(0, "Fill this in."), "Item 1: Fill this in.");
}

#[test]
fn limits_are_said_before_somebody_breaks_them() {
    let numbers = [None, Some(0), Some(1), Some(2), Some(5)];
    for min in numbers {
        for max in numbers {
            let bounds = Bounds { min, max };
            let what = format!("{bounds:?}");
            let said = bounds.of_characters().into_iter().chain(bounds.of_rows());
            for sentence in said.chain([bounds.of_lines()]) {
                // A range begins with its number.
                assert!(sentence.ends_with('.') && !sentence.contains("  "), "{what}: {sentence}");
            }
        }
    }
    let bounds = Bounds { min: Some(2), max: Some(5) };
    assert_eq!(bounds.of_characters().unwrap(), "2 to 5 characters.");
    assert_eq!(bounds.of_lines(), "One on each line. 2 to 5.");
    assert_eq!(Bounds { min: None, max: None }.of_rows(), None);
    let (one, five) = (json!(1), json!(5));
    for bits in 0..1_u32 << 6 {
        let given = |bit: u32, limit| (bits & (1 << bit) != 0).then_some(limit);
        let limits = NumberLimits {
            is_whole: bits & (1 << 5) != 0,
            at_least: given(0, &one),
            above: given(1, &one),
            at_most: given(2, &five),
            below: given(3, &five),
            multiple_of: given(4, &one),
        };
        let words = limits.words();
        assert_eq!(words.is_none(), bits == 0, "{limits:?}");
        words.iter().for_each(|words| assert_plain(words, &format!("{limits:?}")));
    }
}

#[test]
fn every_hint_is_a_sentence() {
    for hint in [hints::REASON, hints::TEXT_OR_NUMBER] {
        assert_plain(hint, "hint");
    }
    // It ends with what is left out of an example.
    assert!(hints::AUTHORIZATION.ends_with("…."));
    for hint in [
        hints::such_as("2026-11-22"),
        hints::write_such_as("2026-11-22"),
        hints::in_the_form("[A-Z]{3}"),
        hints::sends("true"),
        hints::text_of(&MediaType::default()),
        hints::as_json(&["object"]),
        hints::as_json(&["array"]),
        hints::as_json(&[]),
    ] {
        assert_plain(&hint, "hint");
    }
    for how_much in [NotPublic::All, NotPublic::Parts] {
        assert_plain(hints::not_public(how_much), "hint");
    }
    for (is_open, key) in [(true, None), (false, Some("Refund-Id"))] {
        let said = hints::headers("application/json", &["X-Shop".to_owned()], is_open, key);
        assert_eq!(said.len(), 2 + usize::from(key.is_some()));
        said.iter().for_each(|hint| assert_plain(hint, "headers"));
    }
    assert_eq!(hints::leave_out(None), "Leave it out");
    assert_eq!(hints::leave_out(Some("Pin")), "Leave out: Pin");
    for part in [FormPart::What, FormPart::Why, FormPart::Query, FormPart::Target, FormPart::Entity] {
        let (title, note) = part.words();
        assert!(!title.is_empty() && !title.ends_with('.') && !note.ends_with('.'), "{part:?}");
    }
}
