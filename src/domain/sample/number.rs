//! One number within the bounds of a schema.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::{Number, Value};

/// What a schema says about a number.
struct Bounds {
    min: Option<Decimal>,
    above: Option<Decimal>,
    max: Option<Decimal>,
    below: Option<Decimal>,
    step: Option<Decimal>,
    is_whole: bool,
}

/// A number that the schema allows, if a usual one or one at its bounds does.
pub fn number_of(schema: &Value, is_whole: bool) -> Option<Value> {
    let bound = |name: &str| schema.get(name).and_then(decimal);
    let bounds = Bounds {
        min: bound("minimum"),
        above: bound("exclusiveMinimum"),
        max: bound("maximum"),
        below: bound("exclusiveMaximum"),
        step: bound("multipleOf"),
        is_whole,
    };
    let found = bounds.candidates().into_iter().find(|number| bounds.allow(*number))?;
    Number::from_str(&found.normalize().to_string()).ok().map(Value::Number)
}

fn decimal(value: &Value) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

impl Bounds {
    fn candidates(&self) -> Vec<Decimal> {
        let one = Decimal::ONE;
        let mut found = vec![one, Decimal::TEN, Decimal::ZERO];
        for low in [self.min, self.above].into_iter().flatten() {
            found.extend([Some(low), Some(low.ceil()), low.floor().checked_add(one)].into_iter().flatten());
        }
        for high in [self.max, self.below].into_iter().flatten() {
            found
                .extend([Some(high), Some(high.floor()), high.ceil().checked_sub(one)].into_iter().flatten());
        }
        if let (Some(low), Some(high)) = (self.min.or(self.above), self.max.or(self.below)) {
            found.extend(low.checked_add(high).and_then(|sum| sum.checked_div(Decimal::TWO)));
        }
        if let Some(step) = self.step {
            found.push(step);
            for bound in [self.min, self.above, self.max, self.below].into_iter().flatten() {
                let steps = bound.checked_div(step).map(|steps| steps.floor());
                let at = |more| steps.and_then(|steps| steps.checked_add(more)?.checked_mul(step));
                found.extend([Decimal::ZERO, one, -one].into_iter().filter_map(at));
            }
        }
        found
    }

    fn allow(&self, number: Decimal) -> bool {
        self.min.is_none_or(|min| number >= min)
            && self.above.is_none_or(|above| number > above)
            && self.max.is_none_or(|max| number <= max)
            && self.below.is_none_or(|below| number < below)
            && self.step.is_none_or(|step| number.checked_rem(step).is_some_and(|rest| rest.is_zero()))
            && (!self.is_whole || number.fract().is_zero())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_within_its_bounds() {
        for (schema, whole, wanted) in [
            (json!({}), true, "1"),
            (json!({"minimum": 5}), true, "10"),
            (json!({"minimum": 500}), true, "500"),
            (json!({"exclusiveMinimum": 500}), true, "501"),
            (json!({"maximum": -3}), true, "-3"),
            (json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1}), false, "0.5"),
            (json!({"minimum": 101, "multipleOf": 25}), true, "125"),
            (json!({"multipleOf": 0.25, "exclusiveMinimum": 10, "maximum": 10.25}), false, "10.25"),
        ] {
            assert_eq!(
                number_of(&schema, whole).map(|found| found.to_string()).as_deref(),
                Some(wanted),
                "{schema}"
            );
        }
        assert_eq!(number_of(&json!({"minimum": 2, "maximum": 1}), true), None);
        assert_eq!(number_of(&json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1}), true), None);
    }
}
