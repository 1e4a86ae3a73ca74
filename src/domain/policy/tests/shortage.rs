//! Whether enough people are left, and what is said if not.

use proptest::prelude::{Strategy, prop_assert_eq, prop_assume, proptest};

use super::*;
use crate::domain::policy::shortage::{cannot_be_filled, shortage};

fn risk_and_finance() -> Approval {
    approval(vec![all("Both", vec![group("Risk", 1), group("Finance", 1)])])
}

fn off(entry: PersonEntry) -> PersonEntry {
    PersonEntry { active: false, ..entry }
}

/// What is missing when `maker` submits.
fn missing(approval: &Approval, entries: Vec<PersonEntry>) -> Option<String> {
    let case = Case::new(approval.clone(), entries);
    case.with(shortage).map(|found| found.clause())
}

#[test]
fn a_stage_that_the_people_file_cannot_fill_is_a_shortage() {
    let both = risk_and_finance();
    assert_eq!(missing(&both, vec![]), None, "no file says nothing");
    assert_eq!(missing(&both, vec![entry("a", &["Risk"]), entry("b", &["Finance"])]), None);
    let why = missing(&both, vec![entry("a", &["Risk", "Finance"])]).unwrap();
    assert!(why.starts_with("stage Both can't be filled now: ") && why.contains(" of Finance "), "{why}");
    assert!(missing(&both, vec![entry("a", &["Risk"]), entry("maker", &["Finance"])]).is_some());
    assert!(missing(&both, vec![entry("a", &["Risk"]), off(entry("b", &["Finance"]))]).is_some());
    let robot = PersonEntry { groups: vec!["Finance".to_owned()], ..service("robot", &["a"]) };
    assert!(missing(&both, vec![entry("a", &["Risk"]), robot]).is_some(), "a service account is nobody");
    let two = approval(vec![all("One", vec![group("Risk", 1)]), all("Two", vec![group("Risk", 1)])]);
    assert!(missing(&two, vec![entry("a", &["Risk"])]).unwrap().starts_with("stage Two"));
    let more = Approval { min_distinct_people: 3, ..two };
    assert!(missing(&more, vec![entry("a", &["Risk"]), entry("b", &["Risk"])]).is_some());
    let open = approval(vec![all("One", vec![group("Risk", 1), anyone(1)])]);
    assert_eq!(missing(&open, vec![entry("a", &[])]), None, "nobody lists who holds a permission");
}

#[test]
fn what_was_signed_is_not_asked_for_again() {
    let stages = vec![all("Risk", vec![group("Risk", 1)]), all("Finance", vec![group("Finance", 1)])];
    let mut case = Case::new(approval(stages), vec![entry("rita", &["Risk"]), entry("fay", &["Finance"])]);
    case.approve(&checker("rita")).unwrap();
    // Rita has left since; her signature counts all the same.
    case.people = People::new(vec![off(entry("rita", &["Risk"])), entry("fay", &["Finance"])]).unwrap();
    assert_eq!(case.with(shortage), None);
    case.people = People::new(vec![entry("rita", &["Finance"]), off(entry("fay", &["Finance"]))]).unwrap();
    let found = case.with(shortage).unwrap();
    assert_eq!(found.stage, "Finance");
    assert_eq!(found.people, ["rita has decided it", "fay is switched off"]);
    assert_eq!(
        found.sentence(),
        "Nobody is left who could complete stage Finance. rita has decided it, fay is switched off. Whoever keeps \
         the people file can add somebody to Finance."
    );
}

#[test]
fn each_member_of_the_group_is_told_with_what_keeps_them_from_signing() {
    let entries = vec![
        entry("maker", &["Finance"]),
        off(entry("finn", &["Finance"])),
        entry("anna", &["Risk", "Finance"]),
        PersonEntry { groups: vec!["Finance".to_owned()], ..service("robot", &["anna"]) },
    ];
    let case = Case::new(risk_and_finance(), entries);
    let found = case.with(shortage).unwrap();
    let told = ["maker stands behind the maker", "finn is switched off", "anna is needed for another seat"];
    assert_eq!(found.people, told);
}

