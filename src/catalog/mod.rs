//! Reads request types, people and subscriptions from files, checks them, and reports every fault with file and line.
//!
//! The six types of the contract are embedded in the same form; a file with the name of one replaces it.
//! Each file is read for itself; `domain/rules` says what comes into force.

mod file;
mod lint;
mod people;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::domain::allowed_targets::Targets;
use crate::domain::client::AccessGroup;
use crate::domain::policy::people::People;
use crate::domain::request_type::{RequestType, RequestTypes};
use crate::domain::rules::files::{FileFault, PeopleFile, RuleFiles, SubscriptionsFile, TypeFile, TypeFiles};
use crate::domain::rules::{LastRules, Rules, settle};
use file::{Document, Placed};
use lint::{LintContext, Linted};

/// The files of the contract's types, by file name.
const EMBEDDED: [(&str, &str); 6] = [
    ("CUSTOMER-STATUS-CHANGE.toml", include_str!("../../types/CUSTOMER-STATUS-CHANGE.toml")),
    ("EARN-BADGE.toml", include_str!("../../types/EARN-BADGE.toml")),
    ("GOODWILL-POINTS.toml", include_str!("../../types/GOODWILL-POINTS.toml")),
    ("ISSUE-BADGE.toml", include_str!("../../types/ISSUE-BADGE.toml")),
    ("POINTS-REDEMPTION.toml", include_str!("../../types/POINTS-REDEMPTION.toml")),
    ("RETRO-TRANSACTION.toml", include_str!("../../types/RETRO-TRANSACTION.toml")),
];

/// Maximum file size in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Stack size of the thread that parses conditions: the parser is recursive.
const READING_STACK_BYTES: usize = 32 * 1024 * 1024;

static EMBEDDED_TYPES: LazyLock<RequestTypes> = LazyLock::new(|| {
    let read = |(name, text): (&str, &str)| {
        let read = Document::read(text).map(|document| RequestType::from_definition(&document.value));
        read.ok().and_then(Result::ok).unwrap_or_else(|| panic!("a test reads {name}"))
    };
    RequestTypes::new(EMBEDDED.map(read))
});

/// The six types of the contract.
pub fn embedded() -> RequestTypes {
    EMBEDDED_TYPES.clone()
}

fn embedded_types() -> Vec<RequestType> {
    EMBEDDED_TYPES.iter().map(|known| (**known).clone()).collect()
}

/// The files that rules are read from.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The folder with one file for each type; `None` for the embedded types only.
    pub types: Option<PathBuf>,
    /// The people file.
    pub people: Option<PathBuf>,
    /// The subscriptions' file.
    pub subscriptions: Option<PathBuf>,
    /// The access groups of clients, which name types.
    pub groups: Vec<AccessGroup>,
    /// The allowed targets; `None` skips the check that a type's target is among them.
    pub targets: Option<Targets>,
    /// Whether a type without its credential is left as it was, as at a reload. A start asks for itself: it ends there.
    pub needs_credentials: bool,
}

/// Loaded rules, and the files that their types came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The rules.
    pub rules: Rules,
    /// The files by the names of their types.
    pub files: BTreeMap<String, PathBuf>,
    /// What people should look at, though it can be used.
    pub warnings: Vec<FileFault>,
}

impl Catalog {
    /// Reads all files. The embedded types are included, unless a file defines a type of the same name.
    ///
    /// # Errors
    /// Every fault in every file.
    pub fn load(&self) -> Result<Loaded, Vec<FileFault>> {
        let files = self.read();
        let faults = files.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let warnings = files.warnings();
        let settled = settle(files, &LastRules::default())?;
        let folder = self.types.clone().unwrap_or_default();
        let files = settled.files.into_iter().map(|(name, file)| (name, folder.join(file)));
        Ok(Loaded { rules: Rules::clone(&settled.rules), files: files.collect(), warnings })
    }

