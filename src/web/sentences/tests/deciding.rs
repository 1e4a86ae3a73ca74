//! Whether and why somebody can decide.

use super::*;
use crate::web::sentences::Step;

#[test]
fn every_reader_of_every_state_is_told_a_sentence_for_people() {
    let own = [
        None,
        Some(decision("chen", Verdict::Approved, "Checked.")),
        Some(decision("chen", Verdict::Rejected, "Ask Legal first.")),
    ];
    let mut read = 0;
    for state in State::ALL {
        for (reader, why) in every_reason() {
            for own in &own {
                let request = request(state, own.as_slice());
                let may = [false, true];
                for (can_withdraw, can_again) in may.into_iter().flat_map(|one| may.map(|two| (one, two))) {
                    let explained = Explanation {
                        forbidden: Some(why.clone()),
                        my_decision: own.clone().filter(|_| reader == "chen"),
                        later_seat: if reader == "tara" { vec![group("Treasury")] } else { Vec::new() },
                        can_withdraw,
                        can_resubmit: can_withdraw && state == State::SentBack,
                        can_submit_again: can_again,
                        ..nothing(Some(so_far(&request, &approval())))
                    };
                    let what = format!("{state} {reader} {why:?} {own:?}");
                    let Answer { sentence, more } = told(&request, &explained, reader);
                    for text in more.iter().chain([&sentence]) {
                        assert_plain(text, &what);
                        read += 1;
                    }
                    let is_over = !state.is_undecided();
                    let is_late = state.is_undecided() && matches!(why, WhyNot::Expired { .. });
                    let says_so = sentence.starts_with("Nothing is left to decide: ");
                    assert!(!is_over || says_so, "{what}: {sentence}");
                    assert!(is_over || is_late || !says_so, "{what}: {sentence}");
                    assert!(!is_over || !sentence.contains("You submitted"), "{what}: {sentence}");
                    assert!(!sentence.contains("may decide"), "{what}: {sentence}");
                }
            }
        }
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn whoever_may_decide_is_told_what_follows_and_never_more() {
    let (none, one) = (Vec::new(), vec![decision("chen", Verdict::Approved, "")]);
    let last = Approval { stages: vec![all("Only", &[("Risk", 1)])], min_distinct_people: 1, ..approval() };
    let cases = [
        (
            &none,
            approval(),
            "After you it still needs one more of Finance, Loyalty or Risk, then Treasury: nothing is \
                              sent when you approve.",
        ),
        (&one, approval(), "After you it still needs Treasury: nothing is sent when you approve."),
        (&none, last, "Yours is the last signature."),
    ];
    for (before, approval, after) in cases {
        let now = request(State::AdminTask, before);
        let signed: Vec<Decision> =
            before.iter().cloned().chain([decision("uwe", Verdict::Approved, "")]).collect();
        let explained = Explanation {
            can_decide: true,
            seat: Some(seat("Risk")),
            after_approval: Some(so_far(&request(State::AdminTask, &signed), &approval)),
            ..nothing(Some(so_far(&now, &approval)))
        };
        let answer = told(&now, &explained, "uwe");
        let expected = format!("You may decide it for Risk, and you have no part in it. {after}");
        assert_eq!(answer, Answer { sentence: expected, more: Vec::new() });
        assert_plain(&answer.sentence, "may decide");
        let words = Step::Approve.words(&now, &explained, &names());
        assert_eq!(words.heading == "Approve and send", after.starts_with("Yours"), "{words:?}");
    }
}

#[test]
fn a_rule_that_asks_for_nobody_leaves_nothing_to_decide() {
    for state in State::ALL {
        let answer = told(&request(state, &[]), &nothing(None), "finn");
        assert_plain(&answer.sentence, &state.to_string());
    }
    let executed = told(&request(State::Executed, &[]), &nothing(None), "finn");
    assert_eq!(executed.sentence, "Nothing is left to decide: its rule asks for nobody.");
}

#[test]
fn what_was_false_on_closed_requests_is_said_as_it_is() {
    let approved = [decision("chen", Verdict::Approved, "")];
    let done = request(State::Executed, &approved);
    let of = |reader: &str| {
        let explained = Explanation {
            forbidden: Some(WhyNot::NotWaiting { state: State::Executed }),
            my_decision: (reader == "chen").then(|| approved[0].clone()),
            ..nothing(Some(so_far(&done, &approval())))
        };
        told(&done, &explained, reader).sentence
    };
    let time = "on 22 Nov 2026, 11:20 UTC";
    assert_eq!(
        of("finn"),
        format!("Nothing is left to decide: everybody needed has agreed, lastly Chen Wei for Risk {time}.")
    );
    assert_eq!(of("mara"), of("finn"));
    assert_eq!(
        of("chen"),
        format!("Nothing is left to decide: everybody needed has agreed, lastly you for Risk {time}.")
    );
    let rejected = request(State::Rejected, &[decision("chen", Verdict::Rejected, "No.")]);
    let answer = told(&rejected, &nothing(None), "auditor");
    assert_eq!(answer.sentence, format!("Nothing is left to decide: Chen Wei rejected it for Risk {time}."));
    let withdrawn = told(&request(State::Withdrawn, &[]), &nothing(None), "mara-2");
    assert_eq!(withdrawn.sentence, "Nothing is left to decide: you withdrew it on 22 Nov 2026, 11:59 UTC.");
}

#[test]
fn who_is_needed_is_named_where_the_people_file_knows() {
    let waiting = request(State::AdminTask, &[]);
    let one = Approval { stages: vec![all("Risk", &[("Risk", 1)])], min_distinct_people: 1, ..approval() };
    let explained = Explanation {
        forbidden: Some(WhyNot::MakerIsChecker),
        can_withdraw: true,
        ..nothing(Some(so_far(&waiting, &one)))
    };
    let answer = told(&waiting, &explained, "mara");
    assert_eq!(answer.sentence, "You submitted this request, so you can’t decide it. You can withdraw it.");
    assert_eq!(answer.more, ["It waits for Risk: Chen Wei, Uwe Haas."]);
    let several = Explanation { progress: Some(so_far(&waiting, &approval())), ..explained.clone() };
    let answer = told(&waiting, &several, "mara-2");
    assert_eq!(
        answer.sentence,
        "You can’t decide it: Mara Lind (mara@example.com) submitted it, and that account is yours. You can withdraw it."
    );
    assert_eq!(answer.more, ["It waits for two of Finance, Loyalty or Risk. Risk: Chen Wei, Uwe Haas."]);
}
