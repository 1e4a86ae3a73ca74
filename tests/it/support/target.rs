//! A target that records what arrives, byte for byte, and answers as the test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A call as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The request line and the headers, as sent.
    pub head: String,
    pub body: String,
}

#[derive(Default)]
struct Recorded {
    arrived: Vec<Arrived>,
    answers: VecDeque<Vec<u8>>,
}

pub struct Target {
    pub address: SocketAddr,
    recorded: Arc<Mutex<Recorded>>,
    arrivals: watch::Receiver<usize>,
    is_held: watch::Sender<bool>,
}

impl Target {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let recorded = Arc::new(Mutex::new(Recorded::default()));
        let (count, arrivals) = watch::channel(0);
        let (is_held, held) = watch::channel(false);
        let shared = Arc::clone(&recorded);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), count.clone(), held.clone()));
            }
        });
        Self { address, recorded, arrivals, is_held }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next call gets this answer; without one it is a plain 200.
    pub fn will_answer(&self, status: u16, content_type: &str, body: &[u8]) {
        self.recorded.lock().unwrap().answers.push_back(answer(status, content_type, body));
    }

    /// Answers wait from now on until [`Target::release`].
    pub fn hold(&self) {
        self.is_held.send_replace(true);
    }

    pub fn release(&self) {
        self.is_held.send_replace(false);
    }

    /// Resolves once this many calls have arrived.
    pub async fn has_received(&self, count: usize) {
        self.arrivals.clone().wait_for(|arrived| *arrived >= count).await.unwrap();
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.recorded.lock().unwrap().arrived.clone()
    }
}

fn answer(status: u16, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 {status} Told\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

async fn serve(
    mut stream: TcpStream,
    recorded: Arc<Mutex<Recorded>>,
    count: watch::Sender<usize>,
    mut held: watch::Receiver<bool>,
) {
    let Some(arrived) = read_call(&mut stream).await else { return };
    let answer = {
        let mut recorded = recorded.lock().unwrap();
        recorded.arrived.push(arrived);
        recorded.answers.pop_front().unwrap_or_else(|| answer(200, "application/json", b"{}"))
    };
    count.send_modify(|count| *count += 1);
    if held.wait_for(|is_held| !is_held).await.is_ok() {
        // The caller may have gone by now.
        let _ = stream.write_all(&answer).await;
    }
}

async fn read_call(stream: &mut TcpStream) -> Option<Arrived> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(Arrived { head: head.to_owned(), body: body.to_owned() });
        }
    }
}
