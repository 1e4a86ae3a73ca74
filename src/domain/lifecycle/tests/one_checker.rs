//! The rules one by one for the policy that asks for one checker.

use super::*;
use crate::domain::decision::Decision;
use crate::domain::policy::Capacity;
use crate::domain::request::VERSION_ON_ARRIVAL;

#[test]
fn a_submission_passes_both_checks_and_waits_for_a_checker() {
    let story = Story::begin();
    let moves: Vec<_> = story.events.iter().map(|event| (event.seq, event.from, event.to)).collect();
    assert_eq!(
        moves,
        [
            (1, None, State::ValidateMakerAccess),
            (2, Some(State::ValidateMakerAccess), State::ValidatePayload),
            (3, Some(State::ValidatePayload), State::AdminTask),
        ]
    );
    assert!(story.events.iter().all(|event| event.by == maker() && event.at == start()));
    assert_eq!((story.request.version, story.request.sending.attempts), (VERSION_ON_ARRIVAL, 0));
    assert_eq!((story.request.ended_at, &story.request.decisions), (None, &Vec::new()));
}

#[test]
fn no_one_decides_their_own_request_in_any_state_and_with_any_digest() {
    for story in stories() {
        for own in &everybody()[..3] {
            for verdict in [Verdict::Approved, Verdict::Rejected] {
                for digest in [None, Some("sha256:wrong")] {
                    let command = decide(own.clone(), verdict, "fine", digest);
                    assert_eq!(story.refusal(&command), Refusal::MakerIsChecker, "{}", story.request.state);
                }
            }
        }
    }
}

#[test]
fn equal_ids_under_another_issuer_are_another_person() {
    let mut story = Story::begin();
    let stranger = everybody().pop().unwrap();
    assert_eq!(story.refusal(&withdraw(stranger.clone(), "")), Refusal::NotTheMaker);
    story.tell(&approve(stranger.clone())).unwrap();
    assert_eq!(story.request.last_decision().unwrap().checker, stranger);
}

#[test]
fn a_decision_is_kept_with_who_what_and_when() {
    for (verdict, state, ended_at) in
        [(Verdict::Approved, State::Approved, None), (Verdict::Rejected, State::Rejected, Some(start()))]
    {
        let right = digest().to_string();
        let story = Story::after(&[decide(anna(), verdict, "my words", Some(&right))]);
        assert_eq!((story.request.state, story.request.ended_at), (state, ended_at));
        let decision = Decision {
            checker: anna(),
            verdict,
            message: "my words".to_owned(),
            at: start(),
            digest: digest(),
            stage: 0,
            capacities: vec![Capacity::Permission(Permission::Check)],
            act: Vec::new(),
        };
        assert_eq!(story.request.decisions, [decision]);
    }
}

#[test]
fn repeating_ones_own_decision_changes_nothing_at_any_time_and_with_any_digest() {
    for mut story in stories() {
        let Some(recorded) = story.request.last_decision().cloned() else { continue };
        story.now += seconds(10 * WAITS);
        for repeater in everybody().iter().filter(|person| person.is_same_person(&anna())) {
            for digest in [None, Some("sha256:wrong")] {
                let repeat = decide(repeater.clone(), recorded.verdict, &recorded.message, digest);
                assert_eq!(story.ask(&repeat), Ok(Vec::new()), "{}", story.request.state);
            }
        }
    }
}

#[test]
fn another_message_or_verdict_of_the_same_person_is_not_a_repeat() {
    let story = Story::after(&[approve(anna())]);
    for other in [
        decide(anna(), Verdict::Approved, "fine.", None),
        decide(anna(), Verdict::Rejected, "fine", None),
        decide(bob(), Verdict::Approved, "fine", None),
    ] {
        assert!(matches!(story.refusal(&other), Refusal::AlreadyDecided { .. }));
    }
}

