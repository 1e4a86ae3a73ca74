//! The subject of a task: one value has one spelling, so that limits by subject and the search for duplicates meet it
//! however it is written.

use serde_json::Value;

use super::RequestType;
use super::place::Place;
use super::schema::Schema;
use crate::domain::deceptive::is_deceptive;
use crate::domain::plain_decimal::{DIGITS_MAX, plain_decimal};

/// Maximum length of a subject; the rest of a text is cut off.
pub const SUBJECT_CHARS_MAX: usize = 256;

impl RequestType {
    /// The subject of a normalised task, as text; `None` if it has none.
    ///
    /// A number is the shortest plain decimal, also in a text where the schema takes both. Of any other text,
    /// what no one can see and white space around it are left out: two subjects that differ only in that, or in
    /// what is cut off, count as one, which is the strict reading.
    ///
    /// # Errors
    /// What to write, if it is a number that can't be written as a plain decimal.
    pub fn subject_of(&self, task: &Value) -> Result<Option<String>, String> {
        let Some(place) = &self.subject else { return Ok(None) };
        Ok(match place.find(task) {
            Some(Value::Number(number)) => Some(plain_decimal(&number.to_string()).ok_or_else(too_long)?),
            Some(Value::String(text)) => {
                let shown: String = text.chars().filter(|c| !is_deceptive(*c)).collect();
                let number = self.takes_numbers_at(place).then(|| plain_decimal(shown.trim())).flatten();
                let text = number.unwrap_or_else(|| shown.trim().chars().take(SUBJECT_CHARS_MAX).collect());
                Some(text).filter(|text| !text.is_empty())
            }
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        })
    }

    /// Whether the subject's schema leaves its spelling to the maker: a text without `pattern`, `enum`, `const` or
    /// `format`. `None` if nothing is counted or found by it.
    pub fn has_free_subject(&self) -> Option<bool> {
        let place = self.subject.as_ref().filter(|_| self.needs_subject())?;
        let Some(schema) = self.schema_at(place) else { return Some(true) };
        let is_bound = ["pattern", "enum", "const", "format"].iter().any(|word| schema.get(word).is_some());
        Some(!is_bound && takes(schema, &["string"]))
    }

    fn takes_numbers_at(&self, place: &Place) -> bool {
        self.schema_at(place).is_some_and(|schema| takes(schema, &["number", "integer"]))
    }

    /// The schema of the value at a place, as far as it is found by names of members and items.
    fn schema_at(&self, place: &Place) -> Option<&Value> {
        let steps = place.steps();
        let (part, inner) = steps.split_first()?;
        let schema = match *part {
            "pathParams" => self.path_params.as_ref(),
            "queryParams" => self.query.as_ref(),
            "body" => self.body.as_ref(),
            _ => None,
        };
        let root = schema.map(Schema::source)?;
        inner.iter().try_fold(Schema::resolve(root, root), |schema, step| {
            let member = schema.get("properties").and_then(|all| all.get(*step));
            let inner = member.or_else(|| schema.get("items"));
            inner.map(|inner| Schema::resolve(root, inner))
        })
    }
}

/// Whether a schema takes values of one of these types. One that names no type takes every value.
fn takes(schema: &Value, types: &[&str]) -> bool {
    let is_one = |named: &Value| named.as_str().is_some_and(|named| types.contains(&named));
    let inner = ["anyOf", "oneOf", "allOf"].iter().filter_map(|word| schema.get(word)?.as_array());
    match schema.get("type") {
        Some(Value::Array(named)) => named.iter().any(is_one),
        Some(named) => is_one(named),
        None => {
            let mut inner = inner.flatten().peekable();
            let is_open =
                inner.peek().is_none() && schema.get("enum").is_none() && schema.get("const").is_none();
            is_open || inner.any(|inner| takes(inner, types))
        }
    }
}

fn too_long() -> String {
    format!("Write a number of at most {DIGITS_MAX} digits without an exponent.")
}
