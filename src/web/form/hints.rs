//! What helps to fill a field in: what its schema says of it, and the limits before somebody breaks them.

use serde_json::Value;

use super::plan::Kind;
use crate::domain::wording::unquoted;

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
            Kind::Json => vec![json_hint(self.kinds)],
            Kind::Lines(_) => vec![lines_hint(&self.count("Items"))],
            Kind::List(..) => rows_hint(&self.count("Items")).into_iter().collect(),
            Kind::Text(_) | Kind::TextOrNumber => self.text_hints(),
            Kind::Number => self.number_hint().into_iter().collect(),
            Kind::Fixed(_) | Kind::Choice(_) | Kind::Truth | Kind::Group(..) => Vec::new(),
        };
        let example = self.example().map(|example| format!("Such as {example}."));
        self.description.clone().into_iter().chain(own).chain(example).collect()
    }

    /// What to write, for somebody who wrote something else; empty if the schema does not say it in words.
    pub fn wish(&self) -> String {
        let example = self.example();
        match self.description.as_deref().filter(|words| !words.is_empty()) {
            Some(words) => words.to_owned(),
            None => example.map(|example| format!("Write something such as {example}.")).unwrap_or_default(),
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
        let example = format.and_then(example_of_format);
        let example = example.map(|example| format!("Such as {example}."));
        let bounds = self.count("Length");
        let length = match (bounds.min.filter(|min| *min > 1), bounds.max) {
            (Some(min), Some(max)) if min == max => Some(format!("{min} characters.")),
            (Some(min), Some(max)) => Some(format!("{min} to {max} characters.")),
            (Some(min), None) => Some(format!("At least {min} characters.")),
            (None, Some(max)) => Some(format!("At most {max} characters.")),
            // The pattern itself is better than no word of it.
            (None, None) if self.wish().is_empty() => {
                text("pattern").map(|pattern| format!("In the form {pattern}."))
            }
            (None, None) => None,
        };
        example.into_iter().chain(length).collect()
    }

    fn number_hint(&self) -> Option<String> {
        let number = |name: &str| self.schema.get(name).filter(|limit| limit.is_number());
        let least = number("minimum").map(|limit| format!("at least {limit}"));
        let above = number("exclusiveMinimum").map(|limit| format!("above {limit}"));
        let most = number("maximum").map(|limit| format!("at most {limit}"));
        let below = number("exclusiveMaximum").map(|limit| format!("below {limit}"));
        let step = number("multipleOf").map(|step| format!("a multiple of {step}"));
        let whole = (self.kinds == ["integer"]).then(|| "a whole number".to_owned());
        let all: Vec<String> = [whole, least, above, most, below, step].into_iter().flatten().collect();
        (!all.is_empty()).then(|| crate::domain::wording::capitalised(&format!("{}.", all.join(", "))))
    }
}

/// The least and the greatest number of something.
struct Bounds {
    min: Option<u64>,
    max: Option<u64>,
}

impl Bounds {
    /// `2 to 5`, `at most 5`; `None` if there is no limit that people meet.
    fn words(&self) -> Option<String> {
        match (self.min.filter(|min| *min > 0), self.max) {
            (Some(min), Some(max)) if min == max => Some(format!("Exactly {min}")),
            (Some(min), Some(max)) => Some(format!("{min} to {max}")),
            (Some(min), None) => Some(format!("At least {min}")),
            (None, Some(max)) => Some(format!("At most {max}")),
            (None, None) => None,
        }
    }
}

fn lines_hint(bounds: &Bounds) -> String {
    bounds
        .words()
        .map_or_else(|| "One on each line.".to_owned(), |words| format!("One on each line. {words}."))
}

fn rows_hint(bounds: &Bounds) -> Option<String> {
    bounds.words().map(|words| format!("{words}."))
}

pub fn json_hint(kinds: &[&str]) -> String {
    match kinds {
        ["object"] => r#"Written as JSON, such as {"name": "value", "number": 1}."#.to_owned(),
        ["array"] => r#"Written as JSON, such as ["one", "two"]."#.to_owned(),
        _ => r#"Written as JSON: a text in double quotes, a number, true, {…} or […]."#.to_owned(),
    }
}

/// A text in the format of this name.
pub fn example_of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => "2026-11-22T10:30:00Z",
        "date" => "2026-11-22",
        "time" => "10:30:00Z",
        "duration" => "P3DT4H",
        "email" | "idn-email" => "name@example.com",
        "hostname" | "idn-hostname" => "www.example.com",
        "ipv4" => "192.0.2.7",
        "ipv6" => "2001:db8::7",
        "uri" | "iri" => "https://www.example.com/page",
        "uuid" => "0190b6f2-7a3c-7cc0-8000-000000000001",
        _ => return None,
    })
}
