//! What helps to fill a field in: what its schema says of it, and the limits before somebody breaks them.

use serde_json::Value;

use super::plan::Kind;
use crate::domain::wording::unquoted;
use crate::web::sentences::hints::{self, Bounds, NumberLimits};

/// The hints of a field, in the order of the page.
pub struct Hints<'s> {
    /// The schema with its references followed.
    pub schema: &'s Value,
    /// What it says of itself, where it is named.
    pub description: Option<String>,
    /// Its JSON types.
    pub kinds: &'s [&'s str],
}

impl Hints<'_> {
    /// Every sentence for a control of this kind.
    pub fn of(&self, kind: &Kind) -> Vec<String> {
        let own: Vec<String> = match kind {
            Kind::Json => vec![hints::as_json(self.kinds)],
            Kind::Lines(_) => vec![self.count("Items").of_lines()],
            Kind::List(..) => self.count("Items").of_rows().into_iter().collect(),
            Kind::Text(_) | Kind::TextOrNumber => self.text_hints(),
            Kind::Number => self.number_hint().into_iter().collect(),
            Kind::Fixed(_) | Kind::Choice(_) | Kind::Truth | Kind::Group(..) => Vec::new(),
        };
        let example = self.example().map(|example| hints::such_as(&example));
        self.description.clone().into_iter().chain(own).chain(example).collect()
    }

    /// What to write, for somebody who wrote something else; empty if the schema does not say it in words.
    pub fn wish(&self) -> String {
        let example = self.example();
        match self.description.as_deref().filter(|words| !words.is_empty()) {
            Some(words) => words.to_owned(),
            None => example.map(|example| hints::write_such_as(&example)).unwrap_or_default(),
        }
    }

    fn example(&self) -> Option<String> {
        let example = self.schema.get("examples").and_then(|examples| examples.get(0))?;
        (!example.is_object() && !example.is_array()).then(|| unquoted(example))
    }

    fn count(&self, of: &str) -> Bounds {
        let number = |name: String| self.schema.get(name).and_then(Value::as_u64);
        Bounds { min: number(format!("min{of}")), max: number(format!("max{of}")) }
    }

    fn text_hints(&self) -> Vec<String> {
        let text = |name: &str| self.schema.get(name).and_then(Value::as_str);
        // A date is chosen from a calendar.
        let format = text("format").filter(|format| *format != "date" && self.example().is_none());
        let example = format.and_then(hints::example_of_format).map(hints::such_as);
        // The pattern itself is better than no word of it.
        let pattern = || text("pattern").filter(|_| self.wish().is_empty()).map(hints::in_the_form);
        let length = self.count("Length").of_characters().or_else(pattern);
        example.into_iter().chain(length).collect()
    }

    fn number_hint(&self) -> Option<String> {
        let number = |name: &str| self.schema.get(name).filter(|limit| limit.is_number());
        let limits = NumberLimits {
            is_whole: self.kinds == ["integer"],
            at_least: number("minimum"),
            above: number("exclusiveMinimum"),
            at_most: number("maximum"),
            below: number("exclusiveMaximum"),
            multiple_of: number("multipleOf"),
        };
        limits.words()
    }
}
