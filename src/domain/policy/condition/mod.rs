//! Conditions in CEL, read once and evaluated in every submission.
//!
//! **Invariant:** evaluation is total and its cost is bounded: the language is cut down when a
//! condition is read (`scan`, `check`), and values when it is evaluated (`values`). What can't be
//! evaluated is an error, and an error never passes.

mod amounts;
mod check;
mod scan;
mod values;

use std::sync::{Arc, LazyLock};

use cel::common::types::CelBool;
use cel::{Context, Env, ExecutionError, IdedExpr, Value};

use super::facts::Facts;

/// The language: the standard library and exact amounts; no optional values.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    amounts::declare(&mut env).expect("nothing else has these names");
    Arc::new(env)
});

/// A boolean expression over the facts of a submission.
#[derive(Clone, Debug)]
pub struct Condition {
    source: String,
    expression: Arc<IdedExpr>,
    /// What it uses; only these facts are passed to it.
    uses: check::Uses,
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
        let expression = expression.expression().clone();
        let uses = check::check(&expression, counters)?;
        Ok(Self { source: text.to_owned(), expression: Arc::new(expression), uses })
    }

    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it uses `usage`.
    pub fn names_usage(&self) -> bool {
        self.uses.named.contains("usage")
    }

    /// Whether it uses `request.amount`, or the sum of a counter.
    pub fn names_amount(&self) -> bool {
        self.uses.names_amount
    }

    /// Whether it is true. The error is a clause that says why it can't be evaluated.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        values::declare(&mut context, facts, &self.uses)?;
        let value = Value::resolve_val(&self.expression, &context).map_err(|error| told(&error))?;
        let answer = value.as_ref().downcast_ref::<CelBool>();
        answer.map(|answer| *answer.inner()).ok_or_else(|| "it is neither true nor false".to_owned())
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
