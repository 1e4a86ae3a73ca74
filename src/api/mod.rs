//! The HTTP API: the calls of the contract, and those that Countersign adds.
//!
//! A handler has three steps: read, one engine call, answer. **Invariant:** nothing here knows the
//! store, and [`crate::http::error`] alone knows status codes.

pub mod actor;
pub mod bulk;
pub mod decisions;
pub mod deliveries;
mod export;
pub mod health;
mod inbox;
mod oauth_token;
pub mod openapi;
pub mod refusals;
pub mod requests;
pub mod revisions;
mod search;
pub mod settlement;
mod submit_again;
pub mod target_hosts;
mod through_gate;
pub mod trail;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, Resource, Route, web};
use chrono::FixedOffset;
use tokio::sync::watch;

use crate::auth::Verifier;
use crate::domain::ids::RequestId;
use crate::domain::request::Request;
use crate::domain::target_host::TargetHost;
use crate::engine::Engine;
use crate::engine::liveness::Liveness;
use crate::gateway::Gate;
use crate::http::error::ApiError;
use crate::http::query;

/// The path under which all calls of the contract are.
pub const BASE: &str = "/api_gateway/v2/request-workflow";

/// The path where OAuth clients get tokens.
pub const TOKEN_PATH: &str = "/v3/oauth/token/generate";

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// Everything that is stored.
    pub engine: Engine,
    /// Through which programs calls must come; `None` if it is off.
    pub gate: Option<Gate>,
    /// Verifies tokens.
    pub verifier: Arc<Verifier>,
    /// The offset of `startTime`, `endTime` and of the days of filters.
    pub offset: FixedOffset,
    /// How long the answer to a decision waits for the outcome.
    pub decision_wait: Duration,
    /// Becomes true when the server is about to stop.
    pub stopping: watch::Receiver<bool>,
    /// What this node knows of the hosts that calls go to.
    pub target_hosts: Arc<dyn Fn() -> Vec<TargetHost> + Send + Sync>,
    /// How the executor's loop is doing.
    pub executor: Arc<Liveness>,
}

/// The part of a path that names a request type.
const TYPE: &str = "{requestType}";

/// Every route: the path, and the handler of each method. A test compares the OpenAPI document with it.
pub fn table() -> Vec<(String, Vec<(Method, Route)>)> {
    let base = |path: &str| format!("{BASE}{path}");
    let get = |route: Route| vec![(Method::GET, route)];
    vec![
        ("/health/live".to_owned(), get(web::to(health::live))),
        ("/health/ready".to_owned(), get(web::to(health::ready))),
        ("/metrics".to_owned(), get(web::to(health::metrics))),
        ("/openapi.json".to_owned(), get(web::to(openapi::serve))),
        (TOKEN_PATH.to_owned(), vec![(Method::POST, web::to(oauth_token::generate))]),
        (base("/requests"), get(web::to(requests::list))),
        (base("/requests/export"), get(web::to(export::export))),
        (base("/requests/search"), get(web::to(search::search))),
        (base("/requests/{requestId}"), get(web::to(requests::get))),
        (base("/requests/{requestId}/history"), get(web::to(requests::history))),
        (base("/requests/{requestId}/revisions/{revision}"), get(web::to(revisions::get))),
        (base("/requests/{requestId}/comments"), vec![(Method::POST, web::to(revisions::comment))]),
        (base("/requests/{requestId}/send-back"), vec![(Method::POST, web::to(revisions::send_back))]),
        (base("/requests/{requestId}/resubmit"), vec![(Method::POST, web::to(revisions::resubmit))]),
        (base("/requests/{requestId}/withdraw"), vec![(Method::POST, web::to(requests::withdraw))]),
        (base("/requests/{requestId}/settle"), vec![(Method::POST, web::to(settlement::settle))]),
        (
            base("/requests/{requestId}/submit-again"),
            vec![(Method::POST, web::to(submit_again::submit_again))],
        ),
        (base("/requests/{requestId}/probe"), vec![(Method::POST, web::to(settlement::probe))]),
        (base("/bulk-decisions"), vec![(Method::PUT, web::to(bulk::decide))]),
        (base("/refusals"), get(web::to(refusals::list))),
        (base("/trail"), get(web::to(trail::list))),
        (base("/deliveries"), get(web::to(deliveries::list))),
        (base("/deliveries/{deliveryId}/redeliver"), vec![(Method::POST, web::to(deliveries::redeliver))]),
        (base("/target-hosts"), get(web::to(target_hosts::list))),
        (
            base("/{requestType}"),
            vec![(Method::POST, web::to(requests::submit)), (Method::PUT, web::to(decisions::decide))],
        ),
    ]
}

/// Serves the table; any other path is answered with 404 in the shape of every error.
pub fn routes(config: &mut web::ServiceConfig) {
    // Route patterns are expensive to match: the common prefix is compared once, and the most frequent calls
    // come first. No other path is in capitals, so none is mistaken for a type.
    let (types, others): (Vec<_>, Vec<_>) = table().into_iter().partition(|(path, _)| path.ends_with(TYPE));
    let mut contract = web::scope(BASE);
    for (path, methods) in types.into_iter().chain(others) {
        match path.strip_prefix(BASE) {
            Some(path) => {
                let path = path.replace(TYPE, "{requestType:[A-Z0-9_-]+}");
                contract = contract.service(resource(&path, methods));
            }
            None => {
                config.service(resource(&path, methods));
            }
        }
    }
    config.service(contract.wrap(from_fn(through_gate::through_gate)));
    config.default_service(web::to(|| async { Err::<HttpResponse, _>(ApiError::not_found()) }));
}

/// One path with its methods; any other method is answered with 405 and the list of these.
fn resource(path: &str, methods: Vec<(Method, Route)>) -> Resource {
    let allowed: Vec<&str> = methods.iter().map(|(method, _)| method.as_str()).collect();
    let allowed = allowed.join(", ");
    let refuse = web::to(move || {
        let error = ApiError::method_not_allowed(&allowed);
        async move { Err::<HttpResponse, _>(error) }
    });
    let add = |resource: Resource, (method, route): (Method, Route)| resource.route(route.method(method));
    methods.into_iter().fold(web::resource(path), add).default_service(refuse)
}

/// The id in a path. Text that is not an id is answered like an unknown id.
fn request_id(text: &str) -> Result<RequestId, ApiError> {
    RequestId::parse(text).ok_or_else(ApiError::not_found)
}

/// Refuses every query parameter.
fn no_parameters(request: &HttpRequest) -> Result<(), ApiError> {
    query::Parameters::of(request, &[])?.finish()
}

/// Records the request in the span of the API call.
fn about(request: &Request) {
    let span = tracing::Span::current();
    span.record("request.id", tracing::field::display(request.id));
    span.record("request.type", request.request_type.as_str());
    span.record("request.state", request.state.name());
}
