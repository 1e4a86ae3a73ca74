//! Who could sign next, and what one more approval or rejection would bring.

use super::*;
use crate::domain::policy::outlook::{after_approval, later_capacities, members_who_could_sign};

fn off(entry: PersonEntry) -> PersonEntry {
    PersonEntry { active: false, ..entry }
}

/// Two of Risk, then one of Finance, or Treasury.
fn two_stages() -> Approval {
    let second = any("Second", 1, vec![group("Finance", 1), group("Treasury", 1)]);
    Approval { rejections: 2, ..approval(vec![all("First", vec![group("Risk", 2)]), second]) }
}

fn case() -> Case {
    let mine =
        PersonEntry { accounts: vec!["sub-maker".into(), "sub-other".into()], ..entry("maker", &["Risk"]) };
    let robot = PersonEntry { groups: vec!["Risk".to_owned()], ..service("robot", &["rita"]) };
    let entries = vec![
        mine,
        entry("rita", &["Risk"]),
        entry("rob", &["Risk", "Finance"]),
        off(entry("rolf", &["Risk"])),
        entry("fay", &["Finance"]),
        robot,
    ];
    Case::new(two_stages(), entries)
}

/// The members of each group, as they are told.
fn members(case: &Case) -> Vec<String> {
    let found = case.with(members_who_could_sign);
    found.into_iter().map(|group| format!("{}: {}", group.group, group.names.join(", "))).collect()
}

#[test]
fn only_those_who_could_still_sign_are_named() {
    let mut case = case();
    assert_eq!(members(&case), ["Risk: rita, rob", "Finance: rob, fay", "Treasury: "]);
    case.approve(&checker("rob")).unwrap();
    assert_eq!(members(&case), ["Risk: rita", "Finance: fay", "Treasury: "]);
    // Another account of the maker's is the maker.
    case.maker = checker("other");
    assert_eq!(members(&case), ["Risk: rita", "Finance: fay", "Treasury: "]);
}

#[test]
fn nobody_is_named_for_a_permission_or_without_a_people_file() {
    let open = Case::new(approval(vec![all("Any", vec![anyone(1)])]), vec![entry("rita", &["Risk"])]);
    assert_eq!(members(&open), Vec::<String>::new());
    let no_file = Case::new(two_stages(), Vec::new());
    assert_eq!(members(&no_file), ["Risk: ", "Finance: ", "Treasury: "]);
}

/// How far it would be after one more approval, and how far it is once that is given.
fn foreseen(case: &mut Case, by: &Signer) -> (Progress, Progress) {
    let seat = case.may(by, Verdict::Approved).unwrap();
    let foreseen = case.with(|context, policy| after_approval((by, &seat), context, policy, start()));
    case.approve(by).unwrap();
    (foreseen, case.progress())
}

#[test]
fn what_an_approval_would_bring_is_what_it_brings() {
    let mut case = case();
    for name in ["rita", "rob", "fay"] {
        let (foreseen, given) = foreseen(&mut case, &checker(name));
        assert_eq!(foreseen, given, "{name}");
        assert_eq!(given.approved, name == "fay");
    }
}

#[test]
fn a_later_stage_is_somebodys_turn_to_come() {
    let case = case();
    let later = |name: &str| {
        let so_far = case.progress();
        case.with(|_, policy| later_capacities(&checker(name), &so_far, policy))
    };
    assert_eq!(later("fay"), [Capacity::Group("Finance".to_owned())]);
    assert_eq!(later("rob"), [Capacity::Group("Finance".to_owned())]);
    assert_eq!(later("rita"), []);
    assert_eq!(later("robot"), []);
}

#[test]
fn the_rejections_that_are_still_missing_are_counted() {
    let mut case = case();
    assert_eq!(case.progress().rejections_after_next(), 1);
    case.reject(&checker("rita")).unwrap();
    let one = case.progress();
    assert_eq!((one.rejections, one.rejections_needed, one.rejections_after_next()), (1, 2, 0));
    assert!(!one.rejected);
    case.reject(&checker("rob")).unwrap();
    assert!(case.progress().rejected);
}

#[test]
fn a_name_is_that_of_the_entry_that_lists_the_account_as_it_is_spelled() {
    let case = case();
    let people = &case.people;
    assert_eq!(people.name_of(&person("rita")), Some("rita"));
    assert_eq!(people.name_of(&person("other")), Some("maker"));
    assert_eq!(people.name_of(&person("nobody")), None);
    assert_eq!(people.name_of(&Person { sub: "SUB-RITA".to_owned(), ..person("x") }), None);
    assert_eq!(
        people.name_of(&Person { user_id: "sub-rob".to_owned(), ..person("rita") }),
        None,
        "which of two"
    );
    assert_eq!(people.name_of_account("sub-fay"), Some("fay"));
    assert_eq!(people.name_of_account("Sub-Fay"), None);
    assert!(people.has_name_like("RITA") && !people.has_name_like("ritta"));
    assert!(!people.has_name_like("sub-rita"), "an account is no name");
}
