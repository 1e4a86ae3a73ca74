//! The demo's people, and a small HTTP client that prints what it does.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::domain::json;

/// Somebody who calls the API.
pub(super) struct Person {
    /// How the transcript names him.
    pub(super) name: String,
    /// His token.
    pub(super) token: String,
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Sends one call over a connection of its own.
pub(super) async fn call(
    authority: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> anyhow::Result<Reply> {
    let stream =
        TcpStream::connect(authority).await.with_context(|| format!("{authority} does not answer"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", authority);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let bytes = body.map(json::write).unwrap_or_default();
    let response = sender.send_request(request.body(Full::new(Bytes::from(bytes)))?).await?;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await?.to_bytes();
    driving.abort();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
    Ok(Reply { status, body })
}

impl Reply {
    /// The answer, if it has the status that the story needs.
    pub(super) fn expect(self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "expected {status}, got {}: {}", self.status, self.body);
        Ok(self.body)
    }
}
