//! What comes into force of files of which some can't be used.

use proptest::prelude::*;
use serde_json::json;

use super::files::{FileFault, PeopleFile, ReadEntry, RuleFiles, SubscriptionsFile, TypeFile, TypeFiles};
use super::narrowed_people::narrowed;
use super::*;
use crate::domain::actor::Person;
use crate::domain::ids::OrgId;
use crate::domain::policy::people::PersonEntry;
use crate::domain::subscription::{EventFormat, Subscription};

fn read_type(name: &str, title: &str) -> RequestType {
    let definition = json!({ "name": name, "title": title, "call": { "method": "POST", "path": "/x" } });
    RequestType::from_definition(&definition).unwrap()
}

fn good(file: &str, name: &str, title: &str) -> TypeFile {
    let read = Ok(read_type(name, title));
    TypeFile { file: file.to_owned(), name: Some(name.to_owned()), read, warnings: Vec::new() }
}

fn faulty(file: &str, name: Option<&str>) -> TypeFile {
    let read = Err(vec![fault(file)]);
    TypeFile { file: file.to_owned(), name: name.map(str::to_owned), read, warnings: Vec::new() }
}

fn fault(file: &str) -> FileFault {
    let field = "people.0.name".to_owned();
    FileFault { file: file.into(), line: Some(3), field, message: "Write another word.".to_owned() }
}

fn of_types(files: Vec<TypeFile>) -> RuleFiles {
    RuleFiles {
        types: TypeFiles { embedded: vec![read_type("BUILT-IN", "embedded")], files, folder_fault: None },
        people: PeopleFile::Good(People::none()),
        subscriptions: SubscriptionsFile { is_readable: true, ..SubscriptionsFile::default() },
    }
}

fn settled(files: RuleFiles, last: &LastRules) -> SettledRules {
    settle(files, last).unwrap()
}

/// The titles of the types in force by name.
fn titles(settled: &SettledRules) -> Vec<(String, String)> {
    settled.rules.types.iter().map(|found| (found.name.to_string(), found.title.clone())).collect()
}

fn title_of(settled: &SettledRules, name: &str) -> Option<String> {
    settled.rules.types.find(name).map(|found| found.title.clone())
}

#[test]
fn a_fault_in_one_type_keeps_its_last_good_version_and_no_other_types_change_out() {
    let first = settled(
        of_types(vec![good("a.toml", "A", "old"), good("b.toml", "B", "old")]),
        &LastRules::default(),
    );
    assert_eq!((first.stale.len(), titles(&first).len()), (0, 3));
    for name in [Some("A"), None] {
        let next = of_types(vec![faulty("a.toml", name), good("b.toml", "B", "new")]);
        let next = settled(next, &LastRules::from(&first));
        assert_eq!(title_of(&next, "A").as_deref(), Some("old"));
        assert_eq!(title_of(&next, "B").as_deref(), Some("new"));
        let [stale] = next.stale.as_slice() else { panic!("{:?}", next.stale) };
        assert_eq!((stale.part, stale.request_type.as_deref()), (RulesPart::Types, Some("A")));
        assert_eq!(
            stale.line(),
            "a.toml (A): Its last good version is in force. 3: people.0.name: Write another word."
        );
        // It stays as long as the fault does, and a later start knows the file, too.
        let again = settled(of_types(vec![faulty("a.toml", name)]), &LastRules::from(&next));
        assert_eq!((title_of(&again, "A").as_deref(), title_of(&again, "B")), (Some("old"), None));
    }
}

#[test]
fn a_type_that_never_was_good_is_left_out_and_gives_no_way_to_an_embedded_one() {
    for file in [faulty("x.toml", Some("BUILT-IN")), faulty("built-in.toml", None)] {
        let found = settled(of_types(vec![file]), &LastRules::default());
        assert_eq!(title_of(&found, "BUILT-IN"), None);
        assert!(found.stale[0].in_force.contains("left out"), "{:?}", found.stale);
    }
    let replaced = settled(of_types(vec![good("x.toml", "BUILT-IN", "own")]), &LastRules::default());
    let found = settled(of_types(vec![faulty("x.toml", None)]), &LastRules::from(&replaced));
    assert_eq!(title_of(&found, "BUILT-IN").as_deref(), Some("own"));
}

