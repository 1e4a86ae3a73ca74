//! What the server answers: bodies, headers, and one refusal per status.

use serde_json::{Map, Value, json};

use super::parameters::REFERENCE_HEADER;
use super::{component, members, schema};
use crate::domain::code::Code;
use crate::domain::findings::FindingCode;
use crate::domain::lifecycle::EventType;
use crate::domain::outcome::Outcome;
use crate::domain::policy::Risk;
use crate::domain::request::{State, Verdict};
use crate::domain::request_type::RequestTypes;
use crate::http::error::status;

/// The name of the component that describes all refusals with this status.
pub(super) fn refusal_name(status: u16) -> &'static str {
    match status {
        400 => "Faulty",
        401 => "NotAuthenticated",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        409 => "Conflict",
        413 => "TooLarge",
        415 => "UnsupportedMediaType",
        503 => "Busy",
        _ => "Internal",
    }
}

/// One component per status that a code has.
pub(super) fn refusals() -> Map<String, Value> {
    let statuses = Code::ALL.into_iter().map(|code| status(code).as_u16());
    statuses.map(|status| (refusal_name(status).to_owned(), refusal(status))).collect()
}

fn refusal(status: u16) -> Value {
    let codes = Code::ALL.into_iter().filter(|code| crate::http::error::status(*code).as_u16() == status);
    let meanings: Vec<String> = codes.clone().map(|code| format!("- `{code}`: {}", code.meaning())).collect();
    let codes: Vec<&str> = codes.map(Code::name).collect();
    let narrowed = json!({
        "properties": { "errors": { "items": { "properties": { "code": { "enum": codes } } } } },
    });
    let mut headers = always();
    let own = match status {
        401 => Some("WWW-Authenticate"),
        405 => Some("Allow"),
        503 => Some("Retry-After"),
        _ => None,
    };
    headers.extend(own.map(|name| (name.to_owned(), component("headers", name))));
    json!({
        "description": format!("Nothing was done, because of one of these codes:\n\n{}", meanings.join("\n")),
        "headers": headers,
        "content": { "application/json": { "schema": { "allOf": [schema("Error"), narrowed] } } },
    })
}

/// References to the headers of every answer.
fn always() -> Map<String, Value> {
    [REFERENCE_HEADER, "traceparent"]
        .map(|name| (name.to_owned(), component("headers", name)))
        .into_iter()
        .collect()
}

/// Every header that an answer may have.
pub(super) fn headers() -> Map<String, Value> {
    let header = |required: bool, schema: Value, description: &str| json!({ "required": required, "schema": schema, "description": description });
    let text = || json!({ "type": "string" });
    let reference = json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" });
    members(json!({
        "X-CAP-REQUEST-ID": header(true, reference, "The id under which the log has this call."),
        "traceparent": header(false, text(), "The trace context that the caller sent."),
        "Retry-After": header(true, json!({ "type": "integer" }), "The seconds to wait before the next try."),
        "Allow": header(true, text(), "The methods of this path."),
        "WWW-Authenticate": header(true, json!({ "const": "Bearer" }), "The kind of token that is asked for."),
        "Preference-Applied": header(false, json!({ "const": "respond-async" }), "Says that the answer did not wait for the target."),
        "Idempotent-Replayed": header(false, json!({ "const": "true" }), "Says that the `Idempotency-Key` was used for just this before."),
        "Content-Disposition": header(true, text(), "The name under which to save the file."),
    }))
}

/// A successful answer in JSON.
pub(super) fn success(description: &str, body: &Value, more_headers: &[&str]) -> Value {
    answer(description, json!({ "application/json": { "schema": body } }), more_headers)
}

/// An answer with this content.
pub(super) fn answer(description: &str, content: Value, more_headers: &[&str]) -> Value {
    let mut headers = always();
    headers.extend(more_headers.iter().map(|name| ((*name).to_owned(), component("headers", name))));
    json!({ "description": description, "headers": headers, "content": content })
}

