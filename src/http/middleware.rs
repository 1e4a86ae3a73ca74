//! What every call gets, of the API and of the pages: a reference, a span, and both in its answer.

use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError, web};
use tracing::Instrument;

use super::body::BodyTimeout;
use super::error::ApiError;
use super::unread::KeptPayload;
use crate::domain::code::Code;
use crate::engine::Engine;

/// The header that carries the reference in and out.
pub const REFERENCE_HEADER: HeaderName = HeaderName::from_static("x-cap-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const REFERENCE_CHARS_MAX: usize = 128;

/// The id under which the log has this call: the caller's own, or a new one.
#[derive(Clone, Debug)]
pub struct Reference(pub String);

/// The reference of the call that `request` belongs to.
pub fn reference(request: &HttpRequest) -> String {
    request.extensions().get::<Reference>().map(|reference| reference.0.clone()).unwrap_or_default()
}

/// Gives the call its reference and span, renders errors with it, and counts refusals.
pub async fn around_each_call(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody, BoxBody>>, Error> {
    let began = Instant::now();
    let engine = request.app_data::<web::Data<Engine>>().cloned();
    let reference = incoming_reference(request.headers())
        .unwrap_or_else(|| engine.as_ref().map_or_else(String::new, |engine| new_reference(engine)));
    let trace = valid_traceparent(request.headers());
    request.extensions_mut().insert(Reference(reference.clone()));
    let span = tracing::info_span!(
        "http",
        method = %request.method(),
        path = request.path(),
        reference,
        trace = trace.as_ref().and_then(|value| value.to_str().ok()),
        org = tracing::field::Empty,
        actor = tracing::field::Empty,
        via = tracing::field::Empty,
        request.id = tracing::field::Empty,
        request.type = tracing::field::Empty,
        request.state = tracing::field::Empty,
    );
    let payload = KeptPayload::of(&mut request);
    let time = request.app_data::<BodyTimeout>().map(|limit| limit.0);
    let response = next.call(request).instrument(span.clone()).await?;
    let ending = Ending { began, reference, trace };
    let response = span.in_scope(|| ending.end(response, engine.as_ref().map(|engine| engine.get_ref())));
    Ok(match payload {
        Some(payload) => payload.keep_for(response, time).await,
        None => response,
    })
}

/// What the answer to a call gets at its end.
struct Ending {
    began: Instant,
    reference: String,
    trace: Option<HeaderValue>,
}

impl Ending {
    fn end<B: MessageBody>(
        self,
        response: ServiceResponse<B>,
        engine: Option<&Engine>,
    ) -> ServiceResponse<EitherBody<B, BoxBody>> {
        let Self { began, reference, trace } = self;
        let error = response.response().error().map(|error| match error.as_error::<ApiError>() {
            Some(error) => refused(engine, error, &reference),
            None => ApiError::new(Code::Unreadable, "This call can't be read.").render(&reference),
        });
        let mut response = match error {
            Some(rendered) => response.into_response(rendered).map_into_right_body(),
            None => response.map_into_left_body(),
        };
        // Whatever it is, a browser must not take it for something else: an answer can hold what a maker wrote.
        response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(value) = HeaderValue::from_str(&reference) {
            response.headers_mut().insert(REFERENCE_HEADER, value);
        }
        if let Some(trace) = trace {
            response.headers_mut().insert(TRACEPARENT, trace);
        }
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), duration_ms, "answered");
        response
    }
}

fn refused(engine: Option<&Engine>, error: &ApiError, reference: &str) -> actix_web::HttpResponse {
    for code in error.codes() {
        if let Some(engine) = engine {
            engine.metrics().refused(code);
        }
    }
    if let Some(cause) = error.cause() {
        tracing::error!(cause, "a call failed here");
    } else {
        tracing::info!(codes = %error, status = error.status_code().as_u16(), "a call was refused");
    }
    error.render(reference)
}

/// A reference for a call that has none: 32 hexadecimal digits.
fn new_reference(engine: &Engine) -> String {
    engine.clock().new_id().simple().to_string()
}

fn incoming_reference(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REFERENCE_HEADER)?.to_str().ok()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    let fits = (1..=REFERENCE_CHARS_MAX).contains(&text.len()) && text.chars().all(is_plain);
    fits.then(|| text.to_owned())
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, as W3C Trace Context writes it.
fn valid_traceparent(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(TRACEPARENT)?;
    let parts: Vec<&str> = value.to_str().ok()?.split('-').collect();
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let [version, trace, parent, flags] = parts.as_slice() else { return None };
    let fits = *version == "00" && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    fits.then(|| value.clone())
}
