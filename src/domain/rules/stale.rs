//! What is in force although its file says otherwise.

use super::files::FileFault;

/// A part of the rules that comes into force for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RulesPart {
    /// One request type, or the folder of all of them.
    Types,
    /// The people file.
    People,
    /// The subscriptions' file.
    Subscriptions,
}

impl RulesPart {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Types, Self::People, Self::Subscriptions];

    /// The word on the wire, in metrics and in the trail.
    pub fn name(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::People => "people",
            Self::Subscriptions => "subscriptions",
        }
    }
}

/// The most faults of one file that are told; the log has all of them.
const FAULTS_TOLD_MAX: usize = 5;

/// One file that can't be used, and what is in force instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleRule {
    /// What it belongs to.
    pub part: RulesPart,
    /// The type, where the file is one type's.
    pub request_type: Option<String>,
    /// The name of the file or folder, without its path.
    pub file: String,
    /// A sentence that says what is in force.
    pub in_force: String,
    /// The first faults: `12: name: Write …`. This is shown to people of every org, and to whoever asks whether the
    /// server is ready, so those of people and subscriptions say where they are and nothing of what is there.
    pub faults: Vec<String>,
}

impl StaleRule {
    pub(super) fn new(part: RulesPart, in_force: &str, faults: &[FileFault]) -> Self {
        let file = faults.first().and_then(|fault| fault.file.file_name());
        Self {
            part,
            request_type: None,
            file: file.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            in_force: in_force.to_owned(),
            faults: faults.iter().take(FAULTS_TOLD_MAX).map(|fault| told(part, fault)).collect(),
        }
    }

    /// Files were read, and what they say could not be recorded.
    pub fn not_recorded() -> Self {
        Self {
            part: RulesPart::Types,
            request_type: None,
            file: String::new(),
            in_force: "All rules are those of before: what the files say now could not be recorded."
                .to_owned(),
            faults: vec!["Reload them once the database takes writes.".to_owned()],
        }
    }

    /// Everything in one line, for the log: `refund.toml (REFUND): … 3: name: Write …`.
    pub fn line(&self) -> String {
        let name = self.request_type.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{}{name}: {} {}", self.file, self.in_force, self.faults.join(" "))
    }
}

fn told(part: RulesPart, fault: &FileFault) -> String {
    let line = fault.line.map(|line| format!("{line}: ")).unwrap_or_default();
    match part {
        RulesPart::Types => format!("{line}{}", fault.sentence()),
        RulesPart::People | RulesPart::Subscriptions if fault.field.is_empty() => {
            format!("{line}This can't be read; the log says why.")
        }
        RulesPart::People | RulesPart::Subscriptions => {
            format!("{line}{}: The log says what is wrong.", fault.field)
        }
    }
}
