//! What every page's response has: a strict policy on what it may load, no caching, and errors as pages.

use std::io::Write as _;

use actix_web::body::{BoxBody, EitherBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, VARY, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{PageError, Web};
use crate::web::assets::takes_gzip;

/// A page loads our own style sheet, script and event stream and nothing else; it is never framed, and its forms
/// are sent here only.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const FIXED: [(HeaderName, &str); 5] = [
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Responses below this size are not compressed.
const COMPRESSED_FROM_BYTES: usize = 1_024;

/// Renders errors as pages, adds the headers, and compresses what is text.
pub async fn around_each_page(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<BoxBody>>, Error> {
    let web = request.app_data::<web::Data<Web>>().cloned();
    let compress = takes_gzip(request.headers());
    let response = next.call(request).await?.map_into_boxed_body();
    let rendered = match response.response().error().map(|error| error.as_error::<PageError>()) {
        Some(Some(error)) => Some(error.answer(response.request(), web.as_ref()).await),
        Some(None) => Some(PageError::Unreadable.answer(response.request(), web.as_ref()).await),
        None => None,
    };
    let mut response = match rendered {
        Some(rendered) => response.into_response(rendered),
        None => response,
    };
    add_headers(response.headers_mut());
    let response = if compress { compressed(response).await? } else { response };
    Ok(response.map_into_left_body())
}

fn add_headers(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Pages are compressed whole; streams are left alone. Guessing a page's token by the size of many answers (BREACH)
/// needs calls from another site that carry the cookie, and `SameSite=Lax` lets none through.
async fn compressed(response: ServiceResponse<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_html =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_html || response.headers().contains_key(CONTENT_ENCODING) {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let bytes = to_bytes(body).await.map_err(actix_web::error::ErrorInternalServerError)?;
    if bytes.len() < COMPRESSED_FROM_BYTES {
        return Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(bytes))));
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::fast());
    let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish())?;
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(packed))))
}
