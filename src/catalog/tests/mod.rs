//! Valid files, invalid files, and the faults that are reported.

mod apart;
mod samples;

use tempfile::TempDir;

use super::*;
use crate::domain::allowed_targets::{Scheme, Target};

const POINTS: &str = r#"name = "POINTS"
title = "Points"

[call]
method = "POST"
path = "/points"

[body.properties]
points = { type = "number" }
"#;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).unwrap());
    folder
}

fn catalog(folder: &TempDir) -> Catalog {
    let people = folder.path().join("people.txt");
    Catalog {
        types: Some(folder.path().to_owned()),
        people: people.exists().then_some(people),
        targets: Some(Targets::of(vec![Target {
            scheme: Scheme::Https,
            host: "api.example.com".to_owned(),
            ports: vec![443],
            label: String::new(),
            allow_cidrs: Vec::new(),
            ca_file: None,
        }])),
        ..Catalog::default()
    }
}

fn load(files: &[(&str, &str)]) -> Loaded {
    catalog(&folder(files)).load().unwrap()
}

/// `file:line: what to write`, the folder left out.
fn reported(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    let faults = catalog(&folder).load().unwrap_err();
    let prefix = format!("{}/", folder.path().display());
    faults.iter().map(|fault| fault.to_string().replace(&prefix, "")).collect()
}

fn version(text: &str) -> String {
    let loaded = load(&[("a.toml", text)]);
    let name = loaded.files.keys().next().unwrap().clone();
    loaded.rules.types.find(&name).unwrap().version.clone()
}

#[test]
fn the_six_types_of_the_contract_are_embedded_and_found_by_their_stored_names_only() {
    let types = embedded();
    let names: Vec<&str> = types.iter().map(|found| found.name.as_str()).collect();
    let known = [
        "CUSTOMER-STATUS-CHANGE",
        "EARN-BADGE",
        "GOODWILL-POINTS",
        "ISSUE-BADGE",
        "POINTS-REDEMPTION",
        "RETRO-TRANSACTION",
    ];
    assert_eq!(names, known);
    assert!(types.find("issue-badge").is_none());
    let versions: std::collections::BTreeSet<&str> =
        types.iter().map(|found| found.version.as_str()).collect();
    assert_eq!(versions.len(), 6);
}

#[test]
fn every_embedded_type_is_read_back_from_its_definition_with_the_same_version() {
    for known in embedded().iter() {
        let definition = crate::domain::json::read(known.definition().as_bytes()).unwrap();
        let again = RequestType::from_definition(&definition).unwrap();
        assert_eq!((&again.version, again.definition()), (&known.version, known.definition()));
    }
}

#[test]
fn the_folder_of_the_repository_is_what_is_embedded() {
    let types = Path::new(env!("CARGO_MANIFEST_DIR")).join("types");
    let loaded = Catalog { types: Some(types), ..Catalog::default() }.load().unwrap();
    let versions = |types: &RequestTypes| types.iter().map(|known| known.version.clone()).collect::<Vec<_>>();
    assert_eq!(versions(&loaded.rules.types), versions(&embedded()));
    assert_eq!(loaded.files.len(), 6);
}

#[test]
fn a_file_adds_a_type_or_replaces_an_embedded_one() {
    let badge = POINTS.replace("\"POINTS\"", "\"ISSUE-BADGE\"");
    let loaded = load(&[("a.toml", POINTS), ("b.toml", &badge), ("notes.txt", "no type")]);
    assert_eq!(loaded.rules.types.iter().count(), 7);
    assert_eq!(loaded.rules.types.find("ISSUE-BADGE").unwrap().path, "/points");
    assert_eq!(loaded.files.keys().collect::<Vec<_>>(), ["ISSUE-BADGE", "POINTS"]);
}

#[test]
fn a_version_changes_with_the_meaning_and_not_with_the_spelling() {
    let first = version(POINTS);
    let same = [
        "# A comment\n[body]\nproperties.points.type = 'number'\n[call]\npath = \"/points\"\nmethod = \"\\u0050OST\"\n",
        "[call]\nmethod = \"POST\"\npath = \"/points\"\n[body]\ntype = \"object\"\n\"$comment\" = \"x\"\n\
         [body.properties]\npoints = { type = [\"number\"] }\n",
    ];
    let head = "name = \"POINTS\"\ntitle = \"Points\"\nduplicates = \"allow\"\n";
    assert_eq!(version(&format!("{head}{}", same[0])), first);
    assert_eq!(version(&format!("{head}{}", same[1])), first);
    for (old, new) in [
        ("\"Points\"", "\"More points\""),
        ("/points\"", "/point\""),
        ("\"POST\"", "\"PUT\""),
        ("\"number\"", "\"string\""),
        ("points = {", "point = {"),
        ("title", "pending_ttl = \"1h\"\ntitle"),
        ("title", "amount = \"/body/points\"\ntitle"),
        ("title", "summary = \"{points}\"\ntitle"),
        ("[body", "[fields]\nmasked = [\"/body/points\"]\n[body"),
        ("[body", "[answer]\nfailed_if_not_empty = [\"/errors\"]\n[body"),
    ] {
        assert_ne!(version(&POINTS.replacen(old, new, 1)), first, "{new}");
    }
    let ttl = |text: &str| version(&POINTS.replace("title", &format!("pending_ttl = \"{text}\"\ntitle")));
    assert_eq!(ttl("1d"), ttl("24h"));
}

