//! Every event has words, and none of them is markup.

use super::*;
use crate::domain::lifecycle::Signature;
use crate::domain::policy::Capacity;
use crate::domain::request::State;
use crate::web::html::Markup;
use crate::web::sample;

/// The description of an event of this kind, caused by a maker called Mara.
fn described(kind: EventKind, from: Option<State>) -> EventWords {
    describe_event(&sample::entry(kind, from), &Names::as_spelled(), sample::when())
}

fn line(words: &EventWords) -> String {
    let quote = words.words.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
    format!("{} {}{quote}", words.who.name, words.what)
}

fn lines(kinds: Vec<EventKind>) -> Vec<String> {
    kinds.into_iter().map(|kind| line(&described(kind, Some(State::AdminTask)))).collect()
}

#[test]
fn every_event_that_the_domain_knows_has_words() {
    insta::assert_snapshot!(lines(sample::every_kind()).join("\n"), @r"
    Mara Okafor submitted it
    Countersign checked the maker’s permission to ask for this: it is there
    Countersign checked what was sent: it is what the type asks for
    Countersign let it through; nobody had to agree: The rule small needs no one to agree.
    Mara Okafor tried what the rules forbid: nobody decides their own request; nothing changed
    Mara Okafor approved it for Risk; others must agree, too: Receipt checked.
    Mara Okafor approved it for Risk: Receipt checked.
    Mara Okafor rejected it for Risk; that alone does not end it: Receipt checked.
    Mara Okafor rejected it for Risk: Receipt checked.
    Mara Okafor commented: Which receipt?
    Mara Okafor sent it back for changes in body › amount, for Risk: The receipt says 21 EUR.
    Mara Okafor resubmitted it
    Mara Okafor withdrew it: A typing error.
    Countersign ended it: nobody decided in time. Nothing was sent
    Countersign began attempt 1 to send it
    Countersign recorded that attempt 1 was not sent; the next one is due at 12:00: A reason.
    Countersign learnt late that attempt 1 was carried out, so it was done: A reason.
    Countersign learnt late that attempt 1 was not carried out: A reason.
    Countersign recorded that it was done: A reason.
    Countersign recorded that it was done: the target says that it had the call already, from an earlier attempt: A reason.
    Countersign recorded that it failed: A reason.
    Countersign recorded that it failed, and that nothing was carried out: A reason.
    Countersign recorded that the outcome is unknown: A reason.
    Mara Okafor said for Risk that it happened; another person must say the same: Seen in the log.
    Mara Okafor said for Risk that it did not happen, as another person had: that settles it: Seen in the log.
    Mara Okafor submitted it again, as request 0190b6f2-7a3c-7cc0-8000-000000000002
    Mara Okafor submitted request 0190b6f2-7a3c-7cc0-8000-000000000001 again, as this one
    Mara Okafor wanted the target to be asked what became of it
    Countersign asked the target what became of it: it could not tell; it is asked again at 12:00: A reason.
    Countersign asked the target what became of it: it was done, so that is the outcome: A reason.
    Countersign asked the target what became of it: it was not done: A reason.
    ");
}

#[test]
fn a_request_that_was_approved_and_not_sent_in_time_says_so() {
    let words = described(EventKind::Expired, Some(State::Approved));
    assert!(words.what.contains("approved, but could not be sent in time"), "{words:?}");
}

#[test]
fn only_yes_and_no_are_decisions_and_only_a_persons_words_are_quoted() {
    let marked = |of: fn(&EventWords) -> bool| -> Vec<String> {
        let all = sample::every_kind().into_iter().map(|kind| described(kind, None));
        all.filter(of).map(|words| words.what.to_string()).collect()
    };
    assert_eq!(marked(|words| words.is_decision).len(), 4);
    assert_eq!(marked(|words| words.is_quote).len(), 9);
}

#[test]
fn an_event_of_a_kind_that_this_version_does_not_know_is_told_by_its_own_name() {
    let mut entry = sample::entry(EventKind::MakerAccessValidated, None);
    (entry.event_type, entry.kind) = ("opened".to_owned(), None);
    assert_eq!(
        line(&describe_event(&entry, &Names::as_spelled(), sample::when())),
        "Mara Okafor recorded opened"
    );
}

#[test]
fn names_and_words_that_came_from_outside_are_text_and_show_what_nobody_sees() {
    let words = described(
        EventKind::Decided {
            verdict: Verdict::Approved,
            signature: Box::new(Signature {
                message: "<script>x</script>\u{202e}".to_owned(),
                stage: 0,
                capacities: vec![Capacity::ClaimedGroup("<b>Risk\u{200b}".to_owned())],
                act: Vec::new(),
            }),
            leads_to: State::Approved,
            waits_for: Vec::new(),
            execute_before: None,
        },
        Some(State::AdminTask),
    );
    let shown = Markup::text(&line(&words)).to_string();
    assert!(!shown.contains("<script") && !shown.contains("<b>"), "{shown}");
    assert!(shown.contains("U+202E") && shown.contains("U+200B"), "{shown}");
}
