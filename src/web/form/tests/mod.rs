mod bodies;
mod emptied;
mod headers;
mod limits;
mod plan;
mod round_trip;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::*;
use crate::domain::allowed_targets::{Scheme, Target};
use crate::domain::fault::FaultKind;
use crate::domain::fault::wanted::{self, Wanted};
use crate::domain::ids::RequestId;
use crate::domain::submission::validate;

const TRANSFER: &str = include_str!("../../../../examples/transfers/types/TRANSFER.toml");

fn read_type(definition: &Value) -> Arc<RequestType> {
    Arc::new(RequestType::from_definition(definition).unwrap())
}

fn type_with_body(body: Value) -> Arc<RequestType> {
    read_type(&json!({
        "name": "T", "title": "T", "call": { "method": "POST", "path": "/t" }, "body": body,
        "policy": [{ "name": "all", "auto_approve": true }],
    }))
}

fn targets(hosts: &[&str]) -> Targets {
    let target = |host: &&str| Target {
        scheme: Scheme::Https,
        host: (*host).to_owned(),
        ports: vec![443],
        label: "Sandbox".to_owned(),
        allow_cidrs: Vec::new(),
        ca_file: None,
    };
    Targets::of(hosts.iter().map(target))
}

fn form_of(request_type: &Arc<RequestType>) -> Form {
    Form::of(request_type, &targets(&["api.example.com"]), false)
}

/// What a browser makes of a page's fields, and what is left of it here.
fn through_a_browser(entries: &Entries) -> Entries {
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%20", "+");
    let pair =
        |(name, value): (&str, &str)| format!("{}={}", escape(name), escape(&value.replace('\n', "\r\n")));
    let body: Vec<String> = entries.iter().map(pair).collect();
    read_entries(body.join("&").as_bytes()).unwrap()
}

fn html(form: &Form, entries: &Entries) -> String {
    let fields = form.draw(entries).into_iter().flat_map(|section| section.fields);
    fields.map(|field| field.to_string()).collect()
}

fn body_of(filled: &Filled) -> &Value {
    filled.body.pointer(TASK).and_then(|task| task.get("body")).unwrap_or(&Value::Null)
}

#[test]
fn empty_fields_are_left_out_and_an_optional_group_comes_into_being_with_what_is_written_in_it() {
    let request_type = type_with_body(json!({
        "type": "object", "required": ["id", "must", "flag", "list"],
        "properties": {
            "id": { "type": "string" }, "note": { "type": "string" }, "must": { "type": ["string", "null"] },
            "flag": { "type": "boolean" }, "maybe": { "type": "boolean" },
            "list": { "type": "array", "items": { "type": "number" } },
            "currency": { "type": "string", "default": "EUR" },
            "kind": { "const": "refund" },
            "part": { "type": "object", "required": ["always"], "properties": {
                "always": { "const": 1 }, "unit": { "type": "string", "default": "kg" }, "size": { "type": "number" },
            } },
        },
    }));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    assert_eq!(
        body_of(&form.read(&entries)),
        &json!({ "must": null, "flag": false, "list": [], "currency": "EUR" })
    );
    entries.put("/body/id", " 007 ");
    entries.put("/body/part/size", " 1.50 ");
    entries.put("/body/list", "1\n\n 2.0 \nx\n");
    entries.put("/body/maybe", "false");
    entries.put("/body/kind", "yes");
    entries.put("/body/flag", "true");
    let filled = form.read(&through_a_browser(&entries));
    let expected = r#"{"id":" 007 ","must":null,"flag":true,"maybe":false,"list":[1,2.0,"x"],"currency":"EUR","kind":"refund","part":{"always":1,"unit":"kg","size":1.50}}"#;
    assert_eq!(body_of(&filled).to_string(), expected);
    assert_eq!(filled.faults, []);
}

#[test]
fn a_long_id_stays_text_unless_the_maker_says_that_it_is_a_number() {
    let request_type = type_with_body(json!({ "properties": { "id": { "type": ["string", "number"] } } }));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    entries.put("/body/id", "100200300");
    assert_eq!(body_of(&form.read(&entries)), &json!({ "id": "100200300" }));
    entries.put("number:/body/id", "yes");
    assert_eq!(body_of(&form.read(&entries)), &json!({ "id": 100_200_300 }));
    entries.put("/body/id", "007");
    assert_eq!(
        form.read(&entries).faults,
        [Fault::new("/body/id", FaultKind::Wrong { wanted: Wanted::a(wanted::Kind::Number) })]
    );
}

