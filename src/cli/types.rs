//! `countersign types`: checks and shows request types.

use std::io::Write;
use std::process::ExitCode;

use super::args::{LintArgs, ShowArgs, TypesCommand};
use super::load;
use crate::catalog::Catalog;
use crate::config::Flags;
use crate::domain::json;
use crate::domain::rules::files::FileFault;
use crate::server::catalog;

pub(super) fn run(command: &TypesCommand) -> anyhow::Result<ExitCode> {
    match command {
        TypesCommand::Lint(args) => lint(args),
        TypesCommand::Show(args) => show(args),
    }
}

fn lint(args: &LintArgs) -> anyhow::Result<ExitCode> {
    let configured = load(args.config.as_deref(), Flags::default())?;
    let Catalog { people, targets, .. } = catalog(&configured);
    let catalog = Catalog {
        types: Some(args.dir.clone()),
        people: args.people.clone().or(people),
        subscriptions: None,
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
            for FileFault { file, line, message } in &loaded.warnings {
                writeln!(out, "{}:{}: warning: {message}", file.display(), line.unwrap_or(1))?;
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
    let Some(found) = loaded.rules.types.find(&args.name) else {
        let names: Vec<&str> = loaded.rules.types.iter().map(|known| known.name.as_str()).collect();
        anyhow::bail!("there is no request type {}; there are {}", args.name, names.join(", "));
    };
    let definition = json::read(found.definition().as_bytes());
    let definition = definition.map_err(|_| anyhow::anyhow!("the definition can't be read"))?;
    let shown = serde_json::json!({ "version": found.version, "type": definition });
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&shown)?)?;
    Ok(ExitCode::SUCCESS)
}
