//! Which headers a type takes: rows of the attack tables, and what no table has.

use super::*;
use crate::domain::header_names::{
    HEADER_NAME_BYTES_MAX, HEADERS_MAX, ORDINARY_HEADERS, is_steering, is_token, owner_of,
};

/// Headers of the attack tables that no type takes unless it names them, and neighbours of them.
const STEERING: [&str; 22] = [
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Via",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Metadata-Flavor",
    "X-aws-ec2-metadata-token-ttl-seconds",
    "Forwarded",
    "X-Forwarded",
    "X_Forwarded_For",
    "x-http-method-override",
    "Remote-User",
    "X-Remote-Groups",
    "X-Authenticated-Userid",
    "X-Client-Cert",
    "X-User-Email",
    "Impersonate-Group",
    "x-middleware-subrequest",
];

/// Headers of the attack tables that no type takes, whatever it says, and neighbours of them.
const FORBIDDEN: [&str; 17] = [
    "Host",
    "hOsT",
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "HTTP2-Settings",
    "Expect",
    "Content-Encoding",
    "Accept-Encoding",
    "Upgrade",
    "Tracestate",
    "Transfer_Encoding",
    "content.length",
];

/// The pointers of what is wrong with these headers of a type with this `[headers]`.
fn faults_of(rules: &Value, headers: Value) -> Vec<String> {
    match submit_points(json!({ "headers": rules }), json!({ "headers": headers })) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| fault.field).collect(),
    }
}

fn open() -> Value {
    json!({"patternProperties": {"^.*$": {}}, "additionalProperties": true})
}

fn definition_faults(rules: Value) -> Vec<String> {
    let definition = json!({
        "name": "A", "call": {"method": "POST", "path": "/a"}, "headers": rules,
        "repeat": {"key_header": "Idempotency-Key"},
    });
    let faults = RequestType::from_definition(&definition).err().unwrap_or_default();
    faults.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_type_without_headers_takes_the_ordinary_ones_and_names_them_to_who_sends_another() {
    let ordinary: Map<String, Value> =
        ["Content-Type", "ACCEPT", "accept-language", "Authorization", "X-Request-Id"]
            .map(|name| (name.to_owned(), json!("application/json")))
            .into_iter()
            .collect();
    assert!(submit_points(json!({}), json!({ "headers": ordinary })).is_ok());
    for name in ["X-Api-Key", "Range", "X-A", "If-Match", "x_request_id", "Content-Language", "Cookie"] {
        let faults = submit_points(json!({}), json!({"headers": {name: "1"}})).unwrap_err();
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, &*task(&format!("/headers/{name}"))));
        let sentence = "Leave this member out; allowed here: content-type, accept, accept-language, authorization, x-request-id.";
        assert_eq!(faults[0].sentence(), sentence);
    }
}

#[test]
fn a_type_takes_the_headers_that_it_describes_as_it_describes_them() {
    let rules = json!({
        "required": ["X-Api-Version"],
        "properties": {
            "X-Api-Version": {"const": "2"}, "x-shop": {"pattern": "^[a-z]{2}$"}, "Authorization": {"pattern": "^Basic "},
            "accept-language": false,
        },
    });
    let good =
        json!({"x-api-version": "2", "X-SHOP": "de", "authorization": "Basic eA==", "Accept": "text/plain"});
    let call = submit_points(json!({ "headers": rules }), json!({ "headers": good })).unwrap().call;
    let sent: Vec<(&str, &str)> =
        call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected =
        [("x-api-version", "2"), ("x-shop", "de"), ("authorization", "Basic eA=="), ("accept", "text/plain")];
    assert_eq!(sent[..4], expected);
    for (headers, wrong) in [
        (json!({}), vec!["/headers/x-api-version"]),
        (json!({"X-API-Version": "3"}), vec!["/headers/X-API-Version"]),
        (json!({"X-Api-Version": "2", "X-Shop": "DE"}), vec!["/headers/X-Shop"]),
        (json!({"X-Api-Version": "2", "Authorization": "Bearer x"}), vec!["/headers/Authorization"]),
        (json!({"X-Api-Version": "2", "Accept-Language": "de"}), vec!["/headers/Accept-Language"]),
        (json!({"X-Other": "é", "X-Api-Version": 2}), vec!["/headers/X-Other", "/headers/X-Api-Version"]),
    ] {
        let wrong: Vec<String> = wrong.into_iter().map(task).collect();
        assert_eq!(faults_of(&rules, headers), wrong);
    }
}

