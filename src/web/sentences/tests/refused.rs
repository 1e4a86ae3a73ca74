//! What is said of what was not recorded, and of what was.

use super::*;
use crate::domain::lifecycle::{NotRepeatable, Refusal};
use crate::domain::policy::bulk::AloneBecause;
use crate::domain::policy::may_settle::WhyNotSettle;
use crate::engine::{EngineError, Unavailable};
use crate::web::sentences::refused::try_again;
use crate::web::sentences::{
    COMMENT_RECORDED, SENT_BACK_RECORDED, approval_recorded, probe_asked, refused, rejection_recorded,
    submission_recorded, why_not_settle, word_recorded,
};

/// Every refusal that a page can get.
fn every_refusal() -> Vec<Refusal> {
    let last = Box::new(decision("chen", Verdict::Approved, ""));
    let mut all = vec![
        Refusal::MakerIsChecker,
        Refusal::NotTheMaker,
        Refusal::DigestMismatch,
        Refusal::Moved { seen: 1, version: 2 },
        Refusal::BulkNotAllowed(AloneBecause::HighRisk),
        Refusal::FreshSignInRequired { within: TimeDelta::minutes(10) },
        Refusal::RevisionNotNamed { revision: 2 },
        Refusal::SentBack,
        Refusal::NotTheMakerResubmits,
        Refusal::TooManyRevisions,
        Refusal::TooManyComments,
        Refusal::AttemptUnderWay,
        Refusal::NotTheMakerAgain,
        Refusal::Expired { expires_at: sample::noon() },
        Refusal::NotRepeatable(NotRepeatable::Repeated { by: sample::again().id }),
        Refusal::NotRepeatable(NotRepeatable::CarriedOut),
        Refusal::NotRepeatable(NotRepeatable::TypeGone),
    ];
    for state in State::ALL {
        all.extend([
            Refusal::AlreadyDecided { decision: last.clone(), state },
            Refusal::Closed { state },
            Refusal::NotSentBack { state },
            Refusal::NotExecutable { state },
            Refusal::MayNotSettle(WhyNotSettle::NotUnknown { state }),
            Refusal::NotRepeatable(NotRepeatable::State(state)),
        ]);
    }
    all.extend(every_reason().into_iter().map(|(_, why)| Refusal::NotAllowed(why)));
    all.extend(every_reason_not_to_settle().into_iter().map(Refusal::MayNotSettle));
    all
}

fn every_reason_not_to_settle() -> Vec<WhyNotSettle> {
    let no_seat = |stages: &[&str], hint| WhyNotSettle::NoSeat {
        stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        hint,
    };
    vec![
        WhyNotSettle::OtherOrg,
        WhyNotSettle::PermissionMissing,
        WhyNotSettle::PersonInactive,
        WhyNotSettle::Maker,
        WhyNotSettle::AttemptUnderWay,
        WhyNotSettle::NoProbe,
        WhyNotSettle::TooManyWords,
        WhyNotSettle::Moved { seen: 1, version: 2 },
        no_seat(&["Risk"], None),
        no_seat(&[], None),
        no_seat(&["Risk"], Some(SeatHint::Spelling("uwe".to_owned()))),
        no_seat(&["Risk"], Some(SeatHint::ServiceAccount)),
    ]
}

#[test]
fn whatever_is_refused_is_said_for_people() {
    let members = [];
    let (reader, names, when) = (account("uwe"), names(), sample::when());
    for state in State::ALL {
        for decisions in [vec![], vec![decision("chen", Verdict::Rejected, "Ask Legal first.")]] {
            let now = request(state, &decisions);
            for refusal in every_refusal() {
                let explained = nothing(Some(so_far(&now, &approval())));
                let explained = &Explanation { forbidden: Some(WhyNot::NotWaiting { state }), ..explained };
                let seen = Situation {
                    request: &now,
                    explained,
                    members: &members,
                    reader: &reader,
                    names: &names,
                    when,
                };
                let what = format!("{state} {refusal:?}");
                let said = refused(&EngineError::Refused(refusal), &seen);
                assert_eq!(said.head, "This was not recorded.");
                said.lines.iter().for_each(|line| assert_plain(line, &what));
            }
        }
    }
    for why in [
        Unavailable::QueueFull,
        Unavailable::Held,
        Unavailable::Away,
        Unavailable::Unread,
        Unavailable::Unsure,
    ] {
        assert_plain(try_again(why), &format!("{why:?}"));
    }
    every_reason_not_to_settle()
        .iter()
        .for_each(|why| assert_plain(&why_not_settle(why), &format!("{why:?}")));
}

#[test]
fn what_was_recorded_says_what_it_waits_for() {
    let (reader, names, when) = (account("chen"), names(), sample::when());
    let members = [GroupMembers { group: "Risk".into(), names: vec!["Uwe Haas".into()] }];
    let rejected = [decision("chen", Verdict::Rejected, "No.")];
    for state in State::ALL {
        let now = request(state, &rejected);
        let explained = &nothing(Some(so_far(&now, &approval())));
        let seen =
            Situation { request: &now, explained, members: &members, reader: &reader, names: &names, when };
        let said =
            [Some(approval_recorded(&seen)), Some(rejection_recorded(&seen)), submission_recorded(&seen)];
        for (head, lines) in said.into_iter().flatten() {
            lines.iter().map(String::as_str).chain([head]).for_each(|line| assert_plain(line, head));
            assert!(state.is_undecided() || lines.is_empty(), "{state}: {lines:?}");
        }
    }
    let now = request(State::AdminTask, &rejected);
    let explained = &nothing(Some(so_far(&now, &approval())));
    let seen =
        Situation { request: &now, explained, members: &members, reader: &reader, names: &names, when };
    let (head, lines) = rejection_recorded(&seen);
    assert_eq!(head, "Your rejection is recorded.");
    assert_eq!(lines, ["One more rejection ends it; until then it may still be approved and sent."]);
    let (head, lines) = submission_recorded(&seen).unwrap();
    assert_eq!(head, "Submitted.");
    assert_eq!(lines, ["It waits for two of Finance, Loyalty or Risk. Risk: Uwe Haas."]);
}

#[test]
fn what_else_was_recorded_is_said_at_once() {
    for line in [COMMENT_RECORDED, SENT_BACK_RECORDED] {
        assert_plain(line, "recorded");
    }
    for (head, line) in [probe_asked(), word_recorded(true), word_recorded(false)] {
        assert_plain(head, head);
        assert_plain(line, head);
    }
}
