//! Bodies of every kind, and the media type that they are sent with.

use super::*;

/// A submission to a type with this `[body]`, with this body and this `content-type`.
fn send(rules: &Value, body: Value, content_type: Option<&str>) -> Result<Submission, Vec<Fault>> {
    let mut members = json!({ "body": body, "headers": {} });
    if let Some(content_type) = content_type {
        members["headers"]["Content-Type"] = content_type.into();
    }
    let more = if rules.is_null() { json!({}) } else { json!({ "body": rules }) };
    submit_points(more, members)
}

fn sent_type(submission: &Submission) -> Vec<&str> {
    let named = submission.call.headers.iter().filter(|(name, _)| name == "content-type");
    named.map(|(_, value)| value.as_str()).collect()
}

/// A type's method with and without `[body]`, and whether a body is there: the pointers of what is wrong.
fn with_method(method: &str, rules: Option<Value>, body: Option<Value>) -> Vec<String> {
    let mut definition = json!({"name": "M", "call": {"method": method, "path": "/m"}});
    if let Some(rules) = rules {
        definition["body"] = rules;
    }
    let mut sent = sent("ISSUE-BADGE");
    let task = &mut sent["payload"]["IntouchAPITask-Payload"];
    *task = json!({"hostname": "https://api.example.com", "path": "/m", "method": method, "headers": {}});
    if let Some(body) = body {
        task["body"] = body;
    }
    let validated = validate(&typed(definition), &targets(), id(), json::write(&sent).as_bytes());
    validated.err().unwrap_or_default().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_body_whose_maker_names_no_media_type_is_sent_as_the_types() {
    for (rules, body, expected) in [
        (json!(null), json!({"a": 1}), "application/json"),
        (json!({}), json!({"a": 1}), "application/json"),
        (json!({"type": "array"}), json!([]), "application/json"),
        (
            json!({"media_type": "application/json-patch+json", "type": "array"}),
            json!([]),
            "application/json-patch+json",
        ),
        (json!({"media_type": "application/xml"}), json!("<a/>"), "application/xml"),
        (json!({"media_type": "text/plain"}), json!("ü"), "text/plain; charset=utf-8"),
    ] {
        let submission = send(&rules, body, None).unwrap();
        assert_eq!(submission.task["headers"], json!({"content-type": expected}));
        assert_eq!(sent_type(&submission), [expected]);
        assert_eq!(Call::from_task(&submission.task).unwrap().digest(), submission.digest);
    }
    let without = submit_points(json!({}), json!({})).unwrap();
    assert_eq!(without.task["headers"], json!({}));
}

#[test]
fn a_media_type_that_the_body_does_not_have_is_refused_with_the_right_one() {
    let pointer = task("/headers/Content-Type");
    let form = json!({"media_type": "application/x-www-form-urlencoded"});
    let patch = json!({"media_type": "application/merge-patch+json"});
    for (rules, body, good, bad) in [
        (
            json!(null),
            json!({}),
            vec!["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""],
            vec![
                "application/x-www-form-urlencoded",
                "text/plain",
                "application/json; charset=utf-16",
                "application/json, text/html",
                "application/problem+json",
                "text/json",
                "",
            ],
        ),
        (
            form,
            json!("a=1&b=%20"),
            vec!["application/x-www-form-urlencoded"],
            vec!["application/json", "text/plain", "application/x-www-form-urlencoded; charset=iso-8859-1"],
        ),
        (
            patch,
            json!({"a": null}),
            vec!["application/merge-patch+json"],
            vec!["application/json", "application/x+json"],
        ),
    ] {
        for content_type in good {
            let submission = send(&rules, body.clone(), Some(content_type)).unwrap();
            assert_eq!(sent_type(&submission), [content_type]);
        }
        for content_type in bad {
            assert_eq!(
                pointers(send(&rules, body.clone(), Some(content_type))),
                [pointer.as_str()],
                "{content_type}"
            );
        }
    }
    let faults = send(&json!(null), json!({}), Some("text/plain")).unwrap_err();
    let sentence =
        "Write application/json, the media type of this request type's body; its charset is utf-8.";
    assert_eq!(faults[0].sentence(), sentence);
}

#[test]
fn a_text_is_sent_byte_for_byte_and_a_string_of_json_with_its_quotes() {
    let text = "<a b=\"1\">\r\n\u{e9}\\ \u{1f389}</a>\n";
    let xml = json!({"media_type": "application/xml", "maxLength": 100});
    assert_eq!(send(&xml, json!(text), None).unwrap().call.body, text.as_bytes());
    let quoted = send(&json!({"type": "string"}), json!(text), None).unwrap();
    assert_eq!(quoted.call.body, json::write(&json!(text)).as_bytes());
    assert_ne!(quoted.digest, send(&xml, json!(text), None).unwrap().digest);
    for wrong in [json!({}), json!(1), json!(null), json!("x".repeat(101))] {
        assert_eq!(pointers(send(&xml, wrong, None)), [task("/body")]);
    }
    assert!(send(&xml, json!(""), None).unwrap().call.body.is_empty());
}

#[test]
fn a_body_is_any_value_that_its_schema_describes() {
    let patch = json!({
        "type": "array", "minItems": 1, "items": {"required": ["op"], "properties": {"op": {"enum": ["add", "remove"]}}},
    });
    let body = read(r#"[{"op": "add", "path": "/a", "value": 1.50}]"#);
    assert_eq!(send(&patch, body, None).unwrap().call.body, br#"[{"op":"add","path":"/a","value":1.50}]"#);
    assert_eq!(pointers(send(&patch, json!([{"op": "move"}]), None)), [task("/body/0/op")]);
    assert_eq!(pointers(send(&patch, json!([]), None)), [task("/body")]);
    let any = json!({"type": ["object", "array", "string", "number", "boolean", "null"]});
    for (body, bytes) in [
        (json!(null), "null"),
        (json!(true), "true"),
        (json!(-1.50), "-1.5"),
        (json!("a"), "\"a\""),
        (json!([1]), "[1]"),
    ] {
        assert_eq!(send(&any, body, None).unwrap().call.body, bytes.as_bytes());
    }
    for (rules, wrong) in [
        (json!({}), json!([])),
        (json!({"type": "array"}), json!({})),
        (json!({"type": "number"}), json!("1")),
    ] {
        assert_eq!(pointers(send(&rules, wrong, None)), [task("/body")]);
    }
    let missing = submit_points(json!({"body": {"type": "array"}}), json!({})).unwrap_err();
    assert_eq!(missing[0].sentence(), "Add this member. Write a list.");
}

#[test]
fn a_get_or_delete_has_a_body_only_if_its_type_describes_one() {
    let at_body = [task("/body")];
    for method in ["GET", "DELETE"] {
        assert_eq!(with_method(method, None, None), [""; 0]);
        for body in [json!({}), json!([]), json!(""), json!(null)] {
            assert_eq!(with_method(method, None, Some(body)), at_body, "{method}");
        }
        assert_eq!(with_method(method, Some(json!({})), Some(json!({"a": 1}))), [""; 0]);
        assert_eq!(with_method(method, Some(json!({})), None), at_body);
    }
    for method in ["POST", "PUT", "PATCH"] {
        assert_eq!(with_method(method, None, Some(json!({}))), [""; 0]);
        assert_eq!(with_method(method, None, Some(json!([]))), at_body);
    }
}

#[test]
fn the_media_type_is_a_part_of_the_version_and_json_is_the_usual_one() {
    let version = |body: Value| {
        typed(json!({"name": "A", "call": {"method": "POST", "path": "/a"}, "body": body})).version
    };
    assert_eq!(version(json!({})), version(json!({"media_type": "Application/JSON", "type": "object"})));
    let xml = version(json!({"media_type": "application/xml"}));
    assert_eq!(xml, version(json!({"type": "string", "media_type": "APPLICATION/xml"})));
    assert_ne!(xml, version(json!({"media_type": "text/xml"})));
    let read = typed(
        json!({"name": "A", "call": {"method": "POST", "path": "/a"}, "body": {"media_type": "text/csv"}}),
    );
    let again = RequestType::from_definition(&super::read(read.definition())).unwrap();
    assert_eq!((again.media_type.as_str(), again.version), ("text/csv", read.version));
}
