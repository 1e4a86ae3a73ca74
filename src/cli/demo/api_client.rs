//! Sends the demo's HTTP requests.

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::Value;

/// A person who calls the API.
pub(super) struct Caller {
    /// Their name in the transcript.
    pub(super) name: String,
    /// Their token.
    pub(super) token: String,
}

/// An HTTP response.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Sends one HTTP request over a new connection, past any proxy: the demo's servers are on this machine.
pub(super) async fn call(
    authority: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> anyhow::Result<Reply> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut request = client.request(method, format!("http://{authority}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = request.send().await.with_context(|| format!("{authority} does not answer"))?;
    let status = response.status().as_u16();
    let bytes = response.bytes().await?;
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
    Ok(Reply { status, body })
}

impl Reply {
    /// The response, if it has the expected status.
    pub(super) fn expect(self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "expected {status}, got {}: {}", self.status, self.body);
        Ok(self.body)
    }
}