#[test]
fn every_fault_of_every_file_is_reported_with_its_line() {
    let wrong = r#"name = "points"
titel = "Points"
subject = "/query/a"
pending_ttl = "soon"

[call]
method = "FETCH"
path = "points"
target = "api.example.com"

[body]
requried = ["a"]

[body.properties.a]
type = "sting"

[[usage]]
name = "Day"
by = "org"
window = "5m"
"#;
    insta::assert_snapshot!(reported(&[("a.toml", wrong), ("b.toml", "name = \n")]).join("\n"), @r#"
    a.toml:1: name: Write capital letters, digits, - and _, at most 64, such as ISSUE-BADGE.
    a.toml:2: titel: Leave this out; allowed here: name, title, summary, subject, amount, unit, duplicates, reason, pending_ttl, approval_ttl, recheck_at_execution, bulk, call, path_params, query, headers, body, normalise, fields, answer, retry, repeat, probe, usage, policy.
    a.toml:3: subject: Write a JSON pointer into the task: it begins with /body/, /queryParams/ or /pathParams/.
    a.toml:4: pending_ttl: Write one number and one unit out of s, m, h and d, such as "24h".
    a.toml:7: call.method: Write one of: POST, PUT, PATCH, DELETE, GET.
    a.toml:8: call.path: Write a path that begins with a slash.
    a.toml:9: call.target: Write an origin; it must begin with http:// or https://.
    a.toml:12: body.requried: Write a keyword of JSON Schema 2020-12; this is none.
    a.toml:15: body.properties.a.type: Write a JSON Schema of 2020-12. This is none: "sting" is not valid under any of the schemas listed in the 'anyOf' keyword.
    a.toml:18: usage.0.name: Write a lower-case letter, then lower-case letters, digits and _.
    a.toml:19: usage.0.by: Write one of: maker, subject.
    a.toml:20: usage.0.window: Write a window from 1h to 31d.
    b.toml:1: Write TOML: string values must be quoted, expected literal string.
    "#);
}

#[test]
fn what_every_submission_would_be_refused_for_is_a_fault_with_its_line() {
    let zone = POINTS.to_owned()
        + "\n[[policy]]\nname = \"day\"\nwhen = 'now.getHours(\"Europe\" + \"/Berlim\") < 12'\nauto_approve = true\n";
    let faults = reported(&[("a.toml", &zone)]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("policy.0.when: Write what can be evaluated"), "{faults:?}");
    let literal = zone.replace("\" + \"", "");
    assert!(reported(&[("a.toml", &literal)])[0].contains("Europe/Berlim is none"), "{literal}");
    let climbs = POINTS.replace("/points\"", "/points/{id}\"");
    let climbs = format!("{climbs}\n[path_params.properties.id]\nenum = [\"..\"]\n");
    let faults = reported(&[("a.toml", &climbs)]);
    assert!(faults[0].contains("call.path: A call made from the schemas is refused"), "{faults:?}");
}

#[test]
fn a_date_and_an_infinite_number_are_reported_with_their_line() {
    let date = POINTS.replace("[call]", "approval_ttl = 2020-01-01\n\n[call]");
    assert_eq!(reported(&[("a.toml", &date)]), ["a.toml:4: Write a date as a text, in quotes."]);
    let number = POINTS.replace("points = {", "# more\npoints = { maximum = inf,");
    assert_eq!(reported(&[("a.toml", &number)]), ["a.toml:10: Write a finite decimal number."]);
}

#[test]
fn two_files_that_define_one_type_are_refused_and_neither_is_in_force() {
    let faults = reported(&[("a.toml", POINTS), ("b.toml", POINTS)]);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("b.toml:1: name: Write another name;"), "{faults:?}");
}

