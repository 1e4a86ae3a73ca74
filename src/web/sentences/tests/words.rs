//! Who is needed, what somebody signs as, and what a step does.

use super::*;
use crate::web::sentences::rejecting::Rejecting;
use crate::web::sentences::{Step, StepWords, box_words, open_boxes, reject_many, signed_as, waiting_words};

#[test]
fn a_long_list_of_names_is_bounded() {
    let progress = so_far(
        &request(State::AdminTask, &[]),
        &Approval { stages: vec![all("Risk", &[("Risk", 2)])], min_distinct_people: 2, ..approval() },
    );
    let members = |count: usize| {
        let names = (1..=count).map(|number| format!("P{number}")).collect();
        [GroupMembers { group: "Risk".to_owned(), names }]
    };
    let words = |count| crate::web::sentences::boxes::waits_for(&progress, &members(count), &names());
    assert_eq!(words(0), "It waits for two of Risk.");
    assert_eq!(words(5), "It waits for two of Risk: P1, P2, P3, P4, P5.");
    assert_eq!(words(8), "It waits for two of Risk: P1, P2, P3, P4 and 4 more.");
}

/// What is needed now, and the boxes that are drawn for it.
fn needed(approval: &Approval, decisions: &[Decision]) -> (String, Vec<String>) {
    let progress = so_far(&request(State::AdminTask, decisions), approval);
    let boxes = open_boxes(&progress, progress.stage);
    let boxes = boxes.iter().map(|one| box_words(one, &names())).collect();
    (waiting_words(&progress, &names()), boxes)
}

#[test]
fn there_is_one_box_for_each_person_who_is_still_needed() {
    let of = |stages: Vec<Stage>, people: u32| Approval { stages, min_distinct_people: people, ..approval() };
    let signed = [decision("chen", Verdict::Approved, "")];
    let three = "Finance, Loyalty or Risk";
    let any_two = || of(vec![any("Any", 2, &["Finance", "Loyalty", "Risk"])], 2);
    assert_eq!(needed(&any_two(), &[]), (format!("two of {three}"), vec![three.into(), three.into()]));
    assert_eq!(needed(&any_two(), &signed), (format!("one more of {three}"), vec![three.into()]));
    let both = of(vec![all("Both", &[("Finance", 1), ("Treasury", 1)])], 2);
    assert_eq!(
        needed(&both, &[]),
        ("Finance and Treasury".into(), vec!["Finance".into(), "Treasury".into()])
    );
    let two = of(vec![all("Both", &[("Risk", 2), ("Treasury", 1)])], 3);
    assert_eq!(
        needed(&two, &signed),
        ("one more of Risk and Treasury".into(), vec!["Risk".into(), "Treasury".into()])
    );
    let plain = of(vec![checkers(2)], 2);
    assert_eq!(needed(&plain, &[]).0, "two checkers");
    assert_eq!(needed(&of(vec![checkers(1)], 1), &[]).0, "a checker");
    let more = of(vec![all("Risk", &[("Risk", 1)])], 2);
    assert_eq!(needed(&more, &signed), ("one more of Risk".into(), vec!["Risk".into()]));
    // A rejection fills no box.
    let no = [decision("chen", Verdict::Rejected, "No.")];
    assert_eq!(needed(&any_two(), &no).1.len(), 2);
}

#[test]
fn what_somebody_signs_as_is_said_once_and_as_what_it_is() {
    let claimed = Capacity::ClaimedGroup("Risk".to_owned());
    let checker = Capacity::Permission(Permission::Check);
    let robot = Capacity::Account("tara".to_owned());
    let words = |all: &[Capacity]| signed_as(all, &names());
    assert_eq!(words(&[claimed.clone(), group("Risk")]), " for Risk");
    assert_eq!(words(&[group("Finance"), claimed]), " for Finance and Risk");
    assert_eq!(words(std::slice::from_ref(&checker)), " as a checker");
    assert_eq!(words(&[group("Risk"), checker]), " for Risk and as a checker");
    assert_eq!(words(&[robot]), " as Tara Osei");
    assert_eq!(words(&[]), "");
}

#[test]
fn a_rejection_that_does_not_end_it_promises_nothing() {
    for (number, needed, title, button) in [
        (1, 1, "Reject", "Reject, send nothing"),
        (1, 2, "Reject (1 of 2)", "Reject (1 of 2)"),
        (2, 2, "Reject", "Reject, send nothing"),
        (1, 3, "Reject (1 of 3)", "Reject (1 of 3)"),
    ] {
        let one = Rejecting { number, needed };
        assert_eq!((one.title().as_str(), one.button().as_str()), (title, button));
        let ends = number == needed;
        let step = one.step("example.com");
        assert_eq!(step.contains("Nothing is sent to example.com"), ends, "{step}");
        assert_eq!(step.contains("it may still be approved and sent"), !ends, "{step}");
        assert_plain(&one.more(), title);
    }
    let more = |number, needed| Rejecting { number, needed }.more();
    assert_eq!(more(1, 2), "One more rejection ends it; until then it may still be approved and sent.");
    assert_eq!(more(1, 3), "Two more rejections end it; until then it may still be approved and sent.");
}

#[test]
fn several_rejections_together_promise_what_holds_for_each() {
    let waiting = request(State::AdminTask, &[]);
    let of = |rejections| nothing(Some(so_far(&waiting, &Approval { rejections, ..approval() })));
    let (ends, goes_on) = (of(1), of(2));
    assert_eq!(reject_many([&ends, &ends].into_iter()), (", send nothing", None));
    for mixed in [vec![&goes_on], vec![&ends, &goes_on]] {
        let (after, line) = reject_many(mixed.into_iter());
        assert_eq!(after, "");
        assert_plain(line.unwrap(), "reject many");
    }
}

#[test]
fn every_step_says_what_it_does() {
    let waiting = request(State::AdminTask, &[]);
    let explained = nothing(Some(so_far(&waiting, &approval())));
    for step in [Step::Approve, Step::Reject, Step::SendBack, Step::Withdraw] {
        let StepWords { heading, what, button, label, .. } = step.words(&waiting, &explained, &names());
        assert!(what.ends_with(':') && !heading.is_empty() && !button.is_empty() && !label.is_empty());
        for word in NOT_FOR_PEOPLE {
            assert!(!format!("{heading} {what} {button} {label}").contains(word), "{what}: {word}");
        }
    }
}
