//! The bodies that callers send. Those of submissions are made from the request types.

use serde_json::{Map, Value, json};

use super::{WORDS, members, revising, schema, schemas, settling};
use crate::domain::header_names::HEADERS_MAX;
use crate::domain::path::placeholders;
use crate::domain::pointer::unescaped;
use crate::domain::request::Verdict;
use crate::domain::request_type::{Change, Normalisation, ReasonRule, RequestType, RequestTypes, Schema};
use crate::domain::submission::REASON;
use crate::domain::words::Words;
use crate::engine::Engine;
use crate::http::wire::{EntityBody, Word};

/// The contract's own examples, by request type.
pub(super) const EXAMPLES: [(&str, &str); 6] = [
    ("ISSUE-BADGE", include_str!("../../../tests/it/fixtures/contract/issue-badge.request.json")),
    ("EARN-BADGE", include_str!("../../../tests/it/fixtures/contract/earn-badge.request.json")),
    (
        "CUSTOMER-STATUS-CHANGE",
        include_str!("../../../tests/it/fixtures/contract/customer-status-change.request.json"),
    ),
    ("POINTS-REDEMPTION", include_str!("../../../tests/it/fixtures/contract/points-redemption.request.json")),
    ("GOODWILL-POINTS", include_str!("../../../tests/it/fixtures/contract/goodwill-points.request.json")),
    ("RETRO-TRANSACTION", include_str!("../../../tests/it/fixtures/contract/retro-transaction.request.json")),
];

/// The schemas of every body.
pub(super) fn schemas(types: &RequestTypes) -> Map<String, Value> {
    let mut all = members(json!({
        "TargetHeaders": task_headers(),
        "DecisionInput": decision(),
        "WithdrawalInput": withdrawal(),
        "SettlementInput": settling::settlement(),
        "SubmitAgainInput": revising::again_input(),
        "CommentInput": revising::comment_input(),
        "SendBackInput": revising::send_back_input(),
        "ProbeInput": closed(json!({})),
        "BulkDecisionInput": bulk_decision(),
        "BulkDecisionItem": bulk_decision_item(),
    }));
    for request_type in types.iter() {
        all.insert(input_name(request_type), submission(request_type));
        all.insert(task_name(request_type), task(request_type));
    }
    all
}

/// The name of the schema of a type's submission, `IssueBadgeInput`.
fn input_name(request_type: &RequestType) -> String {
    format!("{}Input", camel(request_type))
}

/// A reference to the schema of a type's submission.
pub(super) fn input_reference(request_type: &RequestType) -> Value {
    schema(&input_name(request_type))
}

/// The name of the schema of a type's task, `IssueBadgeTask`.
fn task_name(request_type: &RequestType) -> String {
    format!("{}Task", camel(request_type))
}

/// `IssueBadge`
pub(super) fn camel(request_type: &RequestType) -> String {
    let lower = request_type.name.lower();
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    lower.split(['-', '_']).filter(|word| !word.is_empty()).map(capital).collect()
}

/// The request body of a submission.
pub(super) fn submit(request_type: &RequestType) -> Value {
    let text = EXAMPLES.iter().find(|(name, _)| *name == request_type.name.as_str()).map(|(_, text)| *text);
    let example = text.and_then(|text| serde_json::from_str(text).ok());
    let examples: Vec<(&str, Value)> = example.into_iter().map(|example| ("contract", example)).collect();
    body("The call that others must approve.", &input_name(request_type), &examples)
}

/// The request body of a decision.
pub(super) fn decide() -> Value {
    let example = |verdict: Verdict, message: &str| {
        json!({
            "requestId": "0190b6f2-7a3c-7cc0-8000-000000000001",
            "actionName": "AdminTask",
            "payload": { "AdminTask-Payload": { "actionDecision": verdict.name(), "actionMessage": message } },
        })
    };
    let examples = [
        ("approve", example(Verdict::Approved, "approving the request")),
        ("reject", example(Verdict::Rejected, "rejecting the request")),
    ];
    body("The decision on one request.", "DecisionInput", &examples)
}

/// The request body of many decisions.
pub(super) fn decide_many() -> Value {
    let example = json!({
        "decision": Verdict::Approved.name(),
        "message": "matches the complaints of this morning",
        "items": [{
            "requestId": "0190b6f2-7a3c-7cc0-8000-000000000001",
            "digest": "sha256:0b753b2f5065f4d058ac856c445c2c0388c5f6865e792bfe8ce56f88d1b2d752",
            "version": 3,
        }],
    });
    body("The same decision on each of these requests.", "BulkDecisionInput", &[("approve", example)])
}

/// The request body of a withdrawal.
pub(super) fn withdraw() -> Value {
    let example = json!({ "reason": "The customer called again." });
    body("Why the request is withdrawn.", "WithdrawalInput", &[("withdraw", example)])
}

