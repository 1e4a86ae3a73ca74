//! What an amount counts: a word such as `EUR` or `points`.

use std::fmt;

use serde_json::Value;

/// The longest unit, in characters.
pub const UNIT_CHARS_MAX: usize = 16;

/// What an amount counts. Two units are the same only if they are spelled the same.
///
/// **Invariant:** it has only characters that everybody sees and can tell apart, and it begins with none that could be
/// read as a digit of the amount before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unit(String);

impl Unit {
    /// Reads a unit as it is written.
    ///
    /// # Errors
    /// A sentence that says how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let begins = |c: char| c.is_ascii_alphabetic() || c == '%';
        let goes_on = |c: char| c.is_ascii_alphanumeric() || "%-./_".contains(c);
        if text.len() <= UNIT_CHARS_MAX && text.starts_with(begins) && text.chars().all(goes_on) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "Write a unit such as EUR or points: at most {UNIT_CHARS_MAX} characters out of A to Z, a to z, 0 to 9 \
                 and % - . / _, the first one a letter or %."
            ))
        }
    }

    /// Reads a value of a submission; `null` names no unit.
    ///
    /// # Errors
    /// A sentence that says how to write it.
    pub fn from_json(value: &Value) -> Result<Option<Self>, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Self::parse(text).map(Some),
            // A number and the like: told the same.
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Self::parse("").map(Some)
            }
        }
    }

    /// The unit as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_unit_is_a_short_word_that_everybody_can_read() {
        for text in ["EUR", "points", "%", "km/h", "kg", "m2", "U.S.-gal", "a_b", &"x".repeat(UNIT_CHARS_MAX)]
        {
            assert_eq!(Unit::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_be_read_as_a_part_of_the_amount_or_not_at_all_is_no_unit() {
        let long = "x".repeat(UNIT_CHARS_MAX + 1);
        for text in [
            "",
            " ",
            "000",
            "0EUR",
            ".5",
            "-",
            "EUR ",
            " EUR",
            "E R",
            "€",
            "ЕUR",
            "EU\u{200b}R",
            "<b>",
            &long,
        ] {
            assert!(Unit::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_no_unit_and_what_is_no_text_is_refused() {
        assert_eq!(Unit::from_json(&json!(null)), Ok(None));
        assert_eq!(Unit::from_json(&json!("EUR")), Ok(Some(Unit("EUR".to_owned()))));
        for value in [json!(""), json!(978), json!(true), json!(["EUR"]), json!({})] {
            assert!(Unit::from_json(&value).is_err(), "{value}");
        }
    }
}
