//! The exact call that will be sent: built once from the normalised task, stored as bytes, digested.
//!
//! # The format `countersign-call-v1`
//!
//! A *field* is its length as four bytes, big-endian, and then that many bytes. In this order:
//!
//! 1. field: the text `countersign-call-v1`
//! 2. field: the method
//! 3. field: the absolute URL
//! 4. four bytes, big-endian: the number of headers
//! 5. per header, in sent order, two fields: the name in lower case, the value
//! 6. field: the body
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

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::digest::Digest;
use super::json;
use super::target::Origin;

/// Headers that only the engine sets; they are sent besides the stored ones.
pub const ENGINE_HEADERS: [&str; 5] =
    ["host", "content-length", "user-agent", "traceparent", "x-countersign-request-id"];

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
            body: task.get("body").map(json::write).unwrap_or_default().into_bytes(),
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

    /// The host, and the port if it is not the scheme's own; empty for a URL that has none.
    pub fn authority(&self) -> String {
        self.split_url().map(|(origin, _)| origin.authority()).unwrap_or_default()
    }
}

/// The names in curly braces in a path, in order: `{id}` in `/badges/{id}/claim`.
pub fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// Whether `value` can replace a placeholder: the path keeps its segments.
pub fn is_segment(value: &str) -> bool {
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

fn query(params: Option<&Map<String, Value>>) -> Result<String, String> {
    let pairs = params.into_iter().flatten();
    let pairs = pairs.map(|(name, value)| Ok(format!("{}={}", escape(name), escape(&plain(name, value)?))));
    let pairs = pairs.collect::<Result<Vec<_>, String>>()?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn small() -> Call {
        Call {
            method: "POST".into(),
            url: "http://a.example/b".into(),
            headers: vec![("x-c".into(), "d".into())],
            body: b"{}".to_vec(),
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn url(task: &Value) -> String {
        Call::from_task(task).unwrap().url
    }

    #[test]
    fn the_test_vector_of_the_format_holds() {
        let vector = concat!(
            "00000013636f756e7465727369676e2d63616c6c2d7631",
            "00000004504f5354",
            "00000012687474703a2f2f612e6578616d706c652f62",
            "00000001",
            "00000003782d630000000164",
            "000000027b7d",
        );
        assert_eq!(hex(&small().to_bytes()), vector);
        let digest = "sha256:0b753b2f5065f4d058ac856c445c2c0388c5f6865e792bfe8ce56f88d1b2d752";
        assert_eq!(small().digest().to_string(), digest);
    }

    #[test]
    fn bytes_that_end_early_go_on_or_are_of_another_format_are_refused() {
        let bytes = small().to_bytes();
        for end in 0..bytes.len() {
            assert!(Call::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(Call::from_bytes(&[bytes.as_slice(), b"\0"].concat()).is_err());
        let mut other = bytes;
        other[4 + FORMAT.len() - 1] = b'2';
        assert!(Call::from_bytes(&other).is_err());
    }

    #[test]
    fn a_task_becomes_one_exact_call() {
        let task = json!({
            "hostname": "https://api.example.com:8443",
            "path": "/v2/badges/{badgeId}/claim",
            "method": "PUT",
            "pathParams": {"badgeId": "a/b c"},
            "queryParams": {"z": "", "a b": "x&y=1+\u{e9}~"},
            "body": {"z": [1, null], "a": "\u{e9}"},
            "headers": {"X-Second": "2", "Content-Type": "application/json"},
        });
        let call = Call {
            method: "PUT".into(),
            url: "https://api.example.com:8443/v2/badges/a%2Fb%20c/claim?z=&a%20b=x%26y%3D1%2B%C3%A9~".into(),
            headers: vec![
                ("x-second".into(), "2".into()),
                ("content-type".into(), "application/json".into()),
            ],
            body: "{\"z\":[1,null],\"a\":\"\u{e9}\"}".into(),
        };
        assert_eq!(Call::from_task(&task), Ok(call));
    }

    #[test]
    fn without_query_and_body_there_is_no_question_mark_and_no_byte() {
        let mut task = json!({"hostname": "http://a.example", "path": "/b", "method": "GET"});
        let bare = Call::from_task(&task).unwrap();
        assert_eq!((bare.url.as_str(), bare.body.as_slice()), ("http://a.example/b", b"".as_slice()));
        task["queryParams"] = json!({});
        assert_eq!(Call::from_task(&task).unwrap(), bare);
    }

    #[test]
    fn a_value_in_the_path_cannot_leave_its_segment() {
        let task = |id: &str| json!({"hostname": "http://a.example", "path": "/b/{id}/{id}", "method": "GET", "pathParams": {"id": id}});
        assert_eq!(url(&task("{id}")), "http://a.example/b/%7Bid%7D/%7Bid%7D");
        assert_eq!(url(&task("../?#")), "http://a.example/b/..%2F%3F%23/..%2F%3F%23");
        for id in ["", ".", ".."] {
            assert!(Call::from_task(&task(id)).is_err(), "{id}");
        }
    }

    #[test]
    fn a_task_that_no_one_checked_is_refused() {
        let good = json!({"hostname": "http://a.example", "path": "/b", "method": "GET"});
        let bad = [
            ("hostname", json!("http://user@a.example")),
            ("path", json!("b")),
            ("path", json!("/b?c")),
            ("path", json!("/{id}")),
            ("method", json!(1)),
            ("queryParams", json!({"a": [1]})),
            ("queryParams", json!([])),
            ("headers", json!({"a": null})),
        ];
        for (name, value) in bad {
            let mut task = good.clone();
            task[name] = value;
            assert!(Call::from_task(&task).is_err(), "{task}");
        }
    }

    #[test]
    fn the_origin_is_the_one_in_the_url() {
        assert_eq!(small().split_url().unwrap(), (Origin::parse("http://a.example").unwrap(), "/b"));
        let call = Call { url: "https://a.example:8443/b?c=https://d.example/".into(), ..small() };
        assert_eq!(call.split_url().unwrap().0, Origin::parse("https://a.example:8443").unwrap());
        assert!(Call { url: "/b".into(), ..small() }.split_url().is_err());
    }

    fn texts() -> impl Strategy<Value = Vec<(String, String)>> {
        prop::collection::vec((any::<String>(), any::<String>()), 0..4)
    }

    fn task() -> impl Strategy<Value = Value> {
        let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?";
        (texts(), texts(), "[^.].{0,8}", number).prop_map(|(query, headers, id, number)| {
            let object = |pairs: Vec<(String, String)>| {
                Value::Object(pairs.into_iter().map(|(name, text)| (name, Value::String(text))).collect())
            };
            json!({
                "hostname": "http://a.example:1900", "path": "/b/{id}", "method": "POST",
                "pathParams": {"id": id}, "queryParams": object(query), "headers": object(headers),
                "body": {"n": json::read(number.as_bytes()).unwrap(), "t": "\u{0}\"\u{2028}"},
            })
        })
    }

    proptest! {
        #[test]
        fn a_stored_call_is_read_back_as_it_was(
            method: String, url: String, headers in texts(), body: Vec<u8>
        ) {
            let call = Call { method, url, headers, body };
            prop_assert_eq!(Call::from_bytes(&call.to_bytes()), Ok(call));
        }

        #[test]
        fn any_bytes_are_read_exactly_or_refused(bytes: Vec<u8>) {
            let framed = [small().to_bytes()[..23].to_vec(), bytes].concat();
            if let Ok(call) = Call::from_bytes(&framed) {
                prop_assert_eq!(call.to_bytes(), framed);
            }
        }

        #[test]
        fn the_echo_gives_the_same_bytes_again(task in task()) {
            let echo = json::read(json::write(&task).as_bytes()).unwrap();
            let call = Call::from_task(&task).unwrap();
            prop_assert_eq!(Call::from_task(&echo).unwrap().to_bytes(), call.to_bytes());
        }
    }
}
