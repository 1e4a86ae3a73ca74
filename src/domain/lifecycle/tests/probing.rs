//! A target that is asked what became of a call ends an unknown outcome only if it says so.

use super::*;
use crate::domain::probe::{ProbeEnd, ProbeVerdict};
use crate::domain::settlement::{NewSettlementWord, SettledOutcome};

pub(super) fn probed(verdict: ProbeVerdict, next: Option<DateTime<Utc>>) -> TestCommand {
    let end = ProbeEnd { verdict, reason: "It was asked.".to_owned(), is_last: false };
    TestCommand::Other(Command::EndProbe { end, next })
}

fn unknown() -> Story {
    Story::after(&[approve(anna()), attempt(), record(AttemptOutcome::Ambiguous)])
}

#[test]
fn a_target_that_says_what_became_of_the_call_settles_it() {
    for (verdict, state) in
        [(ProbeVerdict::Happened, State::Executed), (ProbeVerdict::DidNotHappen, State::Failed)]
    {
        let mut story = unknown();
        story.now += seconds(9);
        story.tell(&probed(verdict, None)).unwrap();
        let Request { state: reached, ended_at, sending, .. } = &story.request;
        assert_eq!((*reached, *ended_at), (state, Some(story.now)));
        assert_eq!((sending.probes, sending.attempts), (1, 1), "a probe is no attempt to send");
        assert_eq!(sending.inferred, state == State::Executed);
        assert_eq!(Request::fold(&story.events), Some(story.request.clone()));
    }
}

#[test]
fn one_that_can_not_tell_is_asked_again_and_settles_nothing() {
    let mut story = unknown();
    let next = story.now + seconds(10);
    let events = story.tell(&probed(ProbeVerdict::CannotTell, Some(next))).unwrap();
    assert!(
        matches!(&events[0].kind, EventKind::Probed { next_probe_at, settles: None, .. } if *next_probe_at == Some(next))
    );
    assert_eq!((story.request.state, story.request.sending.probes), (State::Unknown, 1));
    story.tell(&probed(ProbeVerdict::Happened, None)).unwrap();
    assert_eq!(story.request.state, State::Executed);
}

#[test]
fn what_a_target_says_after_people_settled_it_is_kept_and_moves_nothing() {
    let mut story = unknown();
    for person in [bob(), carl()] {
        let word = NewSettlementWord::new(SettledOutcome::Failed, "not there", None).unwrap();
        story.tell(&TestCommand::Say { signer: signer(person), word }).unwrap();
    }
    let before = story.request.clone();
    story.tell(&probed(ProbeVerdict::Happened, None)).unwrap();
    assert_eq!((story.request.state, story.request.ended_at), (State::Failed, before.ended_at));
    assert_eq!(story.request.sending.last_probe, Some(ProbeVerdict::Happened));
    assert!(!story.request.sending.inferred);
}

#[test]
fn only_a_call_of_which_nobody_knew_the_outcome_is_asked_about() {
    for story in stories() {
        let is_possible = match story.request.state {
            State::Unknown | State::Executed | State::Failed => true,
            State::ValidateMakerAccess
            | State::ValidatePayload
            | State::AdminTask
            | State::SentBack
            | State::Approved
            | State::Rejected
            | State::Withdrawn
            | State::Expired => false,
        };
        assert_eq!(story.ask(&probed(ProbeVerdict::Happened, None)).is_ok(), is_possible);
    }
}

#[test]
fn whoever_may_settle_it_may_have_the_target_asked() {
    let story = unknown();
    let ask = |by: Person, has_probe, is_due| {
        let signer = signer(by);
        let rules =
            SettlementRules { approval: Some(&story.charter.approval), people: &story.charter.people };
        let command = Command::AskProbe(ProbeWish { signer: &signer, rules, has_probe, is_due });
        transition(&story.request, &command, story.now).map(|events| events.len())
    };
    assert_eq!(ask(bob(), true, false), Ok(1));
    assert_eq!(ask(bob(), true, true), Ok(0));
    assert_eq!(ask(bob(), false, false).unwrap_err().code().name(), "no_probe");
    assert_eq!(ask(maker(), true, false).unwrap_err().code().name(), "maker_is_checker");
}
