//! From the approval to the outcome: attempts, what follows on each, and answers that come late.

use std::collections::BTreeMap;

use super::*;
use crate::domain::request_type::RetryRules;

/// An approved request whose attempts ended like this, each followed by the next.
fn sent(ends: &[TestCommand]) -> Story {
    let mut story = Story::after(&[approve(anna())]);
    for end in ends {
        story.tell(&attempt()).unwrap();
        story.tell(end).unwrap();
        story.now += seconds(1);
    }
    story
}

fn outcome(story: &Story) -> (State, bool) {
    (story.request.state, story.request.sending.inferred)
}

use AttemptOutcome::{AlreadyDone, Ambiguous, Executed, Failed, NotDone, NotSent};

#[test]
fn what_was_not_sent_or_not_done_is_tried_again_and_succeeds_with_one_approval() {
    let story = sent(&[record(NotSent), record(NotDone), record(Executed)]);
    assert_eq!(outcome(&story), (State::Executed, false));
    assert_eq!((story.request.sending.attempts, story.request.sending.outcome_attempt), (3, Some(3)));
    assert_eq!(story.request.decisions.len(), 1);
}

#[test]
fn the_next_attempt_is_announced_and_ends_the_announcement_when_it_starts() {
    let mut story = sent(&[record(NotSent)]);
    assert_eq!(story.request.sending.next_attempt_at, Some(start() + seconds(2)));
    assert_eq!(story.request.state, State::Approved);
    story.tell(&attempt()).unwrap();
    assert_eq!(story.request.sending.next_attempt_at, None);
}

#[test]
fn an_ambiguous_attempt_is_repeated_only_if_the_target_recognises_it() {
    assert_eq!(outcome(&sent(&[record(Ambiguous)])), (State::Unknown, false));
    let waits = sent(&[record_recognised(Ambiguous)]);
    assert_eq!(waits.request.state, State::Approved);
    assert_eq!(waits.request.sending.next_attempt_at, Some(start() + seconds(5)), "the call's limit");
}

#[test]
fn had_it_already_says_done_only_after_an_attempt_that_may_have_been_carried_out() {
    let done = [record_recognised(Ambiguous), record_recognised(AlreadyDone)];
    assert_eq!(outcome(&sent(&done)), (State::Executed, true));
    assert_eq!(outcome(&sent(&[record_recognised(AlreadyDone)])), (State::Failed, false));
    let after_a_retry = [record_recognised(NotSent), record_recognised(AlreadyDone)];
    assert_eq!(outcome(&sent(&after_a_retry)), (State::Failed, false));
    let shared =
        TestCommand::End { attempt: None, outcome: AlreadyDone, repeat: TestRepeat::RecognisedButShared };
    assert_eq!(outcome(&sent(&[record_recognised(Ambiguous), shared])), (State::Unknown, false));
}

#[test]
fn a_refusal_of_the_repeat_says_nothing_of_the_first_attempt() {
    let refused = [record_recognised(Ambiguous), record_recognised(Failed)];
    assert_eq!(outcome(&sent(&refused)), (State::Unknown, false));
    let done = [record_recognised(Ambiguous), record_recognised(Executed)];
    assert_eq!(outcome(&sent(&done)), (State::Executed, false));
}

#[test]
fn at_the_deadline_the_attempts_decide_what_is_true() {
    let lapsed = |mut story: Story| {
        story.now = start() + seconds(LEAVES_WITHIN);
        story.tell(&lapse()).unwrap();
        story.request.state
    };
    assert_eq!(lapsed(Story::after(&[approve(anna())])), State::Expired);
    assert_eq!(lapsed(sent(&[record(NotSent)])), State::Failed);
    assert_eq!(lapsed(sent(&[record(NotDone)])), State::Failed);
    assert_eq!(lapsed(sent(&[record_recognised(Ambiguous)])), State::Unknown);
}

#[test]
fn what_is_used_up_ends_at_once() {
    let retry = RetryRules { attempts: Some(1), ..RETRY };
    for (first, leads_to) in [(NotSent, State::Failed), (NotDone, State::Failed), (Ambiguous, State::Unknown)]
    {
        let story = Story::after(&[approve(anna()), attempt()]);
        let rules = sending_rules(&retry, TestRepeat::Recognised);
        let command = Command::EndAttempt { end: ended(1, first), rules };
        let events = transition(&story.request, &command, story.now).unwrap();
        assert_eq!(events[0].to, leads_to);
    }
}

#[test]
fn the_maker_withdraws_what_is_approved_as_long_as_nothing_can_have_happened() {
    for story in [Story::after(&[approve(anna())]), sent(&[record(NotSent)]), sent(&[record(NotDone)])] {
        let mut story = story;
        assert_eq!(story.refusal(&withdraw(anna(), "no")), Refusal::NotTheMaker);
        story.tell(&withdraw(maker(), "a mistake")).unwrap();
        assert_eq!(story.request.state, State::Withdrawn);
        assert_eq!(story.request.sending.next_attempt_at, None);
    }
    let open = Story::after(&[approve(anna()), attempt()]);
    for story in [open, sent(&[record_recognised(Ambiguous)])] {
        assert_eq!(story.refusal(&withdraw(maker(), "a mistake")), Refusal::AttemptUnderWay);
    }
}

