//! The subset of the language that is allowed, so that evaluation ends soon and means what it says.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::operators;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr};

use super::amounts;
use super::time_zone;
use crate::domain::amount::Amount;

/// Maximum depth of the expression.
const DEPTH_MAX: usize = 48;

/// Maximum number of items of a list in the condition.
const ITEMS_MAX: usize = 1_000;

/// Maximum number of additions: texts and lists grow with each.
const ADDITIONS_MAX: usize = 8;

/// Maximum bytes of a regular expression, and of its compiled program.
const PATTERN_MAX: usize = 200;
const PATTERN_SIZE_MAX: usize = 64 * 1024;

const VARIABLES: [&str; 4] = ["request", "maker", "now", "usage"];
const REQUEST: [&str; 8] = ["type", "org", "entityInfo", "path", "query", "body", "amount", "subject"];
/// The members of `request` that may be large.
const PAYLOAD: [&str; 4] = ["path", "query", "body", "subject"];
const ENTITY: [&str; 4] = ["tillId", "storeId", "zoneId", "conceptId"];
const MAKER: [&str; 3] = ["id", "permissions", "groups"];
const COUNTER: [&str; 2] = ["count", "sum"];

/// Functions beside the operators and [`amounts::FUNCTIONS`].
const FUNCTIONS: [&str; 19] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "string",
    "timestamp",
    "duration",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    operators::NOT_STRICTLY_FALSE,
];

const OPERATORS: [&str; 18] = [
    operators::INDEX,
    operators::NEGATE,
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::IN,
];

/// Operators whose value is not a boolean.
const ARITHMETIC: [&str; 6] = [
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::NEGATE,
];

/// What a condition uses.
#[derive(Clone, Debug)]
pub struct Uses {
    /// The variables, and the members of `request`: `request.amount`.
    pub named: BTreeSet<String>,
    /// Whether it compares or adds amounts of the type: its own, or the sum of a counter.
    pub names_amount: bool,
    /// Whether a comprehension reads the payload once for each of its items.
    pub repeats_payload: bool,
}

/// What the expression uses; the error is a sentence.
pub fn check(expression: &IdedExpr, counters: &[&str]) -> Result<Uses, String> {
    let uses = Uses { named: BTreeSet::new(), names_amount: false, repeats_payload: false };
    let mut checker = Checker { counters, uses, bound: Vec::new(), additions: 0 };
    must_be_a_truth(expression)?;
    checker.check(expression, 0)?;
    Ok(checker.uses)
}

struct Checker<'e> {
    counters: &'e [&'e str],
    uses: Uses,
    /// The variables of the comprehension around, of which there is one at most.
    bound: Vec<String>,
    additions: usize,
}

