//! A stand-in for the target APIs, for demos, development and tests.
//!
//! It answers as the documented targets do, keeps what it received in memory, and fails on demand. It knows nothing
//! about the engine in front of it; it only records the engine's request header.
//!
//! | target | what it checks |
//! |---|---|
//! | `POST /api_gateway/v1/badges/badgeMeta/customer/issueBulk` | 400, 715, 812, 404, 809, 815, 816; 1040 per customer |
//! | `POST /api_gateway/v1/badges/customer/earn` | 400, 715, 812, 804, 716, 717, 404, 809, 815, 810, 750, 811 |
//! | `PUT /v2/customers/lookup/status` | 8003, 8013 (HTTP 400), 8015 (HTTP 404) |
//! | `POST /v1.1/points/redeem` | 744 and 816, both with HTTP 200 and `fail: 1` |
//! | `POST /internal/goodwill/`, `PUT /v2/transactions/retro` | members that are missing (HTTP 400) |
//! | `POST /accounts/{account}/transfers` | members that are missing (HTTP 400), a reference that was used (HTTP 409) |
//! | `GET /accounts/{account}/transfers?reference=` | nothing: it lists the transfers with this reference |
//!
//! Where the documents are silent, it chooses:
//! a badge `requestId` is unique per org and operation, and counts as used once a call was accepted
//! (also when every customer of it got an error); one `customers` number is taken like a list of one;
//! any customer may be enrolled, also one that is not listed; a fault that has no documented HTTP
//! status is a 400; redemption references are unique per org; points have no balance.
//!
//! Every target wants `Authorization: Basic` of a known till (see [`TILLS`]), and an
//! `X-CAP-API-AUTH-ORG-ID` that is the till's org if it is sent. What is not `name:MD5` in the contract's spelling is
//! refused with HTTP 401 in the shape of v1.1, whichever the target.
//!
//! Administration, without authentication: `GET /sandbox` lists everything it holds,
//! `POST /sandbox/reset` resets it, `GET`, `POST` and `DELETE /sandbox/faults` show, add and
//! clear faults: `{"path": prefix?, "times": n?, "delay_ms": n?, "close": "before" | "after"?,
//! "status": n?}`. A fault is spent before anything else is looked at, authentication included.
//! A delay comes after the work and before the answer.

mod admin;
mod auth;
mod badges;
mod customers;
mod faults;
mod line;
mod points;
mod reply;
mod seed;
mod state;
#[cfg(test)]
mod tests;
mod till;
mod transfers;

use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use chrono::{DateTime, Utc};
use serde_json::Value;

pub use till::{TILLS, Till};

use crate::clock::Clock;
use auth::Unknown;
use faults::{Close, Fault};
use line::Line;
use reply::{Dialect, Refusal, Reply};
use state::{Received, State};

const BODY_BYTES_MAX: usize = 1 << 20;
const WORKERS: usize = 2;
const SHUTDOWN_SECONDS: u64 = 1;

/// Starts the sandbox on `listener`; await the result to run it, `handle().stop(..)` ends it.
///
/// Must be called within a tokio or actix runtime. Signals are left to the caller.
///
/// # Errors
/// When the listener can't be made non-blocking.
pub fn start(listener: TcpListener, clock: Clock) -> io::Result<Server> {
    let sandbox = Data::new(Sandbox::new(clock));
    let app = move || {
        App::new()
            .app_data(sandbox.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .configure(routes)
    };
    let server = HttpServer::new(app)
        .workers(WORKERS)
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .on_connect(Line::note)
        .listen(listener)?;
    Ok(server.run())
}

fn routes(config: &mut web::ServiceConfig) {
    config.configure(admin::routes);
    let transfers = web::resource("/accounts/{account}/transfers")
        .route(web::post().to(|http, body, sandbox| serve(Api::Transfer, http, body, sandbox)))
        .route(web::get().to(|http, body, sandbox| serve(Api::Transfers, http, body, sandbox)));
    config.service(transfers.default_service(web::to(wrong_method)));
    for api in Api::ALL {
        let route = web::method(api.method()).to(move |http, body, sandbox| serve(api, http, body, sandbox));
        config.service(web::resource(api.path()).route(route).default_service(web::to(wrong_method)));
    }
    config.default_service(web::to(unknown_path));
}

/// What all workers share.
struct Sandbox {
    clock: Clock,
    state: Mutex<State>,
}

impl Sandbox {
    fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::new(seed::state()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the state")
    }

    /// Takes a waiting fault, does the work unless the fault prevents it, and records the call.
    fn receive(&self, api: Api, http: &HttpRequest, body: &[u8]) -> (Reply, Option<Fault>) {
        let mut state = self.state();
        let fault = state.faults.take(http.path());
        let reply = match fault.as_ref().and_then(|fault| fault.instead_of_work(api.dialect())) {
            Some(reply) => reply,
            None => self.work(api, &mut state, http, body),
        };
        let cut = fault.as_ref().is_some_and(|fault| fault.close.is_some());
        state.calls.note(Received {
            status: (!cut).then_some(reply.status),
            work_done: reply.work_done,
            fault: fault.clone(),
            body_request_id: body_request_id(body),
            ..Received::of(http, self.clock.now())
        });
        (reply, fault)
    }

    fn work(&self, api: Api, state: &mut State, http: &HttpRequest, body: &[u8]) -> Reply {
        let till = match auth::authenticate(http.headers()) {
            Ok(till) => till,
            // In front of every target stands the same gate, which has one shape.
            Err(Unknown::Malformed(refusal)) => return refusal.into_reply(Dialect::V11, None),
            Err(Unknown::Refused(refusal)) => return refusal.into_reply(api.dialect(), None),
        };
        let read = || Call::read(till, self.clock.now(), http, body);
        let worked = match api {
            Api::IssueBulk => read().and_then(|call| badges::issue_bulk(state, &call)),
            Api::Earn => read().and_then(|call| badges::earn(state, &call)),
            Api::CustomerStatus => read().and_then(|call| customers::change_status(state, &call)),
            Api::Redeem => read().and_then(|call| points::redeem(state, &call)),
            Api::Goodwill => read().and_then(|call| customers::award_goodwill(state, &call)),
            Api::Retro => read().and_then(|call| customers::retro_transaction(state, &call)),
            Api::Transfer => transfers::make(state, till, http, body),
            Api::Transfers => query_of(http).map(|query| {
                let reference = query.get("reference").cloned().unwrap_or_default();
                transfers::list(state, till, http, &reference)
            }),
        };
        worked.unwrap_or_else(|refusal| refusal.into_reply(api.dialect(), Some(till)))
    }
}

/// An incoming call as the target handlers see it.
struct Call {
    till: &'static Till,
    now: DateTime<Utc>,
    query: HashMap<String, String>,
    body: Value,
}

impl Call {
    fn read(
        till: &'static Till,
        now: DateTime<Utc>,
        http: &HttpRequest,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let query = query_of(http)?;
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::bad_request(format!("JSON parse error: {error}")))?;
        if !body.is_object() {
            return Err(Refusal::bad_request("JSON parse error: an object is expected"));
        }
        Ok(Self { till, now, query, body })
    }

    /// A text or number member as text; absent, null and empty are `None`.
    fn text(&self, member: &str) -> Option<String> {
        text_of(&self.body[member])
    }
}

