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
use crate::store::type_versions;

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
    let configured = load(args.config.as_deref(), Flags::default())?;
    let loaded = match catalog(&configured).load() {
        Ok(loaded) => loaded,
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    let is_asked = |version: &str| args.version.as_ref().is_none_or(|asked| asked == version);
    if let Some(found) = loaded.rules.types.find(&args.name).filter(|found| is_asked(&found.version)) {
        return print(&found.version, found.definition());
    }
    if let Some((version, definition)) = stored(args)? {
        return print(&version, &definition);
    }
    if let Some(version) = &args.version {
        anyhow::bail!("{} never had the version {version} in force", args.name);
    }
    let names: Vec<&str> = loaded.rules.types.iter().map(|known| known.name.as_str()).collect();
    anyhow::bail!("there is no request type {}; there are {}", args.name, names.join(", "));
}

/// The version that is asked for, or the last one, as the database has it; none if there is no database.
fn stored(args: &ShowArgs) -> anyhow::Result<Option<(String, String)>> {
    let store = StoreArgs { config: args.config.clone(), database_url: None };
    let Some(mut conn) = open_if_there(&store)? else { return Ok(None) };
    let versions = type_versions::of_type(&mut conn, &args.name)?;
    let is_asked = |version: &str| args.version.as_ref().is_none_or(|asked| asked == version);
    let found = versions.into_iter().map(|(version, _)| version).find(|version| is_asked(version));
    let Some(version) = found else { return Ok(None) };
    Ok(type_versions::find(&mut conn, &version)?.map(|definition| (version, definition)))
}

fn print(version: &str, definition: &str) -> anyhow::Result<ExitCode> {
    let definition = json::read(definition.as_bytes());
    let definition = definition.map_err(|_| anyhow::anyhow!("the definition can't be read"))?;
    let shown = serde_json::json!({ "version": version, "type": definition });
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&shown)?)?;
    Ok(ExitCode::SUCCESS)
}