#[test]
fn rows_without_anything_in_them_go_away_and_faults_find_the_rows_that_stay() {
    let request_type = type_with_body(json!({ "type": "object", "properties": { "cards": {
        "type": "array", "title": "Card", "minItems": 2, "items": {
            "title": "Card", "required": ["number"],
            "properties": { "number": { "type": "string", "minLength": 4 }, "is_main": { "type": "boolean" } },
        },
    } } }));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    assert_eq!(entries.rows("/body/cards"), Some(2));
    entries.set_rows("/body/cards", 4);
    entries.put("/body/cards/1/number", "12345");
    entries.put("/body/cards/3/number", "123");
    form.drop_empty_rows(&mut entries);
    assert_eq!(entries.rows("/body/cards"), Some(2));
    let filled = form.read(&entries);
    assert_eq!(body_of(&filled), &json!({ "cards": [{ "number": "12345" }, { "number": "123" }] }));
    let problems = faults_of(&request_type, &form, &entries);
    assert!(
        problems.contains(&("Card 2, Number".to_owned(), "Write at least 4 characters.".to_owned())),
        "{problems:?}"
    );
    let mut fewer = entries.clone();
    fewer.remove_row("/body/cards", 0);
    form.refill_rows(&mut fewer);
    assert_eq!((fewer.rows("/body/cards"), fewer.get("/body/cards/0/number")), (Some(2), "123"));
    let page = html(&form, &entries);
    assert!(page.contains(r#"name="/body/cards/1/number" value="123""#), "{page}");
    // Two at least: neither goes away, and there may be more.
    assert!(!page.contains("remove:/body/cards") && page.contains(r#"value="add:/body/cards""#));
}

/// What the engine's check of the filled-in form says, as label and sentence.
fn faults_of(request_type: &Arc<RequestType>, form: &Form, entries: &Entries) -> Vec<(String, String)> {
    let filled = form.read(entries);
    let body = crate::domain::json::write(&filled.body);
    let faults = validate(request_type, &targets(&["api.example.com"]), RequestId::nil(), body.as_bytes())
        .err()
        .unwrap_or_default();
    let faults: Vec<Fault> = filled.faults.into_iter().chain(form.place(&faults, entries)).collect();
    let mut sections = form.draw(entries);
    let problems = attach_faults(&mut sections, &faults);
    problems.into_iter().map(|problem| (problem.label.to_owned(), problem.sentence.to_owned())).collect()
}

fn transfer() -> Arc<RequestType> {
    let table: toml::Value = toml::from_str(TRANSFER).unwrap();
    let mut definition = json!(table);
    definition["call"]["target"] = "https://api.example.com".into();
    definition["call"].as_object_mut().unwrap().shift_remove("credential");
    read_type(&definition)
}

#[test]
fn three_faults_are_told_at_their_fields_and_what_was_written_stays() {
    let request_type = transfer();
    let form = form_of(&request_type);
    let mut entries = form.begin();
    entries.put("/pathParams/account", "Travel!");
    entries.put("/body/amount", "1 240,00");
    entries.put("/body/reference", "Invoice \"7\" <b>");
    entries.put("/body/iban", "DE02120300000000202051");
    for name in ["tillId", "storeId", "zoneId"] {
        entries.put(format!("/entityInfo/{name}"), "1");
    }
    let problems = faults_of(&request_type, &form, &entries);
    let told = |label: &str, sentence: &str| (label.to_owned(), sentence.to_owned());
    assert_eq!(
        problems,
        [
            told("Account", "Write it in the form ^[a-z0-9-]{1,32}$."),
            told("Amount", "Write a number such as 1240.00: digits, a point, no spaces."),
            told("Concept", "Fill this in."),
        ]
    );
    let page = html(&form, &entries);
    assert!(page.contains(r#"value="1 240,00""#), "{page}");
    assert!(page.contains("Invoice &quot;7&quot; &lt;b&gt;") && !page.contains("<b>"), "{page}");
}

#[test]
fn what_is_not_public_is_never_written_back_into_the_page() {
    let request_type = transfer();
    let form = form_of(&request_type);
    let mut entries = form.begin();
    entries.put("/body/iban", "DE02120300000000202051");
    entries.put("/headers/Authorization", "Basic c2VjcmV0");
    entries.set_rows("/headers", 2);
    entries.put("/headers/0/name", "X-Api-Key");
    entries.put("/headers/0/value", "k-c2VjcmV0");
    entries.put("/headers/1/name", "X-Plain");
    entries.put("/headers/1/value", "plain");
    let page = html(&form, &entries);
    assert!(!page.contains("DE0212") && !page.contains("c2VjcmV0"), "{page}");
    assert!(page.contains(r#"value="plain""#));
    // The IBAN is masked, not secret: it is typed in clear.
    assert_eq!(page.matches(r#"type="password""#).count(), 2);
    for at in ["/body/iban", "/headers/Authorization", "/headers/0/value"] {
        assert!(page.contains(&format!(r#"name="typed:{at}""#)), "{at} {page}");
        assert!(page.contains(&format!(r#"name="leave:{at}""#)), "{at} {page}");
    }
    assert!(!page.contains("typed:/headers/1"));
    let json = Form::of(&request_type, &targets(&[]), true);
    entries.put("/body", r#"{"iban": "DE0212", "amount": 1.50}"#);
    let page = html(&json, &entries);
    assert!(!page.contains("DE0212") && page.contains("1.50"), "{page}");
    entries.put("/body", r#"{"iban": "DE0212", amount"#);
    let page = html(&json, &entries);
    assert!(!page.contains("DE0212"), "{page}");
}

#[test]
fn a_free_form_object_with_a_hidden_member_comes_back_without_it() {
    let mut definition = json!({
        "name": "T", "title": "T", "call": { "method": "POST", "path": "/t" },
        "body": { "properties": { "customer": { "type": "object" } } },
        "fields": { "secret": ["/body/customer/mobile", "/headers/X-Pin"], "masked": ["/body/list/*/pin"] },
        "headers": { "properties": { "X-Pin": {} } },
        "policy": [{ "name": "all", "auto_approve": true }],
    });
    definition["body"]["properties"]["list"] = json!({ "type": "array", "items": { "properties": { "pin": { "type": "string" }, "a": { "type": "string" } } } });
    let request_type = read_type(&definition);
    let form = form_of(&request_type);
    let mut entries = form.begin();
    entries.put("/body/customer", r#"{"mobile": "91000", "name": "Zoë"}"#);
    entries.put("/headers/x-pin", "4711");
    entries.set_rows("/body/list", 1);
    entries.put("/body/list/0/pin", "0815");
    entries.put("/body/list/0/a", "seen");
    let page = html(&form, &entries);
    assert!(!page.contains("91000") && !page.contains("4711") && !page.contains("0815"), "{page}");
    assert!(page.contains("Zoë") && page.contains("seen"), "{page}");
    let headers = &form.read(&entries).body["payload"]["IntouchAPITask-Payload"]["headers"];
    assert_eq!(headers, &json!({ "x-pin": "4711" }));
}

#[test]
fn hostile_titles_and_values_are_only_text() {
    let evil = "<script>alert(1)</script>\"' onfocus=x";
    let request_type = type_with_body(json!({ "type": "object", "properties": {
        evil: { "type": "string", "title": evil, "description": evil, "default": evil },
        "choice": { "enum": [evil, "a"], "title": evil, "default": evil },
        "many": { "enum": [evil, "a", "b", "c", "d", "e"] },
        "const": { "const": evil },
        "area": { "type": "string", "maxLength": 999, "default": "</textarea><script>" },
        "open": { "type": "object", "properties": { "a": { "type": "string" } }, "patternProperties": { "^x": {} } },
    } }));
    let form = form_of(&request_type);
    let page = html(&form, &form.begin());
    assert!(!page.contains("<script") && !page.contains("\"' onfocus"), "{page}");
    assert_eq!(page.matches("<textarea").count(), page.matches("</textarea>").count());
    let filled = form.read(&through_a_browser(&form.begin()));
    assert_eq!(body_of(&filled)[evil], evil);
}

#[test]
fn text_that_is_no_json_is_told_where_it_was_written() {
    let request_type = type_with_body(json!({ "type": "object", "required": ["free"], "properties": {
        "free": { "type": "object" },
        "open": { "properties": { "a": { "type": "string" } }, "additionalProperties": { "type": "number" } },
    } }));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    entries.put("/body/free", "{\n  \"a\": 1,\n  b: 2}");
    entries.put("/body/open", r#"{"a": "twice", "b": 1}"#);
    entries.put("/body/open/a", "once");
    let problems = faults_of(&request_type, &form, &entries);
    assert!(
        problems[0].0 == "Free"
            && problems[0].1.starts_with("This is not JSON yet: ")
            && problems[0].1.contains("“b” is not expected in line 3, column 3."),
        "{problems:?}"
    );
    assert!(
        problems.iter().any(|(_, told)| told == "Leave a out here; it has a field of its own."),
        "{problems:?}"
    );
    entries.put("/body/open", "[1]");
    entries.put("/body/free", r#"{"a":1,"a":2}"#);
    let problems = faults_of(&request_type, &form, &entries);
    assert_eq!(
        problems[0],
        ("Free".to_owned(), "a: Write this member once; it is unclear which one is meant.".to_owned())
    );
    assert!(problems.iter().any(|(_, told)| told.starts_with("Write a JSON object")), "{problems:?}");
}

#[test]
fn what_belongs_to_no_field_any_more_is_told_and_not_lost_in_silence() {
    let request_type = type_with_body(json!({ "properties": { "a": { "type": "string" } } }));
    let form = form_of(&request_type);
    let mut entries = form.begin();
    entries.put("/body/gone", "written");
    entries.put("/body/empty", "");
    let problems = faults_of(&request_type, &form, &entries);
    assert!(problems[0].1.starts_with("/body/gone is no part"), "{problems:?}");
    assert_eq!(problems.iter().filter(|(label, _)| label.is_empty()).count(), 1, "{problems:?}");
}

#[test]
fn the_target_is_chosen_only_where_there_is_a_choice() {
    let request_type = type_with_body(json!({}));
    let hosts = targets(&["a.example.com", "b.example.com"]);
    let form = Form::of(&request_type, &hosts, false);
    let page = html(&form, &form.begin());
    assert!(
        page.contains(r#"type="radio" id="f3" name="/hostname" value="https://a.example.com""#),
        "{page}"
    );
    let one = Form::of(&request_type, &targets(&["a.example.com"]), false);
    assert!(!html(&one, &one.begin()).contains("/hostname"));
    assert_eq!(
        one.read(&one.begin()).body["payload"]["IntouchAPITask-Payload"]["hostname"],
        "https://a.example.com"
    );
}

#[test]
fn every_shipped_type_has_a_form_that_can_say_what_the_contract_says() {
    let contract = |name: &str| {
        let path = format!("{}/tests/it/fixtures/contract/{name}.request.json", env!("CARGO_MANIFEST_DIR"));
        crate::domain::json::read(&std::fs::read(path).unwrap()).unwrap()
    };
    let catalog = crate::catalog::embedded();
    let mut seen = 0;
    for request_type in catalog.iter() {
        let mut body = contract(&request_type.name.as_str().to_lowercase());
        let sent = body.pointer_mut(TASK).unwrap();
        for normalisation in &request_type.normalise {
            normalisation.apply(sent, &mut Vec::new());
        }
        let sent = sent.clone();
        let form = form_of(request_type);
        let mut entries = form.begin();
        for (part, at) in [(&form.query, QUERY), (&form.body, BODY)] {
            let Some(part) = part else { continue };
            let mut value = sent.get(&part.name).cloned().unwrap_or_else(|| json!({}));
            // An empty text is left out by a form.
            value.as_object_mut().unwrap().retain(|_, value| value != "");
            assert!(fill(part, at, &value, &mut entries), "{} {at}", request_type.name);
        }
        entries.put("/headers/Authorization", "Basic x");
        for name in ["tillId", "storeId", "zoneId", "conceptId"] {
            entries.put(format!("/entityInfo/{name}"), "7");
        }
        let filled = form.read(&through_a_browser(&entries));
        let task = filled.body.pointer(TASK).unwrap();
        assert_eq!(task["body"], sent["body"], "{}", request_type.name);
        let text = crate::domain::json::write(&filled.body);
        validate(request_type, &targets(&["api.example.com"]), RequestId::nil(), text.as_bytes()).unwrap();
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn a_body_goes_from_fields_to_json_and_back_if_the_fields_can_hold_it() {
    let request_type = transfer();
    let (form, json) = (form_of(&request_type), Form::of(&request_type, &targets(&[]), true));
    let mut entries = form.begin();
    entries.put("/body/amount", "250.00");
    entries.put("/body/reference", "Hotel");
    entries.put("/pathParams/account", "travel");
    let as_json = form.rewritten(&json, &entries).unwrap();
    assert_eq!(as_json.get("/pathParams/account"), "travel");
    assert!(as_json.get("/body").contains("250.00"), "{as_json:?}");
    let back = json.rewritten(&form, &as_json).unwrap();
    assert_eq!(back.get("/body/amount"), "250.00");
    let mut odd = as_json;
    odd.put("/body", r#"{"amount": "text", "reference": 1}"#);
    assert_eq!(json.rewritten(&form, &odd), None);
    odd.put("/body", "{");
    assert_eq!(json.rewritten(&form, &odd), None);
}
