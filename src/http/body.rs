//! Reading a body: within a time limit, not too large, UTF-8 JSON or a form, no content encoding.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::{Error, FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::domain::code::Code;
use crate::domain::fault::call::{MemberFault, MemberKind};
use crate::domain::fault::{Fault, pointer_to};
use crate::domain::json;

pub use crate::domain::submission::BODY_BYTES_MAX;
/// The largest body of a form that people write into: a form takes up to three bytes for one of the text.
pub const FORM_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

const FORM: &str = "application/x-www-form-urlencoded";

/// How long reading one body may take in all; shared by all handlers as application data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyTimeout(pub Duration);

/// A body that is not read yet. A handler finds out first who sends it, and whether they may.
///
/// What is not read of the body of a refused call is thrown away while the answer is on its way: see
/// [`middleware`](super::middleware).
pub struct UnreadBody {
    payload: Payload,
    timeout: Option<BodyTimeout>,
}

impl FromRequest for UnreadBody {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { payload: payload.take(), timeout: request.app_data::<BodyTimeout>().copied() }))
    }
}

impl UnreadBody {
    /// Reads up to the limits.
    pub async fn read(self) -> Body {
        self.read_at_most(BODY_BYTES_MAX).await
    }

    /// Reads a form that people write into, up to its limits.
    pub async fn read_long_form(self) -> Body {
        self.read_at_most(FORM_BYTES_MAX).await
    }

    async fn read_at_most(self, bytes_max: usize) -> Body {
        let Some(BodyTimeout(timeout)) = self.timeout else {
            return Body(Err(ApiError::internal("the server has no time limit for bodies".to_owned())));
        };
        let read = tokio::time::timeout(timeout, read(self.payload, bytes_max)).await;
        let slow = || Err(ApiError::new(Code::BodyTooSlow, "The body did not come in time. Send it faster."));
        Body(read.unwrap_or_else(|_| slow()))
    }

    /// Reads up to the limits, and the members of the form that it must be.
    ///
    /// # Errors
    /// If it can't be read, or lacks a member.
    pub async fn read_form<F: DeserializeOwned>(self, request: &HttpRequest) -> Result<F, ApiError> {
        form_fields(&self.read().await.form(request)?)
    }
}

/// The members of a form.
///
/// # Errors
/// It lacks a member, or is no form.
pub fn form_fields<F: DeserializeOwned>(form: &[u8]) -> Result<F, ApiError> {
    let text = String::from_utf8_lossy(form);
    let unread = |_| ApiError::new(Code::Unreadable, "The form can't be read. Load its page again.");
    Ok(web::Query::<F>::from_query(&text).map_err(unread)?.into_inner())
}

async fn read(mut payload: Payload, bytes_max: usize) -> Result<web::Bytes, ApiError> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_| ApiError::new(Code::Unreadable, "The body ended early. Send it whole."))?;
        if bytes.len() + chunk.len() > bytes_max {
            let message = format!("Send at most {} KiB.", bytes_max / 1024);
            return Err(ApiError::new(Code::BodyTooLarge, message));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The body of an API call or of a page's form, or why it was not read.
pub struct Body(Result<web::Bytes, ApiError>);

impl Body {
    /// The bytes, if they are within the limit and declared as UTF-8 JSON without content encoding.
    pub fn bytes(self, request: &HttpRequest) -> Result<web::Bytes, ApiError> {
        let bytes = self.0?;
        check_media_type(request.headers())?;
        // Some editors and libraries write it before any text in UTF-8. It says nothing.
        let has_mark = bytes.starts_with(BYTE_ORDER_MARK);
        Ok(if has_mark { bytes.slice(BYTE_ORDER_MARK.len()..) } else { bytes })
    }

    /// The bytes, if they are within the limit and declared as an HTML form.
    pub fn form(self, request: &HttpRequest) -> Result<web::Bytes, ApiError> {
        let bytes = self.0?;
        let mut media_types = request.headers().get_all(CONTENT_TYPE);
        let media_type = media_types.next().filter(|_| media_types.next().is_none());
        let essence =
            media_type.and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
        if essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM)) {
            return Ok(bytes);
        }
        Err(ApiError::at(Code::UnsupportedMediaType, "Content-Type", format!("Send {FORM}.")))
    }

    /// The bytes as a JSON object.
    pub fn object(self, request: &HttpRequest) -> Result<Map<String, Value>, ApiError> {
        let bytes = self.bytes(request)?;
        let value = json::read(&bytes).map_err(ApiError::faults)?;
        let Value::Object(members) = value else {
            return Err(ApiError::faults(vec![Fault::new("", MemberFault::NotAnObject)]));
        };
        Ok(members)
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let refused = |field, message: &str| Err(ApiError::at(Code::UnsupportedMediaType, field, message));
    let is_identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).all(is_identity) {
        return refused("Content-Encoding", "Send the body without content encoding.");
    }
    let mut media_types = headers.get_all(CONTENT_TYPE);
    let media_type = media_types.next().filter(|_| media_types.next().is_none());
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = media_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || ["utf-8", "utf8"]
                .iter()
                .any(|utf_8| value.trim().trim_matches('"').eq_ignore_ascii_case(utf_8))
    };
    if is_json && parts.all(is_utf8) {
        Ok(())
    } else {
        refused("Content-Type", "Send application/json in UTF-8.")
    }
}

