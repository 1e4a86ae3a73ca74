//! The answers of the health checks.

use schemars::JsonSchema;
use serde::Serialize;

use super::word::{Vocabulary, Word};

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
    /// The subscriptions that have taken nothing for a day, or want no more.
    pub failing_subscriptions: Vec<String>,
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
    /// The files could not be read again: the old rules are in force.
    Stale,
}

impl Vocabulary for RulesCheck {
    const SCHEMA: &'static str = "RulesCheck";
    const DESCRIPTION: &'static str =
        "`stale` if the request types or the people could not be read again: the old ones are in force.";

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