#[test]
fn a_query_parameter_that_no_call_could_carry_is_refused() {
    let file = |parameter: &str| {
        format!(
            "name = \"A\"\n[call]\nmethod = \"GET\"\npath = \"/a\"\n[query.properties]\nids = {parameter}\n"
        )
    };
    for good in [
        "{ type = \"array\", items = { type = \"integer\" } }",
        "{ type = \"array\", items = { type = [\"string\", \"boolean\"] } }",
        "{ type = [\"string\", \"array\"], items = { type = \"string\" } }",
        "{ enum = [\"a\", \"b\"] }",
        "{}",
    ] {
        assert_eq!(load(&[("A.toml", &file(good))]).rules.types.names().len(), 7, "{good}");
    }
    for bad in [
        "{ type = \"array\" }",
        "{ type = \"array\", items = { type = \"object\" } }",
        "{ type = \"array\", items = { type = \"array\", items = { type = \"string\" } } }",
        "{ type = \"array\", items = { type = [\"string\", \"null\"] } }",
        "{ type = \"object\" }",
        "{ type = [\"string\", \"null\"] }",
    ] {
        let told = reported(&[("A.toml", &file(bad))]);
        assert!(told.len() == 1 && told[0].contains("A.toml:6: query.properties.ids: "), "{told:?}");
    }
}

#[test]
fn a_type_may_only_name_an_allowed_target() {
    let at = |host: &str| POINTS.replace("[body", &format!("target = \"{host}\"\n\n[body"));
    assert_eq!(load(&[("a.toml", &at("https://api.example.com"))]).files.len(), 1);
    assert_eq!(
        reported(&[("a.toml", &at("https://other.example.com"))]),
        [
            "a.toml:8: call.target: Name a target of the configuration's list; https://other.example.com is not on it."
        ]
    );
}

#[test]
fn a_condition_on_amounts_needs_a_type_that_has_one() {
    let usage = "[[usage]]\nname = \"day\"\nby = \"maker\"\nwindow = \"1d\"\n";
    let with = |condition: &str| {
        let rule = format!("[[policy]]\nname = \"a\"\nwhen = '{condition}'\nrefuse = \"no\"\n");
        format!("{POINTS}{usage}{rule}")
    };
    assert_eq!(load(&[("a.toml", &with("usage.day.count > 3"))]).files.len(), 1);
    for condition in ["request.amount.above(5)", "usage.day.sum.above(5)", "has(request.amount)"] {
        let text = with(condition);
        let wish = "a.toml:16: policy.0.when: Add amount to the type: this condition looks at it.";
        assert_eq!(reported(&[("a.toml", &text)]), [wish], "{condition}");
        let amount = text.replacen("title", "amount = \"/body/points\"\ntitle", 1);
        assert_eq!(load(&[("a.toml", &amount)]).files.len(), 1);
    }
}

#[test]
fn a_hidden_field_is_no_subject() {
    let hidden = |class: &str| {
        let head = format!("subject = \"/body/points\"\n[fields]\n{class} = [\"/body/points\"]\n\n[call]");
        POINTS.replacen("[call]", &head, 1)
    };
    for class in ["masked", "secret"] {
        let faults = reported(&[("a.toml", &hidden(class))]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(": subject: Name a field that is public"), "{faults:?}");
    }
}

#[test]
fn people_are_checked_again_at_execution_only_with_a_people_file() {
    let again = POINTS.replace("title", "recheck_at_execution = true\ntitle");
    let faults = reported(&[("a.toml", &again)]);
    assert!(faults[0].starts_with("a.toml:2: recheck_at_execution: Write false"), "{faults:?}");
    let people = "[[people]]\nname = \"Ann\"\naccounts = [\"a\"]\n";
    assert_eq!(load(&[("a.toml", &again), ("people.txt", people)]).files.len(), 1);
}

#[test]
fn a_stage_that_no_one_can_fill_is_a_warning_with_its_line() {
    let people = "[[people]]\nname = \"Ann\"\naccounts = [\"a\"]\ngroups = [\"Risk\", \"Finance\"]\n\
                  [[people]]\nname = \"Bob\"\naccounts = [\"b\"]\ngroups = [\"Risk\"]\nactive = false\n";
    let with = |stage: &str| {
        format!("{POINTS}\n[[policy]]\nname = \"all\"\n[[policy.stages]]\nname = \"One\"\n{stage}")
    };
    let seat =
        |group: &str, count: u32| format!("[[policy.stages.seats]]\ngroup = \"{group}\"\ncount = {count}\n");
    let all = |seats: &str| with(&format!("mode = \"all\"\n{seats}"));
    let warned = |text: &str, people: &[(&str, &str)]| -> Vec<String> {
        let loaded = load(&[&[("a.toml", text)], people].concat());
        assert_eq!(loaded.files.len(), 1, "it can be used");
        let name = |fault: &FileFault| {
            format!("{}:{}", fault.file.file_name().unwrap().display(), fault.line.unwrap_or_default())
        };
        loaded.warnings.iter().map(|fault| format!("{} {}", name(fault), fault.message)).collect()
    };
    let file = [("people.txt", people)];
    assert!(warned(&all(&seat("Risk", 1)), &file).is_empty());
    for (text, line, what) in [
        (all(&seat("Risk", 2)), 16, "add people to Risk: 2 needed, 1 active."),
        (all(&seat("Nobody", 1)), 13, "nobody is in Nobody."),
    ] {
        let told = warned(&text, &file);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("a.toml:{line} ")) && told[0].ends_with(what), "{told:?}");
        assert!(warned(&text, &[]).is_empty(), "no people file says nothing");
    }
}