#[test]
fn the_state_is_reported_before_the_digest_is_compared() {
    for story in stories() {
        let late = decide(bob(), Verdict::Approved, "", Some("sha256:wrong"));
        let code = match story.request.state {
            State::AdminTask => "digest_mismatch",
            State::SentBack => "request_sent_back",
            State::Withdrawn => "request_closed",
            State::Expired => "request_expired",
            State::Approved | State::Executed | State::Failed | State::Unknown | State::Rejected => {
                "already_decided"
            }
            State::ValidateMakerAccess | State::ValidatePayload => unreachable!("no story rests here"),
        };
        assert_eq!(story.refusal(&late).code().name(), code);
    }
}

#[test]
fn a_refused_decision_names_the_latest_decision_and_the_state() {
    let story = Story::after(&[approve(anna()), attempt(), record(AttemptOutcome::Ambiguous)]);
    let decision = Box::new(story.request.last_decision().cloned().unwrap());
    let refusal = story.refusal(&reject(bob()));
    assert_eq!(refusal, Refusal::AlreadyDecided { decision, state: State::Unknown });
    assert_eq!(
        refusal.sentence(),
        "sub-anna@example.com approved this request at 2027-01-15T08:00:00Z; its state is unknown. \
         Your call changed nothing."
    );
}

#[test]
fn only_the_very_digest_that_is_stored_is_accepted() {
    let right = digest().to_string();
    let story = Story::begin();
    for wrong in ["", "sha256:", &right.to_uppercase(), &format!(" {right}"), &right[7..]] {
        let refusal = story.refusal(&decide(anna(), Verdict::Rejected, "no", Some(wrong)));
        assert_eq!(refusal, Refusal::DigestMismatch, "{wrong}");
    }
    assert!(story.ask(&decide(anna(), Verdict::Approved, "", Some(&right))).is_ok());
}

#[test]
fn a_request_is_decided_up_to_its_deadline_and_not_at_it() {
    let mut story = Story::begin();
    let tick = TimeDelta::microseconds(1);
    let wrong_digest = decide(anna(), Verdict::Approved, "", Some("sha256:wrong"));
    story.now = story.request.expires_at - tick;
    for command in [approve(anna()), reject(anna()), withdraw(maker(), "")] {
        assert_eq!(story.ask(&command).unwrap().len(), 1);
    }
    assert_eq!(story.ask(&expire()), Ok(Vec::new()));
    for late in [TimeDelta::zero(), tick, seconds(10 * WAITS)] {
        story.now = story.request.expires_at + late;
        for command in [approve(anna()), reject(anna()), withdraw(maker(), ""), wrong_digest.clone()] {
            assert_eq!(story.refusal(&command), Refusal::Expired { expires_at: story.request.expires_at });
        }
        assert_eq!(story.refusal(&approve(maker())), Refusal::MakerIsChecker);
    }
    let events = story.tell(&expire()).unwrap();
    assert_eq!((events.len(), &events[0].by, events[0].to), (1, &Person::system(), State::Expired));
    assert_eq!(story.request.ended_at, Some(story.now));
}

#[test]
fn a_deadline_has_no_effect_once_it_is_decided() {
    for mut story in stories().into_iter().filter(|story| !story.request.state.is_undecided()) {
        story.now = start() + seconds(10 * WAITS);
        assert_eq!(story.ask(&expire()), Ok(Vec::new()), "{}", story.request.state);
    }
}

#[test]
fn only_the_maker_withdraws_with_any_of_their_accounts() {
    for by in everybody() {
        let said = Story::begin().ask(&withdraw(by.clone(), "a mistake"));
        if by.is_same_person(&maker()) {
            let events = said.unwrap();
            assert_eq!((events.len(), &events[0].by, events[0].to), (1, &by, State::Withdrawn));
            assert_eq!(events[0].kind, EventKind::Withdrawn { reason: "a mistake".to_owned() });
        } else {
            assert_eq!(said, Err(Refusal::NotTheMaker));
        }
    }
}