#[test]
fn a_late_answer_settles_an_unknown_outcome() {
    let settled = |outcome| {
        let mut story = sent(&[record(Ambiguous)]);
        story.tell(&late(1, outcome)).unwrap();
        story.request.state
    };
    assert_eq!(settled(Executed), State::Executed);
    for refused in [Failed, NotSent, NotDone, AlreadyDone] {
        assert_eq!(settled(refused), State::Failed);
    }
    assert_eq!(settled(Ambiguous), State::Unknown);
}

#[test]
fn a_late_answer_cancels_a_repeat_that_has_not_begun() {
    let mut done = sent(&[record_recognised(Ambiguous)]);
    done.tell(&late(1, Executed)).unwrap();
    assert_eq!((outcome(&done), done.request.sending.next_attempt_at), ((State::Executed, false), None));
    assert!(done.ask(&attempt()).is_err());
    let mut refused = sent(&[record_recognised(Ambiguous)]);
    refused.tell(&late(1, Failed)).unwrap();
    assert_eq!(refused.request.state, State::Failed);
    let mut not_sent = sent(&[record_recognised(Ambiguous)]);
    not_sent.tell(&late(1, NotSent)).unwrap();
    assert_eq!(not_sent.request.state, State::Approved, "the next attempt is an ordinary one");
    assert!(not_sent.request.sending.is_certainly_undone());
}

#[test]
fn what_a_begun_repeat_brings_is_kept_and_moves_nothing() {
    let mut story = sent(&[record_recognised(Ambiguous)]);
    story.tell(&attempt()).unwrap();
    story.tell(&late(1, Executed)).unwrap();
    assert_eq!(story.request.state, State::Executed);
    let ended_at = story.request.ended_at;
    story.now += seconds(3);
    let happened = story.tell(&late(2, Failed)).unwrap();
    assert!(matches!(happened[0].kind, EventKind::LateAnswer { settles: None, .. }));
    assert_eq!((story.request.state, story.request.ended_at), (State::Executed, ended_at));
    assert_eq!(story.request.sending.outcome_attempt, Some(1));
    assert!(!story.request.sending.is_open);
}

#[test]
fn a_late_refusal_while_a_repeat_is_under_way_leaves_the_end_to_the_repeat() {
    let begun = || {
        let mut story = sent(&[record_recognised(Ambiguous)]);
        story.tell(&attempt()).unwrap();
        story.tell(&late(1, Failed)).unwrap();
        assert_eq!(story.request.state, State::Approved);
        story
    };
    for (end, leads_to) in [(Failed, State::Failed), (Executed, State::Executed)] {
        let mut story = begun();
        story.tell(&record_recognised(end)).unwrap();
        assert_eq!(story.request.state, leads_to);
    }
}

#[test]
fn an_answer_to_an_attempt_that_never_was_is_refused() {
    let story = sent(&[record(Ambiguous)]);
    for attempt in [0, 2, 7] {
        assert!(story.ask(&late(attempt, Executed)).is_err());
    }
}

/// What each attempt came to, as the events say; nothing while it is under way.
pub(super) fn outcomes_by_attempt(events: &[Event]) -> BTreeMap<i64, Option<AttemptOutcome>> {
    let mut outcomes = BTreeMap::new();
    for event in events {
        match &event.kind {
            EventKind::AttemptStarted { attempt } => drop(outcomes.insert(*attempt, None)),
            EventKind::AttemptEnded { attempt, outcome, .. } => {
                outcomes.insert(*attempt, Some(*outcome));
            }
            EventKind::Ended { attempt: Some(ended), .. } | EventKind::LateAnswer { attempt: ended, .. } => {
                outcomes.insert(ended.attempt, Some(ended.outcome));
            }
            EventKind::Submitted(_)
            | EventKind::MakerAccessValidated
            | EventKind::PayloadValidated
            | EventKind::Decided { .. }
            | EventKind::AutoApproved { .. }
            | EventKind::Commented { .. }
            | EventKind::SentBack { .. }
            | EventKind::Resubmitted { .. }
            | EventKind::Withdrawn { .. }
            | EventKind::Expired
            | EventKind::Ended { attempt: None, .. }
            | EventKind::Refused { .. }
            | EventKind::SettlementWordGiven { .. }
            | EventKind::SubmittedAgain { .. }
            | EventKind::ProbeAsked
            | EventKind::Probed { .. } => {}
        }
    }
    outcomes
}

pub(super) const RETRY: RetryRules =
    RetryRules { first_delay: TimeDelta::seconds(2), longest_delay: TimeDelta::seconds(8), attempts: None };

pub(super) fn sending_rules(retry: &RetryRules, repeat: TestRepeat) -> SendingRules<'_> {
    SendingRules {
        retry,
        recognises_repeat: repeat != TestRepeat::Unknown,
        is_only_user: repeat == TestRepeat::Recognised,
        call_limit: seconds(5),
        jitter: 1000,
    }
}