#[test]
fn faults_of_a_people_file_are_reported_with_their_lines() {
    let people = "group = 1\n[[people]]\nname = \"\"\naccounts = \"a\"\nactive = \"yes\"\nrole = \"x\"\n";
    let faults = reported(&[("people.txt", people)]);
    let lines: Vec<&str> = faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    assert_eq!(
        lines,
        ["people.txt:1", "people.txt:6", "people.txt:3", "people.txt:4", "people.txt:4", "people.txt:5"]
    );
    assert_eq!(reported(&[("people.txt", "")]), ["people.txt:1: people: Write at least one [[people]]."]);
}

#[test]
fn an_account_with_characters_that_nobody_sees_or_in_anothers_spelling_is_reported() {
    let people = "[[people]]\nname = \"Ann\"\naccounts = [\"ann\", \"a\\u200bnn\"]\n\
                  [[people]]\nname = \"B\\u202Eob\"\naccounts = [\"bob \"]\n";
    assert_eq!(
        reported(&[("people.txt", people)]),
        [
            "people.txt:3: people.0.accounts.1: Write a text without invisible or control characters (it has U+200B).",
            "people.txt:6: people.1.accounts.0: Write a text without white space before or after it.",
            "people.txt:5: people.1.name: Write a text without invisible or control characters (it has U+202E).",
        ]
    );
    let people = "[[people]]\nname = \"Ann\"\naccounts = [\"ann@example.com\"]\n\
                  [[people]]\nname = \"Bob\"\naccounts = [\"Ann@Example.com\"]\n";
    assert_eq!(
        reported(&[("people.txt", people)]),
        [
            "people.txt:6: people.1.accounts.0: Leave this account out; it is Ann's, spelled ann@example.com there."
        ]
    );
}

#[test]
fn a_name_of_the_people_file_has_at_most_256_characters() {
    let people = |name: &str| {
        format!(
            "[[people]]\naccounts = [\"ann\"]\nname = \"{name}\"\n[[people]]\nname = \"Bob\"\naccounts = [\"bob\"]\n"
        )
    };
    assert!(catalog(&folder(&[("people.txt", &people(&"é".repeat(256)))])).load().is_ok());
    assert_eq!(
        reported(&[("people.txt", &people(&"é".repeat(257)))]),
        ["people.txt:3: people.0.name: Write at most 256 characters."]
    );
}

#[test]
fn a_seat_names_an_account_of_the_people_file_as_it_is_spelled_there() {
    let seat = |account: &str| {
        let policy = "[[policy]]\nname = \"robot\"\n[[policy.stages]]\nname = \"Robot\"\n";
        format!("{POINTS}{policy}[[policy.stages.seats]]\naccount = \"{account}\"\n")
    };
    let people = "[[people]]\nname = \"Ann\"\naccounts = [\"ann\"]\n\
                  [[people]]\nname = \"Bot\"\naccounts = [\"svc-bot\"]\nowners = [\"Ann\"]\n";
    for account in ["svc-bot", "ann"] {
        assert_eq!(load(&[("a.toml", &seat(account)), ("people.txt", people)]).files.len(), 1);
    }
    for account in ["Svc-Bot", "svc-other"] {
        let faults = reported(&[("a.toml", &seat(account)), ("people.txt", people)]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("Name an account of the people file"), "{faults:?}");
    }
    assert_eq!(
        reported(&[("a.toml", &seat("ann"))]).len(),
        1,
        "without a people file nobody has the account"
    );
}

#[test]
fn a_missing_folder_or_file_is_reported() {
    let nowhere =
        Catalog { types: Some("/nowhere".into()), people: Some("/no.toml".into()), ..Catalog::default() };
    let faults = nowhere.load().unwrap_err();
    assert_eq!(faults.len(), 2);
    assert!(faults[0].to_string().starts_with("/no.toml:1: Make this file readable:"), "{faults:?}");
    assert!(faults[1].to_string().starts_with("/nowhere:1: Name a folder"), "{faults:?}");
}
