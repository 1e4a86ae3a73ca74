//! `countersign types`: checks and shows request types.

use std::io::Write;
use std::process::ExitCode;

use super::args::{LintArgs, ShowArgs, StoreArgs, TypesCommand};
use super::{load, open_if_there};
use crate::catalog::Catalog;
use crate::config::Flags;
use crate::domain::json;
use crate::domain::rules::files::FileFault;
use crate::server::catalog;
use crate::store::{AnyConnection, migrate, rules_in_force, type_versions};

pub(super) fn run(command: &TypesCommand) -> anyhow::Result<ExitCode> {
    match command {
        TypesCommand::Lint(args) => lint(args),
        TypesCommand::Show(args) => show(args),
    }
}

fn lint(args: &LintArgs) -> anyhow::Result<ExitCode> {
    let configured = load(args.config.as_deref(), Flags::default())?;
    let Catalog { people, subscriptions, groups, targets, .. } = catalog(&configured);
    let catalog = Catalog {
        types: Some(args.dir.clone()),
        people: args.people.clone().or(people),
        subscriptions,
        groups,
        // Without a configuration the targets are unknown.
        targets: targets.filter(|_| args.config.is_some()),
        needs_credentials: true,
    };
    let mut out = std::io::stdout().lock();
    match catalog.load() {
        Ok(loaded) => {
            for (name, file) in &loaded.files {
                let version = loaded.rules.types.find(name).map_or("", |found| found.version.as_str());
                writeln!(out, "{name} {version} {}", file.display())?;
            }
            for found in &loaded.warnings {
                let FileFault { file, line, .. } = found;
                writeln!(out, "{}:{}: warning: {}", file.display(), line.unwrap_or(1), found.sentence())?;
            }
            for warning in catalog.unknown_to_groups(&loaded.rules.types) {
                writeln!(out, "warning: {warning}")?;
            }
            if loaded.files.is_empty() {
                writeln!(out, "{} holds no TOML file", args.dir.display())?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            for fault in &faults {
                writeln!(out, "{fault}")?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn show(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let store = StoreArgs { config: args.config.clone(), database_url: None };
    let mut conn = open_if_there(&store)?;
    // A database without tables knows no type.
    if let Some(open) = &mut conn
        && migrate::is_pending(open)?
    {
        conn = None;
    }
    let mut known = Vec::new();
    if let Some(conn) = &mut conn {
        if let Some((version, definition)) = stored(conn, args)? {
            eprintln!("from the database: what is or was in force");
            return print(&version, &definition);
        }
        known = type_versions::names(conn)?;
    }
    if known.contains(&args.name) {
        let version = args.version.as_deref().unwrap_or_default();
        anyhow::bail!("{} never had the version {version} in force", args.name);
    }
    show_of_files(args, known)
}

/// The version that is asked for, or the one that is or was in force last, as the database has it.
fn stored(conn: &mut AnyConnection, args: &ShowArgs) -> anyhow::Result<Option<(String, String)>> {
    let versions = type_versions::of_type(conn, &args.name)?;
    let is_known = |asked: &String| versions.iter().any(|(version, _)| version == asked);
    let version = match &args.version {
        Some(asked) => Some(asked.clone()).filter(is_known),
        None => match rules_in_force::version_of(conn, &args.name)? {
            Some(in_force) => Some(in_force),
            None => versions.first().map(|(version, _)| version.clone()),
        },
    };
    let Some(version) = version else { return Ok(None) };
    Ok(type_versions::find(conn, &version)?.map(|definition| (version, definition)))
}

/// A type that no database knows; `known` are those that it does know. Other files may have any fault.
fn show_of_files(args: &ShowArgs, mut known: Vec<String>) -> anyhow::Result<ExitCode> {
    let configured = load(args.config.as_deref(), Flags::default())?;
    let types = catalog(&configured).read().types;
    let named = types.files.iter().find(|file| file.name.as_deref() == Some(args.name.as_str()));
    let found = match named.map(|file| &file.read) {
        Some(Err(faults)) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            return Ok(ExitCode::FAILURE);
        }
        Some(Ok(read)) => Some(read),
        None => types.embedded.iter().find(|read| read.name.as_str() == args.name),
    };
    let Some(found) = found else {
        if let Some(fault) = &types.folder_fault {
            eprintln!("{fault}");
        }
        known.extend(types.names().into_iter().flatten());
        known.sort_unstable();
        known.dedup();
        anyhow::bail!("there is no request type {}; there are {}", args.name, known.join(", "));
    };
    if let Some(version) = args.version.as_ref().filter(|version| **version != found.version) {
        anyhow::bail!("{} never had the version {version} in force", args.name);
    }
    eprintln!("from the files: it was never in force in this database");
    print(&found.version, found.definition())
}

fn print(version: &str, definition: &str) -> anyhow::Result<ExitCode> {
    let definition = json::read(definition.as_bytes());
    let definition = definition.map_err(|_| anyhow::anyhow!("the definition can't be read"))?;
    let shown = serde_json::json!({ "version": version, "type": definition });
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&shown)?)?;
    Ok(ExitCode::SUCCESS)
}
