//! What comes into force of files of which some can't be used.

mod people;

use serde_json::json;

use super::files::{FileFault, PeopleFile, RuleFiles, SubscriptionsFile, TypeFile, TypeFiles};
use super::*;
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
