//! Whether two submissions ask for the same, however they are spelled.

use serde_json::{Map, Value};

use crate::domain::plain_decimal::plain_decimal;

const HEADERS: &str = "headers";

/// Whether two normalised tasks mean the same: members in any order, numbers in any spelling, names of headers in any
/// case, and nothing else different.
pub fn means_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => same_members(one, other, |name, one, other| {
            if name == HEADERS { same_headers(one, other) } else { same_value(one, other) }
        }),
        _ => false,
    }
}

fn same_headers(one: &Value, other: &Value) -> bool {
    let lower = |headers: &Value| -> Option<Map<String, Value>> {
        let headers = headers.as_object()?.iter();
        Some(headers.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect())
    };
    matches!((lower(one), lower(other)), (Some(one), Some(other)) if one == other)
}

fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            same_members(one, other, |_, one, other| same_value(one, other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.to_string(), other.to_string());
            one == other || plain_decimal(&one).is_some_and(|plain| plain_decimal(&other) == Some(plain))
        }
        (one, other) => one == other,
    }
}

fn same_members(
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    is_same: impl Fn(&str, &Value, &Value) -> bool,
) -> bool {
    let is_there =
        |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| is_same(name, value, other));
    one.len() == other.len() && one.iter().all(is_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn order_spelling_of_numbers_and_case_of_header_names_mean_nothing() {
        let first = task(
            r#"{"headers": {"X-A": "1", "b": "2"}, "body": {"n": 100, "l": [1.50, {"x": 1, "y": null}]}}"#,
        );
        for same in [
            r#"{ "body": {"l": [15e-1, {"y": null, "x": 1.0}], "n": 1e2}, "headers": {"B": "2", "x-a": "1"} }"#,
            r#"{"headers":{"b":"2","X-A":"1"},"body":{"n":100.0,"l":[1.5,{"x":1,"y":null}]}}"#,
        ] {
            assert!(means_the_same(&first, &task(same)), "{same}");
        }
        for other in [
            r#"{"headers": {"X-A": "1", "b": "2"}, "body": {"n": 100, "l": [{"x": 1, "y": null}, 1.50]}}"#,
            r#"{"headers": {"X-A": "1", "b": "2"}, "body": {"n": "100", "l": [1.50, {"x": 1, "y": null}]}}"#,
            r#"{"headers": {"X-A": "1", "b": "2"}, "body": {"n": 100, "l": [1.50, {"x": 1}]}}"#,
            r#"{"headers": {"X-A": "1"}, "body": {"n": 100, "l": [1.50, {"x": 1, "y": null}]}}"#,
            r#"{"headers": {"X-A": "1", "b": "2"}, "body": {"N": 100, "l": [1.50, {"x": 1, "y": null}]}}"#,
            r#"{"headers": {"X-A": "1", "b": " 2"}, "body": {"n": 100.0000000000001, "l": [1.50, {"x": 1, "y": null}]}}"#,
            r#"[]"#,
        ] {
            assert!(!means_the_same(&first, &task(other)), "{other}");
        }
        assert!(means_the_same(&task(r#"{"body": {"n": 1e999}}"#), &task(r#"{"body": {"n": 1e999}}"#)));
    }
}