#[test]
fn a_type_that_two_files_claim_is_neithers() {
    let first = settled(of_types(vec![good("a.toml", "A", "old")]), &LastRules::default());
    let both = || of_types(vec![good("a.toml", "A", "one"), faulty("b.toml", Some("A"))]);
    assert_eq!(title_of(&settled(both(), &LastRules::from(&first)), "A").as_deref(), Some("old"));
    assert_eq!(title_of(&settled(both(), &LastRules::default()), "A"), None);
}

#[test]
fn a_type_that_moved_to_another_file_is_not_held_by_the_old_one() {
    let first = settled(of_types(vec![good("a.toml", "A", "old")]), &LastRules::default());
    for name in [Some("OTHER"), None] {
        let moved = of_types(vec![faulty("a.toml", name), good("b.toml", "A", "new")]);
        assert_eq!(title_of(&settled(moved, &LastRules::from(&first)), "A").as_deref(), Some("new"));
    }
    let renamed = of_types(vec![faulty("a.toml", Some("OTHER"))]);
    assert_eq!(title_of(&settled(renamed, &LastRules::from(&first)), "A").as_deref(), Some("old"));
}

#[test]
fn types_whose_files_are_gone_are_gone_and_those_of_an_unreadable_folder_stay() {
    let first = settled(of_types(vec![good("a.toml", "A", "old")]), &LastRules::default());
    let gone = settled(of_types(vec![]), &LastRules::from(&first));
    assert_eq!((title_of(&gone, "A"), gone.stale.len()), (None, 0));
    let mut unreadable = of_types(vec![]);
    unreadable.types.folder_fault = Some(fault("types"));
    let kept = settled(unreadable, &LastRules::from(&first));
    assert_eq!((title_of(&kept, "A").as_deref(), kept.stale.len()), (Some("old"), 1));
    assert_eq!(kept.files["A"], "a.toml");
}

#[test]
fn a_start_has_nothing_to_fall_back_on_for_people_and_subscriptions() {
    let of_people = |people| RuleFiles { people, ..of_types(vec![good("a.toml", "A", "a")]) };
    let broken = || PeopleFile::Faulty { faults: vec![fault("people.toml")], entries: None };
    assert_eq!(settle(of_people(broken()), &LastRules::default()).unwrap_err(), [fault("people.toml")]);
    let people = People::new(vec![entry("ann", &["Risk"])]).unwrap();
    let first = settled(of_people(PeopleFile::Good(people.clone())), &LastRules::default());
    let next = settled(of_people(broken()), &LastRules::from(&first));
    assert_eq!(next.rules.people, people);
    assert_eq!((next.stale[0].part, title_of(&next, "A").as_deref()), (RulesPart::People, Some("a")));
    let mut files = of_types(vec![]);
    files.subscriptions.faults.push(fault("subscriptions.toml"));
    assert!(settle(files, &LastRules::default()).is_err());
}

fn subscription(name: &str, url: &str) -> Subscription {
    Subscription {
        name: name.to_owned(),
        org: OrgId::new("1"),
        url: url.to_owned(),
        types: Vec::new(),
        format: EventFormat::Countersign,
        secrets: Vec::new(),
    }
}

