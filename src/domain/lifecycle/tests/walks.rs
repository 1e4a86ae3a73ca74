//! What holds whatever people, clocks and the executor do, and whatever the policy asks for.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::again::newer;
use super::drawn::{Steps, plans};
use super::sending::outcomes_by_attempt;
use super::*;
use crate::domain::decision::Decision;
use crate::domain::probe::ProbeVerdict;

/// Where a state may lead; no other move exists.
fn leads_to(from: State, to: State) -> bool {
    let next: &[State] = match from {
        State::ValidateMakerAccess => &[State::ValidatePayload],
        State::ValidatePayload => &[State::AdminTask, State::Approved],
        State::AdminTask => {
            &[State::SentBack, State::Approved, State::Rejected, State::Withdrawn, State::Expired]
        }
        State::SentBack => &[State::AdminTask, State::Withdrawn, State::Expired],
        State::Approved => {
            &[State::Executed, State::Failed, State::Unknown, State::Expired, State::Withdrawn]
        }
        // By an answer that came late, by two people, or by a target that was asked.
        State::Unknown => &[State::Executed, State::Failed],
        State::Executed | State::Failed | State::Rejected | State::Withdrawn | State::Expired => &[],
    };
    from == to || next.contains(&to)
}

/// Runs the steps, and shows `check` every story before and after each of them.
pub(super) fn walk(
    (charter, steps): &(Charter, Steps),
    mut check: impl FnMut(&Story, &TestCommand, &Result<Vec<Event>, Refusal>, &Story),
) -> Story {
    let mut story = Story::under(charter.clone());
    for (pause, command) in steps {
        story.now += seconds(*pause);
        let before = story.clone();
        let said = story.tell(command);
        check(&before, command, &said, &story);
    }
    story
}

#[test]
fn the_arbitrary_stories_reach_every_state_in_which_a_request_rests() {
    let mut runner = TestRunner::deterministic();
    let mut ends = || walk(&plans().new_tree(&mut runner).unwrap().current(), |_, _, _, _| {});
    let reached: Vec<Request> = (0..4000).map(|_| ends().request).collect();
    for state in &State::ALL[2..] {
        assert!(reached.iter().any(|request| request.state == *state), "{state}");
    }
    let is_there = |what: &str, is: &dyn Fn(&Request) -> bool| {
        assert!(reached.iter().any(is), "{what}");
    };
    let has_lapsed = |end: &Request| end.state == State::Expired && end.execute_before.is_some();
    is_there("a lapsed approval", &has_lapsed);
    is_there("a third attempt", &|end| end.sending.attempts > 2);
    is_there("an inferred execution", &|end| end.sending.inferred && end.state == State::Executed);
    is_there("a withdrawn approval", &|end| end.state == State::Withdrawn && end.execute_before.is_some());
    is_there("a settlement by people", &|end| end.settling_word().is_some());
    is_there("two rejections", &|end| end.state == State::Rejected && end.decisions.len() > 1);
    is_there("a third stage", &|end| end.last_decision().is_some_and(|last| last.stage == 2));
    is_there("a request submitted again", &|end| end.repeated_by.is_some());
    is_there("a third revision", &|end| end.revision > 2);
    is_there("a decision on a second revision", &|end| end.revision > 1 && !end.decisions.is_empty());
    is_there("an approval of a revision that was sent back", &|end| {
        end.earlier.iter().any(|earlier| !earlier.decisions.is_empty())
    });
    is_there("two approvals", &|end| end.state == State::Executed && end.decisions.len() > 1);
    is_there("an execution that nobody approved", &|end| {
        end.state == State::Executed && end.decisions.is_empty()
    });
}

/// What an event says of a decision.
fn decided_by(event: &Event) -> Option<(Person, Verdict, usize, DateTime<Utc>, i64)> {
    let EventKind::Decided { verdict, signature, .. } = &event.kind else { return None };
    Some((event.by.clone(), *verdict, signature.stage, event.at, event.revision))
}

