//! What the files of the rules hold, each read for itself.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use crate::domain::policy::people::People;
use crate::domain::request_type::RequestType;
use crate::domain::subscription::Subscription;

/// One fault in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; `None` if the fault concerns the whole file.
    pub line: Option<usize>,
    /// The field, `people.0.name`; empty if the fault concerns more than one.
    pub field: String,
    /// What to write.
    pub message: String,
}

impl FileFault {
    /// A fault of the whole file.
    pub fn whole(file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, field: String::new(), message: message.into() }
    }

    /// `field: what to write`
    pub fn sentence(&self) -> String {
        if self.field.is_empty() { self.message.clone() } else { format!("{}: {}", self.field, self.message) }
    }
}

/// `file:line: field: what to write`
impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line.unwrap_or(1), self.sentence())
    }
}

/// Every file.
#[derive(Clone, Debug)]
pub struct RuleFiles {
    /// The types.
    pub types: TypeFiles,
    /// The people file.
    pub people: PeopleFile,
    /// The subscriptions' file.
    pub subscriptions: SubscriptionsFile,
}

impl RuleFiles {
    /// Every fault of every file, the people's first.
    pub fn faults(&self) -> Vec<FileFault> {
        let mut faults = self.faults_that_stop_a_start();
        faults.extend(self.types.folder_fault.clone());
        let of_types = self.types.files.iter().filter_map(|file| file.read.as_ref().err());
        faults.extend(of_types.flatten().cloned());
        faults
    }

    /// What people should look at, though it can be used.
    pub fn warnings(&self) -> Vec<FileFault> {
        let of_types = self.types.files.iter().flat_map(|file| file.warnings.clone());
        of_types.chain(self.subscriptions.warnings.clone()).collect()
    }

    /// The faults that no last good version can stand in for: the store keeps types only.
    pub fn faults_that_stop_a_start(&self) -> Vec<FileFault> {
        let people = match &self.people {
            PeopleFile::Good(_) => &[][..],
            PeopleFile::Faulty { faults, .. } => faults,
        };
        [people, &self.subscriptions.faults].concat()
    }
}

/// The embedded types, and one file for each other type.
#[derive(Clone, Debug, Default)]
pub struct TypeFiles {
    /// The types that need no file.
    pub embedded: Vec<RequestType>,
    /// The files by name.
    pub files: Vec<TypeFile>,
    /// Why the folder can't be read, if it can't.
    pub folder_fault: Option<FileFault>,
}

impl TypeFiles {
    /// The names of all types, of those with a fault as well; `None` if they are not known.
    pub fn names(&self) -> Option<BTreeSet<String>> {
        if self.folder_fault.is_some() {
            return None;
        }
        let name = |file: &TypeFile| match &file.read {
            Ok(read) => Some(read.name.to_string()),
            Err(_) => file.name.clone(),
        };
        let embedded = self.embedded.iter().map(|read| read.name.to_string());
        Some(embedded.chain(self.files.iter().filter_map(name)).collect())
    }
}

/// One type's file.
#[derive(Clone, Debug)]
pub struct TypeFile {
    /// Its name in the folder, `refund.toml`.
    pub file: String,
    /// The name of its type, as far as it can be read.
    pub name: Option<String>,
    /// The type.
    pub read: Result<RequestType, Vec<FileFault>>,
    /// What people should look at, though the type can be used.
    pub warnings: Vec<FileFault>,
}

/// The people file.
#[derive(Clone, Debug)]
pub enum PeopleFile {
    /// Without fault; also where there is none.
    Good(People),
    /// With faults.
    Faulty {
        /// Every fault.
        faults: Vec<FileFault>,
        /// What can be read of its entries all the same; `None` if it is no list of entries at all.
        entries: Option<Vec<ReadEntry>>,
    },
}

/// What can be read of one entry of the people file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadEntry {
    /// Its name.
    pub name: Option<String>,
    /// Its accounts; empty if they can't be read.
    pub accounts: Vec<String>,
    /// Its groups.
    pub groups: Option<Vec<String>>,
    /// Whether they may act at all.
    pub active: Option<bool>,
    /// The names of its owners.
    pub owners: Option<Vec<String>>,
}

/// The subscriptions' file.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionsFile {
    /// The entries without fault, in order.
    pub good: Vec<Subscription>,
    /// The entries with a fault, by their names as far as they can be read.
    pub faulty: Vec<Option<String>>,
    /// Whether it is a list of entries at all.
    pub is_readable: bool,
    /// Every fault.
    pub faults: Vec<FileFault>,
    /// What people should look at, though it can be used.
    pub warnings: Vec<FileFault>,
}
