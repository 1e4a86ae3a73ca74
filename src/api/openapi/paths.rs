//! One operation per route and method; the route of the request types is one path per type.

use serde_json::{Map, Value, json};

use super::answers::{answer, success};
use super::bodies::{self, camel};
use super::operation::{
    MOVING, MOVING_MANY, OPERATING, Operation, READING, READING_ONE, SUBMITTING, TOKENS, given,
};
use super::parameters::OAUTH_HEADER;
use super::{auditing, parameters, revising, schemas, searching, settling};
use crate::api::{BASE, TOKEN_PATH};
use crate::domain::actor::Permission;
use crate::domain::request_type::{RequestType, RequestTypes};
use crate::http::query::INBOX_PARAMETERS;
use crate::http::wire::{
    BulkResultBody, Data, ErrorOrTokenBody, ExplainedBody, List, Liveness, Readiness, RequestBody,
    RequestPage, TokenBody, TrailEntryBody,
};

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
    get(base("/requests/export"), auditing::export());
    get(base("/requests/search"), searching::search());
    get(base("/requests/{requestId}"), get_one());
    get(base("/requests/{requestId}/history"), history());
    get(base("/requests/{requestId}/revisions/{revision}"), revising::revision());
    get(base("/refusals"), auditing::refusals());
    get(base("/trail"), auditing::trail());
    get(base("/target-hosts"), auditing::target_hosts());
    get(base("/deliveries"), auditing::deliveries());
    get("/health/live".to_owned(), live());
    get("/health/ready".to_owned(), ready());
    get("/metrics".to_owned(), metrics());
    get("/openapi.json".to_owned(), openapi());
    paths.insert(
        base("/deliveries/{deliveryId}/redeliver"),
        json!({ "post": auditing::redeliver().render() }),
    );
    paths.insert(TOKEN_PATH.to_owned(), json!({ "post": client_token().render() }));
    paths.insert(base("/bulk-decisions"), json!({ "put": decide_many().render() }));
    paths.insert(
        base("/requests/{requestId}/submit-again"),
        json!({ "post": revising::submit_again().render() }),
    );
    let request = |path: &str| base(&format!("/requests/{{requestId}}/{path}"));
    paths.insert(request("comments"), json!({ "post": revising::comment().render() }));
    paths.insert(request("send-back"), json!({ "post": revising::send_back().render() }));
    paths.insert(request("resubmit"), json!({ "post": revising::resubmit(types).render() }));
    paths.insert(base("/requests/{requestId}/withdraw"), json!({ "post": withdraw().render() }));
    paths.insert(base("/requests/{requestId}/settle"), json!({ "post": settling::settle().render() }));
    paths.insert(base("/requests/{requestId}/probe"), json!({ "post": settling::probe().render() }));
    paths
}

