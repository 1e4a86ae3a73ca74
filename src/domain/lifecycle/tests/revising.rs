//! Sending back, resubmitting and commenting: who may, when, and that no decision counts for another revision.

use proptest::prelude::*;

use super::drawn::plans;
use super::policies::{checkers, stage};
use super::walks::walk;
use super::*;
use crate::domain::policy::Mode;
use crate::domain::revision::REVISIONS_MAX;

const AMOUNT: &str = "/payload/IntouchAPITask-Payload/body/amount";

fn wish() -> NewSendBack {
    NewSendBack::new("The amount is wrong.").unwrap().about(vec![AMOUNT.to_owned()]).unwrap()
}

pub(super) fn send_back(by: Person) -> TestCommand {
    TestCommand::SendBack { signer: signer(by), wish: wish() }
}

/// The same by somebody who read this revision.
pub(super) fn send_revision_back(by: Person, revision: i64) -> TestCommand {
    let wish = wish().on(Some(digest_of(revision).to_string()), None);
    TestCommand::SendBack { signer: signer(by), wish }
}

fn resubmit(by: Person) -> TestCommand {
    TestCommand::Resubmit { by, is_changed: true }
}

pub(super) fn comment(by: Person, words: &str) -> TestCommand {
    TestCommand::Other(Command::Comment { by, words: Words::new(words).unwrap() })
}

fn approve_revision(checker: Person, revision: i64) -> TestCommand {
    decide(checker, Verdict::Approved, "fine", Some(&digest_of(revision).to_string()))
}

fn code(story: &Story, command: &TestCommand) -> &'static str {
    story.refusal(command).code().name()
}

/// One that Anna sent back and the maker resubmitted.
fn revised() -> Story {
    Story::after(&[send_back(anna()), resubmit(maker())])
}

#[test]
fn whoever_may_reject_sends_it_back_and_then_nobody_decides_it() {
    for mut story in stories() {
        let state = story.request.state;
        let said = story.tell(&send_back(bob()));
        assert_eq!(said.is_ok(), state == State::AdminTask, "{state}");
        assert!(story.ask(&send_back(maker())).is_err());
    }
    let mut story = Story::begin();
    let events = story.tell(&send_back(anna())).unwrap();
    assert_eq!((events.len(), events[0].to, events[0].revision), (1, State::SentBack, 1));
    let it = &story.request;
    let sent_back = it.sent_back.as_ref().unwrap();
    assert_eq!(
        (sent_back.message.as_str(), &sent_back.fields[..]),
        ("The amount is wrong.", &[AMOUNT.to_owned()][..])
    );
    assert_eq!((it.waits_for.len(), it.ended_at, it.decisions.len()), (0, None, 0));
    for command in [approve(bob()), reject(bob()), approve(anna()), send_back(bob())] {
        assert_eq!(code(&story, &command), "request_sent_back");
    }
    assert_eq!(story.ask(&send_back(anna())), Ok(Vec::new()), "a retry does nothing");
    assert_eq!(code(&Story::begin(), &send_back(maker())), "maker_is_checker");
}

#[test]
fn what_is_sent_back_is_what_was_read() {
    let story = Story::begin();
    let other = |digest: Option<String>, version| TestCommand::SendBack {
        signer: signer(anna()),
        wish: wish().on(digest, version),
    };
    assert_eq!(code(&story, &other(Some(digest_of(2).to_string()), None)), "digest_mismatch");
    assert_eq!(code(&story, &other(None, Some(2))), "request_moved");
    assert!(story.ask(&other(Some(digest().to_string()), Some(story.request.version))).is_ok());
    // A retry that says what it is about does not send back what was changed meanwhile.
    let revised = revised();
    assert_eq!(revised.refusal(&send_revision_back(anna(), 1)), Refusal::DigestMismatch);
    assert!(revised.ask(&send_revision_back(anna(), 2)).is_ok());
    assert!(revised.ask(&send_back(anna())).is_ok(), "a digest is not required of it");
}