#[test]
fn a_header_that_steers_a_call_is_taken_only_from_a_type_that_names_it() {
    for name in STEERING {
        let pointer = [task(&format!("/headers/{name}"))];
        let header = json!({name: "x"});
        assert_eq!(faults_of(&json!({}), header.clone()), pointer, "{name}");
        assert_eq!(faults_of(&open(), header.clone()), pointer, "{name}");
        let by_pattern = json!({"patternProperties": {format!("^{}$", name.to_ascii_lowercase()): {}}});
        assert_eq!(faults_of(&by_pattern, header.clone()), pointer, "{name}");
        assert_eq!(faults_of(&json!({"properties": {name: {}}}), header), [""; 0], "{name}");
    }
    let faults =
        submit_points(json!({}), json!({"headers": {"X-HTTP-Method-Override": "DELETE"}})).unwrap_err();
    assert_eq!(faults[0].kind, FaultKind::HeaderSteers);
}

#[test]
fn a_header_of_the_engine_or_the_connection_is_taken_from_no_type_and_naming_it_is_a_fault() {
    for name in FORBIDDEN {
        for rules in [json!({}), open()] {
            assert_eq!(faults_of(&rules, json!({name: "x"})), [task(&format!("/headers/{name}"))], "{name}");
        }
        assert_eq!(
            definition_faults(json!({"properties": {name: {}}})),
            [format!("/headers/properties/{name}")]
        );
    }
}

#[test]
fn a_name_or_value_that_http_does_not_have_is_taken_from_no_type() {
    let long = format!("x{}", "a".repeat(HEADER_NAME_BYTES_MAX));
    for name in [":authority", ":path", "X-A\r\nX-B", "X A", "X-Ä", "X-A\u{0}", long.as_str(), "X-A:", ""] {
        let pointer = [task(&pointer_to("/headers", name))];
        assert_eq!(faults_of(&open(), json!({name: "1"})), pointer, "{name}");
        assert_eq!(
            definition_faults(json!({"properties": {name: {}}})),
            [pointer_to("/headers/properties", name)]
        );
    }
    assert!(faults_of(&open(), json!({&long[1..]: "1"})).is_empty());
    let values =
        ["a\r\nX-B: 1", "a\nb", "a\rb", "a\0b", "a\r\n b", "\u{1}", "\u{7f}", "é", " a", "a\t", "\u{85}"];
    for value in values {
        for name in ["X-A", "Authorization"] {
            assert_eq!(
                faults_of(&open(), json!({name: value})),
                [task(&format!("/headers/{name}"))],
                "{value:?}"
            );
        }
    }
    let two = json!({"Content-Type": "application/json", "content-type": "text/xml"});
    assert!(faults_of(&open(), two).contains(&task("/headers/content-type")));
}

#[test]
fn a_submission_has_at_most_64_headers() {
    let many = |count: usize| -> Value {
        (0..count)
            .map(|number| (format!("X-{number}"), Value::from("v")))
            .collect::<Map<String, Value>>()
            .into()
    };
    assert!(faults_of(&open(), many(HEADERS_MAX)).is_empty());
    assert_eq!(faults_of(&open(), many(HEADERS_MAX + 1)), [task("/headers")]);
    assert_eq!(faults_of(&json!({}), many(10_000)), [task("/headers")]);
}

#[test]
fn every_fault_of_a_description_has_its_place() {
    for (rules, at) in [
        (json!([]), "/headers"),
        (json!({"type": "string"}), "/headers/type"),
        (json!({"properties": []}), "/headers/properties"),
        (json!({"properties": {"X-A": {}, "x-a": {}}}), "/headers/properties/x-a"),
        (json!({"properties": {"x-a": {"type": "number"}}}), "/headers/properties/x-a/type"),
        (json!({"properties": {"x-a": {"type": ["string", "null"]}}}), "/headers/properties/x-a/type"),
        (json!({"properties": {"x-a": {"tpye": "string"}}}), "/headers/properties/x-a/tpye"),
        (
            json!({"properties": {"Content-Type": {"const": "text/plain"}}}),
            "/headers/properties/Content-Type",
        ),
        (json!({"properties": {"idempotency-key": {}}}), "/headers/properties/idempotency-key"),
        (json!({"required": ["X-A"]}), "/headers/required/0"),
        (
            json!({"required": ["Accept", "Accept-Language"], "properties": {"accept-language": false}}),
            "/headers/required/1",
        ),
    ] {
        assert_eq!(definition_faults(rules.clone()), [at], "{rules}");
    }
    assert!(definition_faults(json!({"required": ["Accept"]})).is_empty());
    assert!(definition_faults(json!({"required": ["x-b"], "patternProperties": {"^x-": {}}})).is_empty());
}

