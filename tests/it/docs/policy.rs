//! `docs/policy.md` is true: every example is loaded, every key has one, every condition is evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use countersign::catalog::Catalog;
use countersign::config::{Config, Flags};
use countersign::domain::actor::{Permission, Person, Signer};
use countersign::domain::amount::Amount;
use countersign::domain::ids::OrgId;
use countersign::domain::json;
use countersign::domain::policy::condition::Condition;
use countersign::domain::policy::facts::Facts;
use countersign::domain::policy::people::People;
use countersign::domain::policy::usage::Usage;
use countersign::domain::policy::{Policy, Risk};
use countersign::domain::request_type::{CountBy, Duplicates, Unproven};
use countersign::domain::submission::EntityInfo;
use serde_json::{Value, json};

use super::{blocks, codes};
use crate::support::read;

const PAGE: &str = "docs/policy.md";

fn examples(info: &str) -> Vec<String> {
    let blocks = blocks(&read(PAGE)).into_iter();
    let found: Vec<String> = blocks.filter(|(own, _)| own == info).map(|(_, text)| text).collect();
    assert!(!found.is_empty(), "the page has no block {info}");
    found
}

/// A whole type: an example that does not begin with a name gets what it needs around it.
fn framed(example: &str) -> String {
    if example.starts_with("name = ") && example.contains("[call]") {
        return example.to_owned();
    }
    let begins = example.lines().position(|line| line.starts_with('[')).unwrap_or(example.lines().count());
    let joined = |lines: Vec<&str>| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let (top, tables) =
        (joined(example.lines().take(begins).collect()), joined(example.lines().skip(begins).collect()));
    let unless = |there: bool, frame: &str| if there { String::new() } else { frame.to_owned() };
    let has = |member: &str| top.lines().any(|line| line.starts_with(&format!("{member} = ")));
    [
        unless(has("name"), "name = \"EXAMPLE\"\n"),
        unless(has("subject"), "subject = \"/body/customer\"\n"),
        unless(has("amount"), "amount = \"/body/amount\"\n"),
        top.clone(),
        unless(tables.contains("[call]"), "[call]\nmethod = \"POST\"\npath = \"/example\"\n"),
        unless(
            tables.contains("[body]"),
            "[body]\ntype = \"object\"\nrequired = [\"customer\", \"amount\"]\n",
        ),
        tables,
    ]
    .concat()
}

/// The faults of one type file beside one people file; none if it was loaded.
fn faults(type_file: &str, people: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let types = folder.path().join("types");
    std::fs::create_dir(&types).unwrap();
    std::fs::write(types.join("example.toml"), type_file).unwrap();
    let people_file = folder.path().join("people.toml");
    std::fs::write(&people_file, people).unwrap();
    let catalog = Catalog { types: Some(types), people: Some(people_file), ..Catalog::default() };
    catalog.load().err().unwrap_or_default().iter().map(|fault| fault.sentence()).collect()
}

fn people() -> String {
    examples("toml people").remove(0)
}

/// Every key of a table and of the tables in it, as `policy.stages.seats.group`.
fn keys(table: &toml::Table, at: &str, found: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        let inner = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for table in inner.iter().filter_map(toml::Value::as_table) {
            keys(table, &key, found);
        }
        found.insert(key);
    }
}

/// Every key that the form has, from the mouth of the code: it names them where it meets another one.
fn known_keys() -> BTreeSet<String> {
    let form = "zzz = 1\nname = \"EXAMPLE\"\n[call]\nmethod = \"POST\"\npath = \"/a\"\nzzz = 1\n[fields]\nzzz = 1\n\
                [answer]\nzzz = 1\n[[answer.done_if_equals]]\nzzz = 1\n[answer.parts]\nitems = \"/a\"\nerror = \"/b\"\nzzz = 1\n\
                [retry]\nzzz = 1\n[probe]\nzzz = 1\n[repeat]\nid = \"/body/a\"\nzzz = 1\n[repeat.already_if]\nzzz = 1\n\
                [[normalise]]\nat = \"/body/a\"\nto = \"list\"\nzzz = 1\n\
                [[usage]]\nname = \"a\"\nby = \"maker\"\nwindow = \"1d\"\nzzz = 1\n\
                [[policy]]\nname = \"a\"\nzzz = 1\n[[policy.stages]]\nname = \"b\"\nzzz = 1\n\
                [[policy.stages.seats]]\ngroup = \"Risk\"\nzzz = 1\n";
    let mut found = told_keys(&faults(form, &people()));
    assert_eq!(found.iter().filter(|key| key.ends_with("group")).count(), 1, "{found:?}");
    let more = "[[people]]\nname = \"a\"\naccounts = [\"b\"]\nzzz = 1\n";
    found.extend(told_keys(&faults(form, more)).into_iter().filter(|key| key.starts_with("people.")));
    found
}