#[test]
fn only_the_maker_resubmits_and_only_what_was_sent_back() {
    for story in stories() {
        assert_eq!(story.refusal(&resubmit(anna())), Refusal::NotTheMakerResubmits);
        let said = story.ask(&resubmit(maker()));
        assert_eq!(said.is_ok(), story.request.state == State::SentBack, "{}", story.request.state);
    }
    assert_eq!(code(&Story::begin(), &resubmit(maker())), "not_sent_back");
    let story = revised();
    let it = &story.request;
    assert_eq!((it.state, it.revision, it.digest), (State::AdminTask, 2, digest_of(2)));
    assert_eq!((it.expires_at, it.started_at), (start() + seconds(WAITS), start()));
    assert!(it.sent_back.is_none() && !it.waits_for.is_empty());
    let earlier = &it.earlier[0];
    assert_eq!((it.earlier.len(), earlier.number, earlier.digest), (1, 1, digest()));
    assert_eq!(earlier.sent_back.as_ref().map(|sent_back| &sent_back.by), Some(&anna()));
    assert_eq!(code(&story, &resubmit(maker())), "not_sent_back");
}

#[test]
fn from_the_second_revision_on_a_decision_names_the_digest_of_that_one() {
    let mut story = revised();
    for verdict in [Verdict::Approved, Verdict::Rejected] {
        let decide = |digest: Option<i64>| {
            let digest = digest.map(|revision| digest_of(revision).to_string());
            decide(bob(), verdict, "fine", digest.as_deref())
        };
        assert_eq!(story.refusal(&decide(None)), Refusal::RevisionNotNamed { revision: 2 });
        assert_eq!(code(&story, &decide(None)), "request_moved");
        assert_eq!(code(&story, &decide(Some(1))), "digest_mismatch");
        assert!(story.ask(&decide(Some(2))).is_ok());
    }
    story.tell(&approve_revision(bob(), 2)).unwrap();
    assert_eq!(story.request.state, State::Approved);
    let sent = &[attempt(), record(AttemptOutcome::Executed)];
    let mut done = story.clone();
    sent.iter().for_each(|command| drop(done.tell(command).unwrap()));
    assert_eq!((done.request.state, done.request.revision), (State::Executed, 2));
    // What came late was about another call, although the same person said the same of this one.
    assert_eq!(story.ask(&approve_revision(bob(), 2)), Ok(Vec::new()));
    assert_eq!(code(&story, &approve_revision(bob(), 1)), "already_decided");
}

#[test]
fn an_approval_of_one_revision_counts_for_no_other_and_its_checker_signs_again() {
    let two = stage("Two", Mode::All, &[(checkers(), 2)]);
    let approval = Approval { stages: vec![two], rejections: 1, min_distinct_people: 1, fresh_sign_in: None };
    let mut story = Story::under(Charter::of(approval));
    for command in [approve(anna()), send_back(bob()), resubmit(maker()), approve_revision(bob(), 2)] {
        story.tell(&command).unwrap();
    }
    assert_eq!((story.request.state, story.request.decisions.len()), (State::AdminTask, 1));
    assert_eq!(story.request.earlier[0].decisions.len(), 1);
    assert_eq!(code(&story, &approve_revision(bob(), 2).with_words("again")), "already_decided_by_you");
    story.tell(&approve_revision(anna(), 2)).unwrap();
    assert_eq!(story.request.state, State::Approved);
}

impl TestCommand {
    fn with_words(self, words: &str) -> Self {
        match self {
            Self::Decide { signer, decision } => Self::Decide {
                signer,
                decision: NewDecision { message: Words::new(words).unwrap(), ..decision },
            },
            Self::DecideInBulk { .. }
            | Self::End { .. }
            | Self::Late { .. }
            | Self::Say { .. }
            | Self::SendBack { .. }
            | Self::Resubmit { .. }
            | Self::Other(_) => self,
        }
    }
}

#[test]
fn one_that_was_sent_back_is_decided_alone() {
    let story = revised();
    let decision = NewDecision {
        verdict: Verdict::Approved,
        message: Words::default(),
        digest: Some(digest_of(2).to_string()),
        version: None,
    };
    let rules = Some(BulkRules { high_risk: true, flagged: true });
    let together = TestCommand::DecideInBulk { signer: signer(bob()), decision, rules, is_flagged: false };
    assert_eq!(code(&story, &together), "bulk_not_allowed");
}

#[test]
fn the_deadline_goes_on_while_it_is_sent_back_and_after_it_came_back() {
    let mut story = Story::after(&[send_back(anna())]);
    story.now = start() + seconds(WAITS);
    assert_eq!(code(&story, &resubmit(maker())), "request_expired");
    story.tell(&expire()).unwrap();
    assert_eq!((story.request.state, story.request.ended_at), (State::Expired, Some(story.now)));
    let mut story = revised();
    story.now = start() + seconds(WAITS);
    assert_eq!(code(&story, &approve_revision(bob(), 2)), "request_expired");
}

