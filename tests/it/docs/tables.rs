//! The tables of the documents say what the code says; where they do not, the test prints what to paste.

use chrono::DateTime;
use clap::{ArgAction, CommandFactory};
use countersign::api;
use countersign::cli::args::CommandLine;
use countersign::config::{CREDENTIAL_KEYS, GROUP_KEYS, KEYS, Key, ORG_KEYS, TARGET_KEYS};
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::code::Code;
use countersign::domain::findings::FindingCode;
use countersign::domain::lifecycle::EventType;
use countersign::domain::request::State;
use countersign::fault_points::{FaultPoint, Sabotage};
use countersign::metrics::Metrics;

use super::codes;
use crate::support::read;

/// A cell that the code knows, or `None` where the document explains in its own words.
type Cell = Option<String>;

/// A table between `<!-- name -->` and `<!-- /name -->`.
struct Table {
    file: &'static str,
    name: &'static str,
    head: &'static str,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Nothing, or what is wrong and the whole table to paste. The order of the rows is the document's choice.
    fn complaint(&self, text: &str) -> Option<String> {
        let found = rows_in(text, self.name);
        let is_true = found.as_ref().is_some_and(|found| self.is_said_by(found));
        if is_true {
            return None;
        }
        let what = if found.is_some() { "differs from the code" } else { "is missing" };
        let found = found.unwrap_or_default();
        let rows: Vec<String> = self.rows.iter().map(|row| line(row, &found)).collect();
        let rule = "---|".repeat(self.head.matches('|').count() - 1);
        let (file, name, head) = (self.file, self.name, self.head);
        let rows = rows.join("\n");
        Some(format!(
            "{file}: the table `{name}` {what}; paste:\n\n<!-- {name} -->\n{head}\n|{rule}\n{rows}\n<!-- /{name} -->\n"
        ))
    }

    fn is_said_by(&self, found: &[Vec<String>]) -> bool {
        let mut expected: Vec<&Vec<Cell>> = self.rows.iter().collect();
        let mut found: Vec<&Vec<String>> = found.iter().collect();
        expected.sort_by(|one, other| one[0].cmp(&other[0]));
        found.sort_by(|one, other| one[0].cmp(&other[0]));
        expected.len() == found.len() && expected.iter().zip(found).all(|(row, found)| says(row, found))
    }

    #[track_caller]
    fn is_true(&self) {
        assert!(!self.rows.is_empty(), "{} has nothing to compare", self.name);
        let complaint = self.complaint(&read(self.file));
        assert!(complaint.is_none(), "{}", complaint.unwrap_or_default());
    }
}

/// Whether a row has every cell that the code knows, and words in the others.
fn says(row: &[Cell], found: &[String]) -> bool {
    let mut pairs = row.iter().zip(found);
    row.len() == found.len()
        && pairs.all(|(cell, found)| match cell {
            Some(cell) => cell == found,
            None => !found.is_empty() && found != "…",
        })
}

/// A row to paste, with the words that the document has for it.
fn line(row: &[Cell], found: &[Vec<String>]) -> String {
    let known = found.iter().find(|found| Some(&found[0]) == row[0].as_ref());
    let cells = row.iter().enumerate().map(|(index, cell)| {
        let words = || known.and_then(|known| known.get(index).cloned());
        let cell = cell.clone().or_else(words).unwrap_or_else(|| "…".to_owned()).replace('|', "\\|");
        if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") }
    });
    format!("|{}", cells.collect::<String>())
}

/// The cells of each row, without the head.
fn rows_in(text: &str, name: &str) -> Option<Vec<Vec<String>>> {
    let (_, rest) = text.split_once(&format!("<!-- {name} -->"))?;
    let (table, _) = rest.split_once(&format!("<!-- /{name} -->"))?;
    let rows = table.lines().map(str::trim).filter(|line| line.starts_with("| `"));
    Some(rows.map(cells).collect())
}

