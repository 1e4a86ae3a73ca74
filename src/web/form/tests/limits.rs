//! Rows within their limits.

use super::*;

#[test]
fn a_list_has_the_rows_that_its_type_allows() {
    let lines = |bounds: Value| {
        let mut lines = json!({ "type": "array", "items": { "properties": { "a": { "type": "string" } } } });
        lines.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
        type_with_body(json!({ "properties": { "lines": lines } }))
    };
    let request_type = lines(json!({ "minItems": 1, "maxItems": 2 }));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    let buttons = |entries: &Entries| {
        let page = html(&form, entries);
        (page.contains("add:/body/lines"), page.matches("remove:/body/lines").count())
    };
    assert_eq!((buttons(&entries), form.has_room("/body/lines", &entries)), ((true, 0), true));
    entries.set_rows("/body/lines", 2);
    assert_eq!((buttons(&entries), form.has_room("/body/lines", &entries)), ((false, 2), false));
    assert!(!form.has_room("/body", &entries) && !form.has_room("/body/lines/0", &entries));
    assert!(html(&form, &entries).contains("1 to 2."));
    entries.set_rows("/body/lines", 3);
    (0..3).for_each(|row| entries.put(format!("/body/lines/{row}/a"), "x"));
    let told = ("Lines".to_owned(), "Fill in at most 2 of them, and remove the others.".to_owned());
    assert!(faults_of(&request_type, &form, &entries).contains(&told));
    for (least, sentence) in [(1, "Fill in at least one."), (2, "Fill in at least 2 of them.")] {
        let request_type = lines(json!({ "minItems": least }));
        let form = form_of(&request_type);
        let mut entries = form.begin();
        // Given, so that the optional list is there: a list without rows is left out.
        entries.put("/body/lines/0/a", if least == 2 { "x" } else { "" });
        form.drop_empty_rows(&mut entries);
        let told = faults_of(&request_type, &form, &entries);
        let is_told = told.contains(&("Lines".to_owned(), sentence.to_owned()));
        assert_eq!(is_told, least == 2, "{told:?}");
    }
}

#[test]
fn limits_are_hints_before_anybody_breaks_them() {
    let hint = |schema: Value| {
        let request_type = type_with_body(json!({ "properties": { "it": schema } }));
        let Some(Field { kind: Kind::Group(fields, _), .. }) = form_of(&request_type).body else {
            panic!("no group")
        };
        fields[0].hint.join(" ")
    };
    for (schema, expected) in [
        (json!({ "type": "integer", "minimum": 1, "maximum": 9 }), "A whole number, at least 1, at most 9."),
        (
            json!({ "type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01 }),
            "Above 0, a multiple of 0.01.",
        ),
        (json!({ "type": "string", "minLength": 2, "maxLength": 4 }), "2 to 4 characters."),
        (json!({ "type": "string", "minLength": 4, "maxLength": 4 }), "4 characters."),
        (json!({ "type": "string", "minLength": 2 }), "At least 2 characters."),
        (json!({ "type": "string", "minLength": 1 }), ""),
        (json!({ "type": "string", "pattern": "^a$" }), "In the form ^a$."),
        (json!({ "type": "string", "pattern": "^a$", "description": "An a." }), "An a."),
        (
            json!({ "type": "string", "format": "email", "maxLength": 40 }),
            "Such as name@example.com. At most 40 characters.",
        ),
        (json!({ "type": "string", "format": "uuid", "examples": ["x"] }), "Such as x."),
        (
            json!({ "type": "array", "items": { "type": "number" }, "maxItems": 5 }),
            "One on each line. At most 5.",
        ),
        (
            json!({ "type": "array", "items": { "properties": { "a": {} } }, "minItems": 2, "maxItems": 2 }),
            "Exactly 2.",
        ),
    ] {
        assert_eq!(hint(schema.clone()), expected, "{schema}");
    }
}
