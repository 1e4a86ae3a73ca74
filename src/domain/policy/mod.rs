//! Who must agree: an ordered list of rules, of which the first whose condition holds applies.
//!
//! **Invariant:** fail closed: anything unclear refuses. That is no rule that applies, a condition that
//! can't be evaluated, a stage without seats.

pub mod bulk;
pub mod capacities;
mod choice;
pub mod condition;
pub mod facts;
pub mod fresh;
pub mod masked_fields;
mod matching;
pub mod may_decide;
pub mod may_settle;
pub mod outlook;
mod parse;
pub mod people;
pub mod progress;
pub mod shortage;
#[cfg(test)]
mod tests;
pub mod usage;

use std::cmp::Ordering;
use std::fmt;

use chrono::TimeDelta;

pub use self::choice::RuleChoice;
use self::condition::Condition;
use super::actor::Permission;
use crate::domain::code::Code;

/// The rules of one request type, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The first one whose condition is true applies.
    pub rules: Vec<Rule>,
}

/// One rule: when it applies and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Unique in the policy; events name it.
    pub name: String,
    /// When it applies; `None` is always.
    pub when: Option<Condition>,
    /// How much can go wrong, for people to see.
    pub risk: Option<Risk>,
    /// How soon it should be decided; being late changes nothing but order and colour.
    pub decide_within: Option<TimeDelta>,
    /// What follows.
    pub outcome: RuleOutcome,
}

/// What follows from a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleOutcome {
    /// The submission is refused.
    Refuse {
        /// The message for the maker.
        message: String,
    },
    /// It is approved at once, without anybody.
    AutoApprove,
    /// These people must agree.
    Stages(Approval),
}

/// Who must agree, and how many rejections end it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// One after another.
    pub stages: Vec<Stage>,
    /// Number of rejections that end the request.
    pub rejections: u32,
    /// Number of people who must have approved in all; the last stage stays open until then.
    pub min_distinct_people: u32,
    /// Maximum age of an approver's sign-in; `None` if it does not matter.
    pub fresh_sign_in: Option<TimeDelta>,
}

impl Approval {
    /// How many people the stages need without any minimum.
    pub fn people_needed(&self) -> u32 {
        self.stages.iter().map(Stage::people_needed).sum()
    }
}

/// One step of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Unique in the rule.
    pub name: String,
    /// Which seats must be filled.
    pub mode: Mode,
    /// Who may sign.
    pub seats: Vec<Seat>,
}

impl Stage {
    /// How many people complete it.
    pub fn people_needed(&self) -> u32 {
        match self.mode {
            Mode::All => self.seats.iter().map(|seat| seat.count).sum(),
            Mode::Any(number) => number,
        }
    }
}

/// Which seats of a stage must be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every one.
    All,
    /// This number of people, each with any of them.
    Any(u32),
}

/// Signatures of one group or permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who may sign.
    pub who: Capacity,
    /// How many of them are needed; 1 where the mode asks for any.
    pub count: u32,
}

/// What a person signs as, and what a seat asks for. Spelled `group:Risk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// A group, of which the people file makes somebody a member.
    Group(String),
    /// A group that a token claims, which can't be looked up again. Never what a seat asks for.
    ClaimedGroup(String),
    /// A permission that a token grants.
    Permission(Permission),
    /// One account that the people file lists, by its id. The only seat that a service account can have.
    Account(String),
}

impl Capacity {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("group", name) => Some(Self::Group(name.to_owned())),
            ("claim", name) => Some(Self::ClaimedGroup(name.to_owned())),
            ("account", id) => Some(Self::Account(id.to_owned())),
            ("permission", name) => {
                Permission::ALL.into_iter().find(|one| one.name() == name).map(Self::Permission)
            }
            _ => None,
        }
    }

    /// The group's or the permission's name, or the account's id.
    pub fn name(&self) -> &str {
        match self {
            Self::Group(name) | Self::ClaimedGroup(name) | Self::Account(name) => name,
            Self::Permission(permission) => permission.name(),
        }
    }

    /// Whether somebody who signs as `self` can take a seat for `seat`.
    pub fn fits(&self, seat: &Self) -> bool {
        match (self, seat) {
            (Self::Group(own) | Self::ClaimedGroup(own), Self::Group(wanted)) => own == wanted,
            (Self::Permission(own), Self::Permission(wanted)) => own == wanted,
            (Self::Account(own), Self::Account(wanted)) => own == wanted,
            (Self::Group(_) | Self::ClaimedGroup(_) | Self::Permission(_) | Self::Account(_), _) => false,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "group",
            Self::ClaimedGroup(_) => "claim",
            Self::Permission(_) => "permission",
            Self::Account(_) => "account",
        }
    }
}

