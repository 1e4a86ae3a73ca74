//! Headers in a form: those that the type describes, and others.

use super::*;

#[test]
fn a_header_that_the_type_describes_has_its_own_field_and_is_sent_as_it_says() {
    let request_type = read_type(&json!({
        "name": "T", "title": "T", "call": { "method": "POST", "path": "/t" },
        "fields": { "secret": ["/headers/x-pin", "/headers/x-gone"] },
        "headers": {
            "required": ["X-Api-Version", "x-shop"],
            "properties": {
                "X-Api-Version": { "const": "2" }, "x-shop": { "enum": ["de", "fr"], "title": "Shop" },
                "X-Pin": { "pattern": "^[0-9]{4}$" }, "authorization": { "pattern": "^Basic " },
            },
        },
        "policy": [{ "name": "all", "auto_approve": true }],
    }));
    let form = form_of(&request_type);
    let names: Vec<&str> = form.own_headers.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["Authorization", "x-api-version", "x-shop", "x-pin"]);
    let labels: Vec<&str> = form.own_headers.iter().map(|field| field.label.as_str()).collect();
    assert_eq!(labels, ["Authorization", "x-api-version", "Shop", "x-pin"]);
    let mut entries = form.begin();
    entries.put("/headers/x-shop", "fr");
    entries.put("/headers/x-pin", "4711");
    entries.set_rows("/headers", 1);
    entries.put("/headers/0/name", "Accept");
    entries.put("/headers/0/value", "text/plain");
    for name in ["tillId", "storeId", "zoneId", "conceptId"] {
        entries.put(format!("/entityInfo/{name}"), "7");
    }
    let headers =
        &form.read(&through_a_browser(&entries)).body["payload"]["IntouchAPITask-Payload"]["headers"];
    assert_eq!(
        headers,
        &json!({"x-api-version": "2", "x-shop": "fr", "x-pin": "4711", "Accept": "text/plain"})
    );
    assert_eq!(faults_of(&request_type, &form, &entries), []);
    entries.put("/headers/x-shop", "");
    entries.put("/headers/x-pin", "x");
    entries.put("/headers/Authorization", "Bearer x");
    entries.put("/headers/0/name", "X-Other");
    let problems = faults_of(&request_type, &form, &entries);
    let labels: Vec<&str> = problems.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["Authorization", "Shop", "x-pin", "Header 1, Name"], "{problems:?}");
    assert!(problems[3].1.contains("takes here: content-type, accept"), "{problems:?}");
}

#[test]
fn the_makers_headers_stand_as_written_and_a_body_has_its_type() {
    let request_type = type_with_body(json!({}));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    entries.set_rows("/headers", 3);
    for (row, (name, value)) in
        [("Content-Type", "application/x"), ("X-A", "1"), ("X-A", "2")].iter().enumerate()
    {
        entries.put(format!("/headers/{row}/name"), *name);
        entries.put(format!("/headers/{row}/value"), *value);
    }
    let filled = form.read(&entries);
    assert_eq!(filled.faults.len(), 1);
    assert_eq!(filled.faults[0].field, "/headers/2/name");
    let fault = |field: &str| vec![Fault::new(format!("{TASK}{field}"), FaultKind::HeaderValue)];
    assert_eq!(form.place(&fault("/headers/X-A"), &entries)[0].field, "/headers/1/value");
    let of_name = vec![Fault::new(format!("{TASK}/headers/X-A"), FaultKind::HeaderSteers)];
    assert_eq!(form.place(&of_name, &entries)[0].field, "/headers/1/name");
    assert_eq!(form.place(&fault("/headers/Authorization"), &entries)[0].field, "/headers/Authorization");
    assert_eq!(form.place(&fault("/body/a"), &entries)[0].field, "/body/a");
}