fn submit(request_type: &RequestType) -> Value {
    let links = json!({
        "read": link("getRequest", "Reads the request."),
        "history": link("getRequestHistory", "Reads the events of the request."),
        "withdraw": link("withdrawRequest", "Withdraws the request."),
        "submitAgain": link("submitRequestAgain", "Submits the request again once it ended without its call."),
    });
    let description = "The request in the state `AdminTask`, or `approved` if its rule needs no approval.";
    let mut success = success(description, &schemas::of::<Data<RequestBody>>(), &["Idempotent-Replayed"]);
    success["links"] = links;
    let operation = Operation {
        id: format!("submit{}", camel(request_type)),
        tag: "Making",
        summary: format!("Submit a request of the type {}.", request_type.name),
        description: format!(
            "Stores the call until the people named by the type's approval policy have decided it. Needs the \
             permission `{}`. A refused submission makes no request, but auditors see the refusal.",
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
    let description = "The request in its current state. If the target failed, that is `failed`.";
    let operation = Operation {
        id: format!("decide{}", camel(request_type)),
        tag: "Deciding",
        summary: format!("Approve or reject a request of the type {}.", request_type.name),
        description: format!(
            "Needs the permission `{}` and a seat in the current stage. Makers can't decide their own requests, \
             and each person counts once. The state stays `AdminTask` until the last approval. An approved call \
             is sent at once. From the second revision of a request on, a decision must name the `digest` of the \
             present one. The answer waits for its outcome, but at most for the server's `decision_wait_ms`; \
             after that the state is still `approved`. If the same decision is sent again, the answer is the \
             request in its current state, and the call is not sent again.",
            Permission::Check.name()
        ),
        parameters: given(&["org", "prefer"]),
        body: Some(bodies::decide()),
        success: success(description, &schemas::of::<Data<RequestBody>>(), &["Preference-Applied"]),
        refused: MOVING,
        special: None,
    };
    operation.render()
}

fn decide_many() -> Operation {
    Operation {
        id: "decideMany".to_owned(),
        tag: "Deciding",
        summary: "Approve or reject many requests.".to_owned(),
        description: format!(
            "Needs the permission `{}`. Each request gets its own decision with its own digest and event. They \
             are not one transaction: the others are recorded even if one is refused. Only requests with \
             `bulkAllowed` can be decided like this, and of those a type may keep out what has a warning when it \
             is decided. The answer does not wait for the targets. If the same call \
             is sent again, decisions that were recorded are `repeated`, and nothing is sent to a target again; \
             do this after a 500 or 503.",
            Permission::Check.name()
        ),
        parameters: given(&["org"]),
        body: Some(bodies::decide_many()),
        success: success(
            "One result per request, in the order sent.",
            &schemas::of::<List<BulkResultBody>>(),
            &[],
        ),
        refused: MOVING_MANY,
        special: None,
    }
}

fn withdraw() -> Operation {
    Operation {
        id: "withdrawRequest".to_owned(),
        tag: "Making",
        summary: "Withdraw a request.".to_owned(),
        description:
            "Only the maker can withdraw a request, and only until its call is sent. Nothing is deleted. If the same call \
             is sent again, the answer is the withdrawn request."
                .to_owned(),
        parameters: given(&["requestId", "org"]),
        body: Some(bodies::withdraw()),
        success: success("The withdrawn request.", &schemas::of::<Data<RequestBody>>(), &[]),
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
        success: success("The request.", &schemas::of::<Data<ExplainedBody>>(), &[]),
        refused: READING_ONE,
        special: None,
    }
}

fn history() -> Operation {
    Operation {
        id: "getRequestHistory".to_owned(),
        tag: "Reading",
        summary: "Read the trail of one request.".to_owned(),
        description: "Every event in order: who did what and when, and which commands were refused."
            .to_owned(),
        parameters: given(&["requestId", "orgOrOnly"]),
        body: None,
        success: success("The events, oldest first.", &schemas::of::<List<TrailEntryBody>>(), &[]),
        refused: READING_ONE,
        special: None,
    }
}

fn list() -> Operation {
    let mut parameters = parameters::filters();
    parameters.extend(given(&["view", "limit", "PageNo", "after", "orgOrOnly"]));
    parameters.extend(parameters::of(&INBOX_PARAMETERS));
    Operation {
        id: "listRequests".to_owned(),
        tag: "Reading",
        summary: "List requests.".to_owned(),
        description: "Makers see their own requests, checkers and auditors every request of the org. Pages are \
                      numbered, or linked by `after`, which is equally fast at any depth. A target's response of \
                      more than 16 KiB is left out and has `bodyOmitted`."
            .to_owned(),
        parameters,
        body: None,
        success: success("One page of requests.", &schemas::of::<RequestPage>(), &[]),
        refused: READING,
        special: None,
    }
}

fn client_token() -> Operation {
    let refused = success(
        "Key and secret are not those of a client.",
        &schemas::of::<ErrorOrTokenBody>(),
        &["WWW-Authenticate"],
    );
    Operation {
        id: "generateClientToken".to_owned(),
        tag: "Clients",
        summary: "Get a token for an OAuth client.".to_owned(),
        description: format!(
            "The token goes into `{OAUTH_HEADER}` of each call. There is no such path while `gateway.mode` is \
             `off`."
        ),
        parameters: given(&[]),
        body: Some(bodies::credentials()),
        success: success("A new token.", &schemas::of::<TokenBody>(), &[]),
        refused: TOKENS,
        special: Some(("401", refused)),
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
        refused: OPERATING,
        special: None,
    }
}

fn live() -> Operation {
    let success = success("The process answers.", &schemas::of::<Liveness>(), &[]);
    operating("live", "Is the process alive?", "Checks nothing else.", success)
}

fn ready() -> Operation {
    let description = "The database answers, its migrations are current, and the executor is alive.";
    let ready = success(description, &schemas::of::<Readiness>(), &[]);
    let failing = success("At least one check is failing.", &schemas::of::<Readiness>(), &[]);
    let summary = "Is the server ready for calls?";
    let description =
        "Checks the database, its migrations and the executor, and reports whether the rules are stale.";
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
    let body = json!({
        "type": "object",
        "required": ["openapi", "info", "paths"],
        "properties": {
            "openapi": { "type": "string", "description": "The version of OpenAPI." },
            "info": { "type": "object", "description": "Title, version and licence of this API." },
            "paths": { "type": "object", "description": "Every path with its operations." },
        },
    });
    let success = success("The document.", &body, &[]);
    operating("openapi", "Read this document.", "The description of this API in OpenAPI 3.1.", success)
}
