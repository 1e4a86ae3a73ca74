//! One request and its answer over one connection, and the proof of whether a byte of it left.

use std::error::Error;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::domain::call::{CREDENTIAL_HEADER, Call};
use crate::domain::header_names::{CONNECTION_HEADERS, folded};
use crate::domain::outcome::{Exchange, TargetResponse, WireBytes};
use crate::fault_points::{self, CallWrites, FaultPoint};

const AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));
const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Rules see all headers of an answer. hyper sets up room for this many each time it reads a head, so that more
/// would make a flood of small heads expensive.
const ANSWER_HEADERS_MAX: usize = 4096;

/// hyper does not say which of the two it was.
const UNREADABLE: &str = "the head of the answer is not HTTP/1.1, or too large";

/// Headers that are set here, besides those of the connection. A stored call never has any of them; one that had
/// would not be sent as it was approved.
const SET_HERE: [&str; 3] = ["host", "content-length", "user-agent"];

/// A connection, with or without TLS.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {
    /// Whether a write that fails may still have put bytes on the wire. TLS takes a text in, seals it
    /// and writes it in pieces, so it can fail after the first piece.
    fn may_send_and_fail(&self) -> bool;
}

impl Transport for tokio::net::TcpStream {
    fn may_send_and_fail(&self) -> bool {
        false
    }
}

impl Transport for tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    fn may_send_and_fail(&self) -> bool {
        true
    }
}

/// What went over a connection.
#[derive(Default)]
struct Wire {
    /// Whether a byte of the call left, or may have left.
    a_byte_left: AtomicBool,
    sent: AtomicU64,
    received: AtomicU64,
}

/// How far an attempt came. It outlives the attempt, so that a time-out can still report it.
pub(super) struct AttemptProgress {
    /// Nothing leaves from then on.
    until: Instant,
    stage: &'static str,
    wire: Arc<Wire>,
    /// How many bytes the request has.
    whole: u64,
    answer: Option<TargetResponse>,
}

impl AttemptProgress {
    /// Of an attempt of which nothing leaves from `until` on.
    pub(super) fn until(until: Instant) -> Self {
        Self { until, stage: "", wire: Arc::default(), whole: 0, answer: None }
    }

    /// Notes what the attempt is doing now.
    pub(super) fn enter(&mut self, stage: &'static str) {
        self.stage = stage;
    }

    /// What the attempt was doing last.
    pub(super) fn stage(&self) -> &'static str {
        self.stage
    }

    /// The exchange, given what went wrong, if anything did.
    pub(super) fn end(self, trouble: Option<String>) -> Exchange {
        match (trouble, self.answer) {
            (None, Some(answer)) => Exchange::Answered(answer),
            (trouble, partial) => {
                let reason = trouble.unwrap_or_else(|| "there was no answer".to_owned());
                if self.wire.a_byte_left.load(Ordering::Acquire) {
                    let bytes = WireBytes {
                        sent: self.wire.sent.load(Ordering::Relaxed),
                        whole: self.whole,
                        received: self.wire.received.load(Ordering::Relaxed),
                    };
                    Exchange::NoFullAnswer { reason, partial, bytes }
                } else {
                    Exchange::NotSent { reason }
                }
            }
        }
    }
}

/// The request as it goes out: `host`, the call's headers in their order, the engine's own. What the call's credential
/// sets, `credential`, takes the place of the header that names it.
///
/// The error is a clause that says what can't be sent; it never contains a value.
pub(super) fn build_request(
    call: &Call,
    (authority, path): (&str, &str),
    own_headers: &[(String, String)],
    credential: Option<&(HeaderName, HeaderValue)>,
) -> Result<Request<Full<Bytes>>, String> {
    let is_forbidden = |name: &str| SET_HERE.contains(&name) || CONNECTION_HEADERS.contains(&name);
    if let Some((name, _)) = call.headers.iter().find(|(name, _)| is_forbidden(name)) {
        return Err(format!("the call has the header {name}, which is not its to set"));
    }
    let uri = PathAndQuery::try_from(path).map_err(|_| "the path can't be sent as it is written")?;
    if uri.as_str() != path {
        return Err("the path can't be sent as it is written".to_owned());
    }
    // The body is copied once here, because the stored call stays with the caller.
    let body = Bytes::copy_from_slice(&call.body);
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = call.method.parse().map_err(|_| "the method can't be sent")?;
    *request.uri_mut() = uri.into();
    let headers = request.headers_mut();
    append(headers, HOST.as_str(), authority)?;
    for (name, value) in &call.headers {
        if name != CREDENTIAL_HEADER {
            append(headers, name, value)?;
        } else if let Some((name, value)) = credential {
            let is_set = call.headers.iter().any(|(known, _)| folded(known) == folded(name.as_str()));
            if is_set {
                return Err(format!("the call has the header {name}, which its credential sets"));
            }
            headers.try_append(name, value.clone()).map_err(|_| "the call has too many headers")?;
        }
    }
    append(headers, USER_AGENT.as_str(), AGENT)?;
    for (name, value) in own_headers {
        append(headers, name, value)?;
    }
    if !call.body.is_empty() || matches!(call.method.as_str(), "POST" | "PUT" | "PATCH") {
        append(headers, CONTENT_LENGTH.as_str(), &call.body.len().to_string())?;
    }
    Ok(request)
}

