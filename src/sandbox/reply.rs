//! Answers in the formats of the four kinds of target: bodies, refusals and headers.

use actix_web::body::BodyStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, SERVER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use super::till::Till;
use crate::clock::Clock;

const REQUEST_ID_HEADER: &str = "X-CAP-REQUEST-ID";

/// How a target spells errors and headers.
#[derive(Clone, Copy)]
pub(super) enum Dialect {
    /// `{data, errors, warnings}`, answered in chunks.
    Badges,
    /// `{errors: [{status, code, message}]}`.
    V2 { uri_path: &'static str },
    /// `{response: {status, ...}}`.
    V11,
    /// As v2, from a different server.
    Internal,
}

impl Dialect {
    fn error_body(self, code: u32, message: &str) -> Value {
        match self {
            Self::Badges => json!({
                "data": null,
                "errors": [{"code": code, "message": message, "reference": null}],
                "warnings": null,
            }),
            Self::V2 { .. } | Self::Internal => {
                json!({"errors": [{"status": false, "code": code, "message": message}]})
            }
            Self::V11 if code == 401 => json!({"response": {
                "status": {"success": "true", "code": "401", "message": message},
                "customers": null,
            }}),
            Self::V11 if code == 403 => json!({"response": {"status": {
                "code": code, "message": message, "success": false, "warnings": {"warning": []},
            }}}),
            Self::V11 => {
                json!({"response": {"status": {"success": "false", "code": code, "message": message}}})
            }
        }
    }
}

/// Values of the headers `status_code`, `success` and `fail`.
#[derive(Default)]
pub(super) struct Tally {
    pub status_code: String,
    pub success: u32,
    pub fail: u32,
}

impl Tally {
    /// One successful item.
    pub fn succeeded(status_code: u32) -> Self {
        Self { status_code: status_code.to_string(), success: 1, fail: 0 }
    }

    /// One failed item.
    pub fn failed(status_code: u32) -> Self {
        Self { status_code: status_code.to_string(), success: 0, fail: 1 }
    }
}

/// A whole call refused: the HTTP status and the one error of its body.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// HTTP 400 with code 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, 400, message)
    }

    pub fn into_reply(self, dialect: Dialect, till: Option<&'static Till>) -> Reply {
        Reply {
            status: self.status,
            body: dialect.error_body(self.code, &self.message),
            tally: Tally::failed(self.code),
            till,
            line_items: None,
            work_done: false,
        }
    }
}

/// One answer, before it is written as HTTP.
pub(super) struct Reply {
    pub status: u16,
    pub body: Value,
    pub tally: Tally,
    pub till: Option<&'static Till>,
    /// The header `line_items_count`, which only transactions have.
    pub line_items: Option<u32>,
    /// Whether the call changed what the sandbox holds.
    pub work_done: bool,
}

impl Reply {
    /// An answer to a call that did its work.
    pub fn done(status: u16, body: Value, tally: Tally, till: &'static Till) -> Self {
        Self { status, body, tally, till: Some(till), line_items: None, work_done: true }
    }

    /// The answer with the headers of its dialect.
    pub fn respond(self, dialect: Dialect, http: &HttpRequest, clock: &Clock) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).expect("every status here is between 200 and 599");
        let mut response = HttpResponse::build(status);
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"sandbox\""));
        }
        let request_id = request_id(http, clock);
        response.append_header((REQUEST_ID_HEADER, request_id.clone()));
        match dialect {
            Dialect::Badges => {}
            Dialect::V2 { uri_path } => self.intouch(&mut response, &request_id, uri_path),
            Dialect::V11 => self.intouch(&mut response, &request_id, "/v1.1/points/redeem"),
            Dialect::Internal => self.intouch(&mut response, &request_id, "/internal/goodwill"),
        }
        self.finish(dialect, response)
    }

    fn intouch(&self, response: &mut HttpResponseBuilder, request_id: &str, uri_path: &str) {
        response
            .append_header(("X-Cap-RequestID", request_id))
            .append_header(("X-Application-Context", "application:1900"))
            .append_header(("Host", "intouch-api-0"))
            .append_header(("uri_path", uri_path))
            .append_header(("org_id", self.till.map_or(String::new(), |till| till.org_id.to_string())))
            .append_header(("status_code", self.tally.status_code.as_str()))
            .append_header(("success", self.tally.success.to_string()))
            .append_header(("fail", self.tally.fail.to_string()))
            .append_header(("till", self.till.map_or("", |till| till.name)));
        if let Some(count) = self.line_items {
            response.append_header(("line_items_count", count.to_string()));
        }
    }

    fn finish(self, dialect: Dialect, mut response: HttpResponseBuilder) -> HttpResponse {
        // The documented targets send this one twice.
        let framed = |response: &mut HttpResponseBuilder| {
            response.append_header(("X-Frame-Options", "SAMEORIGIN"));
            response.append_header(("X-Frame-Options", "SAMEORIGIN"));
        };
        if matches!(self.status, 204 | 304) {
            return response.finish();
        }
        let body = Bytes::from(self.body.to_string());
        match dialect {
            Dialect::Badges => {
                framed(&mut response);
                let whole = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
                response.insert_header((CONTENT_TYPE, "application/json")).body(BodyStream::new(whole))
            }
            Dialect::V2 { .. } => {
                framed(&mut response);
                response.insert_header((CONTENT_TYPE, "application/json; charset=UTF-8")).body(body)
            }
            Dialect::V11 => {
                framed(&mut response);
                response.insert_header((CONTENT_TYPE, "application/json;charset=UTF-8")).body(body)
            }
            Dialect::Internal => response
                .insert_header((CONTENT_TYPE, "application/json; charset=UTF-8"))
                .insert_header((SERVER, "Jetty(9.2.14.v20151106)"))
                .force_close()
                .body(body),
        }
    }
}

/// The caller's own request id if it sent one that fits a header, else a new one.
fn request_id(http: &HttpRequest, clock: &Clock) -> String {
    let sent = http.headers().get(REQUEST_ID_HEADER).and_then(|id| id.to_str().ok());
    sent.map_or_else(|| clock.new_id().simple().to_string(), str::to_owned)
}
