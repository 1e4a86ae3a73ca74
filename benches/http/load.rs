//! Clients that call one after another over a connection of their own, and what they measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use countersign::api::BASE;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::setting::{ORG, Setting};

/// What a client does over and over, against which server.
#[derive(Clone, Copy)]
pub enum Work<'a> {
    /// Submits.
    Submit(&'a str),
    /// Submits, approves, and has the outcome.
    Whole(&'a str),
}

/// What came of it.
pub struct Measured {
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Runs `clients` for `span`.
pub async fn run(
    setting: &Setting,
    work: Work<'_>,
    clients: usize,
    span: Duration,
) -> anyhow::Result<Measured> {
    let began = Instant::now();
    let until = began + span;
    let all = (0..clients).map(|_| client(setting, work, until));
    let mut times: Vec<Duration> =
        futures_util::future::try_join_all(all).await?.into_iter().flatten().collect();
    let took = began.elapsed();
    ensure!(!times.is_empty(), "nothing was done in {took:?}");
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let count = f64::from(u32::try_from(times.len())?);
    Ok(Measured { rate: count / took.as_secs_f64(), p50_ms: at(50), p99_ms: at(99) })
}

async fn client(setting: &Setting, work: Work<'_>, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let (Work::Submit(address) | Work::Whole(address)) = work;
    let mut connection = Connection::open(address).await?;
    let mut times = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        let body = submission(&setting.sandbox_address, NUMBER.fetch_add(1, Ordering::Relaxed));
        let submitted = connection.send(Method::POST, &setting.maker, body).await?;
        if matches!(work, Work::Whole(_)) {
            let decided = connection.send(Method::PUT, &setting.checker, approval(&submitted)).await?;
            ensure!(decided["data"]["state"] == "executed", "not executed: {decided}");
        }
        times.push(began.elapsed());
    }
    Ok(times)
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: String,
}

impl Connection {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, driving) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driving);
        Ok(Self { sender, address: address.to_owned() })
    }

    async fn send(&mut self, method: Method, token: &str, body: String) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{BASE}/ISSUE-BADGE"))
            .header("host", &self.address)
            .header("content-type", "application/json")
            .header("x-cap-ui-auth-token", token)
            .header("x-cap-api-auth-org-id", ORG)
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        let answer: Value = serde_json::from_slice(&bytes)?;
        ensure!(status.is_success(), "{status}: {answer}");
        Ok(answer)
    }
}

fn submission(sandbox: &str, number: u64) -> String {
    json!({
        "entityInfo": {
            "tillId": "70000001", "storeId": "70000002", "zoneId": "70000003", "conceptId": "70000004",
        },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": format!("http://{sandbox}"),
            "path": "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
            "method": "POST",
            "pathParams": {},
            "body": {
                "triggeredBy": { "ownerType": "Goodwill_Module", "referenceId": "134" },
                "customers": 1_000_000_000 + number,
                "requestId": format!("bench-{number}"),
                "badgeMetaId": "650000000000000000000001",
            },
            "headers": {
                "Authorization": "Basic ZGVtby50aWxsOjYyY2MyZDhiNGJmMmQ4NzI4MTIwZDA1MjE2M2E3N2Rm",
                "content-type": "application/json",
            },
        } },
    })
    .to_string()
}

fn approval(submitted: &Value) -> String {
    json!({
        "requestId": submitted["data"]["requestId"],
        "actionName": "AdminTask",
        "payload": { "AdminTask-Payload": { "actionDecision": "approved", "actionMessage": "ok" } },
    })
    .to_string()
}