impl<'e> Checker<'e> {
    fn check(&mut self, at: &'e IdedExpr, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err("Nest less deeply; split it into several rules.".to_owned());
        }
        match &at.expr {
            Expr::Literal(literal) => check_literal(literal),
            Expr::Ident(name) => self.check_name(name),
            Expr::Select(select) => self.check_select(select, depth, Place::Elsewhere),
            Expr::Call(call) => self.check_call(call, depth),
            Expr::List(list) => self.check_list(&list.elements, depth),
            Expr::Comprehension(comprehension) => self.check_comprehension(comprehension, depth),
            Expr::Map(_) | Expr::Struct(_) => Err("Leave { } out; conditions have no objects.".to_owned()),
            Expr::Unspecified => Err("Write a CEL expression.".to_owned()),
        }
    }

    fn check_name(&mut self, name: &str) -> Result<(), String> {
        if self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        if name == "now" {
            self.uses.named.insert(name.to_owned());
            return Ok(());
        }
        if VARIABLES.contains(&name) {
            return Err(format!("Name a member of {name}, such as {name}.{}.", example(name)));
        }
        Err(format!("Leave {name} out; known here: {}.", VARIABLES.join(", ")))
    }

    fn check_call(&mut self, call: &'e CallExpr, depth: usize) -> Result<(), String> {
        let name = call.func_name.as_str();
        let is_amount = amounts::FUNCTIONS.contains(&name);
        if !is_amount && !FUNCTIONS.contains(&name) && !OPERATORS.contains(&name) {
            return Err(format!("Leave {name} out; it is not a function of conditions."));
        }
        if name == operators::ADD {
            self.check_addition(call)?;
        }
        if name == "matches" {
            self.check_pattern(call)?;
        }
        if name.starts_with("get") {
            time_zone::check(call)?;
        }
        let is_literal = |at: &IdedExpr| matches!(at.expr, Expr::Literal(_));
        let place = if is_amount { Place::Amount } else { Place::Elsewhere };
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            if is_amount && is_literal(part) {
                check_amount(part)?;
            }
            match &part.expr {
                Expr::Select(select) => self.check_select(select, depth + 1, place)?,
                Expr::Call(inner) if inner.func_name == "plus" && !is_amount => {
                    return Err(not_compared("a sum"));
                }
                Expr::Call(_)
                | Expr::Literal(_)
                | Expr::Ident(_)
                | Expr::List(_)
                | Expr::Comprehension(_)
                | Expr::Map(_)
                | Expr::Struct(_)
                | Expr::Unspecified => self.check(part, depth + 1)?,
            }
        }
        Ok(())
    }

    /// A pattern is compiled in every evaluation, so it is small and not in a comprehension.
    fn check_pattern(&self, call: &CallExpr) -> Result<(), String> {
        let Some(Expr::Literal(LiteralValue::String(pattern))) = call.args.last().map(|last| &last.expr)
        else {
            return Err("Write the pattern of matches as a string.".to_owned());
        };
        if !self.bound.is_empty() {
            return Err("Use matches outside of all, exists, exists_one, map and filter.".to_owned());
        }
        let pattern = pattern.inner();
        let sound = pattern.len() <= PATTERN_MAX
            && regex::RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build().is_ok();
        if sound {
            return Ok(());
        }
        Err(format!("Write a simpler pattern for matches, of at most {PATTERN_MAX} bytes."))
    }

    fn check_comprehension(&mut self, at: &'e ComprehensionExpr, depth: usize) -> Result<(), String> {
        if !self.bound.is_empty() {
            return Err("Leave out all, exists, exists_one, map or filter inside of another.".to_owned());
        }
        if VARIABLES.contains(&at.iter_var.as_str()) {
            return Err(format!("Choose another name than {} for the item.", at.iter_var));
        }
        // A comprehension over what another one yields is not inside of it: their costs add up.
        self.check(&at.iter_range, depth + 1)?;
        self.bound.push(at.accu_var.clone());
        self.bound.push(at.iter_var.clone());
        self.bound.extend(at.iter_var2.clone());
        for part in [&at.accu_init, &at.loop_cond, &at.loop_step, &at.result] {
            self.check(part, depth + 1)?;
        }
        self.bound.clear();
        Ok(())
    }

    /// Lists are copied, so they may contain nothing large.
    fn check_list(&mut self, items: &'e [IdedExpr], depth: usize) -> Result<(), String> {
        if items.len() > ITEMS_MAX {
            return Err(format!("List at most {ITEMS_MAX} items."));
        }
        for item in items {
            self.check(item, depth + 1)?;
            let is_small = match &item.expr {
                Expr::Literal(_) => true,
                Expr::Call(call) => {
                    let name = call.func_name.as_str();
                    ![operators::CONDITIONAL, operators::INDEX, operators::ADD].contains(&name)
                }
                // map and filter make a list of one of each item.
                Expr::Ident(_) | Expr::Select(_) => items.len() == 1 && self.is_bound(&item.expr),
                Expr::List(_)
                | Expr::Comprehension(_)
                | Expr::Map(_)
                | Expr::Struct(_)
                | Expr::Unspecified => false,
            };
            if !is_small {
                return Err("List only numbers, strings, true, false and null.".to_owned());
            }
        }
        Ok(())
    }

    fn is_bound(&self, at: &Expr) -> bool {
        let mut at = at;
        while let Expr::Select(select) = at {
            at = &select.operand.expr;
        }
        matches!(at, Expr::Ident(name) if self.bound.contains(name))
    }

    fn check_addition(&mut self, call: &CallExpr) -> Result<(), String> {
        let is_own = |at: &IdedExpr| matches!(&at.expr, Expr::Ident(name) if name.starts_with('@'));
        if !self.bound.is_empty() && !call.args.first().is_some_and(is_own) {
            return Err(
                "Use plus for amounts; + is not for the inside of all, exists and the like.".to_owned()
            );
        }
        self.additions += 1;
        if self.additions > ADDITIONS_MAX {
            return Err(format!("Use + at most {ADDITIONS_MAX} times."));
        }
        Ok(())
    }

    fn check_select(&mut self, select: &'e SelectExpr, depth: usize, place: Place) -> Result<(), String> {
        let Some(names) = names(select) else { return self.check(&select.operand, depth + 1) };
        let root = names[0];
        if self.bound.iter().any(|bound| bound == root) {
            return Ok(());
        }
        match root {
            "request" => known("request", names[1], &REQUEST)?,
            "maker" => known("maker", names[1], &MAKER)?,
            "usage" => {
                known("usage", names[1], self.counters)?;
                let member = names.get(2).ok_or("Name the count or the sum of a counter.")?;
                known(&format!("usage.{}", names[1]), member, &COUNTER)?;
            }
            _ => return self.check(&select.operand, depth + 1),
        }
        if let ["request", "entityInfo", member, ..] = names.as_slice() {
            known("request.entityInfo", member, &ENTITY)?;
        }
        let is_amount = matches!(names.as_slice(), ["request", "amount"] | ["usage", _, "sum"]);
        if is_amount && !select.test && place == Place::Elsewhere {
            return Err(not_compared(&names.join(".")));
        }
        self.uses.names_amount |= is_amount;
        let is_payload = root == "request" && PAYLOAD.contains(&names[1]);
        self.uses.repeats_payload |= is_payload && !self.bound.is_empty();
        self.uses.named.insert(root.to_owned());
        self.uses.named.insert(format!("{root}.{}", names[1]));
        Ok(())
    }
}