fn query_of(http: &HttpRequest) -> Result<HashMap<String, String>, Refusal> {
    let read = web::Query::<HashMap<String, String>>::from_query(http.query_string());
    let read = read.map_err(|error| Refusal::bad_request(format!("Query string not readable: {error}")))?;
    Ok(read.into_inner())
}

/// A text or a number as text: the targets take identifiers in both spellings.
fn text_of(value: &Value) -> Option<String> {
    let text = value.as_str().map(str::to_owned).or_else(|| value.as_number().map(ToString::to_string))?;
    (!text.is_empty()).then_some(text)
}

/// A whole number, also when it is spelled as text.
fn whole_of(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn body_request_id(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    text_of(&body["requestId"])
}

/// The simulated target APIs.
#[derive(Clone, Copy)]
enum Api {
    IssueBulk,
    Earn,
    CustomerStatus,
    Redeem,
    Goodwill,
    Retro,
    Transfer,
    Transfers,
}

impl Api {
    /// Those with a path of their own.
    const ALL: [Self; 6] =
        [Self::IssueBulk, Self::Earn, Self::CustomerStatus, Self::Redeem, Self::Goodwill, Self::Retro];

    fn path(self) -> &'static str {
        match self {
            Self::IssueBulk => "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
            Self::Earn => "/api_gateway/v1/badges/customer/earn",
            Self::CustomerStatus => "/v2/customers/lookup/status",
            Self::Redeem => "/v1.1/points/redeem",
            Self::Goodwill => "/internal/goodwill/",
            Self::Retro => "/v2/transactions/retro",
            Self::Transfer | Self::Transfers => "/accounts/{account}/transfers",
        }
    }

    fn method(self) -> Method {
        match self {
            Self::IssueBulk | Self::Earn | Self::Redeem | Self::Goodwill | Self::Transfer => Method::POST,
            Self::Transfers => Method::GET,
            Self::CustomerStatus | Self::Retro => Method::PUT,
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::IssueBulk | Self::Earn => Dialect::Badges,
            Self::CustomerStatus => Dialect::V2 { uri_path: "/v2/customers/{id}/status" },
            Self::Redeem => Dialect::V11,
            Self::Goodwill | Self::Transfer | Self::Transfers => Dialect::Internal,
            Self::Retro => Dialect::V2 { uri_path: "/v2/transactions/retro" },
        }
    }
}

async fn serve(api: Api, http: HttpRequest, body: Bytes, sandbox: Data<Sandbox>) -> HttpResponse {
    let (reply, fault) = sandbox.receive(api, &http, &body);
    let Some(fault) = fault else { return reply.respond(api.dialect(), &http, &sandbox.clock) };
    if let Some(delay_ms) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    match fault.close {
        Some(Close::Before | Close::After) => line::cut(&http),
        None => reply.respond(api.dialect(), &http, &sandbox.clock),
    }
}

async fn wrong_method(http: HttpRequest, sandbox: Data<Sandbox>) -> HttpResponse {
    refuse_unserved(&http, &sandbox, Refusal::new(405, 405, "Request method not supported"))
}

async fn unknown_path(http: HttpRequest, sandbox: Data<Sandbox>) -> HttpResponse {
    refuse_unserved(&http, &sandbox, Refusal::new(404, 404, "No target of the sandbox has this path"))
}

fn refuse_unserved(http: &HttpRequest, sandbox: &Sandbox, refusal: Refusal) -> HttpResponse {
    let reply = refusal.into_reply(Dialect::Badges, None);
    let received = Received { status: Some(reply.status), ..Received::of(http, sandbox.clock.now()) };
    sandbox.state().calls.note(received);
    reply.respond(Dialect::Badges, http, &sandbox.clock)
}
