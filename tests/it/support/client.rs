//! A small HTTP client: one connection per call, and JSON that keeps its digits.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// One call before it is sent.
#[must_use]
pub struct Call {
    to: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// `null` if it is not JSON.
    pub body: Value,
}

impl Call {
    pub fn new(to: SocketAddr, method: &str, path: &str) -> Self {
        Self { to, method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes every header of that name.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.text(&countersign::domain::json::write(body))
    }

    /// A JSON text exactly as written.
    pub fn text(self, body: &str) -> Self {
        self.raw("application/json", body.as_bytes())
    }

    pub fn raw(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("content-type", content_type)
    }

    /// Sends it; an answer that the OpenAPI document does not describe fails the test.
    pub async fn send(self) -> Reply {
        let (method, path) = (self.method.clone(), self.path.clone());
        let reply = self.exchange().await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        super::openapi::assert_described(&method, &path, &reply);
        reply
    }

    async fn exchange(self) -> Result<Reply, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(self.to).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driving = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(self.path)
            .header("host", self.to.to_string())
            .header("connection", "close");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = sender.send_request(request.body(Full::new(Bytes::from(self.body)))?).await?;
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        driving.abort();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, text, body })
    }
}

impl Reply {
    /// The whole body of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// `data` of an answer with status 200.
    #[track_caller]
    pub fn data(self) -> Value {
        self.expect(200)["data"].take()
    }

    /// Asserts a refusal with this status and first code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["errors"][0]["code"], code, "{body}");
        assert_eq!(body["data"], Value::Null);
        assert_eq!(body["warnings"], Value::Array(Vec::new()));
        body
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