#[test]
fn a_subscription_with_a_fault_stays_as_it_was_and_one_that_is_gone_ends() {
    let last = Subscriptions::new(vec![
        subscription("a", "old"),
        subscription("b", "old"),
        subscription("c", "old"),
    ]);
    let last = LastRules { others: Some((People::none(), last)), ..LastRules::default() };
    let found = |file: SubscriptionsFile| {
        let found = settled(RuleFiles { subscriptions: file, ..of_types(vec![]) }, &last);
        let told = |found: &Subscription| format!("{} {}", found.name, found.url);
        (found.rules.subscriptions.iter().map(told).collect::<Vec<_>>(), found.stale.len())
    };
    let file = |faulty: Vec<Option<String>>| SubscriptionsFile {
        good: vec![subscription("a", "new"), subscription("d", "new")],
        faulty,
        is_readable: true,
        faults: vec![fault("subscriptions.toml")],
        warnings: Vec::new(),
    };
    assert_eq!(
        found(file(vec![Some("b".to_owned())])),
        (vec!["a new".into(), "d new".into(), "b old".into()], 1)
    );
    assert_eq!(found(file(vec![Some("a".to_owned())])), (vec!["d new".into(), "a old".into()], 1));
    let anybodys = vec!["a new".into(), "d new".into(), "b old".into(), "c old".into()];
    assert_eq!(found(file(vec![None])), (anybodys, 1), "a nameless entry may be any");
    let broken = SubscriptionsFile { is_readable: false, ..file(vec![]) };
    assert_eq!(found(broken), (vec!["a old".into(), "b old".into(), "c old".into()], 1));
}

fn entry(name: &str, groups: &[&str]) -> PersonEntry {
    PersonEntry {
        name: name.to_owned(),
        accounts: vec![format!("{name}@x")],
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        active: true,
        owners: Vec::new(),
    }
}

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

const NAMES: [&str; 4] = ["ann", "bob", "cy", "dee"];
const GROUPS: [&str; 2] = ["Risk", "Finance"];

fn groups() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(GROUPS.to_vec(), 0..=2)
        .prop_map(|groups| groups.into_iter().map(str::to_owned).collect())
}

/// People who can be in force: Dee is a service account of Ann's.
fn people() -> impl Strategy<Value = People> {
    proptest::collection::vec((groups(), any::<bool>()), 4).prop_map(|rows| {
        let entry = |(name, (groups, active)): (&&str, (Vec<String>, bool))| PersonEntry {
            groups,
            active,
            owners: if *name == "dee" { vec!["ann".to_owned()] } else { Vec::new() },
            ..entry(name, &[])
        };
        People::new(NAMES.iter().zip(rows).map(entry).collect()).unwrap()
    })
}

/// Anything that can be read of a file, sensible or not.
fn entries() -> impl Strategy<Value = Vec<ReadEntry>> {
    let name = || proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
    let names = || proptest::collection::vec(name(), 0..3);
    let one = (
        proptest::option::of(name()),
        names().prop_map(|names| names.iter().map(|name| format!("{name}@x")).collect()),
        proptest::option::of(groups()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(names()),
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
    fn whatever_a_faulty_people_file_holds_it_grants_nothing(last in people(), entries in entries()) {
        let now = narrowed(&last, &entries);
        for name in NAMES {
            let person = account(&format!("{name}@x"));
            prop_assert!(!now.is_active(&person, &[]) || last.is_active(&person, &[]), "{name} is back in office");
            prop_assert!(now.groups_of(&person).is_subset(&last.groups_of(&person)), "{name} has a group more");
            for other in NAMES {
                let other = account(&format!("{other}@x"));
                let were_one = last.behind(&person, &[]).overlaps(&last.behind(&other, &[]));
                let are_one = now.behind(&person, &[]).overlaps(&now.behind(&other, &[]));
                prop_assert!(are_one || !were_one, "{name} and another are two people now");
            }
        }
    }

    #[test]
    fn whoever_a_readable_entry_switches_off_is_off(last in people(), entries in entries(), at in 0_usize..4) {
        let off = ReadEntry { active: Some(false), ..as_read(&entry(NAMES[at], &[])) };
        let mut entries = entries;
        entries.push(off);
        let person = account(&format!("{}@x", NAMES[at]));
        prop_assert!(!narrowed(&last, &entries).is_active(&person, &[]));
    }
}