/// How many bytes a request has as hyper writes it: the line, each header with its separators, an empty line, the body.
fn bytes_of(request: &Request<Full<Bytes>>) -> u64 {
    let path = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    let line = request.method().as_str().len() + path.len() + "  HTTP/1.1\r\n".len();
    let header =
        |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
    let head = line + request.headers().iter().map(header).sum::<usize>() + "\r\n".len();
    u64::try_from(head).unwrap_or(u64::MAX).saturating_add(request.body().size_hint().lower())
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    let unfit = || format!("the header {} can't be sent", name.escape_default());
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
    let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unfit())?;
    headers.try_append(key, value).map_err(|_| "the call has too many headers")?;
    Ok(())
}

/// Sends the request and reads the answer into `progress`. The error is a clause that says what went wrong.
pub(super) async fn run(
    stream: Box<dyn Transport>,
    request: Request<Full<Bytes>>,
    answer_bytes_max: usize,
    progress: &mut AttemptProgress,
) -> Result<(), String> {
    progress.enter("sending the call");
    progress.whole = bytes_of(&request);
    let counting = CountingStream {
        stream,
        until: progress.until,
        wire: Arc::clone(&progress.wire),
        writes: CallWrites::default(),
    };
    let handshake = http1::Builder::new()
        .max_headers(ANSWER_HEADERS_MAX)
        // The first bounds a head that was read, the second what is held of one that does not end.
        .max_header_size(ANSWER_HEAD_BYTES_MAX)
        .max_buf_size(ANSWER_HEAD_BYTES_MAX)
        .handshake(TokioIo::new(counting))
        .await;
    let (sender, connection) = handshake.map_err(|error| describe(&error))?;
    fault_points::pass(FaultPoint::CallConnected);
    // Both run in this task: when the attempt is dropped, so is the connection.
    let asking = pin!(ask(sender, request, answer_bytes_max, progress));
    let result = match select(asking, connection).await {
        Either::Left((result, _)) => result,
        Either::Right((_, asking)) => asking.await,
    };
    result.map_err(|error| describe(&error))
}

async fn ask(
    mut sender: SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    answer_bytes_max: usize,
    progress: &mut AttemptProgress,
) -> hyper::Result<()> {
    progress.enter("waiting for the answer");
    let (head, mut body) = sender.send_request(request).await?.into_parts();
    progress.enter("reading the answer");
    fault_points::pass(FaultPoint::StatusRead);
    let status = head.status.as_u16();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text_of(value))).collect();
    let answer = progress.answer.insert(TargetResponse { status, headers, body: Vec::new(), cut: false });
    while let Some(frame) = body.frame().await {
        // Trailers are no part of what is kept.
        let Ok(piece) = frame?.into_data() else { continue };
        let room = answer_bytes_max - answer.body.len();
        answer.body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            answer.cut = true;
            break;
        }
    }
    Ok(())
}

/// A header value as text: UTF-8 when it is, else each byte a character.
fn text_of(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// Says what went wrong on a connection, without a word of what was sent or received.
fn describe(error: &hyper::Error) -> String {
    if error.is_parse() {
        return UNREADABLE.to_owned();
    }
    if let Some(kind) = io_kind(error) {
        return format!("the connection broke: {kind}");
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return "the connection was closed before the answer was complete".to_owned();
    }
    "the exchange broke off".to_owned()
}

fn io_kind(error: &hyper::Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

/// A connection that notes when the first byte of the call leaves, and how many go and come. It sits above TLS, so that
/// the bytes of the TLS handshake do not count.
struct CountingStream {
    stream: Box<dyn Transport>,
    /// A process that was halted finds out here that it is too late, before anything leaves.
    until: Instant,
    wire: Arc<Wire>,
    writes: CallWrites,
}

impl CountingStream {
    fn is_in_time(&self) -> io::Result<()> {
        if Instant::now() < self.until { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }

    fn note(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let left = match &written {
            Poll::Ready(Ok(bytes)) => {
                self.wire.sent.fetch_add(u64::try_from(*bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
                *bytes > 0
            }
            Poll::Ready(Err(_)) => self.stream.may_send_and_fail(),
            Poll::Pending => false,
        };
        if left {
            self.wire.a_byte_left.store(true, Ordering::Release);
            self.writes.note_bytes();
        }
        written
    }
}

impl AsyncRead for CountingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let more = u64::try_from(buf.filled().len() - before).unwrap_or(u64::MAX);
        self.wire.received.fetch_add(more, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for CountingStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.is_in_time()?;
        let buf = self.writes.cut(buf);
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_in_time()?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored() && !fault_points::is_armed(FaultPoint::CallHalfWritten)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS holds sealed bytes back until then.
        self.is_in_time()?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.writes.note_flush();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_in_time()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
