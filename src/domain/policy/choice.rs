//! Which rule of a policy applies: looked at before the write, and decided in it.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Budget, Condition, OpenCondition, Values};
use super::facts::Facts;
use super::usage::Usage;
use super::{Policy, PolicyRefusal, Rule};
use crate::domain::amount::Amount;

/// The rules that may apply to a submission, in order: only counters are still to be compared.
#[derive(Clone, Debug, Default)]
pub struct RuleChoice {
    /// By the number of the rule. None refuses: nothing was looked at, or no rule applies.
    open: Vec<(usize, OpenCondition)>,
}

/// The values of a submission, converted once for all conditions, and what may still be spent on them.
struct Looking<'v> {
    values: Values<'v>,
    budget: Budget,
    /// Whether the values alone did not cost too much.
    could_convert: Result<(), String>,
}

impl<'v> Looking<'v> {
    fn at(facts: &Facts<'v>, named: &BTreeSet<&str>) -> Self {
        let (values, mut budget) = (Values::of(facts, named), Budget::default());
        let could_convert = budget.spend(values.steps());
        Self { values, budget, could_convert }
    }

    fn evaluate(&mut self, condition: &Condition) -> OpenCondition {
        match &self.could_convert {
            Ok(()) => condition.before_counters(&self.values, &mut self.budget),
            Err(why) => OpenCondition::Known(Err(why.clone())),
        }
    }
}

impl Policy {
    /// Evaluates everything that the conditions ask of the submission.
    pub fn look(&self, facts: &Facts<'_>) -> RuleChoice {
        let mut open = Vec::new();
        let mut looking = None;
        for (number, rule) in self.rules.iter().enumerate() {
            let found = rule.when.as_ref().map_or(OpenCondition::Known(Ok(true)), |condition| {
                looking.get_or_insert_with(|| Looking::at(facts, &self.named())).evaluate(condition)
            });
            let is_last = matches!(found, OpenCondition::Known(Ok(true) | Err(_)));
            if !matches!(found, OpenCondition::Known(Ok(false))) {
                open.push((number, found));
            }
            if is_last {
                break;
            }
        }
        RuleChoice { open }
    }

    /// The first rule whose condition is true, unless it refuses.
    ///
    /// # Errors
    /// Why the submission is refused.
    pub fn choose(
        &self,
        choice: &RuleChoice,
        usage: &BTreeMap<String, Usage>,
        amount: Option<&Amount>,
    ) -> Result<&Rule, PolicyRefusal> {
        for (number, open) in &choice.open {
            let rule = &self.rules[*number];
            match open.decide(usage, amount) {
                Ok(false) => {}
                Err(why) => return Err(PolicyRefusal::Condition { rule: rule.name.clone(), why }),
                Ok(true) => return rule.unless_it_refuses(),
            }
        }
        Err(PolicyRefusal::NoRule)
    }

    /// Whether looking at a submission may take long enough to be noticed by others.
    pub fn is_dear(&self) -> bool {
        self.rules.iter().filter_map(|rule| rule.when.as_ref()).any(Condition::is_dear)
    }

    /// Everything that its conditions use.
    fn named(&self) -> BTreeSet<&str> {
        self.rules.iter().filter_map(|rule| rule.when.as_ref()).flat_map(Condition::named).collect()
    }
}