#[test]
fn a_withdrawal_again_changes_nothing_and_one_after_a_decision_is_refused() {
    for story in stories() {
        let code = story.ask(&withdraw(maker(), "another reason")).map_err(|refusal| refusal.code().name());
        match story.request.state {
            State::AdminTask | State::SentBack | State::Approved => assert_eq!(code.unwrap().len(), 1),
            State::Withdrawn => assert_eq!(code, Ok(Vec::new())),
            State::Expired => assert_eq!(code, Err("request_expired")),
            State::Executed | State::Failed | State::Unknown | State::Rejected => {
                assert_eq!(code, Err("already_decided"));
            }
            State::ValidateMakerAccess | State::ValidatePayload => unreachable!("no story rests here"),
        }
        assert_eq!(story.refusal(&withdraw(anna(), "")), Refusal::NotTheMaker);
        let is_allowed = |by: Person| may_withdraw(&by, &NO_FILE, &story.request, story.now).is_ok();
        let is_stoppable =
            matches!(story.request.state, State::AdminTask | State::SentBack | State::Approved);
        assert_eq!((is_allowed(maker()), is_allowed(anna())), (is_stoppable, false));
    }
}

#[test]
fn only_an_approved_request_is_attempted_and_only_once() {
    for story in stories() {
        let state = story.request.state;
        if state == State::Approved {
            let kind = EventKind::AttemptStarted { attempt: 1 };
            assert_eq!(story.ask(&attempt()).unwrap()[0].kind, kind);
        } else {
            assert_eq!(story.refusal(&attempt()), Refusal::NotExecutable { state });
        }
    }
    let begun = Story::after(&[approve(anna()), attempt()]);
    let again = begun.refusal(&attempt());
    assert_eq!(again, Refusal::NotExecutable { state: State::Approved });
}

#[test]
fn an_attempt_ends_only_if_it_is_under_way() {
    let story = Story::after(&[approve(anna())]);
    let nothing = Refusal::NotExecutable { state: State::Approved };
    for outcome in AttemptOutcome::ALL {
        assert_eq!(story.refusal(&record(outcome)), nothing);
    }
    let other = TestCommand::End {
        attempt: Some(2),
        outcome: AttemptOutcome::Executed,
        repeat: TestRepeat::Recognised,
    };
    assert_eq!(Story::after(&[approve(anna()), attempt()]).refusal(&other), nothing);
}

#[test]
fn without_an_attempt_a_stopped_execution_has_failed() {
    let story = Story::after(&[approve(anna())]);
    let failed = &story.ask(&stop()).unwrap()[0];
    assert!(matches!(failed.kind, EventKind::Ended { attempt: None, outcome: Outcome::Failed, .. }));
    assert!(Story::after(&[approve(anna()), attempt()]).ask(&stop()).is_err(), "bytes may have left");
}

#[test]
fn an_end_is_recorded_once_and_an_unknown_outcome_has_no_end_time() {
    let ends = [
        (AttemptOutcome::Executed, Outcome::Executed),
        (AttemptOutcome::Failed, Outcome::Failed),
        (AttemptOutcome::AlreadyDone, Outcome::Failed),
        (AttemptOutcome::Ambiguous, Outcome::Unknown),
    ];
    for (outcome, leads_to) in ends {
        let story = Story::after(&[approve(anna()), attempt(), record(outcome)]);
        assert_eq!(story.request.state, leads_to.state());
        assert_eq!(story.request.ended_at.is_none(), leads_to == Outcome::Unknown);
        for again in AttemptOutcome::ALL {
            let state = leads_to.state();
            assert_eq!(story.refusal(&record(again)), Refusal::NotExecutable { state });
        }
    }
    for story in stories().into_iter().filter(|story| story.request.state != State::Approved) {
        let state = story.request.state;
        assert_eq!(story.refusal(&record(AttemptOutcome::Failed)), Refusal::NotExecutable { state });
    }
}

#[test]
fn a_trail_that_does_not_begin_with_a_submission_folds_to_nothing() {
    let events = Story::begin().events;
    assert_eq!(Request::fold(&[]), None);
    assert_eq!(Request::fold(&events[1..]), None);
}
