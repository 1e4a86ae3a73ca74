//! Conditions in CEL, read once and evaluated in every submission.
//!
//! **Invariant:** evaluation is total and its cost is bounded: the language is cut down when a
//! condition is read (`scan`, `check`), and values when it is evaluated (`values`). What can't be
//! evaluated is an error, and an error never passes.

mod amounts;
mod check;
mod cost;
mod open;
mod scan;
mod term;
mod time_zone;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use cel::{Env, ExecutionError, IdedExpr};

use super::facts::Facts;
use super::usage::Usage;

pub use cost::{Budget, items_within_budget};
pub use open::OpenCondition;
pub use values::{ITEMS_MAX, Values};

/// The language: the standard library and exact amounts; no optional values.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    amounts::declare(&mut env).expect("nothing else has these names");
    Arc::new(env)
});

/// A boolean expression over the facts of a submission and the counters of its type.
///
/// It is a tree of `&&`, `||` and `!` over terms. A term is about the submission, or about the counters: the first
/// kind is evaluated before the write, and only the second in it.
#[derive(Clone, Debug)]
pub struct Condition {
    source: String,
    tree: Arc<term::Tree>,
    /// What all of it uses.
    named: BTreeSet<String>,
    names_amount: bool,
}

/// Equal texts are equal conditions.
impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Condition {}

impl Condition {
    /// Reads a condition; `counters` are what it may name under `usage`. The error is a sentence.
    ///
    /// What passes the scan is parsed on a stack of 2 MiB, also in a debug build.
    pub fn parse(text: &str, counters: &[&str]) -> Result<Self, String> {
        scan::check(text)?;
        let expression = LANGUAGE.compile(text).map_err(|errors| {
            let first = errors.errors.first();
            let (at, what) =
                first.map_or((0, "it is no expression"), |error| (error.pos.1, error.msg.as_str()));
            format!("Write a CEL expression; at column {at}: {}.", first_line(what))
        })?;
        let expression: &IdedExpr = expression.expression();
        let uses = check::check(expression, counters)?;
        let tree = Arc::new(term::Tree::of(expression, counters)?);
        Ok(Self { source: text.to_owned(), tree, named: uses.named, names_amount: uses.names_amount })
    }

    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it uses `usage`.
    pub fn names_usage(&self) -> bool {
        self.named.contains("usage")
    }

    /// Whether it uses something that the maker sends, which differs from submission to submission.
    pub fn names_payload(&self) -> bool {
        let sent = ["path", "query", "body", "amount", "subject", "entityInfo"];
        sent.iter().any(|member| self.named.contains(&format!("request.{member}")))
    }

    /// Whether it uses `request.amount`, or the sum of a counter.
    pub fn names_amount(&self) -> bool {
        self.names_amount
    }

    /// The variables that it uses, and the members of `request`.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(String::as_str)
    }

    /// What is left of it once everything about the submission is evaluated: all of it, or what the counters decide.
    pub fn before_counters(&self, values: &Values<'_>, budget: &mut Budget) -> OpenCondition {
        open::reduce(&self.tree, values, budget).unwrap_or_else(|why| OpenCondition::Known(Err(why)))
    }

    /// Whether it is true, on its own. The error is a clause that says why it can't be evaluated.
    pub fn holds(&self, facts: &Facts<'_>, usage: &BTreeMap<String, Usage>) -> Result<bool, String> {
        let values = Values::of(facts, &self.named().collect());
        let mut budget = Budget::default();
        budget.spend(values.steps())?;
        self.before_counters(&values, &mut budget).decide(usage, facts.amount)
    }

    /// Whether it goes through lists, or compares or searches what may be large.
    pub fn is_dear(&self) -> bool {
        self.terms().iter().any(|term| term.cost.is_dear())
    }

    fn terms(&self) -> Vec<&term::Term> {
        self.tree.terms()
    }
}

/// The library's messages contain values of the payload; only names and types are passed on.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add errors at any time")]
fn told(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => format!("there is no {name} in it; has() asks for it first"),
        ExecutionError::NoSuchOverload(call) => {
            let types = call.argument_types().join(" and ");
            format!("{} can't be applied to {types}", operator(call.function()))
        }
        ExecutionError::UndeclaredReference(name) => format!("{name} is not known"),
        ExecutionError::FunctionError { function, message } if function == amounts::AMOUNTS => {
            message.clone()
        }
        ExecutionError::FunctionError { function, .. } => format!("{function} failed"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "it divides by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number is out of range".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list is shorter than that".to_owned(),
        ExecutionError::ValuesNotComparable(..) => {
            "values of different types are compared; amounts are compared with above and below".to_owned()
        }
        _ => "a value is not of the type that it is used as".to_owned(),
    }
}

/// `_>_` as it is written.
fn operator(function: &str) -> &str {
    function.trim_matches(['_', '@'])
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end_matches('.')
}