fn cells(row: &str) -> Vec<String> {
    let inner = row.strip_prefix('|').and_then(|row| row.strip_suffix('|')).unwrap_or(row);
    let cells = inner.replace("\\|", "\0");
    cells.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

fn code(word: &str) -> Cell {
    Some(format!("`{word}`"))
}

#[test]
fn every_error_code_is_listed() {
    let rows = codes()
        .into_iter()
        .map(|(name, status, meaning)| vec![code(name), Some(status.to_string()), Some(meaning.to_owned())]);
    Table {
        file: "docs/errors.md",
        name: "errors",
        head: "| code | status | meaning |",
        rows: rows.collect(),
    }
    .is_true();
}

/// One row per key, those of the lists of tables last; a key that is not set has no default.
#[test]
fn every_configuration_key_is_listed() {
    let row = |key: &Key| {
        let default = key.default.map(|default| format!("`{default}`")).unwrap_or_default();
        vec![code(key.name), Some(default), Some(key.meaning.to_owned())]
    };
    let rows =
        KEYS.iter().chain(GROUP_KEYS).chain(ORG_KEYS).chain(TARGET_KEYS).chain(CREDENTIAL_KEYS).map(row);
    Table {
        file: "docs/configuration.md",
        name: "configuration",
        head: "| key | default | meaning |",
        rows: rows.collect(),
    }
    .is_true();
}

#[test]
fn every_state_is_listed() {
    let is_final = |state: State| Some(if state.is_final() { "yes" } else { "no" }.to_owned());
    let rows = State::ALL.map(|state| vec![code(state.name()), None, is_final(state)]);
    Table { file: "docs/api.md", name: "states", head: "| state | meaning | final |", rows: rows.to_vec() }
        .is_true();
}

#[test]
fn every_type_of_event_is_listed() {
    let rows = EventType::ALL.iter().map(|known| vec![code(known.name()), None]).collect();
    Table { file: "docs/api.md", name: "events", head: "| type | what happened |", rows }.is_true();
}

#[test]
fn every_fault_point_and_every_sabotage_is_listed() {
    let (file, rows) =
        ("docs/reliability.md", FaultPoint::ALL.map(|point| vec![code(point.name()), None, None]));
    let head = "| point | step | then |";
    Table { file, name: "fault points", head, rows: rows.to_vec() }.is_true();
    let rows = Sabotage::ALL.map(|sabotage| vec![code(sabotage.name()), None, None]).to_vec();
    Table { file, name: "sabotages", head: "| sabotage | what is switched off | found by |", rows }.is_true();
}

#[test]
fn every_outcome_of_an_attempt_is_listed() {
    let rows = AttemptOutcome::ALL.iter().map(|outcome| vec![code(outcome.name()), None, None]).collect();
    let head = "| outcome | what is known | what follows |";
    Table { file: "docs/sending.md", name: "attempt_outcomes", head, rows }.is_true();
}

#[test]
fn every_code_of_a_finding_is_listed() {
    let rows = FindingCode::ALL.iter().map(|found| vec![code(found.name()), None]).collect();
    Table { file: "docs/api.md", name: "findings", head: "| code | what |", rows }.is_true();
}

/// `` `POST /{requestType}` ``, with `\*` behind a path that does not begin with the contract's.
#[test]
fn every_route_of_the_api_is_listed() {
    let mut rows = Vec::new();
    for (path, methods) in api::table() {
        let (path, mark) = path.strip_prefix(api::BASE).map_or((path.as_str(), " \\*"), |path| (path, ""));
        for (method, _) in methods {
            rows.push(vec![Some(format!("`{method} {path}`{mark}")), None, None]);
        }
    }
    Table { file: "docs/api.md", name: "routes", head: "| call | permission | what |", rows }.is_true();
}

/// Every command that does something, as `(name, arguments)`.
fn commands(command: &clap::Command, name: &str, found: &mut Vec<Vec<Cell>>) {
    for inner in command.get_subcommands() {
        commands(inner, &format!("{name} {}", inner.get_name()), found);
    }
    if !command.has_subcommands() {
        let arguments: Vec<String> = command.get_arguments().map(argument).collect();
        found.push(vec![code(name), Some(arguments.join(", ")), None]);
    }
}

/// `` `--permission P…` ``, `` `--once` ``, `` `DIR` ``.
fn argument(argument: &clap::Arg) -> String {
    let flag = argument.get_long().map(|long| format!("--{long}"));
    let is_switch = matches!(argument.get_action(), ArgAction::SetTrue);
    let value = argument.get_value_names().filter(|_| !is_switch).map(|names| {
        let many = argument.get_num_args().is_some_and(|count| count.max_values() > 1);
        format!("{}{}", names[0], if many { "…" } else { "" })
    });
    let words: Vec<String> = flag.into_iter().chain(value).collect();
    format!("`{}`", words.join(" "))
}

#[test]
fn every_command_is_listed_with_its_flags() {
    let mut rows = Vec::new();
    commands(&CommandLine::command(), "countersign", &mut rows);
    Table { file: "docs/commands.md", name: "commands", head: "| command | flags | what |", rows }.is_true();
}

/// A metric with each label that it can have.
fn metrics() -> Vec<Vec<Cell>> {
    let metrics = Metrics::new();
    metrics.submitted("TYPE");
    metrics.decided("TYPE", "approved");
    metrics.refused(Code::Busy);
    metrics.executed("TYPE", "executed");
    metrics.set_breaker("HOST", true);
    metrics.delivered("NAME", true);
    metrics.set_unfillable_stages([("TYPE".to_owned(), 1)]);
    metrics.set_failing_subscriptions([("NAME", DateTime::UNIX_EPOCH)].into_iter(), DateTime::UNIX_EPOCH);
    let text = metrics.render(0);
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE countersign_")?.split_once(' '));
    kinds
        .map(|(name, kind)| {
            let name = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            let sample = format!("countersign_{name}{{");
            let sample = text.lines().find_map(|line| line.strip_prefix(&sample)?.split_once('}'));
            let labels = sample.map_or("", |(labels, _)| labels).split(',');
            let labels = labels.filter_map(|label| Some(format!("`{}`", label.split_once('=')?.0)));
            let labels: Vec<String> = labels.collect();
            vec![code(&name), Some(kind.to_owned()), Some(labels.join(", ")), None]
        })
        .collect()
}

#[test]
fn every_metric_is_listed_with_its_labels() {
    let rows = metrics();
    Table { file: "docs/metrics.md", name: "metrics", head: "| name | kind | labels | what |", rows }
        .is_true();
}

#[test]
fn a_table_that_differs_or_is_missing_is_complained_about() {
    let table = Table {
        file: "a.md",
        name: "t",
        head: "| key | default | meaning |",
        rows: vec![
            vec![code("a"), Some("`1|2`".to_owned()), Some("First.".to_owned())],
            vec![code("b"), Some(String::new()), None],
        ],
    };
    let rows = "| `a` | `1\\|2` | First. |\n| `b` | | Second. |";
    let good = format!("x\n<!-- t -->\n{}\n|---|---|---|\n{rows}\n<!-- /t -->\ny", table.head);
    assert_eq!(table.complaint(&good), None);
    let complaint = table.complaint(&good.replace("First", "Other")).unwrap();
    assert!(complaint.contains("differs") && complaint.contains(rows), "{complaint}");
    let complaint = table.complaint(&good.replace("Second.", "")).unwrap();
    assert!(complaint.contains("differs"), "{complaint}");
    let complaint = table.complaint(&good.replace("| `b` | | Second. |\n", "")).unwrap();
    assert!(complaint.contains("| `b` | | … |"), "{complaint}");
    let complaint = table.complaint("nothing here").unwrap();
    assert!(complaint.contains("is missing") && complaint.contains("<!-- /t -->"), "{complaint}");
}
