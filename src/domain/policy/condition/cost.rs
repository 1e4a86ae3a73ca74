//! What a condition costs, counted in steps before it is evaluated: about a tenth of a microsecond each.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, operators};

use super::Condition;

/// How many steps the conditions of one policy may take for one submission.
pub const STEPS_MAX: u64 = 100_000;

/// Compiling a pattern.
const PATTERN_STEPS: u64 = 1_000;

/// How many bytes of a text are looked through in one step, and by a pattern.
const SCANNED_BYTES: u64 = 256;
const MATCHED_BYTES: u64 = 8;

/// What is left to spend on one policy.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: STEPS_MAX }
    }
}

impl Budget {
    /// Takes these steps. The error is a clause.
    pub fn spend(&mut self, steps: u64) -> Result<(), String> {
        let left = self.left.checked_sub(steps);
        self.left = left.unwrap_or(0);
        left.map(|_| ()).ok_or_else(|| {
            format!("with this payload the conditions of the policy take more than {STEPS_MAX} steps")
        })
    }
}

/// What values a term reads, as far as it matters for its cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent {
    /// Values in all.
    pub nodes: u64,
    /// Bytes of the longest text.
    pub text: u64,
    /// Items of the longest list.
    pub items: u64,
}

impl Extent {
    /// The larger of both in each respect, and the values of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            text: self.text.max(other.text),
            items: self.items.max(other.items),
        }
    }
}

/// What a term takes: once, and for each item that it goes through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    once: Steps,
    each: Steps,
    /// Items of the longest list in the text of the condition.
    literal_items: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    nodes: u64,
    /// Looks through a text.
    scans: u64,
    patterns: u64,
    /// Comparisons of values that may be large.
    comparisons: u64,
}

impl Steps {
    fn taken(self, extent: Extent) -> u64 {
        let scan = 1 + extent.text / SCANNED_BYTES;
        let pattern = PATTERN_STEPS + extent.text / MATCHED_BYTES;
        self.nodes + self.scans * scan + self.patterns * pattern + self.comparisons * (1 + extent.nodes)
    }
}

impl Cost {
    /// What the expression takes.
    pub fn of(expression: &IdedExpr) -> Self {
        let mut cost = Self::default();
        cost.count(expression, false);
        cost
    }

    /// Whether it goes through a list.
    pub fn repeats(&self) -> bool {
        self.each.nodes > 0
    }

    /// Whether it compiles a pattern.
    pub fn has_pattern(&self) -> bool {
        self.once.patterns > 0 || self.each.patterns > 0
    }

    /// Whether it goes through a list, uses a pattern, or compares what may be large.
    pub fn is_dear(&self) -> bool {
        self.repeats() || self.once.patterns > 0 || self.once.comparisons > 0
    }

    /// The steps that it takes on values of this extent.
    pub fn steps(&self, extent: Extent) -> u64 {
        let items = extent.items.max(self.literal_items);
        self.once.taken(extent).saturating_add(items.saturating_mul(self.each.taken(extent)))
    }

    // As deep as the expression, whose depth was checked.
    fn count(&mut self, at: &IdedExpr, is_each: bool) {
        let steps = if is_each { &mut self.each } else { &mut self.once };
        steps.nodes += 1;
        match &at.expr {
            Expr::Call(call) => {
                steps.note(call);
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    self.count(part, is_each);
                }
            }
            Expr::Select(select) => self.count(&select.operand, is_each),
            Expr::List(list) => {
                self.literal_items = self.literal_items.max(list.elements.len() as u64);
                for item in &list.elements {
                    self.count(item, is_each);
                }
            }
            Expr::Comprehension(inner) => {
                self.count(&inner.iter_range, is_each);
                for part in [&inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result] {
                    self.count(part, true);
                }
            }
            Expr::Literal(_) | Expr::Ident(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }
}

impl Steps {
    fn note(&mut self, call: &CallExpr) {
        let is_literal = |at: &IdedExpr| matches!(at.expr, Expr::Literal(_));
        match call.func_name.as_str() {
            "matches" => self.patterns += 1,
            "contains"
            | "startsWith"
            | "endsWith"
            | "string"
            | "int"
            | "timestamp"
            | "duration"
            | "size"
            | operators::ADD => self.scans += 1,
            operators::EQUALS | operators::NOT_EQUALS if call.args.iter().any(is_literal) => self.scans += 1,
            operators::EQUALS | operators::NOT_EQUALS | operators::IN => self.comparisons += 1,
            _ => {}
        }
    }
}

/// The longest list with which these conditions can be evaluated, if there is one: for whoever writes them.
pub fn items_within_budget<'c>(
    conditions: impl Iterator<Item = &'c Condition>,
    items_max: u64,
) -> Option<u64> {
    const NODES_OF_ITEM: u64 = 4;
    const TEXT: u64 = 256;
    let terms: Vec<Cost> = conditions.flat_map(|condition| condition.terms()).map(|term| term.cost).collect();
    let fits = |items: u64| {
        let extent = Extent { nodes: NODES_OF_ITEM * items, text: TEXT, items };
        let steps = terms.iter().fold(extent.nodes, |sum: u64, cost| sum.saturating_add(cost.steps(extent)));
        steps <= STEPS_MAX
    };
    if fits(items_max) {
        return None;
    }
    let (mut low, mut high) = (0, items_max);
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if fits(middle) { low = middle } else { high = middle }
    }
    Some(low)
}
