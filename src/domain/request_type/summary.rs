//! Summaries: one sentence about a request, filled from what was sent.

use serde_json::Value;

use super::classes::{DOTS, FieldClasses};
use super::place::{ROOTS, child};
use crate::domain::deceptive::is_deceptive;

/// Maximum length of one value in a summary.
const VALUE_CHARS_MAX: usize = 80;

const ABSENT: &str = "–";

/// A sentence with placeholders for values.
#[derive(Clone, Debug)]
pub struct Summary {
    template: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Field(String),
}

impl Summary {
    /// Reads a template: `{name}` is replaced by a value, `{{` and `}}` by braces.
    ///
    /// # Errors
    /// A sentence that says how to write it.
    pub fn parse(template: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let (mut text, mut rest) = (String::new(), template);
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(behind) = after.strip_prefix(brace) {
                text.push_str(brace);
                rest = behind;
                continue;
            }
            let name = after.split_once('}').filter(|_| brace == "{");
            let Some((name, behind)) = name.filter(|(name, _)| !name.is_empty() && !name.contains('{'))
            else {
                return Err("Close every brace: {name} stands for a value, {{ and }} for braces.".to_owned());
            };
            parts.extend([Part::Text(std::mem::take(&mut text)), Part::Field(name.to_owned())]);
            rest = behind;
        }
        text.push_str(rest);
        parts.push(Part::Text(text));
        Ok(Self { template: template.to_owned(), parts })
    }

    /// The template as it was written.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The names of its placeholders.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The sentence with `word` in place of each value.
    pub fn with_words(&self, word: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(name) => word(name),
        };
        self.parts.iter().map(part).collect()
    }

    /// The sentence for this task. Fields that `classes` hide are never filled in.
    pub fn fill(&self, task: &Value, classes: &FieldClasses) -> String {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Field(name) => filled.push_str(&value_of(name, task, classes)),
            }
        }
        filled
    }
}

fn value_of(name: &str, task: &Value, classes: &FieldClasses) -> String {
    let plain = vec![name];
    let dotted: Vec<&str> = name.split('.').collect();
    for root in ROOTS {
        let Some(members) = task.get(root) else { continue };
        for path in [&plain, &dotted] {
            if let Some(value) = path.iter().try_fold(members, |value, step| child(value, step)) {
                let steps: Vec<&str> = std::iter::once(root).chain(path.iter().copied()).collect();
                return if classes.hide(&steps) { DOTS.to_owned() } else { shown(value) };
            }
        }
    }
    ABSENT.to_owned()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => ABSENT.to_owned(),
        Value::String(text) => printable(text),
        Value::Bool(_) | Value::Number(_) => printable(&value.to_string()),
        Value::Array(items) => items.len().to_string(),
        Value::Object(members) => members.len().to_string(),
    }
}

fn printable(text: &str) -> String {
    let visible = text.chars().map(|c| if is_deceptive(c) { '\u{fffd}' } else { c });
    let mut cut: String = visible.take(VALUE_CHARS_MAX).collect();
    if text.chars().nth(VALUE_CHARS_MAX).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::place::Place;
    use super::*;

    fn filled(template: &str, task: &Value) -> String {
        Summary::parse(template).unwrap().fill(task, &FieldClasses::default())
    }

    #[test]
    fn values_are_looked_up_in_body_query_and_path_by_name_or_dotted_path() {
        let task = json!({
            "pathParams": {"id": "p", "only": "path"},
            "queryParams": {"id": "q", "page": "2"},
            "body": {"id": "b", "a.b": "plain", "a": {"b": "dotted", "c": [10, 20]}, "n": 1.50, "t": true},
        });
        for (template, sentence) in [
            ("{id} {page} {only}", "b 2 path"),
            ("{a.b} {a.c} {a.c.1} {a}", "plain 2 20 2"),
            ("{n} {t} {nothing} {a.nothing}", "1.5 true – –"),
            ("{{{id}}} and }}{{", "{b} and }{"),
            ("no places", "no places"),
            ("", ""),
        ] {
            assert_eq!(filled(template, &task), sentence, "{template}");
        }
    }

    #[test]
    fn a_number_keeps_its_digits() {
        let text = br#"{"body": {"n": 123456789012345678901234567890.10}}"#;
        let task = super::super::super::json::read(text).unwrap();
        assert_eq!(filled("{n}", &task), "123456789012345678901234567890.10");
    }

    #[test]
    fn a_template_with_an_open_brace_is_refused() {
        for wrong in ["{", "}", "{a", "a}", "{}", "{a{b}", "{{{", "{a}}", "}}}"] {
            assert!(Summary::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn long_values_are_cut_and_hidden_ones_never_filled_in() {
        let task = json!({"body": {"long": "é".repeat(81), "fits": "é".repeat(80), "c": {"m": "secret"}}});
        assert_eq!(filled("{long}", &task), format!("{}…", "é".repeat(80)));
        assert_eq!(filled("{fits}", &task), "é".repeat(80));
        let classes = FieldClasses { masked: vec![Place::parse("/body/c").unwrap()], secret: vec![] };
        let summary = Summary::parse("{c} {c.m}").unwrap();
        assert_eq!(summary.fill(&task, &classes), "•••• ••••");
    }

    #[test]
    fn hostile_characters_are_shown_as_what_they_are() {
        let task = json!({"body": {"x": "a\u{202e}b\u{200b}c\u{0}d\r\ne\u{feff}\u{e0041}"}});
        assert_eq!(filled("{x}", &task), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}\u{fffd}e\u{fffd}\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_value_can_put_braces_lines_or_invisible_characters_into_the_sentence(value: String) {
            let sentence = filled("{x}|{x}", &json!({"body": {"x": value}}));
            prop_assert!(!sentence.chars().any(is_deceptive));
            prop_assert!(sentence.chars().count() <= 2 * (VALUE_CHARS_MAX + 1) + 1);
        }

        #[test]
        fn any_template_is_read_or_refused(template in "[{}a.]{0,12}") {
            if let Ok(summary) = Summary::parse(&template) {
                summary.fill(&json!({}), &FieldClasses::default());
            }
        }
    }
}
