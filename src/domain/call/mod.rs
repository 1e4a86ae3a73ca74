//! The exact call that will be sent: built once from the normalised task, stored as bytes, digested.
//!
//! # The format `countersign-call-v1`
//!
//! A *field* is its length as four bytes, big-endian, and then that many bytes. In this order:
//!
//! 1. field: the text `countersign-call-v1`
//! 2. field: the method
//! 3. field: the absolute URL; a query parameter that is a list is there once for each item, in order
//! 4. four bytes, big-endian: the number of headers
//! 5. per header, in sent order, two fields: the name in lower case, the value
//! 6. field: the body, which is JSON, or a text of the media type that the header `content-type` names
//!
//! Nothing follows. `POST http://a.example/b` with the header `x-c: d` and the body `{}` is (in hex,
//! a line per step)
//!
//! ```text
//! 00000013 636f756e7465727369676e2d63616c6c2d7631
//! 00000004 504f5354
//! 00000012 687474703a2f2f612e6578616d706c652f62
//! 00000001
//! 00000003 782d63 00000001 64
//! 00000002 7b7d
//! ```
//!
//! and has the digest
//! `sha256:0b753b2f5065f4d058ac856c445c2c0388c5f6865e792bfe8ce56f88d1b2d752`.

mod limits;
#[cfg(test)]
mod tests;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::allowed_targets::Origin;
use super::digest::Digest;
use super::json;
use super::media_type::is_json;
use super::path::placeholders;

pub use limits::{HEADER_BLOCK_BYTES_MAX, URL_BYTES_MAX};

/// Headers that only the engine sets. They are sent besides the stored ones, but for [`CREDENTIAL_HEADER`].
pub const ENGINE_HEADERS: [&str; 6] =
    ["host", "content-length", "user-agent", "traceparent", "x-countersign-request-id", CREDENTIAL_HEADER];

/// The header that says with which credential a call is sent, by its name. It is a part of the task, the call and the
/// digest, and never goes out: right before sending, the credential takes its place.
pub const CREDENTIAL_HEADER: &str = "x-countersign-credential";

const FORMAT: &str = "countersign-call-v1";

/// Everything but the characters that RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An HTTP call, complete except for the engine's own headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method, in upper case.
    pub method: String,
    /// The absolute URL, escaped, with its query.
    pub url: String,
    /// Names in lower case and values, in sent order.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Call {
    /// Builds the call that a normalised task stands for.
    ///
    /// Depends on nothing but `task`: built again from the echo that people were shown, it has the
    /// same bytes.
    ///
    /// # Errors
    /// A sentence, if `task` did not pass `submission::validate`.
    pub fn from_task(task: &Value) -> Result<Self, String> {
        let origin = Origin::parse(text(task, "hostname")?)?;
        let path = fill(text(task, "path")?, members(task, "pathParams")?)?;
        let query = query(members(task, "queryParams")?)?;
        let headers = members(task, "headers")?.into_iter().flatten();
        Ok(Self {
            method: text(task, "method")?.to_owned(),
            url: format!("{origin}{path}{query}"),
            headers: headers
                .map(|(name, value)| Ok((name.to_ascii_lowercase(), string(name, value)?.to_owned())))
                .collect::<Result<_, String>>()?,
            body: body_text(task).unwrap_or_default().into_bytes(),
        })
    }

    /// The call in the format `countersign-call-v1`, as it is stored and digested.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in [FORMAT, &self.method, &self.url] {
            put_field(&mut bytes, field.as_bytes());
        }
        put_number(&mut bytes, self.headers.len());
        for field in self.headers.iter().flat_map(|(name, value)| [name, value]) {
            put_field(&mut bytes, field.as_bytes());
        }
        put_field(&mut bytes, &self.body);
        bytes
    }

    /// Reads what [`Call::to_bytes`] wrote.
    ///
    /// # Errors
    /// A sentence, if the bytes have another format, are too short or too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let mut fields = Fields(bytes);
        if fields.text()? != FORMAT {
            return Err(format!("The stored call is not in the format {FORMAT}."));
        }
        let (method, url) = (fields.text()?, fields.text()?);
        let count = fields.number()?;
        let headers =
            (0..count).map(|_| Ok((fields.text()?, fields.text()?))).collect::<Result<_, String>>()?;
        let body = fields.field()?.to_vec();
        if fields.0.is_empty() {
            Ok(Self { method, url, headers, body })
        } else {
            Err("The stored call goes on after its end.".to_owned())
        }
    }

    /// The body alone in what [`Call::to_bytes`] wrote; `None` if the bytes are something else.
    pub fn body_in(bytes: &[u8]) -> Option<&[u8]> {
        let mut fields = Fields(bytes);
        for _ in [FORMAT, "method", "url"] {
            fields.field().ok()?;
        }
        for _ in 0..fields.number().ok()?.checked_mul(2)? {
            fields.field().ok()?;
        }
        fields.field().ok()
    }

    /// The digest of [`Call::to_bytes`]: what a checker approves.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// Where the call goes, and its path with query, which begins at the first slash after the host.
    ///
    /// # Errors
    /// A clause, if the URL is not absolute or has no path.
    pub fn split_url(&self) -> Result<(Origin, &str), String> {
        let host = self.url.find("://").map_or(0, |scheme| scheme + "://".len());
        let path = self.url[host..].find('/').map(|at| host + at);
        let (hostname, path) = self.url.split_at(path.ok_or("the URL has no path")?);
        let origin = Origin::parse(hostname).map_err(|trouble| format!("the URL's hostname {trouble}"))?;
        Ok((origin, path))
    }

    /// The URL of a task in which fields are hidden; only its origin where the rest can't be built.
    pub fn shown_url(task: &Value) -> String {
        Self::from_task(task)
            .map_or_else(|_| task["hostname"].as_str().unwrap_or_default().to_owned(), |call| call.url)
    }

    /// The name of the credential that it is sent with.
    pub fn credential(&self) -> Option<&str> {
        let named = self.headers.iter().find(|(name, _)| name == CREDENTIAL_HEADER);
        named.map(|(_, value)| value.as_str())
    }

    /// The host, and the port if it is not the scheme's own; empty for a URL that has none.
    pub fn authority(&self) -> String {
        self.split_url().map(|(origin, _)| origin.authority()).unwrap_or_default()
    }
}