impl Ord for Capacity {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.kind(), self.name()).cmp(&(other.kind(), other.name()))
    }
}

impl PartialOrd for Capacity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.name())
    }
}

/// How much can go wrong, as the rule says; for people to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Risk {
    /// The spelling in files, tables and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads [`Risk::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High].into_iter().find(|risk| risk.name() == text)
    }
}

/// Why the policy refuses a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// No rule's condition is true.
    NoRule,
    /// A condition could not be evaluated; it never passes.
    Condition {
        /// The rule whose condition it is.
        rule: String,
        /// What is wrong, as a clause.
        why: String,
    },
    /// The rule that applies refuses.
    ByRule {
        /// Its name.
        rule: String,
        /// What it says.
        message: String,
    },
}

impl PolicyRefusal {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::NoRule => Code::NoRuleApplies,
            Self::Condition { .. } => Code::ConditionFailed,
            Self::ByRule { .. } => Code::RefusedByRule,
        }
    }

    /// A sentence that says what is wrong and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::NoRule => {
                "No rule of this request type's approval policy applies, so it is refused. Ask the operator."
                    .to_owned()
            }
            Self::Condition { rule, why } => {
                format!("The condition of rule {rule} can't be evaluated, so the request is refused: {why}.")
            }
            Self::ByRule { message, .. } => message.clone(),
        }
    }
}

impl Policy {
    /// The policy of a type that writes none: one checker with `CanCheckRequest`.
    pub fn one_checker() -> Self {
        let seat = Seat { who: Capacity::Permission(Permission::Check), count: 1 };
        let stage = Stage { name: "Checker".to_owned(), mode: Mode::All, seats: vec![seat] };
        let approval =
            Approval { stages: vec![stage], rejections: 1, min_distinct_people: 1, fresh_sign_in: None };
        let rule = Rule {
            name: "default".to_owned(),
            when: None,
            risk: None,
            decide_within: None,
            outcome: RuleOutcome::Stages(approval),
        };
        Self { rules: vec![rule] }
    }

    /// The rule of this name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The number of the first rule whose condition uses an amount or a sum.
    pub fn rule_on_amounts(&self) -> Option<usize> {
        let looks = |rule: &Rule| rule.when.as_ref().is_some_and(Condition::names_amount);
        self.rules.iter().position(looks)
    }

    /// Every stage of every rule, with its JSON pointer in the type.
    pub fn stages(&self) -> impl Iterator<Item = (String, &Stage)> {
        self.rules.iter().enumerate().flat_map(|(number, rule)| {
            let stages = match &rule.outcome {
                RuleOutcome::Stages(approval) => approval.stages.as_slice(),
                RuleOutcome::Refuse { .. } | RuleOutcome::AutoApprove => &[],
            };
            let pointer = move |at| format!("/policy/{number}/stages/{at}");
            stages.iter().enumerate().map(move |(at, stage)| (pointer(at), stage))
        })
    }

    /// Whether any condition uses `usage`.
    pub fn uses_usage(&self) -> bool {
        self.rules.iter().filter_map(|rule| rule.when.as_ref()).any(Condition::names_usage)
    }
}

impl Rule {
    fn unless_it_refuses(&self) -> Result<&Self, PolicyRefusal> {
        match &self.outcome {
            RuleOutcome::Refuse { message } => {
                Err(PolicyRefusal::ByRule { rule: self.name.clone(), message: message.clone() })
            }
            RuleOutcome::AutoApprove | RuleOutcome::Stages(_) => Ok(self),
        }
    }
}
