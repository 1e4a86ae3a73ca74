//! What there is to look at.

use super::*;
use crate::domain::amount::Amount;
use crate::domain::findings::{Finding, FindingCode, FindingFacts, Level, UsageReached};
use crate::domain::ids::RequestId;
use crate::domain::policy::usage::Usage;
use crate::domain::request_type::CountBy;
use crate::domain::unit::Unit;
use crate::engine::queries::RowView;
use crate::web::sentences::looks;

/// What is looked at, as text.
fn seen(request: &Request, explained: &Explanation, open: &[RowView]) -> Vec<(bool, bool, String)> {
    let found = looks((request, explained), open, (&names(), sample::when()));
    found.into_iter().map(|look| (look.is_bad, look.is_note, look.html.to_string())).collect()
}

#[test]
fn an_earlier_rejection_is_looked_at_first_in_the_words_that_were_said() {
    let rejected = [decision("chen", Verdict::Rejected, "Ask Legal\nfirst.")];
    let waiting = request(State::AdminTask, &rejected);
    let odd = Finding {
        code: FindingCode::HiddenCharacters,
        level: Level::Warning,
        sentence: "This text holds a character that nobody can see (U+200B).".to_owned(),
        pointer: Some("/body/to".to_owned()),
        facts: None,
    };
    let explained = Explanation { findings: vec![odd], ..nothing(Some(so_far(&waiting, &approval()))) };
    let found = seen(&waiting, &explained, &[]);
    assert_eq!(found.len(), 2);
    let first = "Chen Wei rejected it for Risk: “Ask Legal\nfirst.”\nOne more rejection ends it; until then it may still \
                 be approved and sent.";
    assert_eq!(found[0], (true, false, first.to_owned()));
    // Once it has ended, its note says who rejected it.
    let over = request(State::Rejected, &rejected);
    assert!(seen(&over, &nothing(Some(so_far(&over, &approval()))), &[]).is_empty());
    // Whoever approved is nobody to look at.
    let approved = request(State::AdminTask, &[decision("chen", Verdict::Approved, "")]);
    assert!(seen(&approved, &nothing(Some(so_far(&approved, &approval()))), &[]).is_empty());
}

#[test]
fn open_requests_for_the_same_subject_are_one_line_with_links() {
    let waiting = request(State::AdminTask, &[]);
    let other = |id: RequestId| Finding {
        code: FindingCode::SubjectPending,
        level: Level::Warning,
        sentence: format!("The request {id} is open for the same subject, too."),
        pointer: None,
        facts: Some(FindingFacts::Open(id)),
    };
    let row = RowView { request: request(State::AdminTask, &[]), ..sample::row() };
    let id = row.request.id;
    let hidden = RequestId::parse("0190b6f2-7a3c-7cc0-8000-00000000000f").unwrap();
    let of = |findings: Vec<Finding>, rows: &[RowView]| {
        let explained = Explanation { findings, ..nothing(None) };
        let found = seen(&waiting, &explained, rows);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].2.clone()
    };
    let line = of(vec![other(id)], std::slice::from_ref(&row));
    let link = format!(r#"<a href="/ui/requests/{id}">Refund 12 EUR</a> (Mara Lind, "#);
    assert!(line.starts_with(&format!("Another request for the same subject is open: {link}")), "{line}");
    assert!(line.contains(">2 h ago</time>)."), "{line}");
    let line = of(vec![other(id), other(hidden)], std::slice::from_ref(&row));
    assert!(line.starts_with("Other requests for the same subject are open: <a "), "{line}");
    assert!(line.ends_with(" and 1 more.") && !line.contains(&hidden.to_string()), "{line}");
    let line = of(vec![other(hidden)], &[]);
    assert_eq!(line, "Another request for the same subject is open.");
}

#[test]
fn a_usage_limit_is_said_with_the_person_and_the_limit() {
    let waiting = request(State::AdminTask, &[]);
    let said = |by, window, sum: &str, warn_count, warn_sum: Option<&str>, unit: Option<&str>| {
        let amount = |text: &str| Amount::parse(text).unwrap();
        let reached = UsageReached {
            by,
            window,
            usage: Usage { count: 6, sum: amount(sum) },
            warn_count,
            warn_sum: warn_sum.map(amount),
            unit: unit.map(|unit| Unit::parse(unit).unwrap()),
        };
        let finding = Finding {
            code: FindingCode::LimitNearlyUsedUp,
            level: Level::Warning,
            sentence: "With this request the counter maker_day of this maker is at 6 requests.".to_owned(),
            pointer: None,
            facts: Some(FindingFacts::Usage(reached)),
        };
        let explained = Explanation { findings: vec![finding], ..nothing(None) };
        seen(&waiting, &explained, &[])[0].2.replace(['\u{2009}', '\u{a0}'], " ")
    };
    assert_eq!(
        said(CountBy::Maker, TimeDelta::days(1), "31291.5", None, Some("20000"), None),
        "Mara Lind asked for 31 291.5 in 6 requests of this type on one day (UTC), with this one. From 20 000 on it is \
         shown here."
    );
    assert_eq!(
        said(CountBy::Maker, TimeDelta::days(1), "31291.5", None, Some("20000"), Some("EUR")),
        "Mara Lind asked for 31 291.5 EUR in 6 requests of this type on one day (UTC), with this one. From 20 000 EUR on \
         it is shown here."
    );
    assert_eq!(
        said(CountBy::Subject, TimeDelta::days(7), "0", Some(5), None, Some("EUR")),
        "For this subject 6 requests of this type were submitted in one period of 7 days, with this one. From 5 requests \
         on it is shown here."
    );
}
