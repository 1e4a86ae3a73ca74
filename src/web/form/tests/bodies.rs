//! Bodies that are no object: texts, lists and other values.

use super::*;

fn task_of(request_type: &Arc<RequestType>, entries: &mut Entries) -> Value {
    for name in ["tillId", "storeId", "zoneId", "conceptId"] {
        entries.put(format!("/entityInfo/{name}"), "7");
    }
    let form = form_of(request_type);
    assert_eq!(faults_of(request_type, &form, entries), []);
    form.read(&through_a_browser(entries)).body.pointer(TASK).unwrap().clone()
}

#[test]
fn a_text_is_written_on_several_lines_and_not_as_json() {
    let request_type = type_with_body(json!({ "media_type": "application/xml", "title": "Message" }));
    let form = Form::of(&request_type, &targets(&["api.example.com"]), true);
    assert!(!form.is_json && !form.has_json);
    let mut entries = form.begin();
    entries.put("/body", "<a>\n  \"1\"\n</a>");
    let page = html(&form, &entries);
    assert!(
        page.contains("<textarea") && page.contains("Message") && page.contains("application/xml"),
        "{page}"
    );
    let task = task_of(&request_type, &mut entries);
    assert_eq!(task["body"], "<a>\n  \"1\"\n</a>");
    let problems = faults_of(&request_type, &form, &form.begin());
    assert_eq!(problems[0], ("Message".to_owned(), "Fill this in.".to_owned()));
}

#[test]
fn a_list_at_the_root_has_rows_and_goes_to_json_and_back() {
    let request_type = type_with_body(json!({ "type": "array", "minItems": 1, "items": {
        "title": "Change", "required": ["op", "path"],
        "properties": { "op": { "enum": ["add", "remove"] }, "path": { "type": "string" } },
    } }));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    assert_eq!(entries.rows("/body"), Some(1));
    entries.set_rows("/body", 2);
    for (row, op) in ["add", "remove"].iter().enumerate() {
        entries.put(format!("/body/{row}/op"), *op);
        entries.put(format!("/body/{row}/path"), "/a");
    }
    let wanted = json!([{ "op": "add", "path": "/a" }, { "op": "remove", "path": "/a" }]);
    assert_eq!(task_of(&request_type, &mut entries)["body"], wanted);
    let json = Form::of(&request_type, &targets(&[]), true);
    let written = form.rewritten(&json, &entries).unwrap();
    assert!(written.get("/body").starts_with('['));
    let back = json.rewritten(&form, &written).unwrap();
    assert_eq!((back.rows("/body"), back.get("/body/1/op")), (Some(2), "remove"));
}

#[test]
fn other_values_have_the_control_of_their_kind() {
    for (schema, written, value) in [
        (json!({ "type": "number" }), "1.50", json!(1.5)),
        (json!({ "type": "string" }), "a", json!("a")),
        (json!({ "type": "array", "items": { "type": "string" } }), "a\nb", json!(["a", "b"])),
        (json!({ "type": ["object", "array", "null"] }), "[null]", json!([null])),
        (json!({ "enum": ["a", 1], "type": ["string", "number"] }), "1", json!(1)),
    ] {
        let request_type = type_with_body(schema);
        let mut entries = form_of(&request_type).begin();
        entries.put("/body", written);
        let body = task_of(&request_type, &mut entries)["body"].clone();
        assert!(body == value || serde_json::to_string(&body).unwrap() == written, "{body} {value}");
    }
}
