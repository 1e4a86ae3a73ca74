//! What takes a right away comes into force of a people file that has a fault elsewhere, and nothing else of it.

use proptest::prelude::*;

use super::super::files::ReadEntry;
use super::super::narrowed_people::narrowed;
use super::entry;
use crate::domain::actor::Person;
use crate::domain::policy::people::{People, PersonEntry};

fn as_read(entry: &PersonEntry) -> ReadEntry {
    let PersonEntry { name, accounts, groups, active, owners } = entry.clone();
    ReadEntry { name: Some(name), accounts, groups: Some(groups), active: Some(active), owners: Some(owners) }
}

fn account(text: &str) -> Person {
    Person { iss: "idp".into(), sub: text.into(), user_id: text.into(), user_name: text.into() }
}

#[test]
fn of_a_people_file_with_a_fault_only_what_takes_away_comes_into_force() {
    let (finn, ann, eve) =
        (entry("finn", &["Finance"]), entry("ann", &["Risk", "Finance"]), entry("eve", &["Risk"]));
    let last = People::new(vec![finn.clone(), ann.clone(), eve.clone()]).unwrap();
    let entries = [
        ReadEntry { active: Some(false), ..as_read(&finn) },
        ReadEntry { groups: Some(vec!["Risk".into(), "Board".into()]), ..as_read(&ann) },
        // What can't be read of an entry stays; a new person waits; a stranger can be switched off.
        ReadEntry { groups: None, active: None, ..as_read(&eve) },
        as_read(&entry("new", &["Finance"])),
        ReadEntry { active: Some(false), ..as_read(&entry("stranger", &[])) },
    ];
    let now = narrowed(&last, &entries);
    let groups = |name: &str| {
        now.groups_of(&account(&format!("{name}@x"))).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let is_active = |name: &str| now.is_active(&account(&format!("{name}@x")), &[]);
    assert!(!is_active("finn") && is_active("ann") && is_active("eve"));
    assert_eq!(
        (groups("ann"), groups("eve"), groups("new")),
        (vec!["Risk".into()], vec!["Risk".into()], vec![])
    );
    assert!(!is_active("stranger") && is_active("new"));
}

#[test]
fn an_entry_that_is_gone_has_lost_its_groups_unless_a_nameless_one_may_be_it() {
    let last = People::new(vec![entry("finn", &["Finance"]), entry("ann", &["Risk"])]).unwrap();
    let ann = as_read(&entry("ann", &["Risk"]));
    assert_eq!(narrowed(&last, std::slice::from_ref(&ann)).members("Finance"), 0);
    assert_eq!(narrowed(&last, &[ann.clone(), ReadEntry::default()]).members("Finance"), 1);
    let renamed = ReadEntry { name: Some("Finn B".into()), ..as_read(&entry("finn", &["Finance"])) };
    assert_eq!(narrowed(&last, &[ann, renamed]).members("Finance"), 1, "the account tells who it is");
}

#[test]
fn an_account_that_joins_a_person_and_an_owner_that_answers_for_one_take_away_at_once() {
    let robot = entry("robot", &[]);
    let last = People::new(vec![entry("ann", &["Risk"]), robot.clone()]).unwrap();
    let mut ann = as_read(&entry("ann", &["Risk"]));
    ann.accounts.push("second@x".into());
    let owned = ReadEntry { owners: Some(vec!["ann".into()]), ..as_read(&robot) };
    let now = narrowed(&last, &[ann, owned]);
    let (first, second, by_robot) = (account("ann@x"), account("second@x"), account("robot@x"));
    assert!(now.behind(&first, &[]).overlaps(&now.behind(&second, &[])));
    assert!(now.behind(&first, &[]).overlaps(&now.behind(&by_robot, &[])));
}

/// An entry with these accounts.
fn with_accounts(name: &str, accounts: &[&str], groups: &[&str]) -> PersonEntry {
    PersonEntry {
        accounts: accounts.iter().map(|&account| account.to_owned()).collect(),
        ..entry(name, groups)
    }
}

fn are_one(people: &People, one: &str, other: &str) -> bool {
    let (one, other) = (account(one), account(other));
    people.behind(&one, &[]).overlaps(&people.behind(&other, &[]))
}

fn is_active(people: &People, text: &str) -> bool {
    people.is_active(&account(text), &[])
}

fn groups_of(people: &People, text: &str) -> Vec<String> {
    people.groups_of(&account(text)).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_person_is_switched_off_in_whatever_spelling_the_entry_lists_them() {
    let last = People::new(vec![with_accounts("finn", &["finn.berg@x"], &["Finance"])]).unwrap();
    for (name, spelled) in [("Finn B.", "Finn.Berg@x"), ("FINN", "finn.berg@x"), ("other", "ｆinn.berg@x")] {
        let off = PersonEntry { active: false, ..with_accounts(name, &[spelled], &["Finance"]) };
        let now = narrowed(&last, &[as_read(&off)]);
        assert!(!is_active(&now, "finn.berg@x") && !is_active(&now, spelled), "{spelled}");
    }
    // The account in the other spelling has what both files give it: nothing, and nobody knows its groups.
    let now = narrowed(&last, &[as_read(&with_accounts("finn", &["Finn.Berg@x"], &["Finance"]))]);
    for text in ["finn.berg@x", "Finn.Berg@x"] {
        assert!(groups_of(&now, text).is_empty() && !now.lists("finn.berg@x"), "{text}");
        assert!(now.unclear_groups(&account(text)).is_some_and(|why| why.contains("fault")), "{text}");
    }
}

#[test]
fn an_impossible_join_or_circle_hides_no_other_entry() {
    let last = People::new(vec![entry("ann", &["Risk"]), entry("bob", &["Risk"]), entry("cy", &[])]).unwrap();
    let owned = |name: &str, owner: &str| ReadEntry {
        owners: Some(vec![owner.to_owned()]),
        ..as_read(&entry(name, &["Risk"]))
    };
    let entries = [
        as_read(&with_accounts("ann", &["ann@x", "new@x"], &["Risk"])),
        as_read(&with_accounts("bob", &["bob@x", "new@x"], &["Risk"])),
        as_read(&with_accounts("cy", &["cy@x", "cy2@x"], &[])),
        owned("dee", "eve"),
        owned("eve", "dee"),
        owned("robot", "cy"),
        ReadEntry { active: Some(false), ..as_read(&entry("stranger", &[])) },
    ];
    let now = narrowed(&last, &entries);
    for (one, other) in
        [("ann@x", "new@x"), ("bob@x", "new@x"), ("cy@x", "cy2@x"), ("robot@x", "cy2@x"), ("dee@x", "eve@x")]
    {
        assert!(are_one(&now, one, other), "{one} {other}");
    }
    assert!(!are_one(&now, "ann@x", "bob@x") && !is_active(&now, "stranger@x"));
}

#[test]
fn two_people_whom_the_file_merges_are_one_and_count_once() {
    let last = People::new(vec![
        with_accounts("ann", &["a1"], &["Risk", "Finance"]),
        with_accounts("ann two", &["a2"], &["Risk"]),
    ])
    .unwrap();
    assert_eq!(last.members("Risk"), 2);
    let merged = as_read(&with_accounts("ann", &["a1", "a2"], &["Risk", "Finance"]));
    let now = narrowed(&last, &[merged]);
    assert!(are_one(&now, "a1", "a2"));
    assert_eq!((now.members("Risk"), groups_of(&now, "a2")), (1, vec!["Risk".to_owned()]));
    assert_eq!(now.key_of(&account("a1")), now.key_of(&account("a2")));
}

#[test]
fn an_account_that_is_taken_out_keeps_nothing_but_who_it_is() {
    let robot =
        PersonEntry { owners: vec!["ann".to_owned()], ..with_accounts("robot", &["svc", "svc2"], &["Bots"]) };
    let ann = with_accounts("ann", &["ann@x", "ann2@x"], &["Risk"]);
    let last = People::new(vec![ann.clone(), robot]).unwrap();
    let now = narrowed(&last, &[as_read(&with_accounts("ann", &["ann@x"], &["Risk"]))]);
    assert_eq!((groups_of(&now, "ann@x"), groups_of(&now, "ann2@x")), (vec!["Risk".to_owned()], vec![]));
    assert!(are_one(&now, "ann@x", "ann2@x"));
    // A whole entry is gone: with its groups goes its seat.
    for text in ["svc", "svc2"] {
        assert!(last.is_account_of(text, &account(text)) && !now.is_account_of(text, &account(text)));
        assert!(are_one(&now, text, "ann2@x") && now.is_service(&account(text), &[]), "{text}");
    }
    // It moved to another: it has neither's groups then, and is one person with both.
    let moved = [
        as_read(&with_accounts("ann", &["ann@x"], &["Risk"])),
        as_read(&with_accounts("bob", &["bob@x", "ann2@x"], &["Finance"])),
    ];
    let now = narrowed(&last, &moved);
    assert!(groups_of(&now, "ann2@x").is_empty() && are_one(&now, "ann2@x", "bob@x"));
    assert!(are_one(&now, "ann2@x", "ann@x") && !are_one(&now, "ann@x", "bob@x"));
}

#[test]
fn a_service_account_is_off_once_nobody_is_left_who_answers_for_it() {
    let robot = PersonEntry { owners: vec!["ann".to_owned(), "bob".to_owned()], ..entry("robot", &[]) };
    let last = People::new(vec![entry("ann", &[]), entry("bob", &[]), robot.clone()]).unwrap();
    let off = |name: &str| ReadEntry { active: Some(false), ..as_read(&entry(name, &[])) };
    let robot_of = |owner: &str| ReadEntry { owners: Some(vec![owner.to_owned()]), ..as_read(&robot) };
    for (entries, is_on) in [
        (vec![off("ann"), as_read(&robot), as_read(&entry("bob", &[]))], true),
        (vec![off("ann"), as_read(&robot), off("BOB")], false),
        // It has another owner now: of both files somebody must answer.
        (vec![off("ann"), as_read(&entry("bob", &[])), robot_of("Ann")], false),
        (vec![as_read(&entry("ann", &[])), off("new"), robot_of("new")], false),
        (vec![as_read(&entry("ann", &[])), as_read(&entry("new", &[])), robot_of("new")], true),
    ] {
        assert_eq!(is_active(&narrowed(&last, &entries), "robot@x"), is_on, "{entries:?}");
    }
}

#[test]
fn nothing_comes_back_and_nothing_piles_up_with_the_next_faulty_file() {
    let last = People::new(vec![with_accounts("ann", &["a1", "a2"], &["Risk"]), entry("bob", &[])]).unwrap();
    let fewer = [as_read(&with_accounts("ann", &["a1"], &[])), as_read(&entry("bob", &[]))];
    let once = narrowed(&last, &fewer);
    let again = narrowed(&once, &fewer);
    assert_eq!(once, again);
    let back = narrowed(&again, &[as_read(&with_accounts("ann", &["a1", "a2"], &["Risk"]))]);
    assert!(groups_of(&back, "a1").is_empty() && !back.lists("a2") && are_one(&back, "a1", "a2"));
}

const NAMES: [&str; 4] = ["ann", "bob", "cy", "dee"];
const GROUPS: [&str; 2] = ["Risk", "Finance"];

/// Every account that a file here may list, in two spellings: two of each person's, and a stranger's.
fn universe() -> Vec<String> {
    let both = NAMES.iter().chain(&["new"]).flat_map(|name| [format!("{name}@x"), format!("{name}2@x")]);
    both.flat_map(|account| [account.to_uppercase(), account]).collect()
}

fn groups() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(GROUPS.to_vec(), 0..=2)
        .prop_map(|groups| groups.into_iter().map(str::to_owned).collect())
}

/// People who can be in force: each with one account or two, and Dee is a service account of Ann's.
fn people() -> impl Strategy<Value = People> {
    proptest::collection::vec((groups(), any::<bool>(), any::<bool>()), 4).prop_map(|rows| {
        let entry = |(name, (groups, active, has_two)): (&&str, (Vec<String>, bool, bool))| {
            let mut entry = entry(name, &[]);
            entry.accounts.extend(has_two.then(|| format!("{name}2@x")));
            let owners = if *name == "dee" { vec!["ann".to_owned()] } else { Vec::new() };
            PersonEntry { groups, active, owners, ..entry }
        };
        People::new(NAMES.iter().zip(rows).map(entry).collect()).unwrap()
    })
}

/// Anything that can be read of a file, sensible or not: other spellings, people merged and parted, circles.
fn entries() -> impl Strategy<Value = Vec<ReadEntry>> {
    let spelled = ["ann", "bob", "cy", "dee", "Ann", "DEE", "new"];
    let name = move || proptest::sample::select(spelled.to_vec()).prop_map(str::to_owned);
    let one = (
        proptest::option::of(name()),
        proptest::collection::vec(proptest::sample::select(universe()), 0..4),
        proptest::option::of(groups()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(proptest::collection::vec(name(), 0..3)),
    );
    let read = one.prop_map(|(name, accounts, groups, active, owners)| ReadEntry {
        name,
        accounts,
        groups,
        active,
        owners,
    });
    proptest::collection::vec(read, 0..5)
}

proptest! {
    #[test]
    fn whatever_a_faulty_people_file_holds_it_grants_nothing(
        last in people(),
        files in proptest::collection::vec(entries(), 1..3),
    ) {
        let now = files.iter().fold(last.clone(), |last, entries| narrowed(&last, entries));
        for group in GROUPS {
            prop_assert!(now.members(group) <= last.members(group), "{group} has a member more");
        }
        for text in universe() {
            let person = account(&text);
            prop_assert!(!now.is_active(&person, &[]) || last.is_active(&person, &[]), "{text} is back in office");
            prop_assert!(now.groups_of(&person).is_subset(&last.groups_of(&person)), "{text} has a group more");
            prop_assert!(!now.lists(&text) || last.lists(&text), "{text} has a seat more");
            prop_assert!(now.is_service(&person, &[]) || !last.is_service(&person, &[]), "{text} is a person now");
            let lost = now.groups_of(&person) != last.groups_of(&person) || last.unclear_groups(&person).is_some();
            prop_assert!(!lost || now.unclear_groups(&person).is_some(), "a condition may miss a group of {text}");
            for other in universe() {
                let were_one = are_one(&last, &text, &other);
                prop_assert!(!were_one || are_one(&now, &text, &other), "{text} and {other} are two people now");
            }
        }
    }

    #[test]
    fn everything_that_a_readable_entry_takes_away_is_away(last in people(), entries in entries()) {
        let now = narrowed(&last, &entries);
        for entry in &entries {
            let ReadEntry { name, accounts, groups, active, owners: _ } = entry;
            for text in accounts {
                prop_assert!(*active != Some(false) || !is_active(&now, text), "{text} is in office");
                let has_more = |group: &String| groups.as_ref().is_some_and(|groups| !groups.contains(group));
                prop_assert!(!groups_of(&now, text).iter().any(has_more), "{text} has a group more");
                prop_assert!(accounts.iter().all(|other| are_one(&now, text, other)), "{text} is apart");
            }
            let is_known = name.as_ref().is_some_and(|name| NAMES.contains(&name.as_str()));
            let off = is_known && *active == Some(false);
            let own = format!("{}@x", name.as_deref().unwrap_or_default());
            prop_assert!(!off || !is_active(&now, &own), "{own} is in office");
        }
        let is_readable = |entry: &ReadEntry| !entry.accounts.is_empty();
        if entries.iter().all(is_readable) {
            let is_gone = |text: &&String| !entries.iter().any(|entry| entry.accounts.contains(text));
            for text in universe().iter().filter(is_gone) {
                prop_assert!(groups_of(&now, text).is_empty() && !now.lists(text), "{text} keeps something");
            }
        }
    }

    #[test]
    fn whoever_answers_for_a_service_account_stands_behind_it(last in people(), entries in entries()) {
        let is_free = |name: &str| entries.iter().all(|entry| entry.name.as_deref() != Some(name));
        prop_assume!(is_free("robot"));
        let robot = ReadEntry { owners: Some(vec!["BOB".to_owned()]), ..as_read(&entry("robot", &[])) };
        let mut entries = entries;
        entries.push(robot);
        let now = narrowed(&last, &entries);
        prop_assert!(now.is_service(&account("robot@x"), &[]) && are_one(&now, "robot@x", "bob@x"));
    }
}
