//! The query: lists, names and limits.

use super::*;

fn send(query: Value) -> Result<Submission, Vec<Fault>> {
    let properties = json!({
        "ids": {"type": "array", "items": {"type": "integer"}, "maxItems": 200}, "any": {},
        "words": {"$ref": "#/$defs/words"}, "mixed": {"type": ["string", "array"], "items": {"type": ["string", "boolean"]}},
        "deep": {"type": "array"}, "object": {"type": "object"},
    });
    let words = json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true});
    let rules = json!({"query": {"properties": properties, "$defs": {"words": words}}});
    submit_points(rules, json!({ "queryParams": query }))
}

fn sentence(query: Value) -> String {
    let faults = send(query).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults[0].sentence()
}

#[test]
fn a_parameter_comes_several_times_if_its_schema_is_a_list_in_the_order_of_its_maker() {
    let one =
        send(json!({"ids": [3, 1, 3], "words": ["b", "a&c"], "mixed": ["x", true], "other": "1"})).unwrap();
    let url =
        "https://api.example.com/points/7?ids=3&ids=1&ids=3&words=b&words=a%26c&mixed=x&mixed=true&other=1";
    assert_eq!(one.call.url, url);
    assert_eq!(one.task["queryParams"]["ids"], json!([3, 1, 3]));
    assert_eq!(Call::from_task(&one.task).unwrap().digest(), one.digest);
    let digest = |query: Value| send(query).unwrap().digest;
    assert_ne!(digest(json!({"ids": [1, 2]})), digest(json!({"ids": [2, 1]})));
    assert_eq!(
        send(json!({"mixed": "alone", "ids": []})).unwrap().call.url,
        "https://api.example.com/points/7?mixed=alone"
    );
}

#[test]
fn a_list_is_refused_where_the_type_does_not_describe_one_and_so_is_what_no_query_can_say() {
    for (query, at) in [
        (json!({"other": ["1", "2"]}), "/queryParams/other"),
        (json!({"any": ["1", "2"]}), "/queryParams/any"),
        (json!({"any": null}), "/queryParams/any"),
        (json!({"any": {"a": 1}}), "/queryParams/any"),
        (json!({"deep": [["1"]]}), "/queryParams/deep"),
        (json!({"deep": [null]}), "/queryParams/deep"),
        (json!({"deep": [{}]}), "/queryParams/deep"),
        (json!({"object": {}}), "/queryParams/object"),
        (json!({"ids": ["1"]}), "/queryParams/ids/0"),
        (json!({"ids": 1}), "/queryParams/ids"),
        (json!({"words": ["a", "a"]}), "/queryParams/words"),
    ] {
        assert_eq!(pointers(send(query.clone())), [task(at)], "{query}");
    }
    assert_eq!(sentence(json!({"other": ["1"]})), "Write a string.");
    assert!(
        sentence(json!({"any": ["1"]})).starts_with("Write a string, a number, true or false, or a list")
    );
}

#[test]
fn a_parameter_has_a_name_and_a_query_at_most_128_of_them() {
    assert_eq!(pointers(send(json!({"": "1", "a": "2"}))), [task("/queryParams/")]);
    let many = |count: usize| -> Value {
        (0..count).map(|number| (format!("p{number}"), Value::from("1"))).collect::<Object>().into()
    };
    assert!(send(many(QUERY_PARAMETERS_MAX)).is_ok());
    assert_eq!(pointers(send(many(QUERY_PARAMETERS_MAX + 1))), [task("/queryParams")]);
    let ids = |count: usize| json!({"ids": vec![1; count], "a": "1"});
    assert!(send(ids(QUERY_PARAMETERS_MAX - 1)).is_ok());
    assert_eq!(pointers(send(ids(QUERY_PARAMETERS_MAX))), [task("/queryParams")]);
    assert_eq!(sentence(many(200)), "Write at most 128 parameters; a list counts once for each item.");
}