#[test]
fn names_in_another_case_are_the_same_version() {
    let version = |rules: Value| {
        typed(json!({"name": "A", "call": {"method": "POST", "path": "/a"}, "headers": rules})).version
    };
    let one = version(json!({"required": ["X-A"], "properties": {"X-A": {"type": "string"}, "X-B": true}}));
    let same = json!({"type": "object", "properties": {"x-b": {}, "x-a": {}}, "required": ["x-a"]});
    assert_eq!(one, version(same));
    assert_ne!(one, version(json!({"properties": {"x-a": {}, "x-b": {}}})));
}

proptest! {
    #[test]
    fn a_header_that_is_taken_is_ordinary_or_named_or_harmless(
        name in "(x[-_](user|forwarded|real|http|cap|a)[-_](id|ip|for|method)|[a-zA-Z]{1,3}|[A-Za-z_.:-]{1,24}|Accept|te|via)",
        named in prop::option::of("(x-user-id|x_real_ip|[a-z]{1,3})"), is_open: bool,
    ) {
        let mut rules = if is_open { open() } else { json!({}) };
        if let Some(named) = named.as_ref().filter(|named| owner_of(named).is_none()) {
            rules["properties"] = json!({named: {}});
        }
        let lower = name.to_ascii_lowercase();
        let taken = faults_of(&rules, json!({&name: "application/json"})).is_empty();
        let is_named = named.as_deref() == Some(&lower) || ORDINARY_HEADERS.contains(&lower.as_str());
        let may = is_token(&name) && owner_of(&name).is_none() && (is_named || (is_open && !is_steering(&name)));
        prop_assert_eq!(taken, may);
    }
}

#[test]
fn a_header_is_known_under_every_spelling_that_some_server_takes_for_it() {
    let rules = json!({"properties": {"X-Api-Version": {"const": "2"}}, "additionalProperties": {}});
    for other in ["X_Api_Version", "x.api.version", "X-Api_Version"] {
        let headers = json!({"X-Api-Version": "2", other: "3"});
        assert_eq!(faults_of(&rules, headers), [task(&format!("/headers/{other}"))], "{other}");
        let alone = json!({other: "2"});
        assert_eq!(faults_of(&rules, alone), [task(&format!("/headers/{other}"))], "{other}");
    }
    assert_eq!(faults_of(&rules, json!({"Content_Type": "text/html"})), [task("/headers/Content_Type")]);
    assert_eq!(faults_of(&rules, json!({"X-A": "1", "x_a": "2"})), [task("/headers/x_a")]);
    assert_eq!(faults_of(&rules, json!({"X-Api-Version": "2", "X_Api_Versions": "3"})), [""; 0]);
    let underscored = json!({"properties": {"x_api_version": {}}, "additionalProperties": {}});
    assert_eq!(faults_of(&underscored, json!({"X_API_Version": "3"})), [""; 0]);
    assert_eq!(faults_of(&underscored, json!({"X-API-Version": "3"})), [task("/headers/X-API-Version")]);
}

#[test]
fn the_key_of_the_engine_is_taken_from_no_maker_in_any_spelling() {
    let definition =
        json!({ "headers": {"additionalProperties": {}}, "repeat": {"key_header": "Idempotency-Key"} });
    for name in ["idempotency-key", "Idempotency_Key", "idempotency.key"] {
        let faults = submit_points(definition.clone(), json!({"headers": {name: "1"}})).unwrap_err();
        assert_eq!((faults.len(), &faults[0].kind), (1, &FaultKind::HeaderOfRepeats), "{name}");
        assert_eq!(
            definition_faults(json!({"properties": {name: {}}})),
            [format!("/headers/properties/{name}")]
        );
    }
    let twice = json!({"properties": {"X-A": {}, "x_a": {}}});
    assert_eq!(definition_faults(twice), ["/headers/properties/x_a"]);
    assert_eq!(definition_faults(json!({"properties": {"content_type": {}}})).len(), 1);
}