/// Whether an amount is allowed here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Amount,
    Elsewhere,
}

/// `a.b.c` as its names, at least two; `None` if it begins with something else than a name.
fn names(select: &SelectExpr) -> Option<Vec<&str>> {
    let mut names = vec![select.field.as_str()];
    let mut at = &select.operand.expr;
    while let Expr::Select(inner) = at {
        names.push(&inner.field);
        at = &inner.operand.expr;
    }
    let Expr::Ident(root) = at else { return None };
    names.push(root);
    names.reverse();
    Some(names)
}

fn known(of: &str, member: &str, members: &[&str]) -> Result<(), String> {
    if members.contains(&member) {
        return Ok(());
    }
    if members.is_empty() {
        return Err(format!("Leave {of}.{member} out; this type declares no counters."));
    }
    Err(format!("Leave {of}.{member} out; {of} has {}.", members.join(", ")))
}

fn not_compared(what: &str) -> String {
    format!("Compare {what} with {}: it is an exact amount.", amounts::FUNCTIONS[..5].join(", "))
}

fn example(variable: &str) -> &'static str {
    match variable {
        "maker" => "groups",
        "usage" => "maker_day.count",
        _ => "amount",
    }
}

fn check_literal(literal: &LiteralValue) -> Result<(), String> {
    match literal {
        LiteralValue::Double(_) => {
            Err("Write a decimal in a string, and compare it with above or below: \"0.5\".".to_owned())
        }
        LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
            Err("Write a string or a whole number without a letter before or behind it.".to_owned())
        }
        LiteralValue::Boolean(_) | LiteralValue::Int(_) | LiteralValue::Null | LiteralValue::String(_) => {
            Ok(())
        }
    }
}

fn check_amount(at: &IdedExpr) -> Result<(), String> {
    match &at.expr {
        Expr::Literal(LiteralValue::Int(_)) => Ok(()),
        Expr::Literal(LiteralValue::String(text)) => Amount::parse(text.inner()).map(|_| ()),
        Expr::Literal(_)
        | Expr::Call(_)
        | Expr::Select(_)
        | Expr::Ident(_)
        | Expr::List(_)
        | Expr::Comprehension(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Unspecified => {
            Err("Write an amount as a whole number, or as a decimal in a string.".to_owned())
        }
    }
}

/// Refuses what can't be a boolean.
fn must_be_a_truth(at: &IdedExpr) -> Result<(), String> {
    let is_none = match &at.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => false,
        Expr::Literal(_) | Expr::List(_) => true,
        Expr::Call(call) => {
            let name = call.func_name.as_str();
            let makes_no_truth = FUNCTIONS.contains(&name)
                && !matches!(name, "contains" | "startsWith" | "endsWith" | "matches");
            ARITHMETIC.contains(&name) || makes_no_truth || name == "plus"
        }
        Expr::Ident(name) => name == "now",
        Expr::Select(_) | Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
            false
        }
    };
    if is_none { Err("Write a condition that is true or false.".to_owned()) } else { Ok(()) }
}
