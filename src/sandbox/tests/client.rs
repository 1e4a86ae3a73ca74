//! A sandbox that really runs, and a client that shows every byte of an answer.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::sandbox::start;

pub const DEMO: &str = "Basic ZGVtby50aWxsOjYyY2MyZDhiNGJmMmQ4NzI4MTIwZDA1MjE2M2E3N2Rm";
pub const SEED: &str = "Basic YWIxMjQ6MjVkNTVhZDI4M2FhNDAwYWY0NjRjNzZkNzEzYzA3YWQ=";

/// A sandbox on a port of its own; its clock is fixed at 2025-12-02.
pub struct Running {
    pub clock: Clock,
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Running {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::fixed(DateTime::from_timestamp(1_764_675_000, 192_000_000).unwrap());
        let (started, starts) = mpsc::channel();
        let own_clock = clock.clone();
        let thread = thread::spawn(move || {
            System::new().block_on(async {
                let server = start(listener, own_clock).unwrap();
                started.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { clock, address, handle: starts.recv().unwrap(), thread: Some(thread) }
    }

    /// Everything the server sends for one call; `None` if that is nothing at all.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        (!bytes.is_empty()).then(|| Answer::read(&String::from_utf8(bytes).unwrap()))
    }

    /// A call of the demo till that is answered.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("Authorization", DEMO)], &body.to_string()).expect("an answer")
    }

    /// Sends what a wrapped call of the contract's examples says.
    pub fn replay(&self, request: &Value) -> Answer {
        let task = &request["payload"]["IntouchAPITask-Payload"];
        let query: Vec<String> = task["queryParams"].as_object().map_or_else(Vec::new, |params| {
            params.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect()
        });
        let path = format!("{}?{}", task["path"].as_str().unwrap(), query.join("&"));
        let headers = task["headers"].as_object().unwrap().iter();
        let headers: Vec<(&str, &str)> =
            headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let method = task["method"].as_str().unwrap();
        self.send(method, &path, &headers, &task["body"].to_string()).expect("an answer")
    }

    pub fn holds(&self) -> Value {
        self.send("GET", "/sandbox", &[], "").unwrap().json()
    }

    pub fn set_fault(&self, fault: &Value) -> Answer {
        self.send("POST", "/sandbox/faults", &[], &fault.to_string()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Self { status, headers, text: body.to_owned() };
        if answer.header("transfer-encoding") == ["chunked"] {
            answer.text = without_chunks(body);
        }
        answer
    }

    pub fn header(&self, name: &str) -> Vec<&str> {
        let own = self.headers.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str()).collect()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// HTTP status and the code of the only error, in the shape of badges or of v2.
    pub fn error(&self) -> (u16, i64) {
        let body = self.json();
        assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body}");
        (self.status, body["errors"][0]["code"].as_i64().unwrap())
    }
}

fn without_chunks(mut rest: &str) -> String {
    let mut whole = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
}

/// One of the contract's examples.
pub fn example(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/contract");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}")).unwrap()).unwrap()
}

/// The ISSUE-BADGE page's own example: its scalar customer, its till, its badge.
pub fn issue_badge_page() -> Value {
    json!({"payload": {"IntouchAPITask-Payload": {
        "path": "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
        "method": "POST",
        "pathParams": {},
        "body": {
            "triggeredBy": {"ownerType": "Goodwill_Module", "referenceId": "134"},
            "customers": 113_460_811,
            "requestId": "e7requestd62c5ec5d115a2859228cefd9ee8cgh",
            "badgeMetaId": "658de01c823d1b70aabcfaae",
        },
        "headers": {"Authorization": SEED, "content-type": "application/json"},
    }}})
}