#[test]
fn there_is_an_end_to_sending_back() {
    let mut story = Story::begin();
    for revision in 1..REVISIONS_MAX {
        story.tell(&send_revision_back(anna(), revision)).unwrap();
        story.tell(&resubmit(maker())).unwrap();
    }
    assert_eq!((story.request.revision, story.request.earlier.len()), (REVISIONS_MAX, 9));
    assert_eq!(code(&story, &send_revision_back(anna(), REVISIONS_MAX)), "too_many_revisions");
    story.tell(&approve_revision(anna(), REVISIONS_MAX)).unwrap();
    assert_eq!(story.request.state, State::Approved);
}

#[test]
fn a_rule_that_needs_nobody_approves_what_is_resubmitted() {
    let mut story = Story::after(&[send_back(anna())]);
    let until = start() + seconds(LEAVES_WITHIN);
    let Command::Resubmit { by, people, new, .. } = story.resubmit(&maker(), true) else { unreachable!() };
    let new = Box::new(NewRevision { waits_for: Vec::new(), ..*new });
    let command = Command::Resubmit { by, people, new, auto_approved: Some(until) };
    let events = transition(&story.request, &command, story.now).unwrap();
    let states: Vec<_> = events.iter().map(|event| (event.from, event.to, event.revision)).collect();
    assert_eq!(
        states,
        [
            (Some(State::SentBack), State::ValidatePayload, 2),
            (Some(State::ValidatePayload), State::Approved, 2),
        ]
    );
    story.events.extend(events);
    let it = Request::fold(&story.events).unwrap();
    assert_eq!((it.state, it.execute_before, it.decisions.len()), (State::Approved, Some(until), 0));
}

#[test]
fn everybody_comments_until_it_ends_and_a_hundred_times_at_most() {
    for story in stories() {
        for by in [maker(), anna(), dora()] {
            let said = story.ask(&comment(by, "Which receipt?"));
            assert_eq!(said.is_ok(), !story.request.state.is_final(), "{}", story.request.state);
        }
    }
    assert_eq!(code(&Story::after(&[reject(anna())]), &comment(anna(), "Late.")), "request_closed");
    let mut story = Story::begin();
    for _ in 0..COMMENTS_MAX {
        story.tell(&comment(maker(), "See the receipt.")).unwrap();
    }
    assert_eq!(code(&story, &comment(maker(), "One more.")), "too_many_comments");
    assert_eq!((story.request.comments, story.request.state), (100, State::AdminTask));
    story.tell(&approve(anna())).unwrap();
}

proptest! {
    #[test]
    fn every_approval_rests_on_decisions_about_the_revision_that_is_sent(plan in plans()) {
        walk(&plan, |_, command, said, after| {
            let Ok(events) = said else { return };
            for event in events {
                let EventKind::Decided { leads_to, .. } = &event.kind else { continue };
                let it = &after.request;
                if it.revision > 1 {
                    let TestCommand::Decide { decision, .. } = command else { panic!("{command:?}") };
                    assert_eq!(decision.digest, Some(it.digest.to_string()));
                }
                // Counted from the events, by hand: since the last resubmission.
                let since = after.events.iter().rposition(|event| matches!(event.kind, EventKind::Resubmitted { .. }));
                let own = after.events[since.unwrap_or(0)..].iter();
                let count = own.filter(|event| matches!(event.kind, EventKind::Decided { .. })).count();
                assert_eq!(it.decisions.len(), count);
                assert!(it.decisions.iter().all(|one| one.digest == it.digest));
                let weighed = progress(&it.context(), &after.charter.in_force());
                assert_eq!(*leads_to == State::Approved, weighed.approved);
            }
        });
    }

    #[test]
    fn earlier_revisions_never_change_and_nobody_decides_what_is_sent_back(plan in plans()) {
        walk(&plan, |before, _, _, after| {
            let (from, to) = (&before.request, &after.request);
            assert_eq!(&to.earlier[..from.earlier.len()], &from.earlier[..]);
            assert_eq!(to.earlier.len(), usize::try_from(to.revision - 1).unwrap());
            if to.revision > from.revision {
                assert_eq!((from.state, to.earlier.last()), (State::SentBack, Some(&from.present_revision())));
                assert!(to.decisions.is_empty());
            }
            if from.state == State::SentBack {
                assert_eq!(&to.decisions[..], if to.revision == from.revision { &from.decisions[..] } else { &[] });
                assert!(to.sending.attempts == 0);
            }
            assert_eq!(to.sent_back.is_some(), to.state == State::SentBack || (from.sent_back.is_some() && to.revision == from.revision));
        });
    }
}
