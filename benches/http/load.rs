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

use crate::setting::ORG;

/// What a client does over and over, against which server.
#[derive(Clone)]
pub enum Work {
    /// Submits.
    Submit(String),
    /// Submits, approves, and has the outcome.
    Whole(String),
}

/// What came of it.
pub struct Measured {
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Who calls, and where the calls are to go.
#[derive(Clone)]
pub struct Callers {
    pub maker: String,
    pub checker: String,
    pub sandbox: String,
}

/// Runs `clients` for `span`, each in a task of its own.
pub async fn run(callers: &Callers, work: Work, clients: usize, span: Duration) -> anyhow::Result<Measured> {
    let began = Instant::now();
    let until = began + span;
    let all = (0..clients).map(|_| tokio::spawn(client(callers.clone(), work.clone(), until)));
    let mut times = Vec::new();
    for done in futures_util::future::join_all(all).await {
        times.extend(done??);
    }
    let took = began.elapsed();
    ensure!(!times.is_empty(), "nothing was done in {took:?}");
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let count = f64::from(u32::try_from(times.len())?);
    Ok(Measured { rate: count / took.as_secs_f64(), p50_ms: at(50), p99_ms: at(99) })
}

async fn client(callers: Callers, work: Work, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let (Work::Submit(address) | Work::Whole(address)) = &work;
    let mut connection = Connection::open(address).await?;
    let mut times = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        let body = submission(&callers.sandbox, NUMBER.fetch_add(1, Ordering::Relaxed));
        let submitted = connection.send(Method::POST, &callers.maker, body).await?;
        if matches!(work, Work::Whole(_)) {
            let submitted: Value = serde_json::from_slice(&submitted)?;
            let decided = connection.send(Method::PUT, &callers.checker, approval(&submitted)).await?;
            let decided: Value = serde_json::from_slice(&decided)?;
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

    async fn send(&mut self, method: Method, token: &str, body: String) -> anyhow::Result<Bytes> {
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
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&bytes));
        Ok(bytes)
    }
}

/// Written out as text: the clients share the machine with what they measure.
fn submission(sandbox: &str, number: u64) -> String {
    let customer = 1_000_000_000 + number;
    format!(
        r#"{{"entityInfo":{{"tillId":"70000001","storeId":"70000002","zoneId":"70000003","conceptId":"70000004"}},
"payload":{{"IntouchAPITask-Payload":{{"hostname":"http://{sandbox}",
"path":"/api_gateway/v1/badges/badgeMeta/customer/issueBulk","method":"POST","pathParams":{{}},
"body":{{"triggeredBy":{{"ownerType":"Goodwill_Module","referenceId":"134"}},"customers":{customer},
"requestId":"bench-{number}","badgeMetaId":"650000000000000000000001"}},
"headers":{{"Authorization":"Basic ZGVtby50aWxsOjYyY2MyZDhiNGJmMmQ4NzI4MTIwZDA1MjE2M2E3N2Rm",
"content-type":"application/json"}}}}}}}}"#
    )
}

fn approval(submitted: &Value) -> String {
    json!({
        "requestId": submitted["data"]["requestId"],
        "actionName": "AdminTask",
        "payload": { "AdminTask-Payload": { "actionDecision": "approved", "actionMessage": "ok" } },
    })
    .to_string()
}
