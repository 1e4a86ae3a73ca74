//! A target that records what arrives, byte for byte, and answers as the test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
    count: watch::Sender<usize>,
    is_held: watch::Sender<bool>,
    listening: tokio::sync::Mutex<Listening>,
}

/// Whether it takes connections.
enum Listening {
    Yes(JoinHandle<()>),
    /// The socket keeps the port, and refuses connections.
    No {
        _socket: TcpSocket,
    },
}

impl Target {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let recorded = Arc::new(Mutex::new(Recorded::default()));
        let (count, _) = watch::channel(0);
        let (is_held, _) = watch::channel(false);
        let accepting = accept(listener, &recorded, &count, &is_held);
        let listening = tokio::sync::Mutex::new(Listening::Yes(accepting));
        Self { address, recorded, count, is_held, listening }
    }

    /// Connections are refused from now on.
    pub async fn goes_away(&self) {
        let mut listening = self.listening.lock().await;
        if let Listening::Yes(accepting) = &mut *listening {
            accepting.abort();
            // The listener is closed once the task is gone.
            assert!(accepting.await.unwrap_err().is_cancelled());
            *listening = Listening::No { _socket: bound(self.address) };
        }
    }

    /// Connections are taken again.
    pub async fn comes_back(&self) {
        let mut listening = self.listening.lock().await;
        let listener = bound(self.address).listen(64).unwrap();
        *listening = Listening::Yes(accept(listener, &self.recorded, &self.count, &self.is_held));
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next call gets this answer; without one it is a plain 200.
    pub fn will_answer(&self, status: u16, content_type: &str, body: &[u8]) {
        self.recorded.lock().unwrap().answers.push_back(answer(status, content_type, body));
    }

    /// The next call gets these very bytes, and then the connection is closed.
    pub fn will_answer_bytes(&self, answer: impl AsRef<[u8]>) {
        self.recorded.lock().unwrap().answers.push_back(answer.as_ref().to_vec());
    }

    /// The next call arrives and gets no answer: the connection is closed.
    pub fn will_hang_up(&self) {
        self.will_answer_bytes([]);
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
        self.count.subscribe().wait_for(|arrived| *arrived >= count).await.unwrap();
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.recorded.lock().unwrap().arrived.clone()
    }
}

fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn accept(
    listener: TcpListener,
    recorded: &Arc<Mutex<Recorded>>,
    count: &watch::Sender<usize>,
    is_held: &watch::Sender<bool>,
) -> JoinHandle<()> {
    let (recorded, count, held) = (Arc::clone(recorded), count.clone(), is_held.subscribe());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&recorded), count.clone(), held.clone()));
        }
    })
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
