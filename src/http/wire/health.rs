//! The answers of the health checks.

use schemars::JsonSchema;
use serde::Serialize;

use super::word::{Vocabulary, Word};
use crate::domain::rules::{RulesPart, StaleRule};

/// The process answers.
#[derive(Serialize, JsonSchema)]
pub struct Liveness {
    status: Word<Check>,
}

/// Whether the server is ready for calls.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// `ok` if database, writes, migrations and executor are.
    pub status: Word<Check>,
    /// The single checks.
    pub checks: ReadinessChecks,
    /// Milliseconds since the last successful write; since the start, if there was none yet. A running
    /// executor writes about twice a second.
    pub last_write_age_ms: u64,
    /// Milliseconds since the executor's loop last turned; null if it never did.
    pub last_turn_age_ms: Option<u64>,
    /// For how many milliseconds the oldest change that search does not know yet has waited; 0 if it knows every
    /// change. The server is ready all the same.
    pub search_lag_ms: u64,
    /// The subscriptions that have taken nothing for a day, or want no more.
    pub failing_subscriptions: Vec<String>,
    /// The files of the rules that are not in force as they are written.
    pub stale_rules: Vec<StaleFile>,
}

/// A file that can't be used, and what is in force instead.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaleFile {
    /// Which rules it holds.
    pub part: Word<RulesPart>,
    /// The type that it is about; null where it is about more than one.
    pub request_type: Option<String>,
    /// Its name, without its folder.
    pub file: String,
    /// What is in force.
    pub in_force: String,
    /// Its first faults, each with its line. Those of people and subscriptions say where they are only; the log and
    /// `types lint` say what is wrong.
    pub faults: Vec<String>,
}

impl From<StaleRule> for StaleFile {
    fn from(stale: StaleRule) -> Self {
        let StaleRule { part, request_type, file, in_force, faults } = stale;
        Self { part: Word(part), request_type, file, in_force, faults }
    }
}

impl Vocabulary for RulesPart {
    const SCHEMA: &'static str = "RulesPart";
    const DESCRIPTION: &'static str = "Rules that come into force for themselves.";

    fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(Self::word).collect()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

/// The single checks.
#[derive(Serialize, JsonSchema)]
pub struct ReadinessChecks {
    /// Whether the database answers.
    pub database: Word<Check>,
    /// Whether writes are recorded: `failing` once writes have waited or failed for ten seconds and none
    /// succeeded meanwhile.
    pub writes: Word<Check>,
    /// Whether the database has the tables of this version.
    pub migrations: Word<Check>,
    /// Whether the executor is alive: its loop reaches the store, and turned within the last ten seconds.
    pub executor: Word<Check>,
    /// Whether every subscription takes what it is sent: `failing` once one has taken nothing for a day, or wants no
    /// more. The server is ready all the same.
    pub subscriptions: Word<Check>,
    /// Whether the rules in force are the ones in the files.
    pub rules: Word<RulesCheck>,
}

/// The result of a check.
pub enum Check {
    /// All is well.
    Ok,
    /// It is not.
    Failing,
}

impl Check {
    /// `Ok` if `is_well`.
    pub fn of(is_well: bool) -> Word<Self> {
        Word(if is_well { Self::Ok } else { Self::Failing })
    }
}

impl Vocabulary for Check {
    const SCHEMA: &'static str = "Check";
    const DESCRIPTION: &'static str = "The result of a check.";

    fn words() -> Vec<&'static str> {
        [Self::Ok, Self::Failing].iter().map(Self::word).collect()
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
        }
    }
}

/// Whether the rules in force are the ones in the files.
pub enum RulesCheck {
    /// They are.
    Ok,
    /// Some are not: what was in force before is, or nothing.
    Stale,
}

impl Vocabulary for RulesCheck {
    const SCHEMA: &'static str = "RulesCheck";
    const DESCRIPTION: &'static str =
        "`stale` if files can't be used: `staleRules` says which, why, and what is in force instead.";

    fn words() -> Vec<&'static str> {
        [Self::Ok, Self::Stale].iter().map(Self::word).collect()
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
        }
    }
}

impl Liveness {
    /// The only answer.
    pub fn ok() -> Self {
        Self { status: Check::of(true) }
    }
}