/// Reads an object's members and collects every fault.
pub struct Members<'a> {
    members: &'a Map<String, Value>,
    pointer: String,
    known: Vec<&'static str>,
    /// The faults found so far.
    pub faults: Vec<Fault>,
}

impl<'a> Members<'a> {
    /// The members of the object at `pointer`.
    pub fn of(members: &'a Map<String, Value>, pointer: &str) -> Self {
        Self { members, pointer: pointer.to_owned(), known: Vec::new(), faults: Vec::new() }
    }

    /// A required string.
    pub fn text(&mut self, name: &'static str) -> Option<&'a str> {
        let found = self.optional_text(name);
        if !self.members.contains_key(name) {
            self.fault(name, MemberFault::Required(MemberKind::Text));
        }
        found
    }

    /// An optional string.
    pub fn optional_text(&mut self, name: &'static str) -> Option<&'a str> {
        self.known.push(name);
        let value = self.members.get(name)?;
        if value.is_string() {
            return value.as_str();
        }
        self.fault(name, MemberFault::Wrong(MemberKind::Text));
        None
    }

    /// An optional whole number of at least 1.
    pub fn optional_count(&mut self, name: &'static str) -> Option<i64> {
        self.known.push(name);
        let count = self.members.get(name)?.as_i64().filter(|count| *count > 0);
        if count.is_none() {
            self.fault(name, MemberFault::Wrong(MemberKind::Count));
        }
        count
    }

    /// A required object.
    pub fn object(&mut self, name: &'static str) -> Option<&'a Map<String, Value>> {
        self.known.push(name);
        let found = self.members.get(name).and_then(Value::as_object);
        if found.is_none() {
            self.fault(name, MemberFault::Required(MemberKind::Object));
        }
        found
    }

    /// A required list.
    pub fn list(&mut self, name: &'static str) -> Option<&'a [Value]> {
        self.known.push(name);
        let found = self.members.get(name).and_then(Value::as_array);
        if found.is_none() {
            self.fault(name, MemberFault::Required(MemberKind::List));
        }
        found.map(Vec::as_slice)
    }

    /// An optional list of strings; none if it is absent.
    pub fn optional_texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        if !self.members.contains_key(name) {
            self.known.push(name);
            return Some(Vec::new());
        }
        let mut texts = Vec::new();
        let mut is_sound = true;
        for (at, item) in self.list(name)?.iter().enumerate() {
            match item.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => {
                    let place = pointer_to(&pointer_to(&self.pointer, name), &at.to_string());
                    self.faults.push(Fault::new(place, MemberFault::Wrong(MemberKind::Text)));
                    is_sound = false;
                }
            }
        }
        is_sound.then_some(texts)
    }

    /// Adds a fault at a member.
    pub fn fault(&mut self, name: &str, fault: MemberFault) {
        self.faults.push(Fault::new(pointer_to(&self.pointer, name), fault));
    }

    /// All faults, with one for each unknown member.
    pub fn finish(mut self) -> Vec<Fault> {
        let members = self.members;
        for name in members.keys().filter(|name| !self.known.contains(&name.as_str())).collect::<Vec<_>>() {
            self.fault(name, MemberFault::Unknown);
        }
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(media_types: &[&'static str], encodings: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for media_type in media_types {
            headers.append(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        for encoding in encodings {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        check_media_type(&headers).is_ok()
    }

    #[test]
    fn a_body_is_said_once_to_be_json_in_utf_8() {
        for good in [
            "application/json",
            "Application/JSON; charset=\"UTF-8\"",
            "application/json;charset=utf8",
            "application/json; Charset=\"UTF8\"",
        ] {
            assert!(is_taken(&[good], &[]), "{good}");
        }
        let bad: [&[&'static str]; 6] = [
            &[],
            &["text/plain"],
            &["application/json; charset=latin1"],
            &["application/json; charset=utf-16"],
            &["application/json; charset=utf88"],
            &["application/json", "text/plain"],
        ];
        for bad in bad {
            assert!(!is_taken(bad, &[]), "{bad:?}");
        }
    }

    #[test]
    fn a_body_has_no_content_encoding() {
        assert!(is_taken(&["application/json"], &["identity"]));
        for bad in [["gzip"].as_slice(), &["identity", "gzip"], &["identity, gzip"]] {
            assert!(!is_taken(&["application/json"], bad), "{bad:?}");
        }
    }
}
