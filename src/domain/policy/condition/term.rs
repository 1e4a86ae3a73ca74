//! A condition as a tree of `&&`, `||` and `!` over terms.

use std::sync::Arc;

use cel::common::ast::{Expr, operators};
use cel::common::types::CelBool;
use cel::{Context, IdedExpr, Value};

use super::check::{Uses, check};
use super::cost::Cost;
use super::told;

/// `&&`, `||` and `!` over terms.
#[derive(Debug)]
pub enum Tree {
    /// Both.
    And(Box<Tree>, Box<Tree>),
    /// One of both.
    Or(Box<Tree>, Box<Tree>),
    /// Not.
    Not(Box<Tree>),
    /// Neither.
    Term(Arc<Term>),
}

/// An expression without `&&`, `||` or `!` on its outside.
#[derive(Debug)]
pub struct Term {
    expression: IdedExpr,
    /// What it uses.
    pub uses: Uses,
    /// What evaluating it takes.
    pub cost: Cost,
}

impl Tree {
    /// The tree of an expression that was checked. The error is a sentence.
    // As deep as the expression, whose depth was checked.
    pub fn of(at: &IdedExpr, counters: &[&str]) -> Result<Self, String> {
        let parts = |args: &[IdedExpr]| -> Result<(Box<Self>, Box<Self>), String> {
            Ok((Box::new(Self::of(&args[0], counters)?), Box::new(Self::of(&args[1], counters)?)))
        };
        if let Expr::Call(call) = &at.expr {
            match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_AND, args @ [_, _]) => {
                    let (left, right) = parts(args)?;
                    return Ok(Self::And(left, right));
                }
                (operators::LOGICAL_OR, args @ [_, _]) => {
                    let (left, right) = parts(args)?;
                    return Ok(Self::Or(left, right));
                }
                (operators::LOGICAL_NOT, [inner]) => {
                    return Ok(Self::Not(Box::new(Self::of(inner, counters)?)));
                }
                _ => {}
            }
        }
        let term = Term { expression: at.clone(), uses: check(at, counters)?, cost: Cost::of(at) };
        term.must_be_of_one_kind()?;
        Ok(Self::Term(Arc::new(term)))
    }

    /// Every term.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => [left.terms(), right.terms()].concat(),
            Self::Not(inner) => inner.terms(),
            Self::Term(term) => vec![term],
        }
    }
}

impl Term {
    /// Whether it is about the counters, and not about the submission.
    pub fn is_of_counters(&self) -> bool {
        self.uses.named.contains("usage")
    }

    /// What is about the counters is evaluated while everybody else's writes wait.
    fn must_be_of_one_kind(&self) -> Result<(), String> {
        let is_small =
            |name: &String| name.starts_with("usage") || name == "request" || name == "request.amount";
        if !self.is_of_counters() {
            return Ok(());
        }
        if self.cost.has_pattern() {
            return Err("Leave matches out: a part that names usage may not compile a pattern.".to_owned());
        }
        if self.uses.named.iter().all(is_small) && !self.cost.repeats() {
            return Ok(());
        }
        let wish = "Split this: a part that names usage may hold counters, request.amount and constants only. Join it \
                    with the rest by && or ||.";
        Err(wish.to_owned())
    }

    /// Whether it is true. The error is a clause.
    pub fn holds(&self, context: &Context<'_, '_>) -> Result<bool, String> {
        let value = Value::resolve_val(&self.expression, context).map_err(|error| told(&error))?;
        let answer = value.as_ref().downcast_ref::<CelBool>();
        answer.map(|answer| *answer.inner()).ok_or_else(|| "it is neither true nor false".to_owned())
    }
}