/// A request body of this schema, with examples by name.
pub(super) fn body(description: &str, name: &str, examples: &[(&str, Value)]) -> Value {
    let examples: Map<String, Value> =
        examples.iter().map(|(name, value)| ((*name).to_owned(), json!({ "value": value }))).collect();
    json!({
        "required": true,
        "description": description,
        "content": { "application/json": { "schema": schema(name), "examples": examples } },
    })
}

fn submission(request_type: &RequestType) -> Value {
    let mut submission = closed(json!({
        "entityInfo": schemas::of::<EntityBody>(),
        "payload": closed(json!({ "IntouchAPITask-Payload": schema(&task_name(request_type)) })),
    }));
    if request_type.reason != ReasonRule::Off {
        submission["properties"][REASON] =
            words("Why it is submitted: the first that whoever decides reads. No part of the call.");
    }
    if request_type.reason == ReasonRule::Required {
        submission["required"].as_array_mut().expect("a list").push(REASON.into());
    }
    submission
}

fn task(request_type: &RequestType) -> Value {
    let mut query = described(request_type, "/queryParams", request_type.query.as_ref());
    query.entry("additionalProperties").or_insert(json!({ "type": "string" }));
    query.entry("description").or_insert("The query of the target's URL.".into());
    let mut body = described(request_type, "/body", request_type.body.as_ref());
    body.entry("description").or_insert(body_words(request_type).into());
    let properties = json!({
        "hostname": {
            "type": "string",
            "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+$",
            "description": "Scheme, host and optional port of the target. It must be on the server's list of targets.",
        },
        "path": { "type": "string", "const": request_type.path, "description": "The path of this request type." },
        "method": { "type": "string", "const": request_type.method, "description": "The method of this request type." },
        "pathParams": path_params(request_type),
        "queryParams": query,
        "body": body,
        "headers": headers(request_type),
    });
    let mut required = vec!["hostname", "path", "method", "headers"];
    required.extend(request_type.body.as_ref().map(|_| "body"));
    json!({
        "type": "object",
        "description": "The call that will be sent to the target once it is approved.",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn body_words(request_type: &RequestType) -> String {
    let media_type = &request_type.media_type;
    if media_type.is_plain_json() {
        "The body for the target, sent unchanged.".to_owned()
    } else if media_type.is_json() {
        format!("The body for the target, sent unchanged as {media_type}.")
    } else {
        format!("The body for the target: a text, sent byte for byte as {media_type}.")
    }
}

fn path_params(request_type: &RequestType) -> Value {
    let names: Vec<&str> = placeholders(&request_type.path).collect();
    let mut schema = described(request_type, "/pathParams", request_type.path_params.as_ref());
    let documented = schema.remove("properties").map(members).unwrap_or_default();
    let value = |name: &&str| {
        let text = json!({ "type": "string", "minLength": 1 });
        ((*name).to_owned(), documented.get(*name).cloned().unwrap_or(text))
    };
    schema.insert("properties".to_owned(), Value::Object(names.iter().map(value).collect()));
    schema.insert("required".to_owned(), names.into());
    schema.insert("additionalProperties".to_owned(), false.into());
    schema.entry("description").or_insert("A value for each placeholder in the path.".into());
    Value::Object(schema)
}

/// A type's own schema for a part of the task, widened by the forms that the type normalises.
fn described(request_type: &RequestType, part: &str, schema: Option<&Schema>) -> Map<String, Value> {
    let mut described = schema.map_or_else(|| json!({ "type": "object" }), |schema| schema.source().clone());
    // A reference in a type's schema points into that schema, which is a part of this document.
    described = inlined(&described, &described.clone(), 0);
    for change in &request_type.normalise {
        let steps: Vec<&str> = change.at.as_str().split('/').skip(1).collect();
        if part[1..] == *steps[0] {
            widen(&mut described, &steps[1..], change);
        }
    }
    members(described)
}

/// How deep references are followed; below that a recursive schema accepts any value.
const INLINED_DEPTH_MAX: usize = 12;

fn inlined(schema: &Value, root: &Value, depth: usize) -> Value {
    match schema {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
            if let Some(found) = target.and_then(|pointer| root.pointer(pointer)) {
                let is_deep = depth >= INLINED_DEPTH_MAX;
                return if is_deep { json!({}) } else { inlined(found, root, depth + 1) };
            }
            let kept = members.iter().filter(|(name, _)| *name != "$defs");
            Value::Object(kept.map(|(name, inner)| (name.clone(), inlined(inner, root, depth))).collect())
        }
        Value::Array(items) => items.iter().map(|item| inlined(item, root, depth)).collect(),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar.clone(),
    }
}

/// Adds the forms that are accepted besides the stored one.
fn widen(schema: &mut Value, steps: &[&str], change: &Normalisation) {
    let Some((step, rest)) = steps.split_first() else { return widen_here(schema, change) };
    let name = unescaped(step);
    if let Some(inner) = schema.get_mut("properties").and_then(|all| all.get_mut(&name)) {
        widen(inner, rest, change);
    } else if let Some(items) = schema.get_mut("items") {
        widen(items, rest, change);
    }
}

fn widen_here(schema: &mut Value, change: &Normalisation) {
    match &change.to {
        Change::List => {
            if let Some(items) = schema.get("items") {
                *schema = json!({
                    "description": "A list. A single value is stored and sent as a list of one.",
                    "oneOf": [items, schema],
                });
            }
        }
        Change::Spelling(spellings) => {
            let known = |upper: &String| spellings.iter().any(|spelling| spelling == upper);
            let mut upper: Vec<String> = spellings.iter().map(|text| text.to_ascii_uppercase()).collect();
            upper.retain(|text| !known(text));
            // Not in one enumeration: generated clients name its members in upper case.
            if schema.get("enum").is_some() && !upper.is_empty() {
                let upper = json!({
                    "type": "string", "enum": upper,
                    "description": "The same in upper case. It is stored and sent in the other spelling.",
                });
                *schema = json!({ "anyOf": [schema, upper] });
            }
        }
    }
}

/// The headers of every task, and in words which of them this type takes: a schema can't ignore their case.
fn headers(request_type: &RequestType) -> Value {
    let mut headers = schema("TargetHeaders");
    let rules = &request_type.headers;
    let others = if rules.is_open() { ", and others that its [headers] allows" } else { "" };
    let names = rules.named().join(", ");
    headers["description"] = format!("The headers for the target. This type takes {names}{others}.").into();
    headers
}

fn task_headers() -> Value {
    json!({
        "type": "object",
        "description": "The headers for the target, each name once, in upper or lower case. Refused are headers \
                        that the request type does not take, headers of the connection and of the body's framing, \
                        `Accept-Encoding`, and headers that the server sets.",
        "maxProperties": HEADERS_MAX,
        "propertyNames": { "pattern": r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$" },
        "additionalProperties": {
            "type": "string",
            "pattern": r"^(?:[\u0021-\u007e](?:[\u0009\u0020-\u007e]*[\u0021-\u007e])?)?$",
        },
    })
}

fn decision() -> Value {
    let task = json!({
        "type": "object",
        "description": "The decision.",
        "properties": {
            "actionDecision": schemas::of::<Word<Verdict>>(),
            "actionMessage": words("The checker's reason. A rejection needs one."),
            "digest": {
                "type": "string",
                "description": "The digest that the checker read. If the request has another one, the answer is 409. \
                                From the second revision on it must be there.",
            },
            "version": {
                "type": "integer", "minimum": 1,
                "description": "The version that the checker read. If the request has changed since, the answer is 409.",
            },
        },
        "required": ["actionDecision", "actionMessage"],
        "additionalProperties": false,
    });
    closed(json!({
        "requestId": { "type": "string", "format": "uuid", "description": "The request to decide." },
        "actionName": {
            "type": "string",
            "pattern": "^[Aa][Dd][Mm][Ii][Nn][Tt][Aa][Ss][Kk]$",
            "description": "The step to complete: `AdminTask`, in upper or lower case.",
        },
        "payload": closed(json!({ "AdminTask-Payload": task })),
    }))
}

fn bulk_decision() -> Value {
    closed(json!({
        "decision": schemas::of::<Word<Verdict>>(),
        "message": words("The checker's reason for all of them. A rejection needs one."),
        "items": {
            "type": "array", "minItems": 1, "maxItems": Engine::BULK_MAX, "items": schema("BulkDecisionItem"),
            "description": "The requests to decide.",
        },
    }))
}

fn bulk_decision_item() -> Value {
    json!({
        "type": "object",
        "properties": {
            "requestId": { "type": "string", "format": "uuid", "description": "A request; each one only once." },
            "digest": { "type": "string", "description": "The digest that the checker read." },
            "version": { "type": "integer", "minimum": 1, "description": "The version that the checker read." },
        },
        "required": ["requestId", "digest"],
        "additionalProperties": false,
    })
}

fn withdrawal() -> Value {
    closed(json!({ "reason": words("The maker's reason.") }))
}

/// What a person wrote.
pub(super) fn words(description: &str) -> Value {
    json!({ "type": "string", "maxLength": Words::CHARS_MAX, "pattern": WORDS, "description": description })
}

/// An object with exactly these members, all of them required.
pub(super) fn closed(properties: Value) -> Value {
    let properties = members(properties);
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// Key and secret of an OAuth client.
pub(super) fn credentials() -> Value {
    json!({
        "required": true,
        "content": { "application/json": {
            "schema": {
                "type": "object",
                "required": ["key", "secret"],
                "additionalProperties": false,
                "properties": {
                    "key": { "type": "string", "description": "The client's key." },
                    "secret": { "type": "string", "description": "The client's secret." },
                },
            },
            "example": { "key": "DEMO-CLIENT-KEY", "secret": "DEMO-CLIENT-SECRET" },
        } },
    })
}
