//! The note on top of a request's page, for every way in which a request can stand.

use super::*;
use crate::domain::probe::ProbeVerdict;
use crate::domain::settlement::{SettledOutcome, SettlementWord};
use crate::engine::queries::View;
use crate::web::sentences::calls::{heading, over_the_call};
use crate::web::sentences::outcomes::{NoteWords, how_it_stands, wish_for_changes};
use crate::web::sentences::settling;
use crate::web::sentences::states::{after_the_stages, state_words};

/// What the engine wrote about the next attempt is a sentence of its own.
const REASON: &str = "The target could not be reached.";

/// What of a request decides which note it has, beside its state.
#[derive(Clone, Copy, Debug)]
struct Facts {
    is_decided: bool,
    is_answered: bool,
    is_settled: bool,
    inferred: bool,
    probes: i64,
    attempts: i64,
    last_probe: Option<ProbeVerdict>,
    has_next: bool,
    has_limit: bool,
}

fn every_fact() -> Vec<Facts> {
    let bits = |bits: u32, bit: u32| bits & (1 << bit) != 0;
    let of = |number: u32| Facts {
        is_decided: bits(number, 0),
        is_answered: bits(number, 1),
        is_settled: bits(number, 2),
        inferred: bits(number, 3),
        probes: i64::from(bits(number, 4)),
        attempts: i64::from(bits(number, 5)) * 2,
        last_probe: bits(number, 6).then_some(ProbeVerdict::DidNotHappen),
        has_next: bits(number, 7),
        has_limit: bits(number, 8),
    };
    (0..1 << 9).map(of).collect()
}

fn view(state: State, facts: Facts) -> View {
    let decided = [decision("chen", Verdict::Rejected, "Ask Legal first.")];
    let mut request = request(state, if facts.is_decided { &decided } else { &[] });
    request.sending.inferred = facts.inferred;
    request.sending.probes = facts.probes;
    request.sending.attempts = facts.attempts;
    request.sending.last_probe = facts.last_probe;
    if facts.has_next {
        request.sending.next_attempt_at = Some(sample::noon());
        request.sending.next_attempt_reason = Some(REASON.to_owned());
    }
    request.execute_before = facts.has_limit.then(sample::noon);
    if facts.is_settled {
        let outcome = if state == State::Failed { SettledOutcome::Failed } else { SettledOutcome::Executed };
        request.settlement.push(word(outcome));
    }
    let sample = sample::view();
    let answer = sample.answer.clone().filter(|_| facts.is_answered);
    View { request, answer, ..sample }
}

pub(super) fn word(outcome: SettledOutcome) -> SettlementWord {
    SettlementWord {
        by: account("uwe"),
        at: sample::noon(),
        outcome,
        evidence: "Seen in the log.".to_owned(),
        capacities: vec![group("Risk")],
        act: Vec::new(),
        settles: true,
    }
}

fn assert_note(NoteWords { head, lines }: &NoteWords, what: &str) {
    assert_plain(head, what);
    for line in lines {
        // A quotation is a person's own.
        let is_quote = line.starts_with('“') && line.ends_with('”');
        assert!(is_quote || !line.is_empty(), "{what}");
        if !is_quote {
            assert_plain(line, what);
        }
    }
}

#[test]
fn every_request_that_can_not_be_decided_says_how_it_stands() {
    for state in State::ALL {
        for facts in every_fact() {
            let (view, what) = (view(state, facts), format!("{state} {facts:?}"));
            let note = how_it_stands(&view, &names(), sample::when());
            let waits =
                matches!(state, State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask);
            assert_eq!(note.is_none(), waits, "{what}");
            note.iter().for_each(|note| assert_note(note, &what));
            let over = over_the_call(&view.request);
            assert!(over.ends_with(':') && over.starts_with(char::is_uppercase), "{what}: {over}");
        }
    }
}

#[test]
fn what_is_wanted_is_said_with_the_fields_that_were_named() {
    let mut sent_back = request(State::SentBack, &[]).sent_back.unwrap();
    let said = |sent_back: &SentBack| wish_for_changes(sent_back, &names());
    assert_note(&said(&sent_back), "sent back");
    sent_back.fields = vec!["/payload/IntouchAPITask-Payload/body/amount".to_owned()];
    let NoteWords { head, lines } = said(&sent_back);
    assert_eq!(head, "Chen Wei asks for changes.");
    assert_eq!(lines, ["“The receipt says 21 EUR.”", "It is about: body › amount."]);
}

#[test]
fn every_state_has_words_of_its_own() {
    for state in State::ALL {
        for waits in [vec![], vec![group("Risk"), group("Finance")]] {
            for words in [state_words(state, &waits), after_the_stages(state).to_owned()] {
                assert!(!words.is_empty() && !words.ends_with('.'), "{state}: {words}");
                let of_programs = NOT_FOR_PEOPLE.iter().find(|word| words.contains(**word));
                assert_eq!(of_programs, None, "{state}: {words}");
            }
        }
        assert!(heading(state).starts_with("What "), "{state}");
    }
    assert_eq!(state_words(State::AdminTask, &[group("Risk"), group("Finance")]), "Waits for Risk, Finance");
}

#[test]
fn an_unknown_outcome_is_told_attempt_by_attempt() {
    for asked in 0..4 {
        assert_plain(&settling::probes(asked), "probes");
    }
    let when = sample::when();
    for line in [
        settling::attempt_began(1),
        settling::attempt_ended(1, REASON),
        settling::probed(REASON, None),
        settling::probed(REASON, Some(when.clock(sample::noon()))),
        settling::NO_OUTCOME.to_owned(),
    ] {
        assert_plain(&line, "attempts");
    }
    for is_only in [true, false] {
        assert!(settling::sent_at(2, is_only).to_lowercase().ends_with("sent at"));
    }
    assert_eq!(settling::attempts_title(1), "The one attempt");
    assert_eq!(settling::attempts_title(2), "The attempts");
}