    /// A sentence for each type that an access group names and that is not among these.
    pub fn unknown_to_groups(&self, types: &RequestTypes) -> Vec<String> {
        let unknown = |group: &AccessGroup| {
            let named = group.types.iter().flatten().filter(|name| types.find(name).is_none());
            let told = named
                .map(|name| format!("gateway.groups: {} names the type {name}; there is none.", group.name));
            told.collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(unknown).collect()
    }

    /// Reads all files, each for itself.
    pub fn read(&self) -> RuleFiles {
        std::thread::scope(|scope| {
            let reading = std::thread::Builder::new().stack_size(READING_STACK_BYTES);
            let reading = reading.spawn_scoped(scope, || self.read_here());
            match reading.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(read)) => read,
                Ok(Err(_)) => self.unreadable("The files can't be read: the reader failed."),
                Err(_) => self.unreadable("The files can't be read: no thread could be started."),
            }
        })
    }

    fn unreadable(&self, message: &str) -> RuleFiles {
        let fault = |file: &Option<PathBuf>| FileFault::whole(file.clone().unwrap_or_default(), message);
        // Those need no reading.
        let embedded = embedded_types();
        RuleFiles {
            types: TypeFiles { embedded, folder_fault: Some(fault(&self.types)), ..TypeFiles::default() },
            people: PeopleFile::Faulty { faults: vec![fault(&self.people)], entries: None },
            subscriptions: SubscriptionsFile {
                faults: vec![fault(&self.subscriptions)],
                ..SubscriptionsFile::default()
            },
        }
    }

    fn read_here(&self) -> RuleFiles {
        let people = self.people.as_deref().map_or_else(|| PeopleFile::Good(People::none()), read_people);
        let known = match &people {
            PeopleFile::Good(people) => Some(people),
            PeopleFile::Faulty { .. } => None,
        };
        let types = self.read_types(known);
        let subscriptions = self.read_subscriptions(types.names().as_ref());
        RuleFiles { types, people, subscriptions }
    }

    /// Every file of the folder, checked against the people as far as they are known.
    fn read_types(&self, people: Option<&People>) -> TypeFiles {
        let embedded = embedded_types();
        let paths = match self.type_files() {
            Ok(paths) => paths,
            Err(fault) => return TypeFiles { embedded, folder_fault: Some(fault), ..TypeFiles::default() },
        };
        let mut files = Vec::new();
        let mut by_name: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in paths {
            let around = LintContext {
                people,
                targets: self.targets.as_ref(),
                needs_credentials: self.needs_credentials,
            };
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let ReadType { name, read, warnings } = read_type(&path, around);
            let read = read.and_then(|(line, read)| match by_name.get(read.name.as_str()) {
                Some(other) => {
                    let message = format!("Write another name; {} has this one too.", other.display());
                    Err(vec![FileFault { file: path, line: Some(line), field: "name".to_owned(), message }])
                }
                None => {
                    by_name.insert(read.name.to_string(), path);
                    Ok(read)
                }
            });
            files.push(TypeFile { file, name, read, warnings });
        }
        TypeFiles { embedded, files, folder_fault: None }
    }

    fn read_subscriptions(&self, types: Option<&BTreeSet<String>>) -> SubscriptionsFile {
        let Some(path) = &self.subscriptions else { return SubscriptionsFile::default() };
        let folder = path.parent().unwrap_or(Path::new(""));
        let around = subscriptions::Around { folder, targets: self.targets.as_ref(), types };
        let in_file = |fault: Placed| fault.in_file(path);
        match text_of(path) {
            Ok(text) => {
                let subscriptions::Read { good, faulty, is_readable, faults, warnings } =
                    subscriptions::read(&text, around);
                let faults = faults.into_iter().map(in_file).collect();
                let warnings = warnings.into_iter().map(in_file).collect();
                SubscriptionsFile { good, faulty, is_readable, faults, warnings }
            }
            Err(faults) => SubscriptionsFile { faults, ..SubscriptionsFile::default() },
        }
    }

    /// The TOML files of the folder, by name.
    fn type_files(&self) -> Result<Vec<PathBuf>, FileFault> {
        let Some(folder) = &self.types else { return Ok(Vec::new()) };
        let listed = || -> io::Result<Vec<PathBuf>> {
            let entries = std::fs::read_dir(folder)?;
            let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
            paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
            paths.sort();
            Ok(paths)
        };
        listed()
            .map_err(|error| FileFault::whole(folder, format!("Name a folder that can be read: {error}.")))
    }
}

/// One type's file as it was read.
struct ReadType {
    /// The type's name by itself, as far as it can be read.
    name: Option<String>,
    /// The type, and the line of its name.
    read: Result<(usize, RequestType), Vec<FileFault>>,
    warnings: Vec<FileFault>,
}

fn read_type(path: &Path, around: LintContext<'_>) -> ReadType {
    let in_file = |fault: Placed| fault.in_file(path);
    let document = text_of(path).and_then(|text| Document::read(&text).map_err(|fault| vec![in_file(fault)]));
    let document = match document {
        Ok(document) => document,
        Err(faults) => return ReadType { name: None, read: Err(faults), warnings: Vec::new() },
    };
    let placed = |faults: Vec<_>| -> Vec<FileFault> {
        let mut placed: Vec<_> = faults.iter().map(|fault| document.place(fault)).collect();
        placed.sort_by_key(|fault| fault.line);
        placed.into_iter().map(in_file).collect()
    };
    let name = document.value.get("name").and_then(serde_json::Value::as_str).map(str::to_owned);
    let read = match RequestType::from_definition(&document.value) {
        Ok(read) => read,
        Err(faults) => return ReadType { name, read: Err(placed(faults)), warnings: Vec::new() },
    };
    let Linted { faults, warnings } = lint::check(&read, around);
    let read = if faults.is_empty() { Ok((document.line("/name"), read)) } else { Err(placed(faults)) };
    ReadType { name, read, warnings: placed(warnings) }
}

fn read_people(path: &Path) -> PeopleFile {
    let in_file = |fault: Placed| fault.in_file(path);
    match text_of(path).map(|text| people::read(&text)) {
        Ok(Ok(people)) => PeopleFile::Good(people),
        Ok(Err(people::Unusable { faults, entries })) => {
            PeopleFile::Faulty { faults: faults.into_iter().map(in_file).collect(), entries }
        }
        Err(faults) => PeopleFile::Faulty { faults, entries: None },
    }
}

fn text_of(path: &Path) -> Result<String, Vec<FileFault>> {
    let fault = |message: String| vec![FileFault::whole(path, message)];
    let readable = |error: io::Error| fault(format!("Make this file readable: {error}."));
    let bytes = std::fs::metadata(path).map_err(readable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(fault(format!("Write at most {FILE_BYTES_MAX} bytes.")));
    }
    std::fs::read_to_string(path).map_err(readable)
}
