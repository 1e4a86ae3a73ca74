//! The bodies that callers send, made from the request types.

use serde_json::{Map, Value, json};

use super::{NO_CONTROL, WORDS, members, schema};
use crate::domain::call::placeholders;
use crate::domain::request::{MESSAGE_CHARS_MAX, Verdict};
use crate::domain::request_type::{Choice, Kind, Member, RequestType, RequestTypes};
use crate::domain::submission::ENTITY_ID_CHARS_MAX;

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
pub(super) fn schemas() -> Map<String, Value> {
    let mut all = members(json!({
        "EntityInfo": entity_info(),
        "TaskHeaders": task_headers(),
        "Decision": decision(),
        "Withdrawal": withdrawal(),
    }));
    for request_type in RequestTypes::embedded().iter() {
        all.insert(name_of(request_type), submission(request_type));
    }
    all
}

/// The name of the schema of a type's submission, `SubmitIssueBadge`.
fn name_of(request_type: &RequestType) -> String {
    format!("Submit{}", camel(request_type))
}

/// `IssueBadge`
pub(super) fn camel(request_type: &RequestType) -> String {
    let lower = request_type.name.lower();
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    lower.split('-').filter(|word| !word.is_empty()).map(capital).collect()
}

/// The request body of a submission.
pub(super) fn submit(request_type: &RequestType) -> Value {
    let text = EXAMPLES.iter().find(|(name, _)| *name == request_type.name.as_str()).map(|(_, text)| *text);
    let example = text.and_then(|text| serde_json::from_str(text).ok());
    body("The call to ask for.", &name_of(request_type), &[("contract", example.unwrap_or_default())])
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
    body("The decision on one request.", "Decision", &examples)
}

/// The request body of a withdrawal.
pub(super) fn withdraw() -> Value {
    let example = json!({ "reason": "The customer called again." });
    body("Why the request is taken back.", "Withdrawal", &[("withdraw", example)])
}

fn body(description: &str, name: &str, examples: &[(&str, Value)]) -> Value {
    let examples: Map<String, Value> =
        examples.iter().map(|(name, value)| ((*name).to_owned(), json!({ "value": value }))).collect();
    json!({
        "required": true,
        "description": description,
        "content": { "application/json": { "schema": schema(name), "examples": examples } },
    })
}

fn submission(request_type: &RequestType) -> Value {
    closed(json!({
        "entityInfo": schema("EntityInfo"),
        "payload": closed(json!({ "IntouchAPITask-Payload": task(request_type) })),
    }))
}

fn task(request_type: &RequestType) -> Value {
    let mut query = described(&request_type.query);
    query["additionalProperties"] = json!({ "type": "string" });
    query["description"] = json!("The query of the target's URL; every value is a string.");
    let mut body = described(&request_type.body);
    body["description"] = json!("The body for the target. Other members are allowed and sent as they came.");
    let properties = json!({
        "hostname": {
            "type": "string",
            "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+$",
            "description": "Scheme, host and optional port of the target, which must be on the server's list.",
        },
        "path": { "const": request_type.path, "description": "The path of this request type." },
        "method": { "const": request_type.method, "description": "The method of this request type." },
        "pathParams": path_params(&request_type.path),
        "queryParams": query,
        "body": body,
        "headers": schema("TaskHeaders"),
    });
    let required = ["hostname", "path", "method", "body", "headers"];
    json!({
        "type": "object",
        "description": "The call that will be sent to the target once a checker has approved it.",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn path_params(path: &str) -> Value {
    let names: Vec<&str> = placeholders(path).collect();
    let values = names.iter().map(|name| ((*name).to_owned(), json!({ "type": "string", "minLength": 1 })));
    json!({
        "type": "object",
        "description": "A value for each placeholder in the path.",
        "properties": values.collect::<Map<_, _>>(),
        "required": names,
        "additionalProperties": false,
    })
}

/// Documented members; any others pass.
fn described(documented: &[Member]) -> Value {
    let properties = documented.iter().map(|member| (member.name.clone(), kind(&member.kind)));
    let required = documented.iter().filter(|member| member.required).map(|member| member.name.as_str());
    json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "required": required.collect::<Vec<_>>(),
    })
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::String => json!({ "type": "string" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::StringOrNumber => json!({ "type": ["string", "number"] }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Numbers => json!({
            "description": "A list of numbers. One number alone is stored and sent as a list of one.",
            "oneOf": [
                { "type": "number" },
                { "type": "array", "items": { "type": "number" }, "minItems": 1 },
            ],
        }),
        Kind::Choice(choice) => json!({ "type": "string", "enum": spellings(choice) }),
        Kind::Object(members) => described(members),
    }
}

fn spellings(choice: &Choice) -> Vec<String> {
    let mut all = choice.spellings.clone();
    let upper = choice.spellings.iter().map(|spelling| spelling.to_ascii_uppercase());
    all.extend(upper.filter(|upper| choice.upper_case_too && !choice.spellings.contains(upper)));
    all
}

fn entity_info() -> Value {
    let id = |what: &str| {
        json!({
            "type": "string", "minLength": 1, "maxLength": ENTITY_ID_CHARS_MAX, "pattern": NO_CONTROL,
            "description": format!("The id of the {what}."),
        })
    };
    let mut info = closed(json!({
        "tillId": id("till"), "storeId": id("store"), "zoneId": id("zone"), "conceptId": id("concept"),
    }));
    info["description"] = json!("The part of the organisation that the request is about.");
    info
}

fn task_headers() -> Value {
    json!({
        "type": "object",
        "description": "The headers for the target, each name once whatever its case. Headers of the \
                        connection and of the body's framing, `Accept-Encoding`, and those that the server \
                        sets itself are refused.",
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
        "description": "What the checker says.",
        "properties": {
            "actionDecision": {
                "enum": [Verdict::Approved.name(), Verdict::Rejected.name()],
                "description": "The verdict.",
            },
            "actionMessage": words("The checker's words. They must not be blank on a rejection."),
            "digest": {
                "type": "string",
                "description": "The digest that the checker read. Any other than the request's is answered with 409.",
            },
        },
        "required": ["actionDecision", "actionMessage"],
        "additionalProperties": false,
    });
    closed(json!({
        "requestId": { "type": "string", "format": "uuid", "description": "The id of the request to decide." },
        "actionName": {
            "type": "string",
            "pattern": "^[Aa][Dd][Mm][Ii][Nn][Tt][Aa][Ss][Kk]$",
            "description": "The step that waits: `AdminTask`, in upper or lower case.",
        },
        "payload": closed(json!({ "AdminTask-Payload": task })),
    }))
}

fn withdrawal() -> Value {
    closed(json!({ "reason": words("The maker's words.") }))
}

fn words(description: &str) -> Value {
    json!({ "type": "string", "maxLength": MESSAGE_CHARS_MAX, "pattern": WORDS, "description": description })
}

/// An object with exactly these members, all of them required.
fn closed(properties: Value) -> Value {
    let properties = members(properties);
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}