/// `policy.0.stages.0.zzz: Leave this out; known here: name, any.` as `policy.stages.name`, `policy.stages.any`.
fn told_keys(faults: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for fault in faults {
        let Some((place, names)) = fault.split_once("zzz: ") else { continue };
        let (_, names) = names.split_once("here: ").unwrap();
        let place: String = place.split_inclusive('.').filter(|step| !step.starts_with('0')).collect();
        found.extend(names.trim_end_matches('.').split(", ").map(|name| format!("{place}{name}")));
    }
    found
}

#[test]
fn every_example_of_a_type_is_loaded() {
    for example in examples("toml") {
        let told = faults(&framed(&example), &people());
        assert!(told.is_empty(), "{example}\n{told:#?}");
    }
}

#[test]
fn every_example_of_people_and_of_settings_is_loaded() {
    let smallest = "name = \"EXAMPLE\"\n[call]\nmethod = \"POST\"\npath = \"/a\"\n";
    for example in examples("toml people") {
        let told = faults(smallest, &example);
        assert!(told.is_empty(), "{example}\n{told:#?}");
    }
    let folder = tempfile::tempdir().unwrap();
    for example in examples("toml config") {
        let file = folder.path().join("config.toml");
        std::fs::write(&file, &example).unwrap();
        let read = Config::load(Some(&file), std::iter::empty(), Flags::default());
        assert!(read.is_ok(), "{example}\n{:?}", read.err());
    }
}

#[test]
fn every_key_has_an_example_and_is_explained() {
    let page = read(PAGE);
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    let headings: Vec<&str> =
        headings.flat_map(|line| line.split(", ")).map(|word| word.trim_matches(['[', ']'])).collect();
    let mut shown = BTreeSet::new();
    for example in examples("toml").into_iter().chain(examples("toml people")) {
        keys(&example.parse().unwrap(), "", &mut shown);
    }
    let known = known_keys();
    assert!(known.len() > 50, "{known:?}");
    for key in known {
        assert!(shown.contains(&key), "{key} has no example");
        let name = key.rsplit('.').next().unwrap();
        let told = [format!("`{name}`"), format!("`[[{name}]]`"), format!("`{name} = ")];
        let is_reported = told.iter().any(|told| page.contains(told)) || headings.contains(&name);
        assert!(is_reported, "{name} is not explained");
    }
}

#[test]
fn every_word_that_a_key_takes_has_an_example() {
    let text = examples("toml").concat();
    let risks = [Risk::Low, Risk::Medium, Risk::High].map(|risk| format!("risk = \"{}\"", risk.name()));
    let duplicates = Duplicates::ALL.map(|word| format!("duplicates = \"{}\"", word.name()));
    let by = CountBy::ALL.map(|word| format!("by = \"{}\"", word.name()));
    let otherwise = Unproven::ALL.map(|word| format!("otherwise = \"{}\"", word.name()));
    let modes = ["mode = \"all\"", "mode = \"any\"", "auto_approve = true", "to = \"list\""];
    let words =
        risks.into_iter().chain(duplicates).chain(by).chain(otherwise).chain(modes.map(str::to_owned));
    for word in words {
        assert!(text.contains(&word), "{word} has no example");
    }
}

#[test]
fn the_policy_that_a_type_has_by_default_is_the_one_on_the_page() {
    let shown = examples("toml").into_iter().find(|example| example.contains("\"default\"")).unwrap();
    let shown: Value = serde_json::to_value(shown.parse::<toml::Table>().unwrap()).unwrap();
    assert_eq!(Policy::from_definition(shown.get("policy"), &[]), Ok(Policy::one_checker()));
}

/// The rows of a table between `<!-- name -->` and `<!-- /name -->`: its code and the cell behind it.
fn rows(name: &str) -> Vec<(String, String)> {
    let page = read(PAGE);
    let (_, rest) = page.split_once(&format!("<!-- {name} -->")).unwrap();
    let (table, _) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: Vec<(String, String)> =
        rows.map(|(code, cell)| (code.replace("\\|", "|"), cell.trim_end_matches(" |").to_owned())).collect();
    assert!(rows.len() > 5, "{rows:?}");
    rows
}

/// The facts on the page.
struct Example {
    facts: Value,
    task: Value,
    entity: EntityInfo,
    amount: Amount,
    maker: Signer,
    people: People,
    now: DateTime<Utc>,
    usage: BTreeMap<String, Usage>,
}

