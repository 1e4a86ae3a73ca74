//! Masked and secret fields of a task.

use serde_json::Value;

use super::place::Place;

/// What is shown instead of a hidden value.
pub const DOTS: &str = "••••";

/// The fields that are not public.
#[derive(Clone, Debug, Default)]
pub struct FieldClasses {
    /// Shown only to those who may decide.
    pub masked: Vec<Place>,
    /// Shown to nobody after submission.
    pub secret: Vec<Place>,
}

impl FieldClasses {
    /// Whether the value at `steps` of a task, or anything around it, is masked or secret.
    pub fn hide(&self, steps: &[&str]) -> bool {
        self.masked.iter().chain(&self.secret).any(|place| place.covers(steps))
    }

    /// Whether the value at `steps` of a task, or anything around it, is secret.
    pub fn keep_secret(&self, steps: &[&str]) -> bool {
        self.secret.iter().any(|place| place.covers(steps))
    }

    /// Whether anything inside of the value at `steps` of a task may be masked or secret.
    pub fn reach_into(&self, steps: &[&str]) -> bool {
        self.masked.iter().chain(&self.secret).any(|place| place.is_inside(steps))
    }

    /// The headers that are named as masked or secret.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        let places = self.masked.iter().chain(&self.secret).filter(|place| place.is_header());
        places.filter_map(|place| place.steps().get(1).copied()).filter(|name| *name != "*")
    }

    /// Whether this header is masked or secret, in whatever case it is written.
    pub fn hide_header(&self, name: &str) -> bool {
        self.hide(&["headers", name]) || self.headers().any(|hidden| hidden.eq_ignore_ascii_case(name))
    }

    /// The task as a reader may see it.
    pub fn shown(&self, task: &Value, sees_masked: bool) -> Value {
        let mut task = task.clone();
        let masked = if sees_masked { &[] } else { self.masked.as_slice() };
        for place in self.secret.iter().chain(masked) {
            place.each(&mut task, &mut |value, _| *value = DOTS.into());
        }
        task
    }

    /// Whether anything is not public.
    pub fn hide_any(&self) -> bool {
        !self.masked.is_empty() || !self.secret.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn classes(masked: &[&str], secret: &[&str]) -> FieldClasses {
        let places = |texts: &[&str]| texts.iter().map(|text| Place::parse(text).unwrap()).collect();
        FieldClasses { masked: places(masked), secret: places(secret) }
    }

    #[test]
    fn masked_values_are_shown_to_those_who_decide_and_secret_ones_to_nobody() {
        let classes = classes(&["/body/cards/*/number", "/body/a~1b"], &["/body/pin", "/queryParams/*"]);
        let task = json!({
            "path": "/p", "queryParams": {"q": "1"},
            "body": {"cards": [{"number": 1, "x": 2}, {"number": {"deep": 3}}, 4], "a/b": null, "pin": [1]},
        });
        assert_eq!(
            classes.shown(&task, false),
            json!({
                "path": "/p", "queryParams": {"q": DOTS},
                "body": {"cards": [{"number": DOTS, "x": 2}, {"number": DOTS}, 4], "a/b": DOTS, "pin": DOTS},
            })
        );
        let decider = classes.shown(&task, true);
        assert_eq!(decider["body"]["cards"], task["body"]["cards"]);
        assert_eq!((&decider["body"]["pin"], &decider["queryParams"]["q"]), (&json!(DOTS), &json!(DOTS)));
    }

    #[test]
    fn a_header_is_hidden_whatever_its_case() {
        let classes = classes(&[], &["/headers/X-Pin"]);
        let task = json!({"headers": {"x-pIN": "1", "x-other": "2"}});
        assert_eq!(classes.shown(&task, true), json!({"headers": {"x-pIN": DOTS, "x-other": "2"}}));
        assert!(classes.hide_header("X-PIN") && !classes.hide_header("x-other"));
        assert_eq!(classes.headers().collect::<Vec<_>>(), ["X-Pin"]);
    }

    #[test]
    fn what_lies_inside_of_a_hidden_value_is_hidden_too() {
        let classes = classes(&["/body/customer"], &[]);
        assert!(classes.hide(&["body", "customer"]));
        assert!(classes.hide(&["body", "customer", "mobile"]));
        assert!(!classes.hide(&["body"]));
        assert!(!classes.hide(&["body", "customers"]));
        assert!(classes.reach_into(&["body"]) && !classes.reach_into(&["body", "customer"]));
    }
}
