//! Reads request types, people and subscriptions from files, checks them, and reports every fault with file and line.
//!
//! The six types of the contract are embedded in the same form; a file with the name of one replaces it.
//! **Invariant:** all or nothing. One fault in one file, and no file of the folder comes into force.

mod file;
mod lint;
mod people;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::domain::allowed_targets::Targets;
use crate::domain::policy::people::People;
use crate::domain::request_type::{RequestType, RequestTypes};
use crate::domain::rules::Rules;
use crate::domain::subscription::Subscriptions;
use file::Document;
use lint::LintContext;

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

/// One fault in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; `None` if the fault concerns the whole file.
    pub line: Option<usize>,
    /// What to write.
    pub message: String,
}

/// `file:line: what to write`
impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line.unwrap_or(1), self.message)
    }
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
    /// The allowed targets; `None` skips the check that a type's target is among them.
    pub targets: Option<Targets>,
}

/// Loaded rules, and the files that their types came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The rules.
    pub rules: Rules,
    /// The files by the names of their types.
    pub files: BTreeMap<String, PathBuf>,
}

impl Catalog {
    /// Reads all files. The embedded types are included, unless a file defines a type of the same name.
    ///
    /// # Errors
    /// Every fault in every file.
    pub fn load(&self) -> Result<Loaded, Vec<FileFault>> {
        std::thread::scope(|scope| {
            let reading = std::thread::Builder::new().stack_size(READING_STACK_BYTES);
            let reading = reading.spawn_scoped(scope, || self.read());
            let read = reading.map(std::thread::ScopedJoinHandle::join);
            let trouble = |message: &str| {
                let file = self.types.clone().unwrap_or_default();
                Err(vec![FileFault { file, line: None, message: message.to_owned() }])
            };
            match read {
                Ok(Ok(read)) => read,
                Ok(Err(_)) => trouble("The files can't be read: the reader failed."),
                Err(_) => trouble("The files can't be read: no thread could be started."),
            }
        })
    }

    fn read(&self) -> Result<Loaded, Vec<FileFault>> {
        let mut faults = Vec::new();
        let people = match self.people.as_deref().map(read_people) {
            Some(Ok(people)) => Some(people),
            Some(Err(found)) => {
                faults.extend(found);
                None
            }
            None => Some(People::none()),
        };
        let subscriptions = self.read_subscriptions(&mut faults);
        let mut types: BTreeMap<String, RequestType> =
            embedded().iter().map(|known| (known.name.to_string(), (**known).clone())).collect();
        let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in self.type_files(&mut faults) {
            let around = people.as_ref().map(|people| LintContext { people, targets: self.targets.as_ref() });
            match read_type(&path, around) {
                Ok((line, read)) => {
                    let name = read.name.to_string();
                    if let Some(other) = files.get(&name) {
                        let message =
                            format!("name: Write another name; {} has this one too.", other.display());
                        faults.push(FileFault { file: path, line: Some(line), message });
                    } else {
                        files.insert(name.clone(), path);
                        types.insert(name, read);
                    }
                }
                Err(found) => faults.extend(found),
            }
        }
        match (people, faults.is_empty()) {
            (Some(people), true) => {
                let types = RequestTypes::new(types.into_values());
                Ok(Loaded { rules: Rules { types, people, subscriptions }, files })
            }
            _ => Err(faults),
        }
    }

    fn read_subscriptions(&self, faults: &mut Vec<FileFault>) -> Subscriptions {
        let Some(path) = &self.subscriptions else { return Subscriptions::default() };
        let folder = path.parent().unwrap_or(Path::new(""));
        let around = subscriptions::Around { folder, targets: self.targets.as_ref() };
        let read = text_of(path).and_then(|text| {
            let in_file = |(line, message)| FileFault { file: path.clone(), line: Some(line), message };
            subscriptions::read(&text, around).map_err(|found| found.into_iter().map(in_file).collect())
        });
        match read {
            Ok(subscriptions) => Subscriptions::new(subscriptions),
            Err(found) => {
                faults.extend(found);
                Subscriptions::default()
            }
        }
    }

    /// The TOML files of the folder, by name.
    fn type_files(&self, faults: &mut Vec<FileFault>) -> Vec<PathBuf> {
        let Some(folder) = &self.types else { return Vec::new() };
        let listed = || -> io::Result<Vec<PathBuf>> {
            let entries = std::fs::read_dir(folder)?;
            let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
            paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
            paths.sort();
            Ok(paths)
        };
        listed().unwrap_or_else(|error| {
            let message = format!("Name a folder that can be read: {error}.");
            faults.push(FileFault { file: folder.clone(), line: None, message });
            Vec::new()
        })
    }
}

/// One type, and the line of its name.
fn read_type(path: &Path, around: Option<LintContext<'_>>) -> Result<(usize, RequestType), Vec<FileFault>> {
    let text = text_of(path)?;
    let in_file = |(line, message)| FileFault { file: path.to_owned(), line: Some(line), message };
    let document = Document::read(&text).map_err(|fault| vec![in_file(fault)])?;
    let placed = |faults: Vec<_>| -> Vec<FileFault> {
        let mut placed: Vec<_> = faults.iter().map(|fault| document.place(fault)).collect();
        placed.sort_by_key(|(line, _)| *line);
        placed.into_iter().map(in_file).collect()
    };
    let read = RequestType::from_definition(&document.value).map_err(placed)?;
    let found = around.map(|around| lint::check(&read, around)).unwrap_or_default();
    if found.is_empty() { Ok((document.line("/name"), read)) } else { Err(placed(found)) }
}

fn read_people(path: &Path) -> Result<People, Vec<FileFault>> {
    let text = text_of(path)?;
    let in_file = |(line, message)| FileFault { file: path.to_owned(), line: Some(line), message };
    people::read(&text).map_err(|faults| faults.into_iter().map(in_file).collect())
}

fn text_of(path: &Path) -> Result<String, Vec<FileFault>> {
    let fault = |message: String| vec![FileFault { file: path.to_owned(), line: None, message }];
    let readable = |error: io::Error| fault(format!("Make this file readable: {error}."));
    let bytes = std::fs::metadata(path).map_err(readable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(fault(format!("Write at most {FILE_BYTES_MAX} bytes.")));
    }
    std::fs::read_to_string(path).map_err(readable)
}
