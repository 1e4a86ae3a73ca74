//! Values in the path, and what is too long to be sent.

use super::*;

/// A type whose path ends with this, and whose value may be what `schema` says.
fn fill(path: &str, schema: Option<Value>, params: Value) -> Result<Submission, Vec<Fault>> {
    let mut definition = json!({"name": "USERS", "call": {"method": "POST", "path": path}});
    if let Some(schema) = schema {
        definition["path_params"] = json!({"properties": {"id": schema}});
    }
    let mut body = sent("ISSUE-BADGE");
    body["payload"]["IntouchAPITask-Payload"] = json!({
        "hostname": "https://api.example.com", "path": path, "method": "POST", "pathParams": params, "headers": {},
    });
    validate(&typed(definition), &targets(), id(), json::write(&body).as_bytes())
}

fn users(value: &str) -> Result<Submission, Vec<Fault>> {
    fill("/users/{id}", None, json!({"id": value}))
}

#[test]
fn a_value_in_the_path_stays_one_segment_for_every_server() {
    for bad in
        ["../admin", "a/b", "..;/admin", "%2e%2e", "a\0b", "a\r\nb", "\u{ff0e}\u{ff0e}", ";x", "a\u{200b}"]
    {
        let faults = users(bad).unwrap_err();
        assert_eq!(faults.len(), 1, "{bad:?}: {faults:?}");
        assert_eq!(faults[0].field, task("/pathParams/id"), "{bad:?}");
    }
    let call = users("Ελλάδα:1@b").unwrap().call;
    let escaped = "%CE%95%CE%BB%CE%BB%CE%AC%CE%B4%CE%B1%3A1%40b";
    assert_eq!(call.url, format!("https://api.example.com/users/{escaped}"));
}

#[test]
fn what_a_value_and_its_segment_make_together_is_no_step_either() {
    for (path, value) in [("/a/.{id}", "."), ("/a/{id}.", "."), ("/a/.{id}", ".;x"), ("/a/.{id}", ";x")] {
        assert_eq!(
            fill(path, None, json!({"id": value})).unwrap_err()[0].kind,
            FaultKind::PathSegment,
            "{path}"
        );
    }
    assert!(fill("/a/.{id}", None, json!({"id": "b"})).is_ok());
    assert!(fill("/a/{id}.json", None, json!({"id": "..b"})).is_ok());
}

#[test]
fn a_pattern_allows_the_characters_that_it_names() {
    let slash = json!({"id": "a/b"});
    for names in [
        json!({"pattern": "^[a-z/]+$"}),
        json!({"pattern": "^[a-z]+(/[a-z]+)*$"}),
        json!({"pattern": "^a\\x2fb$"}),
        json!({"pattern": "^(?:x|[a-z]\\/[a-z])$"}),
        json!({"enum": ["a/b", "c"]}),
        json!({"const": "a/b"}),
        json!({"allOf": [{"pattern": "^a/"}, {"maxLength": 9}]}),
    ] {
        let taken = fill("/users/{id}", Some(names.clone()), slash.clone());
        assert_eq!(taken.unwrap().call.url, "https://api.example.com/users/a%2Fb", "{names}");
    }
    for silent in [
        json!({"pattern": "^.+$"}),
        json!({"pattern": "^\\S+$"}),
        json!({"pattern": "^[^x]+$"}),
        json!({"pattern": "^[!-~]+$"}),
        json!({"pattern": "^[[:graph:]]+$"}),
        json!({"pattern": "^\\P{L}*a.*$"}),
        json!({"pattern": "^[a-z/&&[^x]]+$"}),
        json!({"description": "a/b"}),
    ] {
        let faults = fill("/users/{id}", Some(silent.clone()), slash.clone()).unwrap_err();
        assert_eq!(faults[0].kind, FaultKind::PathCharacter { found: '/' }, "{silent}");
    }
    let steps = fill("/users/{id}", Some(json!({"pattern": "^[a-z./]+$"})), json!({"id": "a/../b"}));
    assert_eq!(steps.unwrap_err()[0].kind, FaultKind::PathSegment);
    let control = fill("/users/{id}", Some(json!({"pattern": "^[a\\n]+$"})), json!({"id": "a\na"}));
    assert_eq!(control.unwrap_err()[0].kind, FaultKind::PathCharacter { found: '\n' });
}

#[test]
fn what_a_pattern_names_still_must_match() {
    let faults =
        fill("/users/{id}", Some(json!({"pattern": "^[a-z]/[a-z]$"})), json!({"id": "aa/b"})).unwrap_err();
    assert!(matches!(faults[0].kind, FaultKind::Limit(_)), "{faults:?}");
}

#[test]
fn a_reference_in_the_schema_is_followed() {
    let mut definition = json!({"name": "USERS", "call": {"method": "POST", "path": "/u/{id}"}});
    definition["path_params"] =
        json!({"properties": {"id": {"$ref": "#/$defs/way"}}, "$defs": {"way": {"pattern": "^[a-z/]+$"}}});
    assert_eq!(typed(definition).path_characters("id").0, ['/'].into());
}

#[test]
fn what_the_sender_cant_send_is_refused_with_its_limit() {
    let long = "a".repeat(1000);
    let query: Map<String, Value> = (0..9).map(|n| (format!("q{n}"), json!(long))).collect();
    let faults = submit_points(json!({}), json!({"queryParams": query})).unwrap_err();
    assert_eq!(faults, [Fault::new(task(""), FaultKind::UrlTooLong { max: URL_BYTES_MAX })]);
    let eight: Map<String, Value> = (0..8).map(|n| (format!("q{n}"), json!(long))).collect();
    assert!(submit_points(json!({}), json!({"queryParams": eight})).is_ok());
    // A character of the query may be many in the URL.
    let faults = submit_points(json!({}), json!({"queryParams": {"q": "é".repeat(1400)}})).unwrap_err();
    assert_eq!(faults[0].kind, FaultKind::UrlTooLong { max: URL_BYTES_MAX });
    let headers = json!({"headers": {"Authorization": "a".repeat(HEADER_BLOCK_BYTES_MAX)}});
    let faults = submit_points(json!({}), headers).unwrap_err();
    assert_eq!(
        faults,
        [Fault::new(task("/headers"), FaultKind::HeadersTooLong { max: HEADER_BLOCK_BYTES_MAX })]
    );
    let fits = HEADER_BLOCK_BYTES_MAX - "authorization: \r\n".len();
    assert!(submit_points(json!({}), json!({"headers": {"Authorization": "a".repeat(fits)}})).is_ok());
    assert!(submit_points(json!({}), json!({"headers": {"Authorization": "a".repeat(fits + 1)}})).is_err());
    let two = json!({"headers": {"Accept": "a".repeat(20_000), "Authorization": "a".repeat(20_000)}});
    assert!(submit_points(json!({}), two).is_err());
}