impl Example {
    fn read() -> Self {
        let facts = json::read(examples("json").remove(0).as_bytes()).unwrap();
        let text = |pointer: &str| facts.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let texts = |pointer: &str| {
            let items = facts.pointer(pointer).unwrap().as_array().unwrap().iter();
            items.map(|item| item.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let id = text("/maker/id");
        let granted = texts("/maker/permissions");
        let amount = |pointer: &str| Amount::parse(&text(pointer)).unwrap();
        let count = facts["usage"]["maker_day"]["count"].as_i64().unwrap();
        Self {
            task: json!({
                "pathParams": facts["path"], "queryParams": facts["query"], "body": facts["body"],
            }),
            entity: EntityInfo {
                till_id: text("/entityInfo/tillId"),
                store_id: text("/entityInfo/storeId"),
                zone_id: text("/entityInfo/zoneId"),
                concept_id: text("/entityInfo/conceptId"),
            },
            amount: amount("/amount"),
            maker: Signer {
                person: Person { iss: "idp".to_owned(), sub: id.clone(), user_id: id.clone(), user_name: id },
                act: Vec::new(),
                permissions: Permission::ALL
                    .into_iter()
                    .filter(|one| granted.contains(&one.name().to_owned()))
                    .collect(),
                groups: texts("/maker/groups"),
                has_unread_groups: false,
                org: OrgId::new(text("/org")),
                signed_in_at: None,
            },
            people: People::none(),
            now: text("/now").parse().unwrap(),
            usage: BTreeMap::from([(
                "maker_day".to_owned(),
                Usage { count, sum: amount("/usage/maker_day/sum") },
            )]),
            facts,
        }
    }

    fn answer(&self, condition: &Condition) -> &'static str {
        let facts = Facts {
            request_type: self.facts["type"].as_str().unwrap(),
            org: self.maker.org.as_str(),
            entity: &self.entity,
            task: &self.task,
            amount: Some(&self.amount),
            subject: self.facts["subject"].as_str(),
            maker: &self.maker,
            people: &self.people,
            now: self.now,
        };
        match condition.holds(&facts, &self.usage) {
            Ok(true) => "holds",
            Ok(false) => "does not hold",
            Err(_) => "refuses",
        }
    }
}

#[test]
fn every_condition_on_the_page_has_the_answer_that_stands_beside_it() {
    let example = Example::read();
    for (text, answer) in rows("conditions") {
        let condition = Condition::parse(&text, &["maker_day"]);
        let condition = condition.unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(example.answer(&condition), answer, "{text}");
    }
}

#[test]
fn what_the_page_says_is_no_condition_is_refused() {
    for (text, _) in rows("no conditions") {
        assert!(Condition::parse(&text, &["maker_day"]).is_err(), "{text}");
    }
}

/// The names that a refusal lists behind `has` or `known here:`.
fn listed(text: &str) -> Vec<String> {
    let told = Condition::parse(text, &["maker_day"]).unwrap_err();
    let names = told.split_once(" has ").or_else(|| told.split_once("known here: ")).unwrap().1;
    names.trim_end_matches('.').split(", ").map(str::to_owned).collect()
}

/// The texts in the list `const NAME` of a source file.
fn constants(file: &str, name: &str) -> Vec<String> {
    let source = read(file);
    let (_, rest) = source.split_once(&format!("const {name}: [")).unwrap();
    let (_, rest) = rest.split_once("= [").unwrap();
    let (list, _) = rest.split_once("];").unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_variable_and_function_of_conditions_is_in_the_table_and_evaluated() {
    let page = read(PAGE);
    let conditions: String = rows("conditions").into_iter().map(|(text, _)| text + "\n").collect();
    let of = |root: &str, text: &str| -> Vec<String> {
        listed(text).into_iter().map(|name| format!("{root}.{name}")).collect()
    };
    assert_eq!(listed("zzz"), ["request", "maker", "now", "usage"]);
    let members = of("request", "request.zzz == 1").into_iter().chain(of("maker", "maker.zzz == 1"));
    for name in members.chain(["now".to_owned()]) {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not explained");
        let is_evaluated = conditions.contains(&name);
        assert!(is_evaluated, "{name} has no example");
    }
    for member in of("usage.maker_day", "usage.maker_day.zzz == 1") {
        assert!(conditions.contains(&member), "{member} has no example");
    }
    let folder = Path::new("src/domain/policy/condition");
    let file = |name: &str| -> String { PathBuf::from(folder).join(name).display().to_string() };
    let functions = constants(&file("check.rs"), "FUNCTIONS").into_iter();
    let functions: Vec<String> = functions.chain(constants(&file("amounts.rs"), "FUNCTIONS")).collect();
    assert!(functions.len() > 20, "{functions:?}");
    for name in functions {
        assert!(conditions.contains(&format!("{name}(")), "{name} has no example");
        let is_reported = page.contains(&format!("`{name}`")) || page.contains(&format!("`a.{name}(b)`"));
        assert!(is_reported, "{name} is not explained");
    }
}

#[test]
fn every_refusal_of_the_policy_is_explained_with_its_status() {
    let page = read(PAGE);
    for (code, status, _) in codes().iter().filter(|(_, status, _)| [403, 409].contains(status)) {
        assert!(page.contains(&format!("| `{code}` | {status} |")), "{code} is not explained");
    }
}

#[test]
fn a_wrong_example_is_noticed() {
    let wrong = "[[policy]]\nname = \"a\"\n[[policy.stages]]\nname = \"b\"\nquorum = 2\n";
    let told = faults(&framed(wrong), &people());
    assert!(told.iter().any(|fault| fault.contains("quorum")), "{told:?}");
}
