//! A client that sends a body slowly, in part, or not at all.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::app::App;
use super::client::Reply;

/// A connection over which a call is sent in pieces.
pub struct Sending(TcpStream);

impl Sending {
    /// Sends the head of a POST, and the first bytes of a body of 1,000.
    pub async fn half(app: &App, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut sending = Self::head(app, path, headers, "content-length: 1000").await;
        sending.send(b"{\"half\": ").await;
        sending
    }

    pub async fn head(app: &App, path: &str, headers: &[(&str, &str)], framing: &str) -> Self {
        let address = app.server().address();
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\n{framing}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut sending = Self(TcpStream::connect(address).await.unwrap());
        sending.send(format!("{head}\r\n").as_bytes()).await;
        sending
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads until the answer has this in it: the client has not sent everything.
    pub async fn reads(&mut self, wanted: &str) -> String {
        let mut answer = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&answer).into_owned();
            if text.contains(wanted) {
                return text;
            }
            let count = self.0.read_buf(&mut answer).await.unwrap();
            assert_ne!(count, 0, "the connection was closed after {text}");
        }
    }

    /// Sends up to `most` bytes of a body until the server takes no more; how many it took, and what it answered.
    pub async fn floods(self, most: usize, in_chunks: bool) -> (usize, String) {
        let (mut reading, mut writing) = self.0.into_split();
        // Both at once: the answer comes while the body is still sent.
        let answered = tokio::spawn(async move {
            let mut answer = Vec::new();
            // What was read before a reset counts.
            let _ = reading.read_to_end(&mut answer).await;
            String::from_utf8_lossy(&answer).into_owned()
        });
        let spaces = vec![b' '; 64 * 1024];
        let chunk = [format!("{:x}\r\n", spaces.len()).as_bytes(), spaces.as_slice(), b"\r\n"].concat();
        let piece = if in_chunks { chunk } else { spaces };
        let mut sent = 0;
        while sent + piece.len() <= most && writing.write_all(&piece).await.is_ok() {
            sent += piece.len();
        }
        (sent, answered.await.unwrap())
    }

    /// Reads until the server closes the connection.
    pub async fn reads_to_the_end(mut self) -> String {
        let mut answer = Vec::new();
        self.0.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// The answer, read until the server closes the connection.
    pub async fn reply(self) -> Reply {
        let answer = self.reads_to_the_end().await;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
            headers.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        let body = serde_json::from_str(text).unwrap_or_default();
        Reply { status, headers, text: text.to_owned(), body }
    }
}
