//! What a checker should look at twice. A finding never refuses anything.

use chrono::TimeDelta;
use serde_json::Value;

use super::amount::Amount;
use super::deceptive::is_deceptive;
use super::fault::pointer_to;
use super::ids::RequestId;
use super::policy::usage::Usage;
use super::request_type::CountBy;
use super::unit::Unit;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Note,
    /// Look twice.
    Warning,
}

impl Level {
    /// The wire's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
        }
    }
}

/// What a finding is about; clients match on its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingCode {
    /// A text has characters that people can't see.
    HiddenCharacters,
    /// Another request is open for the same subject.
    SubjectPending,
    /// With this request a usage counter reaches the level at which its type warns.
    LimitNearlyUsedUp,
    /// An attempt ended after another one had settled the outcome.
    LateAnswer,
    /// Too few people are left who could complete it.
    NobodyCanSign,
    /// Somebody's id or name looks like that of another person.
    LookAlike,
}

impl FindingCode {
    /// Every code.
    pub const ALL: [Self; 6] = [
        Self::HiddenCharacters,
        Self::SubjectPending,
        Self::LimitNearlyUsedUp,
        Self::LateAnswer,
        Self::NobodyCanSign,
        Self::LookAlike,
    ];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::HiddenCharacters => "hidden_characters",
            Self::SubjectPending => "subject_pending",
            Self::LimitNearlyUsedUp => "limit_nearly_used_up",
            Self::LateAnswer => "late_answer",
            Self::NobodyCanSign => "nobody_can_sign",
            Self::LookAlike => "look_alike",
        }
    }

    /// Reads [`FindingCode::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == text)
    }
}

/// What a submission was warned of when it was admitted; clients match on its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WarningCode {
    /// Another request was open for the same subject.
    DuplicatePending,
}

impl WarningCode {
    /// Every code.
    pub const ALL: [Self; 1] = [Self::DuplicatePending];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::DuplicatePending => "duplicate_pending",
        }
    }

    /// Reads [`WarningCode::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == text)
    }

    /// The code of the finding that says the same to a checker.
    pub fn as_finding(self) -> FindingCode {
        match self {
            Self::DuplicatePending => FindingCode::SubjectPending,
        }
    }
}

/// A warning that a request was admitted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable word.
    pub code: WarningCode,
    /// A sentence that names the other request.
    pub message: String,
}

/// One thing that is odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable word.
    pub code: FindingCode,
    /// How much it matters.
    pub level: Level,
    /// A sentence that says what is odd.
    pub sentence: String,
    /// A JSON pointer into the task, where there is one place.
    pub pointer: Option<String>,
    /// What the sentence is made of, for whoever makes a sentence of their own; `None` where that is the pointer alone.
    pub facts: Option<FindingFacts>,
}

/// What a finding's sentence is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingFacts {
    /// Another request that is open for the same subject.
    Open(RequestId),
    /// A counter that has come far.
    Usage(UsageReached),
}

/// How far a counter has come with a request, and from where on its type warns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReached {
    /// Whose requests it counts together.
    pub by: CountBy,
    /// The length of its window.
    pub window: TimeDelta,
    /// What it contains.
    pub usage: Usage,
    /// Number of requests from which its type warns.
    pub warn_count: Option<i64>,
    /// Sum of amounts from which its type warns.
    pub warn_sum: Option<Amount>,
    /// What the amounts count, if that is the same for every request of the type.
    pub unit: Option<Unit>,
}

impl Finding {
    /// Whether a checker is warned of it. A request with a warning is flagged.
    pub fn is_warning(&self) -> bool {
        self.level == Level::Warning
    }
}

/// Findings of one kind that are told.
const FINDINGS_MAX: usize = 20;

/// Texts and member names with characters that people can't see, or that change what they see.
pub fn hidden_characters(task: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    look(task, "", &mut found);
    found
}

fn look(value: &Value, pointer: &str, found: &mut Vec<Finding>) {
    if found.len() >= FINDINGS_MAX {
        return;
    }
    match value {
        Value::String(text) => note(text, pointer, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                look(item, &pointer_to(pointer, &index.to_string()), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let inner = pointer_to(pointer, name);
                note(name, &inner, found);
                look(member, &inner, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note(text: &str, pointer: &str, found: &mut Vec<Finding>) {
    let Some(hidden) = text.chars().find(|c| is_deceptive(*c) && !matches!(c, '\n' | '\t')) else { return };
    found.push(Finding {
        code: FindingCode::HiddenCharacters,
        level: Level::Warning,
        sentence: format!("This text holds a character that nobody can see (U+{:04X}).", u32::from(hidden)),
        pointer: Some(pointer.to_owned()),
        facts: None,
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_is_read_back() {
        for (at, code) in FindingCode::ALL.into_iter().enumerate() {
            assert_eq!(FindingCode::parse(code.name()), Some(code));
            assert!(FindingCode::ALL[at + 1..].iter().all(|other| other.name() != code.name()));
        }
        for code in WarningCode::ALL {
            assert_eq!(WarningCode::parse(code.name()), Some(code));
        }
        assert_eq!((FindingCode::parse("odd"), WarningCode::parse("odd")), (None, None));
    }

    #[test]
    fn characters_that_nobody_sees_are_found_in_texts_and_names() {
        let task = json!({"body": {"to": "a\u{202e}b", "list": ["plain", "x\u{200b}"], "na\u{feff}me": 1}});
        let pointers: Vec<_> =
            hidden_characters(&task).into_iter().filter_map(|found| found.pointer).collect();
        assert_eq!(pointers, ["/body/to", "/body/list/1", "/body/na\u{feff}me"]);
    }

    #[test]
    fn what_people_write_every_day_is_not_odd() {
        let task = json!({"body": {"name": "Zoë Müller-Łukasz", "note": "two\nlines\tand 日本語 🎉"}});
        assert!(hidden_characters(&task).is_empty());
    }
}
