//! One operation per route and method; the route of the request types has one path for each type.

use serde_json::{Map, Value, json};

use super::answers::{answer, data, page, refusal_name, success};
use super::bodies::{self, camel};
use super::{component, members, parameters, schema};
use crate::api::BASE;
use crate::domain::actor::Permission;
use crate::domain::request_type::{RequestType, RequestTypes};

/// What a call that reads can be refused with.
const READING: &[u16] = &[400, 401, 403, 500, 503];
/// What a call about one request can be refused with.
const READING_ONE: &[u16] = &[400, 401, 403, 404, 500, 503];
/// What a submission can be refused with.
const SUBMITTING: &[u16] = &[400, 401, 403, 409, 413, 415, 500, 503];
/// What a call that moves many requests can be refused with as a whole.
const MOVING_MANY: &[u16] = &[400, 401, 403, 413, 415, 500, 503];
/// What a call that moves a request can be refused with.
const MOVING: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 500, 503];

/// Every path of the API.
pub(super) fn paths(types: &RequestTypes) -> Map<String, Value> {
    let base = |path: &str| format!("{BASE}{path}");
    let mut paths = Map::new();
    for request_type in types.iter() {
        let path = base(&format!("/{}", request_type.name));
        paths.insert(path, json!({ "post": submit(request_type), "put": decide(request_type) }));
    }
    let mut get = |path: String, operation: Operation| {
        paths.insert(path, json!({ "get": operation.render() }));
    };
    get(base("/requests"), list());
    get(base("/requests/export"), export());
    get(base("/requests/{requestId}"), get_one());
    get(base("/requests/{requestId}/history"), history());
    get(base("/refusals"), refusals());
    get("/health/live".to_owned(), live());
    get("/health/ready".to_owned(), ready());
    get("/metrics".to_owned(), metrics());
    get("/openapi.json".to_owned(), openapi());
    paths.insert(base("/bulk-decisions"), json!({ "put": decide_many().render() }));
    paths.insert(base("/requests/{requestId}/withdraw"), json!({ "post": withdraw().render() }));
    paths
}

/// An operation before it is put into the document's shape.
struct Operation {
    id: String,
    tag: &'static str,
    summary: String,
    description: String,
    parameters: Vec<Value>,
    body: Option<Value>,
    success: Value,
    refused: &'static [u16],
    /// An answer that is no success and has a body of its own.
    special: Option<(&'static str, Value)>,
}

impl Operation {
    fn render(self) -> Value {
        let mut responses = members(json!({ "200": self.success }));
        let refused = self.refused.iter();
        responses.extend(
            refused.map(|&status| (status.to_string(), component("responses", refusal_name(status)))),
        );
        responses.extend(self.special.map(|(status, answer)| (status.to_owned(), answer)));
        let mut operation = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "parameters": self.parameters,
            "responses": responses,
        });
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        if self.tag == "Operating" {
            operation["security"] = json!([]);
        }
        operation
    }
}

/// References to these parameters and to those that every call has.
fn given(names: &[&str]) -> Vec<Value> {
    parameters::of(&[names, &["reference", "traceparent"]].concat())
}

fn submit(request_type: &RequestType) -> Value {
    let links = json!({
        "read": link("getRequest", "Reads the request."),
        "history": link("getRequestHistory", "Reads what happened to the request."),
        "withdraw": link("withdrawRequest", "Takes the request back."),
    });
    let description =
        "The request waits in `AdminTask`, or is approved if a rule of its policy asks for nobody.";
    let mut success = success(description, &data(schema("Request")), &["Idempotent-Replayed"]);
    success["links"] = links;
    let operation = Operation {
        id: format!("submit{}", camel(request_type)),
        tag: "Making",
        summary: format!("Submit a request of the type {}.", request_type.name),
        description: format!(
            "Stores the call for those to decide whom the type's approval policy names. Needs the right `{}`. A \
             call that is refused makes no request, but auditors see that it was refused.",
            Permission::Make.name()
        ),
        parameters: given(&["org", "idempotencyKey"]),
        body: Some(bodies::submit(request_type)),
        success,
        refused: SUBMITTING,
        special: None,
    };
    operation.render()
}

fn link(operation: &str, description: &str) -> Value {
    json!({
        "operationId": operation,
        "description": description,
        "parameters": { "requestId": "$response.body#/data/requestId" },
    })
}

fn decide(request_type: &RequestType) -> Value {
    let description =
        "The request as it stands. If the target failed, this is the answer, too, with the state `failed`.";
    let operation = Operation {
        id: format!("decide{}", camel(request_type)),
        tag: "Deciding",
        summary: format!("Approve or reject a request of the type {}.", request_type.name),
        description: format!(
            "Needs the right `{}` and a seat in the current stage; nobody decides his own request, and nobody \
             counts twice. Until the last approval the state stays `AdminTask`. An approved call is sent at \
             once, and the answer waits for its outcome, but not longer than the server's `decision_wait_ms`: \
             then the state is still `approved`. The same decision sent again is answered with the request as \
             it stands, and nothing is sent again.",
            Permission::Check.name()
        ),
        parameters: given(&["org", "prefer"]),
        body: Some(bodies::decide()),
        success: success(description, &data(schema("Request")), &["Preference-Applied"]),
        refused: MOVING,
        special: None,
    };
    operation.render()
}

