//! A condition of which everything about the submission is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cost::Budget;
use super::term::{Term, Tree};
use super::values::{Values, with_counters};
use crate::domain::amount::Amount;
use crate::domain::policy::usage::Usage;

/// What is left of a condition: an answer, or comparisons of counters.
#[derive(Clone, Debug)]
pub enum OpenCondition {
    /// It is decided. The error is a clause.
    Known(Result<bool, String>),
    /// Both.
    And(Box<OpenCondition>, Box<OpenCondition>),
    /// One of both.
    Or(Box<OpenCondition>, Box<OpenCondition>),
    /// Not.
    Not(Box<OpenCondition>),
    /// The counters decide it.
    Counters(Arc<Term>),
}

impl OpenCondition {
    /// Whether the counters have no say in it.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Whether it is true with these counters.
    pub fn decide(&self, usage: &BTreeMap<String, Usage>, amount: Option<&Amount>) -> Result<bool, String> {
        match self {
            Self::Known(answer) => answer.clone(),
            Self::And(left, right) => and(left.decide(usage, amount), || right.decide(usage, amount)),
            Self::Or(left, right) => or(left.decide(usage, amount), || right.decide(usage, amount)),
            Self::Not(inner) => inner.decide(usage, amount).map(|answer| !answer),
            Self::Counters(term) => term.holds(&with_counters(usage, amount)),
        }
    }
}

/// Evaluates every term about the submission, unless the terms before it decide. The error is a clause: a term could
/// not even be tried, because its values or its cost are too large. Nothing beside it makes up for that.
pub fn reduce(tree: &Tree, values: &Values<'_>, budget: &mut Budget) -> Result<OpenCondition, String> {
    use OpenCondition::{And, Counters, Known, Not, Or};
    Ok(match tree {
        Tree::Term(term) if term.is_of_counters() => Counters(Arc::clone(term)),
        Tree::Term(term) => {
            values.can_be_used(term, budget)?;
            Known(values.holds(term))
        }
        Tree::Not(inner) => {
            let inner = reduce(inner, values, budget)?;
            if let Known(answer) = inner { Known(answer.map(|answer| !answer)) } else { Not(Box::new(inner)) }
        }
        Tree::And(left, right) => {
            let left = reduce(left, values, budget)?;
            if matches!(left, Known(Ok(false))) {
                return Ok(left);
            }
            match (left, reduce(right, values, budget)?) {
                (Known(left), Known(right)) => Known(and(left, || right)),
                (left, right) => And(Box::new(left), Box::new(right)),
            }
        }
        Tree::Or(left, right) => {
            let left = reduce(left, values, budget)?;
            if matches!(left, Known(Ok(true))) {
                return Ok(left);
            }
            match (left, reduce(right, values, budget)?) {
                (Known(left), Known(right)) => Known(or(left, || right)),
                (left, right) => Or(Box::new(left), Box::new(right)),
            }
        }
    })
}

/// As the language has it: a `false` on either side is stronger than an error on the left.
fn and(left: Result<bool, String>, right: impl FnOnce() -> Result<bool, String>) -> Result<bool, String> {
    match left {
        Ok(false) => Ok(false),
        Ok(true) => right(),
        Err(why) => {
            if right()? {
                Err(why)
            } else {
                Ok(false)
            }
        }
    }
}

/// As the language has it: a `true` on either side is stronger than an error on the left.
fn or(left: Result<bool, String>, right: impl FnOnce() -> Result<bool, String>) -> Result<bool, String> {
    match left {
        Ok(true) => Ok(true),
        Ok(false) => right(),
        Err(why) => {
            if right()? {
                Ok(true)
            } else {
                Err(why)
            }
        }
    }
}