/// The body as it is sent: JSON, or the text itself if the task's `content-type` is not of JSON. `None` if there is
/// none.
pub fn body_text(task: &Value) -> Option<String> {
    let body = task.get("body")?;
    let text = body.as_str().filter(|_| !content_type(task).is_none_or(is_json));
    Some(text.map_or_else(|| json::write(body), str::to_owned))
}

/// The task's header `content-type`.
pub fn content_type(task: &Value) -> Option<&str> {
    let mut headers = task.get("headers")?.as_object()?.iter();
    let (_, value) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
    value.as_str()
}

/// Whether `value` can replace a placeholder at all; what else it may not be, `path` says.
fn is_segment(value: &str) -> bool {
    !matches!(value, "" | "." | "..")
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn fill(path: &str, params: Option<&Map<String, Value>>) -> Result<String, String> {
    let mut filled = path.to_owned();
    for name in placeholders(path) {
        let value = params.and_then(|params| params.get(name)).and_then(Value::as_str);
        let value = value.filter(|value| is_segment(value));
        let value = value.ok_or_else(|| format!("The path has no value for {{{name}}}."))?;
        filled = filled.replacen(&format!("{{{name}}}"), &escape(value), 1);
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'{' | b'}');
    if filled.starts_with('/') && filled.bytes().all(plain) {
        Ok(filled)
    } else {
        Err("The path does not begin with a slash, or holds characters that a path cannot.".to_owned())
    }
}

/// The values of a query parameter, in order: a list has one for each of its items.
pub fn values(parameter: &Value) -> &[Value] {
    match parameter {
        Value::Array(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(parameter)
        }
    }
}

fn query(params: Option<&Map<String, Value>>) -> Result<String, String> {
    let mut pairs = Vec::new();
    for (name, value) in params.into_iter().flatten() {
        for value in values(value) {
            pairs.push(format!("{}={}", escape(name), escape(&plain(name, value)?)));
        }
    }
    Ok(if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) })
}

fn text<'a>(task: &'a Value, name: &str) -> Result<&'a str, String> {
    string(name, task.get(name).unwrap_or(&Value::Null))
}

fn string<'a>(name: &str, value: &'a Value) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("The task's {name} is not a text."))
}

/// A value of the query: a string, or a number or boolean as JSON writes it where a type allows them.
fn plain(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            string(name, value).map(str::to_owned)
        }
    }
}

/// The members of an object in the task; `None` if it is absent.
fn members<'a>(task: &'a Value, name: &str) -> Result<Option<&'a Map<String, Value>>, String> {
    let object =
        |value: &'a Value| value.as_object().ok_or_else(|| format!("The task's {name} is not an object."));
    task.get(name).map(object).transpose()
}

fn put_number(bytes: &mut Vec<u8>, number: usize) {
    let number = u32::try_from(number).expect("a call is some kilobytes long, far from four gigabytes");
    bytes.extend(number.to_be_bytes());
}

fn put_field(bytes: &mut Vec<u8>, field: &[u8]) {
    put_number(bytes, field.len());
    bytes.extend(field);
}

/// The rest of a stored call that is still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let split = self.0.split_at_checked(length);
        let (taken, rest) = split.ok_or_else(|| "The stored call ends early.".to_owned())?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?.try_into().expect("four bytes were taken");
        Ok(u32::from_be_bytes(bytes))
    }

    fn field(&mut self) -> Result<&'a [u8], String> {
        let length = self.number()?;
        self.take(usize::try_from(length).expect("32 bits fit the platforms that this runs on"))
    }

    fn text(&mut self) -> Result<String, String> {
        let text = std::str::from_utf8(self.field()?);
        text.map(str::to_owned).map_err(|_| "The stored call holds text that is not UTF-8.".to_owned())
    }
}
