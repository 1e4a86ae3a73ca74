//! Normalisation: what is changed before the schema is applied.

use serde_json::{Value, json};

use super::place::Place;

/// One normalisation of what was sent.
#[derive(Clone, Debug)]
pub struct Normalisation {
    /// Where.
    pub at: Place,
    /// What.
    pub to: Change,
}

/// How a value is normalised.
#[derive(Clone, Debug)]
pub enum Change {
    /// A string, number or boolean becomes a list of one.
    List,
    /// The same word in upper case is stored in one of these spellings.
    Spelling(Vec<String>),
}

impl Normalisation {
    /// Changes `task`; the pointers of what became a list of one are added to `wrapped`.
    pub fn apply(&self, task: &mut Value, wrapped: &mut Vec<String>) {
        match &self.to {
            Change::List => self.at.each(task, &mut |value, at| {
                if value.is_string() || value.is_number() || value.is_boolean() {
                    *value = Value::Array(vec![value.take()]);
                    wrapped.push(at.to_owned());
                }
            }),
            Change::Spelling(spellings) => self.at.each(task, &mut |value, _| {
                let sent = value.as_str();
                let same = |known: &&String| sent == Some(&known.to_ascii_uppercase());
                let is_known = spellings.iter().any(|known| sent == Some(known));
                if !is_known && let Some(known) = spellings.iter().find(same) {
                    *value = known.as_str().into();
                }
            }),
        }
    }

    /// The change as a definition has it.
    pub fn to_definition(&self) -> Value {
        match &self.to {
            Change::List => json!({ "at": self.at.as_str(), "to": "list" }),
            Change::Spelling(spellings) => {
                let mut sorted = spellings.clone();
                sorted.sort();
                sorted.dedup();
                json!({ "at": self.at.as_str(), "spelling": sorted })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(at: &str, to: Change, body: Value) -> (Value, Vec<String>) {
        let (mut task, mut wrapped) = (json!({ "body": body }), Vec::new());
        Normalisation { at: Place::parse(at).unwrap(), to }.apply(&mut task, &mut wrapped);
        (task["body"].take(), wrapped)
    }

    #[test]
    fn a_scalar_becomes_a_list_of_one_and_anything_else_stays() {
        for (sent, stored) in [
            (json!(1), json!([1])),
            (json!("a"), json!(["a"])),
            (json!(false), json!([false])),
            (json!([1, 2]), json!([1, 2])),
            (json!(null), json!(null)),
            (json!({"a": 1}), json!({"a": 1})),
        ] {
            let (body, wrapped) = changed("/body/x", Change::List, json!({ "x": sent }));
            assert_eq!(body["x"], stored);
            assert_eq!(wrapped.is_empty(), sent == stored);
        }
        let (body, wrapped) = changed("/body/*/x", Change::List, json!([{"x": 1}, {}, {"x": [2]}, {"x": 3}]));
        assert_eq!(body, json!([{"x": [1]}, {}, {"x": [2]}, {"x": [3]}]));
        assert_eq!(wrapped, ["/body/0/x", "/body/3/x"]);
    }

    #[test]
    fn a_word_in_upper_case_is_stored_in_the_spelling_of_the_target() {
        let both = || Change::Spelling(vec!["Loyalty".to_owned(), "Loyalty_Promotion".to_owned()]);
        for (sent, stored) in [
            ("LOYALTY_PROMOTION", "Loyalty_Promotion"),
            ("Loyalty", "Loyalty"),
            ("loyalty", "loyalty"),
            ("OTHER", "OTHER"),
        ] {
            assert_eq!(changed("/body/x", both(), json!({ "x": sent })).0["x"], stored);
        }
        assert_eq!(changed("/body/x", both(), json!({ "x": 1 })).0["x"], json!(1));
    }
}