#[test]
fn an_approval_by_any_of_several_groups_counts_who_is_left_of_all_of_them() {
    let two_of = approval(vec![any("Any", 2, vec![group("Risk", 1), group("Finance", 1)])]);
    let mut case =
        Case::new(two_of, vec![entry("a", &["Risk"]), entry("b", &["Finance"]), entry("c", &["Risk"])]);
    case.approve(&checker("a")).unwrap();
    case.people =
        People::new(vec![entry("a", &["Risk"]), off(entry("b", &["Finance"])), entry("c", &["Risk"])])
            .unwrap();
    assert_eq!(case.with(shortage), None);
    case.people = People::new(vec![entry("a", &["Risk"]), off(entry("c", &["Risk"]))]).unwrap();
    assert_eq!(case.with(shortage).unwrap().groups, ["Risk", "Finance"]);
}

#[test]
fn a_stage_nobody_can_fill_is_told_whoever_submits() {
    let people = People::new(vec![entry("ann", &["Risk", "Finance"]), off(entry("bob", &["Risk"]))]).unwrap();
    let told = |stage: &Stage| cannot_be_filled(stage, &people);
    let two_of_risk = told(&all("A", vec![group("Risk", 2)])).unwrap();
    assert_eq!(
        two_of_risk,
        (Some(0), "Ask for fewer, or add people to Risk: 2 needed, 1 active.".to_owned())
    );
    let nobody = told(&all("A", vec![group("Nobody", 1)])).unwrap();
    assert_eq!(nobody, (None, "Name a group of the people file; nobody is in Nobody.".to_owned()));
    let both = told(&all("A", vec![group("Risk", 1), group("Finance", 1)])).unwrap();
    assert!(both.1.ends_with("Risk or Finance: 2 needed, 1 active."), "{both:?}");
    assert_eq!(told(&all("A", vec![group("Risk", 1)])), None);
    assert_eq!(told(&all("A", vec![group("Risk", 1), group("Token", 1)])), None, "it may come from a token");
    assert_eq!(cannot_be_filled(&all("A", vec![group("Risk", 9)]), &People::none()), None);
}

/// Up to five people in up to two groups, some of them switched off.
fn some_people() -> impl Strategy<Value = Vec<PersonEntry>> {
    let one = (any_of_groups(), proptest::bool::weighted(0.8));
    proptest::collection::vec(one, 1..5).prop_map(|people| {
        let named = people.into_iter().enumerate();
        let entry = |(at, (groups, active)): (usize, (Vec<&str>, bool))| PersonEntry {
            active,
            ..entry(&format!("p{at}"), &groups)
        };
        named.map(entry).collect()
    })
}

fn any_of_groups() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(vec!["Risk", "Finance"], 0..=2)
}

/// Whether some order of approvals by the listed people approves the request.
fn can_be_approved(case: &Case, left: &[PersonEntry]) -> bool {
    if case.state != State::AdminTask {
        return case.state == State::Approved;
    }
    (0..left.len()).any(|at| {
        let mut next = case.clone();
        let mut rest = left.to_vec();
        let by = rest.remove(at);
        next.approve(&checker(&by.name)).is_ok() && can_be_approved(&next, &rest)
    })
}

proptest! {
    #[test]
    fn a_request_has_a_shortage_exactly_if_the_listed_people_can_not_approve_it(
        entries in some_people(),
        counts in (0_u32..3, 0_u32..3),
        is_staged in proptest::bool::ANY,
    ) {
        let seats = [("Risk", counts.0), ("Finance", counts.1)];
        let seats: Vec<Seat> = seats.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| group(name, count)).collect();
        prop_assume!(!seats.is_empty());
        let stages = if is_staged {
            seats.iter().enumerate().map(|(at, seat)| all(&format!("S{at}"), vec![seat.clone()])).collect()
        } else {
            vec![all("S", seats)]
        };
        let case = Case::new(approval(stages), entries.clone());
        prop_assert_eq!(case.with(shortage).is_none(), can_be_approved(&case, &entries));
    }
}