fn decide_many() -> Operation {
    let results = json!({ "type": "array", "items": schema("BulkResult") });
    Operation {
        id: "decideMany".to_owned(),
        tag: "Deciding",
        summary: "Approve or reject many requests.".to_owned(),
        description: format!(
            "Needs the right `{}`. Each is a decision of its own, with its own digest and history: one that is \
             refused does not hold the others up, and all of them are not one transaction. Only requests with \
             `bulkAllowed` are decided like this. The answer does not wait for the targets. Sent again, what was \
             recorded is `repeated`, and nothing is sent again; that is also what to do after a 500 or 503.",
            Permission::Check.name()
        ),
        parameters: given(&["org"]),
        body: Some(bodies::decide_many()),
        success: success("What became of each, in the order asked.", &data(results), &[]),
        refused: MOVING_MANY,
        special: None,
    }
}

fn withdraw() -> Operation {
    Operation {
        id: "withdrawRequest".to_owned(),
        tag: "Making",
        summary: "Take one's own request back.".to_owned(),
        description:
            "Only the maker may do this, and only while the request waits. Nothing is deleted. Sent \
                      again, it is answered with the request as it stands."
                .to_owned(),
        parameters: given(&["requestId", "org"]),
        body: Some(bodies::withdraw()),
        success: success("The withdrawn request.", &data(schema("Request")), &[]),
        refused: MOVING,
        special: None,
    }
}

fn get_one() -> Operation {
    Operation {
        id: "getRequest".to_owned(),
        tag: "Reading",
        summary: "Read one request.".to_owned(),
        description: "Makers see their own requests, checkers and auditors every request of the org."
            .to_owned(),
        parameters: given(&["requestId", "orgOrOnly"]),
        body: None,
        success: success("The request.", &data(schema("ExplainedRequest")), &[]),
        refused: READING_ONE,
        special: None,
    }
}

fn history() -> Operation {
    let entries = json!({ "type": "array", "items": schema("HistoryEntry") });
    Operation {
        id: "getRequestHistory".to_owned(),
        tag: "Reading",
        summary: "Read what happened to one request.".to_owned(),
        description: "Every event in order: who did what when, and what was refused.".to_owned(),
        parameters: given(&["requestId", "orgOrOnly"]),
        body: None,
        success: success("The events, oldest first.", &data(entries), &[]),
        refused: READING_ONE,
        special: None,
    }
}

fn list() -> Operation {
    let mut parameters = parameters::filters();
    parameters.extend(given(&["view", "limit", "PageNo", "after", "orgOrOnly"]));
    Operation {
        id: "listRequests".to_owned(),
        tag: "Reading",
        summary: "List requests.".to_owned(),
        description: "Makers see their own requests, checkers and auditors every request of the org. Pages are \
                      numbered, or follow each other by `after`, which costs the same at any depth. A target's \
                      answer of more than 16 KiB is left out and marked."
            .to_owned(),
        parameters,
        body: None,
        success: success("One page of requests.", &page(schema("Request"), "Pagination"), &[]),
        refused: READING,
        special: None,
    }
}

fn export() -> Operation {
    let text = |description: &str| json!({ "schema": { "type": "string", "description": description } });
    let content = json!({
        "text/csv": text("A header line, then one line per request."),
        "application/x-ndjson": text("One request per line, as the list shows it."),
    });
    let mut parameters = vec![parameters::format()];
    parameters.extend(parameters::filters());
    parameters.extend(given(&["orgOrOnly"]));
    Operation {
        id: "exportRequests".to_owned(),
        tag: "Auditing",
        summary: "Export requests.".to_owned(),
        description: format!(
            "Streams every request of the org that the filters let through. Needs the right `{}`. If something \
             goes wrong on the way, the connection breaks off, so that a part can't pass for the whole.",
            Permission::Audit.name()
        ),
        parameters,
        body: None,
        success: answer("The requests.", content, &["Content-Disposition"]),
        refused: READING,
        special: None,
    }
}

fn refusals() -> Operation {
    Operation {
        id: "listRefusals".to_owned(),
        tag: "Auditing",
        summary: "List submissions that were refused.".to_owned(),
        description: format!("Needs the right `{}`. Newest first.", Permission::Audit.name()),
        parameters: given(&["limit", "after", "orgOrOnly"]),
        body: None,
        success: success("One page of refusals.", &page(schema("Refusal"), "CursorPagination"), &[]),
        refused: READING,
        special: None,
    }
}

fn operating(id: &str, summary: &str, description: &str, success: Value) -> Operation {
    Operation {
        id: id.to_owned(),
        tag: "Operating",
        summary: summary.to_owned(),
        description: description.to_owned(),
        parameters: given(&[]),
        body: None,
        success,
        refused: &[],
        special: None,
    }
}

fn live() -> Operation {
    let success = success("The process answers.", &schema("Liveness"), &[]);
    operating("live", "Is the process alive?", "Looks at nothing else.", success)
}

fn ready() -> Operation {
    let description = "The database answers, its migrations are current, and the executor is alive.";
    let ready = success(description, &schema("Readiness"), &[]);
    let failing = success("At least one check is failing.", &schema("Readiness"), &[]);
    let summary = "Is the server ready for calls?";
    let description =
        "Checks the database, its migrations and the executor, and tells whether the rules are stale.";
    Operation { special: Some(("503", failing)), ..operating("ready", summary, description, ready) }
}

fn metrics() -> Operation {
    let content = json!({ "application/openmetrics-text": { "schema": { "type": "string" } } });
    let success = answer("The metrics.", content, &[]);
    operating(
        "metrics",
        "Read the metrics.",
        "Counters and gauges in the text format of OpenMetrics.",
        success,
    )
}

fn openapi() -> Operation {
    let body = json!({ "type": "object", "required": ["openapi", "info", "paths"] });
    let success = success("The document.", &body, &[]);
    operating("openapi", "Read this document.", "The description of this API in OpenAPI 3.1.", success)
}