proptest! {
    #[test]
    fn a_maker_never_decides_their_own_request(plan in plans()) {
        let end = walk(&plan, |before, command, said, _| {
            let TestCommand::Decide { signer, .. } = command else { return };
            let (request, people) = (&before.request, &before.charter.people);
            let is_own = signer.behind(people).overlaps(&people.behind(&request.maker, &[]));
            assert!(is_own || !signer.person.is_same_person(&request.maker));
            let is_on = people.is_active(&signer.person, &[]);
            assert_eq!(is_own && is_on, *said == Err(Refusal::MakerIsChecker));
        });
        for decision in end.request.decisions {
            assert!(!decision.checker.is_same_person(&maker()));
        }
    }

    #[test]
    fn no_one_counts_twice_with_any_of_their_accounts(plan in plans()) {
        let end = walk(&plan, |_, _, _, _| {});
        let people = &end.charter.people;
        let behind: Vec<_> =
            end.request.decisions.iter().map(|one| people.behind(&one.checker, &one.act)).collect();
        for (number, one) in behind.iter().enumerate() {
            assert!(!behind[..number].iter().any(|other| other.overlaps(one)));
        }
    }

    #[test]
    fn there_is_at_most_one_leading_decision_and_one_end(plan in plans()) {
        let end = walk(&plan, |_, _, said, _| assert!(said.as_ref().map_or(0, Vec::len) <= 1));
        let count = |is: fn(&EventKind) -> bool| end.events.iter().filter(|event| is(&event.kind)).count();
        let decisions = count(|kind| matches!(kind, EventKind::Decided { .. }));
        let approvals = count(|kind| matches!(
            kind,
            EventKind::Decided { leads_to: State::Approved, .. } | EventKind::AutoApproved { .. }
        ));
        let rejections = count(|kind| matches!(kind, EventKind::Decided { leads_to: State::Rejected, .. }));
        let attempts = count(|kind| matches!(kind, EventKind::AttemptStarted { .. }));
        let ends = count(|kind| matches!(kind, EventKind::Ended { .. }));
        assert!(approvals + rejections <= 1);
        assert!(attempts == 0 || approvals == 1);
        assert!(ends <= approvals);
        assert_eq!(end.request.sending.attempts, i64::try_from(attempts).unwrap());
        let earlier: usize = end.request.earlier.iter().map(|earlier| earlier.decisions.len()).sum();
        assert_eq!(earlier + end.request.decisions.len(), decisions);
        if end.charter.is_auto {
            assert_eq!((decisions, approvals), (0, 1));
        } else if end.charter.approval == Charter::one_checker().approval {
            assert_eq!(decisions, approvals + rejections);
        }
    }

    #[test]
    fn every_decision_leads_where_the_policy_says_and_to_whom(plan in plans()) {
        walk(&plan, |_, _, said, after| {
            let Ok(events) = said else { return };
            for event in events {
                let EventKind::Decided { verdict, leads_to, .. } = &event.kind else { continue };
                let weighed = progress(&after.request.context(), &after.charter.in_force());
                assert_eq!((after.request.state, event.to), (*leads_to, *leads_to));
                assert_eq!(*leads_to == State::Approved, weighed.approved);
                assert_eq!(*leads_to == State::Rejected, weighed.rejected);
                assert!(*leads_to != State::Approved || *verdict == Verdict::Approved);
                assert_eq!(after.request.waits_for, weighed.waits_for());
                assert!(!after.request.last_decision().unwrap().capacities.is_empty());
            }
        });
    }

    #[test]
    fn a_request_waits_for_somebody_exactly_while_it_waits_for_checkers(plan in plans()) {
        walk(&plan, |_, _, _, after| {
            let is_waiting = after.request.state == State::AdminTask;
            assert_eq!(is_waiting, !after.request.waits_for.is_empty());
        });
    }

    #[test]
    fn only_what_was_approved_has_a_time_by_which_it_leaves_and_none_is_begun_after_it(plan in plans()) {
        let end = walk(&plan, |before, _, _, after| {
            if after.request.sending.attempts > before.request.sending.attempts {
                assert!(Some(after.now) < after.request.execute_before);
            }
        });
        let was_approved = end.events.iter().any(|event| event.to == State::Approved);
        assert_eq!(end.request.execute_before.is_some(), was_approved);
        if end.request.state == State::Expired && was_approved {
            assert_eq!(end.request.sending.attempts, 0);
            assert!(end.request.ended_at >= end.request.execute_before);
        }
    }

    #[test]
    fn a_state_leads_only_where_the_machine_says_and_a_final_one_nowhere(plan in plans()) {
        walk(&plan, |before, _, _, after| {
            let (from, to) = (&before.request, &after.request);
            assert!(leads_to(from.state, to.state), "{} to {}", from.state, to.state);
            assert_eq!(to.state.is_final(), to.ended_at.is_some());
            if from.state.is_final() {
                // A late answer adds to what is known of attempts, and who submits it again sets a link; nothing else
                // moves.
                let (version, sending) = (from.version, from.sending.clone());
                let repeated_by = from.repeated_by;
                assert_eq!(&Request { version, sending, repeated_by, ..to.clone() }, from);
            }
        });
    }

    #[test]
    fn folding_the_events_gives_exactly_the_stepped_request(plan in plans()) {
        let end = walk(&plan, |_, _, _, after| {
            assert_eq!(Request::fold(&after.events).as_ref(), Some(&after.request));
        });
        let mut state = None;
        for (event, seq) in end.events.iter().zip(1..) {
            assert_eq!((event.seq, event.from), (seq, state));
            state = Some(event.to);
        }
        assert_eq!(end.request.version, i64::try_from(end.events.len()).unwrap());
        // The decisions, read from the events without folding them.
        let decided: Vec<_> = end.events.iter().filter_map(decided_by).collect();
        let revisions = end.request.earlier.iter().cloned().chain([end.request.present_revision()]);
        let recorded: Vec<_> = revisions.flat_map(|revision| {
            assert!(revision.decisions.iter().all(|one| one.digest == revision.digest));
            let stands = |one: Decision| (one.checker, one.verdict, one.stage, one.at, revision.number);
            revision.decisions.into_iter().map(stands).collect::<Vec<_>>()
        }).collect();
        assert_eq!(recorded, decided);
    }

    #[test]
    fn a_refusal_changes_nothing_but_the_number_of_events(plan in plans()) {
        walk(&plan, |before, _, said, after| {
            if said.is_err() {
                let version = before.request.version;
                assert_eq!(Request { version, ..after.request.clone() }, before.request);
                assert!(after.events[before.events.len()..].iter().all(|event| {
                    matches!(event.kind, EventKind::Refused { .. }) && event.from == Some(event.to)
                }));
            }
        });
    }

    #[test]
    fn a_recorded_decision_can_be_repeated_at_any_time_and_does_nothing(plan in plans()) {
        let end = walk(&plan, |_, _, _, _| {});
        for recorded in &end.request.decisions {
            let repeat = decide(recorded.checker.clone(), recorded.verdict, &recorded.message, Some("wrong"));
            assert_eq!(end.ask(&repeat), Ok(Vec::new()));
        }
    }

    #[test]
    fn nothing_is_decided_or_withdrawn_at_or_after_the_deadline(plan in plans()) {
        walk(&plan, |before, command, said, _| {
            let is_late = before.now >= before.request.expires_at && before.request.state != State::Approved;
            // An outcome is settled, and what ended is submitted again, after the deadline.
            let is_asked = match command {
                TestCommand::Say { .. } | TestCommand::Other(Command::Settle(_) | Command::SubmitAgain { .. } | Command::AskProbe(_)) => false,
                // The engine ends what is due first; till then it is like any other request.
                TestCommand::Other(Command::Comment { .. }) => false,
                TestCommand::Decide { .. }
                | TestCommand::DecideInBulk { .. }
                | TestCommand::End { .. }
                | TestCommand::Late { .. }
                | TestCommand::SendBack { .. }
                | TestCommand::Resubmit { .. }
                | TestCommand::Other(_) => asker(command).is_some(),
            };
            if is_late && is_asked {
                assert!(said.as_ref().map_or(true, Vec::is_empty));
            }
        });
    }

    #[test]
    fn what_the_state_says_of_the_call_is_true_of_its_attempts(plan in plans()) {
        walk(&plan, |before, _, _, after| {
            // What comes after the end may contradict it, and is kept as a finding.
            if before.request.state == after.request.state {
                return;
            }
            let last = after.events.last().map(|event| &event.kind);
            if matches!(last, Some(EventKind::Probed { settles: Some(_), .. })) {
                assert_eq!(before.request.state, State::Unknown);
                return;
            }
            if after.request.settling_word().is_some() {
                let said: Vec<_> = after.request.settlement.iter().filter(|word| word.outcome.outcome().state() == after.request.state).collect();
                assert!(said.len() >= 2, "nobody settles it alone");
                return;
            }
            let attempts = outcomes_by_attempt(&after.events);
            let may_be_done = |outcome: &Option<AttemptOutcome>| matches!(
                outcome,
                None | Some(AttemptOutcome::Executed | AttemptOutcome::Ambiguous)
            );
            let is_executed = |outcome: &Option<AttemptOutcome>| *outcome == Some(AttemptOutcome::Executed);
            match after.request.state {
                State::Executed if after.request.sending.inferred => {
                    assert!(attempts.values().any(|one| *one == Some(AttemptOutcome::Ambiguous)));
                }
                State::Executed => assert!(attempts.values().any(is_executed)),
                State::Failed | State::Withdrawn => assert!(!attempts.values().any(may_be_done)),
                State::Expired => assert!(attempts.is_empty()),
                State::Unknown => assert!(attempts.values().any(may_be_done)),
                State::Approved
                | State::Rejected
                | State::AdminTask
                | State::SentBack
                | State::ValidateMakerAccess
                | State::ValidatePayload => {}
            }
        });
    }

    #[test]
    fn an_ambiguous_attempt_is_followed_only_where_the_target_recognises_a_repeat(plan in plans()) {
        walk(&plan, |before, command, said, _| {
            let (TestCommand::End { outcome, repeat, .. }, Ok(events)) = (command, said) else { return };
            let goes_on = events.iter().any(|event| matches!(event.kind, EventKind::AttemptEnded { .. }));
            if *outcome == AttemptOutcome::Ambiguous && *repeat == TestRepeat::Unknown {
                assert!(!goes_on);
            }
            if let Some(EventKind::AttemptEnded { next_attempt_at, .. }) =
                events.first().map(|event| &event.kind)
            {
                assert!(Some(*next_attempt_at) < before.request.execute_before);
                let is_ambiguous = *outcome == AttemptOutcome::Ambiguous;
                assert!(!is_ambiguous || *next_attempt_at >= before.now + seconds(5));
            }
        });
    }

    #[test]
    fn a_request_is_submitted_again_once_by_its_maker_and_only_if_nothing_can_come_of_it(plan in plans()) {
        walk(&plan, |before, command, said, after| {
            let TestCommand::Other(Command::SubmitAgain { by, people, .. }) = command else {
                return assert_eq!(after.request.repeated_by, before.request.repeated_by);
            };
            let it = &before.request;
            let is_over = it.state.is_final() && it.state != State::Executed;
            let is_allowed = people.is_own_account(by, &maker()) && is_over && it.repeated_by.is_none();
            assert_eq!(said.is_ok(), is_allowed);
            assert_eq!(after.request.repeated_by, if is_allowed { Some(newer()) } else { it.repeated_by });
            // Or the target or two people said of an unknown outcome that it did not happen.
            let is_settled =
                it.settling_word().is_some() || it.sending.last_probe == Some(ProbeVerdict::DidNotHappen);
            assert!(!is_allowed || it.sending.is_certainly_undone() || is_settled);
        });
    }

    #[test]
    fn time_in_a_history_never_runs_backwards(plan in plans()) {
        let end = walk(&plan, |_, _, _, _| {});
        assert!(end.events.is_sorted_by_key(|event| event.at));
    }
}