/// `{"data": …}` around a schema.
pub(super) fn data(inner: Value) -> Value {
    open(&["data"], json!({ "data": inner }))
}

/// `{"data": […], "pagination": {…}}` around a schema.
pub(super) fn page(item: Value, pagination: &str) -> Value {
    let properties = json!({ "data": { "type": "array", "items": item }, "pagination": schema(pagination) });
    open(&["data", "pagination"], properties)
}

/// The schemas of every body that is answered.
pub(super) fn schemas(types: &RequestTypes) -> Map<String, Value> {
    members(json!({
        "Error": error(),
        "State": { "type": "string", "enum": State::ALL.map(State::name), "description": "Where a request stands." },
        "UserId": { "type": ["integer", "string"], "description": "A user id; plain numbers are shown as numbers." },
        "Digest": { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$", "description": "The SHA-256 of the exact call." },
        "Person": person(),
        "Request": request(types),
        "ExplainedRequest": explained(),
        "BulkResult": bulk_result(),
        "StandingDecision": standing_decision(),
        "Stage": stage(),
        "Details": details(),
        "Task": task(),
        "TargetAnswer": target_answer(),
        "Pagination": pagination(),
        "CursorPagination": cursor_pagination(),
        "HistoryEntry": history_entry(),
        "Refusal": kept_refusal(),
        "Liveness": open(&["status"], json!({ "status": { "const": "ok" } })),
        "Readiness": readiness(),
    }))
}

/// An object with these members; others may be there.
fn open(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn instant() -> Value {
    json!({ "type": "string", "format": "date-time", "description": "RFC 3339 in UTC with microseconds." })
}

fn local_time() -> Value {
    json!({
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$",
        "description": "Date and time in the server's configured offset.",
    })
}

fn all_of(properties: &Value) -> Vec<String> {
    properties.as_object().into_iter().flat_map(Map::keys).cloned().collect()
}

/// An object with all of these members; others may be there.
fn complete(properties: Value) -> Value {
    let required = all_of(&properties);
    json!({ "type": "object", "required": required, "properties": properties })
}

fn error() -> Value {
    let codes = Code::ALL.map(Code::name).to_vec();
    let item = json!({
        "code": { "type": "string", "enum": codes, "description": "A stable word." },
        "message": { "type": "string", "description": "A sentence that says what to do." },
        "field": { "type": "string", "description": "A JSON pointer into the body, or the name of a parameter or header." },
        "reference": { "type": "string", "description": "The id under which the log has this call." },
    });
    let mut body = complete(json!({
        "data": { "type": "null" },
        "errors": { "type": "array", "minItems": 1, "items": open(&["code", "message", "reference"], item) },
        "warnings": { "type": "array", "maxItems": 0 },
    }));
    body["description"] = json!("What every call that was refused gets; all faults are listed at once.");
    body
}

fn person() -> Value {
    complete(json!({ "userId": schema("UserId"), "userName": text(), "sub": text() }))
}

fn request(types: &RequestTypes) -> Value {
    let types: Vec<String> = types.iter().map(|known| known.name.lower()).collect();
    let call = complete(json!({
        "method": text(),
        "url": { "type": "string", "format": "uri" },
        "host": text(),
        "label": { "type": "string", "description": "The operator's word for the target, such as Production." },
    }));
    // No enumeration: requests outlive the types that they were submitted under.
    let request_type = json!({ "type": "string", "pattern": "^[a-z0-9_-]+$", "examples": types });
    let mut request = complete(json!({
        "requestId": { "type": "string", "format": "uuid" },
        "userId": schema("UserId"),
        "userName": { "type": "string", "description": "The maker's name." },
        "requestType": request_type,
        "state": schema("State"),
        "startTime": local_time(),
        "endTime": or_null(local_time()),
        "startTimeISO": instant(),
        "endTimeISO": or_null(instant()),
        "digest": schema("Digest"),
        "version": count("Rises with everything that happens to the request."),
        "bulkAllowed": {
            "type": "boolean",
            "description": "Whether it may be decided together with others, as its type and rule say.",
        },
        "call": call,
        "details": schema("Details"),
        "decisions": decisions("Every decision, the first one first; `details` holds the last."),
        "warnings": {
            "type": "array",
            "description": "What the submission was warned of, and the parts of an executed call that the target said did not work.",
            "items": complete(json!({ "code": text(), "message": text() })),
        },
    }));
    let (terms, deadlines) = (members(terms()), members(deadlines()));
    let new: Vec<Value> = terms.keys().chain(deadlines.keys()).map(|name| name.as_str().into()).collect();
    if let Some(required) = request["required"].as_array_mut() {
        required.extend(new);
    }
    if let Some(properties) = request["properties"].as_object_mut() {
        properties.extend(terms.into_iter().chain(deadlines));
        // Told only of a request that expired.
        properties.insert("expiredFrom".to_owned(), expired_from());
    }
    request
}

/// Under which terms a request was admitted.
fn terms() -> Value {
    let risks: Vec<&str> = [Risk::Low, Risk::Medium, Risk::High].map(Risk::name).to_vec();
    json!({
        "summary": { "type": "string", "description": "One sentence about the call; hidden fields are not in it." },
        "rule": { "type": "string", "description": "The rule of the type's approval policy that applies; empty for a request from before there were policies." },
        "risk": or_null(json!({ "type": "string", "enum": risks })),
        "subject": { "type": ["string", "null"], "description": "What the request is about, such as a customer." },
    })
}

fn deadlines() -> Value {
    let by = |description: &str| {
        or_null(json!({ "type": "string", "format": "date-time", "description": description }))
    };
    json!({
        "dueAt": by("By when the rule wants it decided; being late changes nothing but the order."),
        "decideBefore": instant(),
        "executeBefore": by("From this instant on the approved call is not sent any more."),
    })
}

fn expired_from() -> Value {
    let states = [State::AdminTask, State::Approved].map(State::name);
    json!({ "type": "string", "enum": states, "description": "Which deadline an expired request missed." })
}

fn decisions(description: &str) -> Value {
    json!({ "type": "array", "items": schema("StandingDecision"), "description": description })
}

fn standing_decision() -> Value {
    let verdicts = [Verdict::Approved.name(), Verdict::Rejected.name()];
    let mut decision = complete(json!({
        "actor": schema("Person"),
        "decision": { "type": "string", "enum": verdicts },
        "message": text(),
        "at": instant(),
        "digest": schema("Digest"),
        "stage": { "type": "integer", "minimum": 1, "description": "The stage that was current, counted from 1." },
        "signedAs": signed_as(),
    }));
    decision["description"] = json!("What one person said about a request.");
    decision
}

fn signed_as() -> Value {
    json!({ "type": "array", "items": text(), "description": "The groups and rights that he held for it." })
}

/// What only the answer about one request has: it is about the reader.
fn bulk_result() -> Value {
    let mut result = complete(json!({
        "requestId": { "type": "string", "format": "uuid" },
        "outcome": {
            "enum": ["recorded", "repeated", "refused"],
            "description": "`recorded` is new, `repeated` stood already, `refused` was not recorded.",
        },
        "state": or_null(schema("State")),
    }));
    result["properties"]["code"] = json!({ "type": "string", "description": "Of a refused one: the code of the same decision made alone." });
    result["properties"]["message"] =
        json!({ "type": "string", "description": "Of a refused one: what stands." });
    result["description"] = json!("What became of one decision among many.");
    result
}

fn explained() -> Value {
    let reason = complete(json!({ "code": text(), "message": text() }));
    let finding = complete(json!({
        "code": { "type": "string", "enum": FindingCode::ALL.map(FindingCode::name) },
        "level": { "type": "string", "enum": ["note", "warning"] },
        "message": text(),
        "field": { "type": ["string", "null"], "description": "A JSON pointer into the task." },
    }));
    let mut fresh_sign_in = complete(json!({
        "withinSeconds": count("So old may the sign-in of somebody who approves be."),
        "isFresh": { "type": "boolean", "description": "Whether the reader's will do." },
    }));
    fresh_sign_in["description"] = json!("What the rule asks of the sign-in of those who approve.");
    let told = complete(json!({
        "canDecide": { "type": "boolean", "description": "Whether the reader may decide it now." },
        "whyNot": { "type": "array", "items": reason, "description": "Why he may not; empty if he may." },
        "myDecision": or_null(schema("StandingDecision")),
        "freshSignIn": or_null(fresh_sign_in),
        "stages": { "type": "array", "items": schema("Stage"), "description": "In order; empty if the rule asks for nobody." },
        "findings": { "type": "array", "items": finding, "description": "What to look at twice." },
    }));
    json!({
        "allOf": [schema("Request"), told],
        "description": "A request, and what its reader is told beyond it.",
    })
}

fn stage() -> Value {
    let seat = complete(json!({
        "who": { "type": "string", "description": "`group:` or `permission:` and its name." },
        "count": count("How many people it takes."),
        "got": count("How many it has."),
    }));
    let mut properties = members(json!({
        "name": text(),
        "isComplete": { "type": "boolean" },
        "isCurrent": { "type": "boolean" },
        "seats": { "type": "array", "items": seat },
        "decidedBy": decisions("The decisions in this stage."),
        "needs": { "type": "array", "items": text(), "description": "What is still needed, such as `Finance: 1 of 2`." },
    }));
    let required: Vec<String> = properties.keys().cloned().collect();
    properties.insert("anyOf".to_owned(), count("Instead of every seat, so many people of any of them."));
    json!({
        "type": "object", "required": required, "properties": properties,
        "description": "One step of the approval.",
    })
}

fn details() -> Value {
    let verdicts = [Verdict::Approved.name(), Verdict::Rejected.name()];
    let ballot = complete(json!({ "actionDecision": { "enum": verdicts }, "actionMessage": text() }));
    let properties = json!({
        "IntouchAPITask-Payload": schema("Task"),
        "ValidateMakerAccess_Output": { "type": "boolean" },
        "ValidatePayload_Output": { "type": "boolean" },
        "AdminTask-Payload": ballot,
        "AdminTask_Output": { "enum": verdicts },
        "ValidateCheckerAccess_Output": { "type": "boolean" },
        "IntouchAPITask_Output": schema("TargetAnswer"),
    });
    let mut details =
        open(&["IntouchAPITask-Payload", "ValidateMakerAccess_Output", "ValidatePayload_Output"], properties);
    details["dependentRequired"] = json!({
        "AdminTask-Payload": ["AdminTask_Output", "ValidateCheckerAccess_Output"],
    });
    details["description"] = json!(
        "What went into each step and what came out of it, as far as it has got. A request whose rule asks for \
         nobody has no `AdminTask`."
    );
    details
}

fn task() -> Value {
    let strings = || json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let properties = json!({
        "hostname": text(),
        "path": text(),
        "method": text(),
        "pathParams": strings(),
        "queryParams": strings(),
        "body": { "type": "object" },
        "headers": strings(),
    });
    let mut task = open(&["hostname", "path", "method", "body", "headers"], properties);
    task["description"] = json!(
        "The call as it will be sent. Only the answer to the submission shows credentials as they were sent; \
         everywhere else they are masked, as in `Basic ••••`."
    );
    task
}

fn target_answer() -> Value {
    let properties = json!({
        "status": { "type": "integer", "description": "The HTTP status of the target's answer." },
        "headers": { "type": "object", "additionalProperties": { "type": "array", "items": text() } },
        "body": { "description": "JSON as it came, other text as a string, anything else in base64." },
        "bodyEncoding": { "const": "base64", "description": "Is there when the body is in base64." },
        "bodyOmitted": { "const": true, "description": "Is there when a list leaves a large body out." },
        "cut": { "const": true, "description": "Is there when the answer went on past the server's limit." },
        "bodyBytes": { "type": "integer", "minimum": 0, "description": "How many bytes of the body are kept." },
    });
    let mut answer = open(&["status", "headers", "body", "bodyBytes"], properties);
    answer["description"] = json!("What the target answered.");
    answer
}

fn next() -> Value {
    json!({ "type": ["string", "null"], "description": "What to give as `after` for the next page, if there is one." })
}

fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

fn pagination() -> Value {
    let properties = json!({
        "totalElements": count("How many requests there are in all; absent with `after` and in views of the reader."),
        "totalPages": count("How many pages there are in all; absent with `after` and in views of the reader."),
        "numberOfElements": count("How many requests are on this page."),
        "number": count("The number of this page, counted from 0; absent with `after` and in views of the reader."),
        "count": {
            "type": "string",
            "pattern": "^(?:[0-9]{1,4}|1000\\+)$",
            "description": "How many requests need the reader, exact to 1000 and then `1000+`; on the first page of `view=needs_me` only.",
        },
        "next": next(),
    });
    let mut pagination = open(&["numberOfElements", "next"], properties);
    pagination["dependentRequired"] = json!({
        "number": ["totalElements", "totalPages"], "totalElements": ["number"], "totalPages": ["number"],
    });
    pagination
}

fn cursor_pagination() -> Value {
    complete(json!({ "numberOfElements": count("How many refusals are on this page."), "next": next() }))
}

fn history_entry() -> Value {
    let of_requests = EventType::ALL.into_iter().filter(|known| known.is_of_request());
    let event_types: Vec<&str> = of_requests.map(EventType::name).collect();
    let mut properties = members(json!({
        "seq": { "type": "integer", "minimum": 1 },
        "eventId": { "type": "string", "format": "uuid" },
        "at": instant(),
        "type": { "type": "string", "enum": event_types },
        "actor": schema("Person"),
        "from": or_null(schema("State")),
        "to": or_null(schema("State")),
        "message": { "type": ["string", "null"] },
        "digest": or_null(schema("Digest")),
        "reference": text(),
    }));
    let required: Vec<String> = properties.keys().cloned().collect();
    properties.extend(members(json!({
        "attempt": { "type": "integer", "minimum": 1 },
        "outcome": { "type": "string", "enum": Outcome::ALL.map(Outcome::name) },
        "entityInfo": schema("EntityInfo"),
        "code": { "type": "string", "description": "The code of an attempt on the request that was refused." },
        "typeVersion": { "type": "string", "description": "The version of the request type's rules." },
        "rule": { "type": "string", "description": "The rule that asks for nobody." },
        "stage": { "type": "integer", "minimum": 1, "description": "The stage of a decision, counted from 1." },
        "signedAs": signed_as(),
        "ValidateMakerAccess_Output": { "type": "boolean" },
        "ValidatePayload_Output": { "type": "boolean" },
    })));
    json!({
        "type": "object", "required": required, "properties": properties,
        "description": "One event in the life of a request.",
    })
}

fn kept_refusal() -> Value {
    let codes = Code::ALL.map(Code::name).to_vec();
    let mut refusal = complete(json!({
        "refusalId": { "type": "string", "format": "uuid" },
        "at": instant(),
        "actor": schema("Person"),
        "requestType": { "type": "string", "description": "The type as the path spelled it." },
        "codes": { "type": "array", "minItems": 1, "items": { "enum": codes } },
        "digest": or_null(schema("Digest")),
        "count": { "type": "integer", "minimum": 1, "description": "How many refusals this entry stands for." },
        "reference": text(),
    }));
    refusal["description"] =
        json!("A submission that was refused. What was sent is not kept, only its digest, if it was read.");
    refusal
}

fn readiness() -> Value {
    let word = || json!({ "enum": ["ok", "failing"] });
    let rules = json!({
        "enum": ["ok", "stale"],
        "description": "`stale` if the request types or people could not be read anew: the old ones are in force.",
    });
    let checks =
        complete(json!({ "database": word(), "migrations": word(), "executor": word(), "rules": rules }));
    complete(json!({ "status": word(), "checks": checks }))
}
