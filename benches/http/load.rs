//! Clients that call one after another over a connection of their own, and what they measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::{Bytes, BytesMut};
use countersign::api::BASE;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::types::{DEFAULT, ISSUE_PATH, ORG, STAGED};

/// With it the body of a call has about 1.1 KB.
const FILLER_WORDS: u64 = 55;

/// What a client does over and over.
#[derive(Clone)]
pub enum Work {
    /// Submits, under this type.
    Submit(&'static str),
    /// Submits, approves, and has the outcome.
    Whole,
    /// Submits, and everybody decides whom the type asks for; the last one rejects, so that nothing is
    /// executed. Each call counts.
    Decide(&'static str),
}

/// How long each took, and all of them together.
pub struct Times {
    pub each: Vec<Duration>,
    pub all: Duration,
}

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Who calls whom, and where the calls that they submit are to go.
#[derive(Clone)]
pub struct Callers {
    pub server: String,
    pub maker: String,
    pub checker: String,
    /// One for each stage of the staged type.
    pub signers: Vec<String>,
    pub target: String,
}

impl Callers {
    /// Who decides a request of this type, in order.
    fn who_decides(&self, type_name: &str) -> &[String] {
        if type_name == STAGED { &self.signers } else { std::slice::from_ref(&self.checker) }
    }
}

/// Runs `clients` for `span`, each in a task of its own.
pub async fn run(callers: &Callers, work: Work, clients: usize, span: Duration) -> anyhow::Result<Times> {
    let began = Instant::now();
    let until = began + span;
    let all = (0..clients).map(|_| tokio::spawn(client(callers.clone(), work.clone(), until)));
    let mut each = Vec::new();
    for done in futures_util::future::join_all(all).await {
        each.extend(done??);
    }
    Ok(Times { each, all: began.elapsed() })
}

/// Submits once; the request's id.
pub async fn submit_one(callers: &Callers) -> anyhow::Result<String> {
    let body = submission(&callers.target, NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = Connection::open(&callers.server).await?;
    let submitted = connection.send(("POST", DEFAULT), &callers.maker, &body).await?;
    let submitted: Value = serde_json::from_slice(&submitted)?;
    Ok(submitted["data"]["requestId"].as_str().context("no requestId")?.to_owned())
}

async fn client(callers: Callers, work: Work, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let type_name = match work {
        Work::Submit(type_name) | Work::Decide(type_name) => type_name,
        Work::Whole => DEFAULT,
    };
    let mut connection = Connection::open(&callers.server).await?;
    let mut times = Vec::new();
    while Instant::now() < until {
        let mut began = Instant::now();
        let body = submission(&callers.target, NUMBER.fetch_add(1, Ordering::Relaxed));
        let submitted = connection.send(("POST", type_name), &callers.maker, &body).await?;
        if matches!(work, Work::Submit(..)) {
            times.push(began.elapsed());
            continue;
        }
        let submitted: Value = serde_json::from_slice(&submitted)?;
        if matches!(work, Work::Whole) {
            let approval = decision(&submitted, "approved");
            let decided = connection.send(("PUT", type_name), &callers.checker, &approval).await?;
            let decided: Value = serde_json::from_slice(&decided)?;
            ensure!(decided["data"]["state"] == "executed", "not executed: {decided}");
            times.push(began.elapsed());
            continue;
        }
        times.push(began.elapsed());
        let (last, others) = callers.who_decides(type_name).split_last().context("nobody decides")?;
        let others = others.iter().map(|token| (token, "approved"));
        for (token, verdict) in others.chain([(last, "rejected")]) {
            began = Instant::now();
            connection.send(("PUT", type_name), token, &decision(&submitted, verdict)).await?;
            times.push(began.elapsed());
        }
    }
    Ok(times)
}

/// Speaks just enough HTTP: the clients share the machine with what they measure.
struct Connection {
    stream: TcpStream,
    address: String,
    read: BytesMut,
}

impl Connection {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address: address.to_owned(), read: BytesMut::new() })
    }

    async fn send(
        &mut self,
        (method, type_name): (&str, &str),
        token: &str,
        body: &str,
    ) -> anyhow::Result<Bytes> {
        let request = format!(
            "{method} {BASE}/{type_name} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             x-cap-ui-auth-token: {token}\r\nx-cap-api-auth-org-id: {ORG}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let head = self.read.split_to(end).freeze();
        let head = std::str::from_utf8(&head)?;
        let length: usize = header(head, "content-length").context("no content-length")?.parse()?;
        while self.read.len() < length {
            self.read_more().await?;
        }
        let body = self.read.split_to(length).freeze();
        ensure!(head.starts_with("HTTP/1.1 200 "), "{head}{}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        self.read.reserve(16 * 1024);
        ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the server hung up");
        Ok(())
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Written out as text, for the same reason.
fn submission(target: &str, number: u64) -> String {
    submission_of(target, &body(number))
}

/// A submission of a call with this body.
pub fn submission_of(target: &str, body: &str) -> String {
    format!(
        r#"{{"entityInfo":{{"tillId":"70000001","storeId":"70000002","zoneId":"70000003","conceptId":"70000004"}},
"payload":{{"IntouchAPITask-Payload":{{"hostname":"http://{target}",
"path":"{ISSUE_PATH}","method":"POST","pathParams":{{}},"body":{body},
"headers":{{"Authorization":"Basic ZGVtby50aWxsOjYyY2MyZDhiNGJmMmQ4NzI4MTIwZDA1MjE2M2E3N2Rm",
"content-type":"application/json"}}}}}}}}"#
    )
}

/// The body of one call.
pub fn body(number: u64) -> String {
    body_with(number, &format!(r#"{},"source":"{}""#, 1_000_000_000 + number, filler(number)))
}

/// A body with this list of customers, and whatever members follow it.
pub fn body_with(number: u64, customers: &str) -> String {
    format!(
        r#"{{"triggeredBy":{{"ownerType":"Goodwill_Module","referenceId":"134"}},"requestId":"bench-{number}",
"badgeMetaId":"650000000000000000000001","customers":{customers}}}"#
    )
}

/// A text without repetitions, so that no store makes it much smaller: splitmix64 in hexadecimal digits.
fn filler(number: u64) -> String {
    let word = |index: u64| {
        let mut bits = (number * FILLER_WORDS + index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x} ", bits ^ (bits >> 31))
    };
    (0..FILLER_WORDS).map(word).collect()
}

fn decision(submitted: &Value, verdict: &str) -> String {
    json!({
        "requestId": submitted["data"]["requestId"],
        "actionName": "AdminTask",
        "payload": { "AdminTask-Payload": { "actionDecision": verdict, "actionMessage": "ok" } },
    })
    .to_string()
}
