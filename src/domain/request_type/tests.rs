//! Definitions that are good, definitions that are not, and what a schema's faults are called.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::domain::fault::DefinitionFault;

fn typed(more: Value) -> Result<RequestType, Vec<DefinitionFault>> {
    let mut definition = json!({
        "name": "A-TYPE", "title": "A type", "call": {"method": "POST", "path": "/a/{id}"},
    });
    for (name, value) in more.as_object().unwrap() {
        definition[name] = value.clone();
    }
    RequestType::from_definition(&definition)
}

/// The pointers of what is wrong.
fn faults(more: Value) -> Vec<String> {
    typed(more).unwrap_err().into_iter().map(|fault| fault.field).collect()
}

/// What people are told about `body`.
fn told(schema: Value, body: Value) -> Vec<(String, String)> {
    let schema = Schema::read(&schema, "/body").unwrap();
    let lists = Lists { root: "/body", all: &[], wrapped: &[] };
    let found = schema.faults(&body, "", &lists);
    found.into_iter().map(|fault| (fault.field.clone(), fault.sentence())).collect()
}

#[test]
fn a_definition_leaves_most_to_its_defaults() {
    let read =
        RequestType::from_definition(&json!({"name": "X", "call": {"method": "GET", "path": "/x"}})).unwrap();
    assert_eq!((read.title.as_str(), read.summary.template()), ("X", "X"));
    assert_eq!((read.duplicates, read.recheck_at_execution), (Duplicates::Allow, false));
    assert!(read.bulk.is_none() && !read.definition().contains("bulk"));
    assert_eq!(read.answer, AnswerRules::default());
    assert_eq!((&read.retry, &read.repeat), (&RetryRules::default(), &None));
    assert!(["answer", "retry", "repeat"].iter().all(|name| !read.definition().contains(name)));
    assert!(read.body.is_none() && read.pending_ttl.is_none() && read.usage.is_empty());
    assert!(read.version.starts_with("sha256:"));
}

