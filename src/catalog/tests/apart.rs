//! Each file is read for itself: what one lacks does not let another pass unseen.

use super::*;
use crate::domain::client::AccessGroup;
use crate::domain::rules::SettledRules;

const BROKEN_PEOPLE: (&str, &str) = ("people.txt", "[[people]]\nname = \"Ann\"\n");

fn settled(folder: &TempDir, last: &LastRules) -> SettledRules {
    settle(catalog(folder).read(), last).unwrap()
}

#[test]
fn a_type_is_checked_although_the_people_file_cant_be_read() {
    let before = folder(&[("a.toml", POINTS)]);
    let last = LastRules::from(&settled(&before, &LastRules::default()));
    let elsewhere = POINTS.replace("path =", "target = \"https://elsewhere.example\"\npath =");
    let found = settled(&folder(&[("a.toml", &elsewhere), BROKEN_PEOPLE]), &last);
    let parts: Vec<_> = found.stale.iter().map(|stale| stale.part.name()).collect();
    assert_eq!(parts, ["people", "types"], "{:?}", found.stale);
    assert_eq!(found.rules.types.find("POINTS").unwrap().target, None, "the last good version");

    let seat = "[[policy]]\nname = \"a\"\n[[policy.stages]]\nname = \"A\"\n[[policy.stages.seats]]\naccount = \"ann\"\n";
    let needs_people = format!("{POINTS}{seat}").replace("title =", "recheck_at_execution = true\ntitle =");
    let found = settled(&folder(&[("a.toml", &needs_people), BROKEN_PEOPLE]), &last);
    assert_eq!(found.stale.len(), 1, "what needs the people is not asked: {:?}", found.stale);
    assert!(found.rules.types.find("POINTS").unwrap().recheck_at_execution);
}

#[test]
fn if_nothing_can_be_read_at_a_reload_every_type_stays() {
    let folder = folder(&[("a.toml", POINTS), ("b.toml", &POINTS.replace("POINTS", "ISSUE-BADGE"))]);
    let before = settled(&folder, &LastRules::default());
    let lost = catalog(&folder).unreadable("The files can't be read: the reader failed.");
    let found = settle(lost, &LastRules::from(&before)).unwrap();
    let versions = |settled: &SettledRules| -> Vec<(String, String)> {
        settled.rules.types.iter().map(|read| (read.name.to_string(), read.version.clone())).collect()
    };
    assert_eq!(versions(&before).len(), 7);
    assert_eq!(versions(&found), versions(&before));
    assert_eq!(found.files, before.files);
}

#[test]
fn faults_of_people_and_subscriptions_are_told_by_their_place_only() {
    let people = "[[people]]\nname = \"Ann\"\naccounts = [\"ann@example.com\"]\n\
                  [[people]]\nname = \"Bob\"\naccounts = [\"Ann@Example.com\"]\n";
    let subscriptions = "[[subscriptions]]\nname = \"feed\"\norg = \"7\"\nurl = \"https://hooks.example/in\"\n\
                         format = \"countersign\"\nsecrets = [{ file = \"gone.secret\" }]\n";
    let folder =
        folder(&[("people.txt", people), ("subscriptions.txt", subscriptions), ("a.toml", "name = 1\n")]);
    let before = settled(&super::folder(&[]), &LastRules::default());
    let catalog =
        Catalog { subscriptions: Some(folder.path().join("subscriptions.txt")), ..catalog(&folder) };
    let found = settle(catalog.read(), &LastRules::from(&before)).unwrap();
    let told: Vec<(&str, Vec<String>)> =
        found.stale.iter().map(|stale| (stale.part.name(), stale.faults.clone())).collect();
    assert_eq!(told[0], ("people", vec!["6: people.1.accounts.0: The log says what is wrong.".to_owned()]));
    assert!(told[1].0 == "types" && told[1].1[0].contains("Write"), "{told:?}");
    let places = [
        "4: subscriptions.0.url: The log says what is wrong.",
        "6: subscriptions.0.secrets.0: The log says what is wrong.",
    ];
    assert_eq!(told[2], ("subscriptions", places.map(str::to_owned).to_vec()));
    // Whoever looks at the files themselves reads all of it.
    let all: String = catalog.read().faults().iter().map(ToString::to_string).collect();
    assert!(all.contains("it is Ann's") && all.contains("hooks.example"), "{all}");
}

#[test]
fn a_file_that_is_no_toml_is_told_by_its_line() {
    let before = settled(&folder(&[]), &LastRules::default());
    let found =
        settled(&folder(&[("people.txt", "[[people]]\nname = Ann Other\n")]), &LastRules::from(&before));
    assert_eq!(found.stale[0].faults, ["2: This can't be read; the log says why."]);
}

#[test]
fn a_type_that_only_an_access_group_names_is_told() {
    let catalog = Catalog {
        groups: vec![AccessGroup {
            name: "tills".to_owned(),
            types: Some(vec!["ISSUE-BADGE".to_owned(), "ISSUE-BADGES".to_owned()]),
            calls: None,
        }],
        ..Catalog::default()
    };
    let told = catalog.unknown_to_groups(&embedded());
    assert_eq!(told, ["gateway.groups: tills names the type ISSUE-BADGES; there is none."]);
}