#[test]
fn bulk_is_a_word_or_a_table_and_each_meaning_has_one_spelling() {
    let read = |bulk: &Value| {
        let definition = json!({"name": "X", "call": {"method": "GET", "path": "/x"}, "bulk": bulk});
        RequestType::from_definition(&definition).unwrap()
    };
    let rules = |high_risk, flagged| Some(BulkRules { high_risk, flagged });
    for (bulk, expected) in [
        (json!(false), None),
        (json!(true), rules(false, true)),
        (json!({}), rules(false, false)),
        (json!({"flagged": true}), rules(false, true)),
        (json!({"high_risk": true}), rules(true, false)),
        (json!({"high_risk": true, "flagged": true}), rules(true, true)),
    ] {
        let found = read(&bulk);
        assert_eq!(found.bulk, expected, "{bulk}");
        let again = RequestType::from_definition(&serde_json::from_str(found.definition()).unwrap()).unwrap();
        assert_eq!((again.bulk, &again.version), (expected, &found.version), "{bulk}");
    }
    let (word, table) = (read(&json!(true)), read(&json!({"flagged": true, "high_risk": false})));
    assert_eq!(word.version, table.version);
    assert!(word.definition().contains(r#""bulk":true"#), "as versions of before say it");
}

#[test]
fn every_fault_is_reported_with_its_pointer() {
    for (more, expected) in [
        (json!({"name": "a-type"}), vec!["/name"]),
        (json!({"name": "-A"}), vec!["/name"]),
        (json!({"name": "A".repeat(65)}), vec!["/name"]),
        (json!({"title": ""}), vec!["/title"]),
        (json!({"title": "a\u{202e}b"}), vec!["/title"]),
        (json!({"summary": "{open"}), vec!["/summary"]),
        (json!({"nmae": 1}), vec!["/nmae"]),
        (json!({"call": 1}), vec!["/call", "/call/method", "/call/path"]),
        (json!({"call": {"method": "post", "path": "/"}}), vec!["/call/method"]),
        (json!({"call": {"method": "POST", "path": "/a?b"}}), vec!["/call/path"]),
        (json!({"call": {"method": "POST", "path": "/{a}/{a}"}}), vec!["/call/path"]),
        (json!({"call": {"method": "POST", "path": "/{a"}}), vec!["/call/path"]),
        (json!({"call": {"method": "POST", "path": "/", "target": "x"}}), vec!["/call/target"]),
        (json!({"call": {"method": "POST", "path": "/", "total_timeout": "1"}}), vec!["/call/total_timeout"]),
        (json!({"subject": "/headers/X"}), vec!["/subject"]),
        (json!({"subject": "/body/*"}), vec!["/subject"]),
        (json!({"amount": "/body/pay", "fields": {"secret": ["/body/pay"]}}), vec!["/amount"]),
        (json!({"amount": "/body/pay/sum", "fields": {"masked": ["/body/pay"]}}), vec!["/amount"]),
        (json!({"amount": "/body/all/0/sum", "fields": {"secret": ["/body/all/*/sum"]}}), vec!["/amount"]),
        (json!({"amount": "/queryParams/sum", "fields": {"masked": ["/queryParams/*"]}}), vec!["/amount"]),
        (json!({"amount": "body/x"}), vec!["/amount"]),
        (json!({"duplicates": "maybe", "subject": "/body/a"}), vec!["/duplicates"]),
        (json!({"duplicates": "block"}), vec!["/subject"]),
        (json!({"pending_ttl": 5}), vec!["/pending_ttl"]),
        (json!({"recheck_at_execution": "no"}), vec!["/recheck_at_execution"]),
        (json!({"bulk": "yes"}), vec!["/bulk"]),
        (json!({"bulk": {"flagged": "no"}}), vec!["/bulk/flagged"]),
        (json!({"bulk": {"high-risk": true}}), vec!["/bulk/high-risk"]),
        (json!({"path_params": {"properties": {"other": {}}}}), vec!["/path_params/properties/other"]),
        (json!({"query": {"type": "array"}}), vec!["/query/type"]),
        (json!({"body": {"type": "array", "media_type": "text/plain"}}), vec!["/body/type"]),
        (json!({"body": {"media_type": "text/*"}}), vec!["/body/media_type"]),
        (json!({"body": {"media_type": "application/xml; charset=utf-8"}}), vec!["/body/media_type"]),
        (json!({"body": {"media_type": 1}}), vec!["/body/media_type"]),
        (json!({"body": {"properties": {"a": {"tpye": "string"}}}}), vec!["/body/properties/a/tpye"]),
        (json!({"body": {"properties": {"a": {"type": "text"}}}}), vec!["/body/properties/a/type"]),
        (json!({"normalise": [{"at": "/body/a"}]}), vec!["/normalise/0/to"]),
        (json!({"normalise": [{"at": "/body/a", "to": "list", "spelling": ["A"]}]}), vec!["/normalise/0/to"]),
        (json!({"fields": {"masked": ["/body/a", "b"]}}), vec!["/fields/masked/1"]),
        (json!({"answer": {"failed_if_false": ["ok"]}}), vec!["/answer/failed_if_false/0"]),
        (json!({"answer": {"parts": {"items": "/a"}}}), vec!["/answer/parts/error"]),
        (json!({"answer": {"not_done_if_status": 503}}), vec!["/answer/not_done_if_status"]),
        (
            json!({"answer": {"unknown_if_status": [100, 599, 99, 600, "202", 2.5]}}),
            vec![
                "/answer/unknown_if_status/2",
                "/answer/unknown_if_status/3",
                "/answer/unknown_if_status/4",
                "/answer/unknown_if_status/5",
            ],
        ),
        (
            json!({"answer": {"not_done_if_status": [429, 503], "failed_if_status": [503], "unknown_if_status": [429, 202]}}),
            vec!["/answer/failed_if_status", "/answer/unknown_if_status"],
        ),
        (json!({"answer": {"done_if_true": ["/ok"], "otherwise": "executed"}}), vec!["/answer/otherwise"]),
        (json!({"answer": {"otherwise": "failed"}}), vec!["/answer/otherwise"]),
        (json!({"answer": {"done_if_equals": {"at": "/a", "equals": 1}}}), vec!["/answer/done_if_equals"]),
        (
            json!({"answer": {"done_if_equals": [{"at": "a", "equals": [1]}, {"at": "/a"}]}}),
            vec![
                "/answer/done_if_equals/0/at",
                "/answer/done_if_equals/0/equals",
                "/answer/done_if_equals/1/equals",
            ],
        ),
        (json!({"usage": [{"name": "day", "by": "subject", "window": "1d"}]}), vec!["/subject"]),
        (
            json!({"usage": [{"name": "a", "by": "maker", "window": "1d"}, {"name": "a", "by": "maker", "window": "32d"}]}),
            vec!["/usage/1/window", "/usage/1/name"],
        ),
    ] {
        assert_eq!(faults(more.clone()), expected, "{more}");
    }
    assert_eq!(RequestType::from_definition(&json!([])).unwrap_err()[0].field, "");
}

#[test]
fn a_reference_leads_inside_the_document_only() {
    for target in ["https://example.com/schema.json", "file:///etc/passwd", "other.json", "#/$defs/none"] {
        assert!(typed(json!({"body": {"properties": {"a": {"$ref": target}}}})).is_err(), "{target}");
    }
    let inside = json!({"$defs": {"a": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/a"}}});
    assert_eq!(told(inside.clone(), json!({"a": 1})), [("/a".to_owned(), "Write a string.".to_owned())]);
    assert!(typed(json!({ "body": inside })).is_ok());
}

#[test]
fn every_kind_of_fault_has_a_sentence_of_its_own() {
    let one = |schema: Value, value: Value| {
        let told = told(json!({"properties": {"x": schema}}), json!({ "x": value }));
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, "/x");
        told.into_iter().next().unwrap().1
    };
    for (schema, value, sentence) in [
        (json!({"type": "string"}), json!(1), "Write a string."),
        (json!({"type": "number"}), json!("1"), "Write a number."),
        (json!({"type": "integer"}), json!(1.5), "Write a whole number."),
        (json!({"type": "boolean"}), json!(null), "Write true or false."),
        (json!({"type": "object"}), json!([]), "Write an object."),
        (json!({"type": ["string", "number"]}), json!(null), "Write a string or a number."),
        (json!({"type": "array", "items": {"type": "string"}}), json!("a"), "Write a list of strings."),
        (json!({"type": "string", "enum": ["a", "b"]}), json!(1), "Write one of: a, b."),
        (json!({"const": 5}), json!(6), "Write 5."),
        (json!({"minLength": 1}), json!(""), "Write a string that is not empty."),
        (json!({"maxLength": 2}), json!("abc"), "Write at most 2 characters."),
        (json!({"minimum": 0.1}), json!(0), "Write a number of at least 0.1."),
        (json!({"exclusiveMaximum": 5}), json!(5), "Write a number below 5."),
        (json!({"multipleOf": 0.01}), json!(0.001), "Write a multiple of 0.01."),
        (json!({"minItems": 2}), json!([1]), "Write at least 2 items."),
        (json!({"uniqueItems": true}), json!([1, 1]), "Write every item once."),
        (json!({"pattern": "^a+$"}), json!("b"), "Write a string that matches ^a+$."),
        (json!({"format": "date"}), json!("soon"), "Write a string in the format date."),
        (json!(false), json!(1), "Leave this member out."),
        (
            json!({"anyOf": [{"type": "string"}, {"minimum": 3}]}),
            json!(1),
            &crate::domain::fault::wanted::Wanted::Unclear.sentence("a string"),
        ),
    ] {
        assert_eq!(one(schema.clone(), value), sentence, "{schema}");
    }
    let closed = json!({"properties": {"a": {}}, "additionalProperties": false});
    let expected = ("/b".to_owned(), "Leave this member out; allowed here: a.".to_owned());
    assert_eq!(told(closed, json!({"b": 1})), [expected]);
}

#[test]
fn no_sentence_repeats_what_was_sent() {
    let schema = json!({"properties": {
        "a": {"type": "number"}, "b": {"enum": ["x"]}, "c": {"pattern": "^x$"}, "d": {"format": "email"},
        "e": {"const": "x"}, "f": {"not": {"type": "string"}}, "g": {"oneOf": [{"type": "number"}]},
    }});
    let body: Map<String, Value> =
        "abcdefg".chars().map(|name| (name.to_string(), json!("hunter2"))).collect();
    let told = told(schema, Value::Object(body));
    assert_eq!(told.len(), 7);
    assert!(told.iter().all(|(_, message)| !message.contains("hunter2")), "{told:?}");
}

#[test]
fn numbers_are_compared_digit_by_digit() {
    let schema = json!({"properties": {"x": {"maximum": 9_007_199_254_740_992_i64}}});
    let at = |number: &str| {
        let body = crate::domain::json::read(format!(r#"{{"x": {number}}}"#).as_bytes()).unwrap();
        told(schema.clone(), body).len()
    };
    assert_eq!(at("9007199254740992"), 0);
    assert_eq!(at("9007199254740993"), 1);
    assert_eq!(at("9007199254740992.0000000000000000001"), 1);
    assert_eq!(at("1e999999999"), 1);
    assert_eq!(at("-1e999999999"), 0);
}

#[test]
fn a_subject_is_a_text_or_a_number_and_has_one_spelling() {
    let read = typed(json!({"subject": "/body/id", "amount": "/body/sum"})).unwrap();
    for (id, subject) in [
        (json!("C-1"), Some("C-1")),
        (json!(100), Some("100")),
        (json!(100.0), Some("100")),
        (json!("a\u{0}b"), Some("ab")),
        (json!(" C-1\t"), Some("C-1")),
        (json!("C\u{200b}-\u{2066}1"), Some("C-1")),
        (json!("4711\u{1bca0}"), Some("4711")),
        (json!("47\u{fff0}11\u{e0041}"), Some("4711")),
        (json!("\u{200b} "), None),
        (serde_json::from_str("4711e0").unwrap(), Some("4711")),
        (serde_json::from_str("47.110e2").unwrap(), Some("4711")),
        (json!("4711e0"), Some("4711e0")),
        (json!(true), None),
        (json!([1]), None),
        (json!(null), None),
    ] {
        assert_eq!(read.subject_of(&json!({"body": {"id": id}})).unwrap().as_deref(), subject);
    }
    let long = json!({"body": {"id": "é".repeat(1000)}});
    assert_eq!(read.subject_of(&long), Ok(Some("é".repeat(SUBJECT_CHARS_MAX))));
    let huge = json!({"body": {"id": serde_json::from_str::<Value>("1e999").unwrap()}});
    assert!(read.subject_of(&huge).is_err());
    let amount = |sum: Value| read.amount_of(&json!({"body": {"sum": sum}})).map(|amount| amount.to_string());
    assert_eq!(amount(json!("1000.50")).as_deref(), Some("1000.5"));
    assert_eq!(amount(json!(7)).as_deref(), Some("7"));
    assert_eq!(amount(json!("seven")), None);
}

/// A schema for one member, with as many keywords as the test wants.
fn member() -> impl Strategy<Value = Value> {
    let kind = prop::sample::subsequence(vec!["string", "number", "object", "boolean"], 1..4).prop_shuffle();
    let words = prop::collection::btree_set("[a-z]{1,4}", 1..4);
    (kind, prop::option::of(words)).prop_map(|(kinds, words)| {
        let mut schema = json!({ "type": kinds });
        if let Some(words) = words {
            schema["enum"] = words.into_iter().collect();
        }
        schema
    })
}

/// `[answer]`, `[retry]` and `[repeat]`, each of them or not.
fn rules_on_sending() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<i32>().prop_map(Value::from),
        "[a-z\"/~]{0,5}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let equals = prop::collection::vec(("(/[a-z0-9]{1,3}){1,3}", scalar.clone()), 0..3);
    let statuses = prop::collection::btree_set(401..600_u16, 0..5);
    let retry = prop::option::of((1..=3600_i64, prop::option::of(1..=1000_i64)));
    let repeat = prop::option::of((any::<bool>(), scalar));
    (equals, statuses, retry, repeat).prop_map(|(equals, statuses, retry, repeat)| {
        let equals: Vec<Value> =
            equals.into_iter().map(|(at, equals)| json!({"at": at, "equals": equals})).collect();
        let (odd, even): (Vec<u16>, Vec<u16>) = statuses.into_iter().partition(|status| status % 2 == 1);
        let mut rules = json!({"answer": {"failed_if_status": odd, "not_done_if_status": even}});
        if !equals.is_empty() {
            rules["answer"]["done_if_equals"] = equals.into();
            rules["answer"]["otherwise"] = "failed".into();
        }
        if let Some((first, attempts)) = retry {
            rules["retry"] = json!({"first_delay": format!("{first}s"), "longest_delay": "1d"});
            if let Some(attempts) = attempts {
                rules["retry"]["attempts"] = attempts.into();
            }
        }
        if let Some((by_header, equals)) = repeat {
            rules["repeat"] = if by_header {
                json!({"key_header": "Idempotency-Key"})
            } else {
                json!({"id": "/body/zzzzzz", "already_if": {"status": 400, "at": "/errors/0", "equals": equals}})
            };
        }
        rules
    })
}

fn definition() -> impl Strategy<Value = Value> {
    let members = prop::collection::btree_map("[a-z]{1,5}", member(), 0..5);
    let title = "[A-Za-z][A-Za-z ]{0,10}";
    let ttl = prop::option::of(1..1000_u32);
    (members, title, ttl, any::<bool>(), rules_on_sending()).prop_map(
        |(members, title, ttl, hides, rules)| {
            let required: Vec<&String> = members.keys().take(2).collect();
            let mut definition = json!({
                "name": "ANY", "title": title, "call": {"method": "PUT", "path": "/any/{id}"},
                "body": {"required": required, "properties": members},
            });
            if let Some(ttl) = ttl {
                definition["pending_ttl"] = format!("{ttl}m").into();
            }
            if hides {
                definition["fields"] = json!({"secret": ["/body/a", "/body/b"]});
            }
            for (name, rule) in rules.as_object().unwrap() {
                definition[name] = rule.clone();
            }
            definition
        },
    )
}

/// The same with the members of every object, and what has no order, turned round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let turn = |(name, inner): (&String, &Value)| {
                let mut inner = turned(inner);
                if [
                    "required",
                    "enum",
                    "type",
                    "secret",
                    "failed_if_status",
                    "not_done_if_status",
                    "done_if_equals",
                ]
                .contains(&name.as_str())
                    && let Some(items) = inner.as_array_mut()
                {
                    items.reverse();
                }
                (name.clone(), inner)
            };
            Value::Object(members.iter().rev().map(turn).collect())
        }
        Value::Array(items) => items.iter().map(turned).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #[test]
    fn a_definition_is_read_back_with_the_same_version_whatever_its_order(definition in definition()) {
        let read = RequestType::from_definition(&definition).unwrap();
        let stored = crate::domain::json::read(read.definition().as_bytes()).unwrap();
        let again = RequestType::from_definition(&stored).unwrap();
        prop_assert_eq!(again.definition(), read.definition());
        prop_assert_eq!(&again.version, &read.version);
        let other = RequestType::from_definition(&turned(&definition)).unwrap();
        prop_assert_eq!(&other.version, &read.version);
    }

    #[test]
    fn any_value_is_a_type_or_has_faults(name: String, path: String, summary: String, at: String) {
        let definition = json!({
            "name": name, "summary": summary, "call": {"method": "POST", "path": path}, "subject": at,
        });
        if let Err(faults) = RequestType::from_definition(&definition) {
            prop_assert!(!faults.is_empty());
        }
    }

    #[test]
    fn what_is_hidden_is_in_no_view_and_in_no_summary(secret in "[a-z]{12}", sees_masked: bool) {
        let read = typed(json!({
            "summary": "{pin} {card.number} {card}", "fields": {"secret": ["/body/pin"], "masked": ["/body/card/*"]},
        })).unwrap();
        let task = json!({"body": {"pin": secret, "card": {"number": secret}}});
        prop_assert!(!read.summary_of(&task).contains(&secret));
        let shown = read.shown(&task, sees_masked);
        prop_assert!(!shown["body"]["pin"].to_string().contains(&secret));
        prop_assert_eq!(shown["body"]["card"]["number"].to_string().contains(&secret), sees_masked);
    }
}
