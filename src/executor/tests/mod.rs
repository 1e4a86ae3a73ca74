//! Calls over real sockets on loopback, against servers that answer by hand.
//!
//! Longer than 400 lines because every way in which a connection can fail is a case of one exchange.

mod as_submitted;
mod credentials;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::egress::{Egress, EgressError, Limits, NotCleared};
use super::own_listener::OwnListener;
use crate::domain::allowed_targets::{Scheme, Target, Targets};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::call::{Call, HEADER_BLOCK_BYTES_MAX, URL_BYTES_MAX};
use crate::domain::outcome::{Exchange, Judgement, TargetResponse, WireBytes};
use crate::domain::request_type::AnswerRules;

/// By the status alone.
fn judge(exchange: &Exchange) -> Judgement {
    crate::domain::outcome::judge(exchange, &AnswerRules::default(), None, chrono::DateTime::UNIX_EPOCH)
}

const LIMITS: Limits = Limits { dns_ms: 5_000, connect_ms: 5_000, total_ms: 20_000, answer_bytes_max: 1_000 };

/// Limits for a target that never gets done.
const IMPATIENT: Limits = Limits { total_ms: 100, ..LIMITS };

fn target(scheme: Scheme, host: &str, port: u16) -> Target {
    Target {
        scheme,
        host: host.to_owned(),
        ports: vec![port],
        label: "Test".to_owned(),
        allow_cidrs: ["127.0.0.0/8", "::1/128"].map(|cidr| cidr.parse().unwrap()).to_vec(),
        ca_file: None,
    }
}

fn post(url: String) -> Call {
    Call {
        method: "POST".to_owned(),
        url,
        headers: vec![
            ("x-cap-b".to_owned(), "two".to_owned()),
            ("authorization".to_owned(), "Basic c2VjcmV0".to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: br#"{"customers":[1]}"#.to_vec(),
    }
}

async fn exchange(target: Target, limits: Limits, call: &Call) -> Exchange {
    let egress = Egress::new(Arc::new(Targets::of(vec![target])), limits).unwrap();
    let cleared = egress.clear(call).await.unwrap();
    let own = [("traceparent", "00-1-2-01"), ("x-countersign-request-id", "id-1")];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    egress.send(cleared, call, &own).await.exchange
}

/// Sends the usual call over plain HTTP to a port of this machine.
async fn call_port(port: u16, limits: Limits) -> Exchange {
    let call = post(format!("http://127.0.0.1:{port}/v2/badges?a=%20b&c"));
    // In a task of its own, as the executor does it.
    let exchange = async move { exchange(target(Scheme::Http, "127.0.0.1", port), limits, &call).await };
    tokio::spawn(exchange).await.unwrap()
}

/// Serves one connection; the handle gives what `serve` made of it.
async fn server<F, T>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> (u16, JoinHandle<T>)
where
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await
    });
    (port, served)
}

/// Reads the whole request, answers with `answer`, closes, and gives the request's text.
async fn answer_with(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) -> String {
    let request = read_request(&mut stream).await;
    stream.write_all(answer).await.ok();
    stream.shutdown().await.ok();
    request
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    while !request.ends_with(br#"{"customers":[1]}"#) && stream.read_buf(&mut request).await.unwrap() > 0 {}
    String::from_utf8(request).unwrap()
}

/// What comes of a target that answers exactly these bytes and closes.
async fn exchange_with(answer: impl AsRef<[u8]> + Send + Sync + 'static) -> Exchange {
    let (port, served) =
        server(move |stream| async move { answer_with(stream, answer.as_ref()).await }).await;
    let exchange = call_port(port, LIMITS).await;
    served.await.unwrap();
    exchange
}

fn answered(exchange: Exchange) -> TargetResponse {
    let Exchange::Answered(answer) = exchange else { panic!("not answered: {exchange:?}") };
    answer
}

fn not_sent(exchange: Exchange) -> String {
    let Exchange::NotSent { reason } = exchange else { panic!("not unsent: {exchange:?}") };
    reason
}

fn no_full_answer(exchange: Exchange) -> (String, Option<TargetResponse>) {
    let Exchange::NoFullAnswer { reason, partial, .. } = exchange else {
        panic!("not unanswered: {exchange:?}")
    };
    (reason, partial)
}

#[tokio::test]
async fn the_wire_carries_the_call_and_the_engine_s_own_headers_and_nothing_else() {
    let answer =
        b"HTTP/1.1 201 Created\r\nX-Twice: a\r\nx-twice: b\r\nx-odd: \xe9\r\ncontent-length: 2\r\n\r\n{}";
    let (port, served) = server(move |stream| async move { answer_with(stream, answer).await }).await;
    let answer = answered(call_port(port, LIMITS).await);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        served.await.unwrap(),
        format!(
            "POST /v2/badges?a=%20b&c HTTP/1.1\r\n\
             host: 127.0.0.1:{port}\r\n\
             x-cap-b: two\r\n\
             authorization: Basic c2VjcmV0\r\n\
             content-type: application/json\r\n\
             user-agent: countersign/{version}\r\n\
             traceparent: 00-1-2-01\r\n\
             x-countersign-request-id: id-1\r\n\
             content-length: 17\r\n\
             \r\n\
             {{\"customers\":[1]}}"
        )
    );
    let headers = [("x-twice", "a"), ("x-twice", "b"), ("x-odd", "é"), ("content-length", "2")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(answer, TargetResponse { status: 201, headers, body: b"{}".to_vec(), cut: false });
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("location: http://{}/steal\r\n", elsewhere.local_addr().unwrap());
    let answer = format!("HTTP/1.1 307 Temporary Redirect\r\n{location}content-length: 0\r\n\r\n");
    assert_eq!(answered(exchange_with(answer).await).status, 307);
    let visit = tokio::time::timeout(std::time::Duration::ZERO, elsewhere.accept()).await;
    assert!(visit.is_err(), "the redirect was followed");
}

#[tokio::test]
async fn answers_without_a_length_and_in_chunks_are_read_to_their_end() {
    let until_close = answered(exchange_with("HTTP/1.1 200 OK\r\n\r\nto the end").await);
    assert_eq!(until_close.body, b"to the end");
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(answered(exchange_with(chunked).await).body, b"abcde");
}

#[tokio::test]
async fn odd_statuses_are_answers_that_failed() {
    for status in ["101 Switching Protocols", "204 No Content", "304 Not Modified", "999 Odd"] {
        let exchange =
            exchange_with(format!("HTTP/1.1 {status}\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")).await;
        let executed = judge(&exchange).outcome == AttemptOutcome::Executed;
        assert_eq!(executed, status.starts_with("204"), "{status}");
        assert_eq!(answered(exchange).body, b"", "{status}");
    }
}

#[tokio::test]
async fn informational_answers_are_passed_over() {
    let answer =
        ["HTTP/1.1 103 Early Hints\r\n\r\n"; 500].concat() + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(answered(exchange_with(answer).await).status, 200);
}

#[tokio::test]
async fn a_target_that_closes_before_answering_gave_no_full_answer() {
    let (reason, partial) = no_full_answer(exchange_with("").await);
    assert_eq!(reason, "the connection was closed before the answer was complete");
    assert_eq!(partial, None);
}

fn bytes_of(exchange: &Exchange) -> WireBytes {
    let Exchange::NoFullAnswer { bytes, .. } = exchange else { panic!("not unanswered: {exchange:?}") };
    *bytes
}

#[tokio::test]
async fn without_a_full_answer_it_is_said_how_many_bytes_went_and_came() {
    for answer in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"] {
        let (port, served) =
            server(move |stream| async move { answer_with(stream, answer.as_bytes()).await }).await;
        let bytes = bytes_of(&call_port(port, LIMITS).await);
        let arrived = u64::try_from(served.await.unwrap().len()).unwrap();
        let came = u64::try_from(answer.len()).unwrap();
        assert_eq!(bytes, WireBytes { sent: arrived, whole: arrived, received: came }, "{answer}");
    }
}

#[tokio::test]
async fn of_a_call_that_is_cut_off_on_its_way_only_a_part_had_left() {
    // Far more than the buffers of two sockets take; its target reads one byte and hangs up.
    let (port, served) = server(|mut stream| async move { stream.read_u8().await }).await;
    let mut call = post(format!("http://127.0.0.1:{port}/"));
    call.body = vec![b' '; 64 * 1024 * 1024];
    let bytes = bytes_of(&exchange(target(Scheme::Http, "127.0.0.1", port), LIMITS, &call).await);
    assert!(0 < bytes.sent && bytes.sent < bytes.whole && bytes.received == 0, "{bytes:?}");
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn of_an_attempt_whose_time_is_over_no_byte_leaves() {
    // As after a halt of this process between the start of the attempt and its first byte.
    let (port, served) = server(|mut stream| async move {
        let mut arrived = Vec::new();
        stream.read_to_end(&mut arrived).await.ok();
        arrived
    })
    .await;
    let call = post(format!("http://127.0.0.1:{port}/"));
    let targets = Arc::new(Targets::of(vec![target(Scheme::Http, "127.0.0.1", port)]));
    let egress = Egress::new(targets, LIMITS).unwrap();
    let since = std::time::Instant::now() - std::time::Duration::from_millis(LIMITS.total_ms + 1);
    let cleared = egress.clear(&call).await.unwrap().since(since);
    let sent = egress.send(cleared, &call, &[]).await;
    assert!(sent.has_timed_out);
    let reason = not_sent(sent.exchange);
    assert!(reason.starts_with("the limit of 20000 ms passed while "), "{reason}");
    // It may not even have connected.
    TcpStream::connect(("127.0.0.1", port)).await.ok();
    assert_eq!(served.await.unwrap(), b"");
}

#[tokio::test]
async fn an_answer_that_ends_early_is_no_full_answer() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n",
    ] {
        let exchange = exchange_with(answer).await;
        assert_eq!(judge(&exchange).outcome, AttemptOutcome::Ambiguous, "{answer}");
        let (_, partial) = no_full_answer(exchange);
        assert_eq!(partial.map(|partial| (partial.status, partial.body)), Some((200, b"short".to_vec())));
    }
}

#[tokio::test]
async fn an_answer_whose_head_is_unreadable_is_no_full_answer() {
    let many = "a:\r\n".repeat(4_097);
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        "HTTP/1.1 099 Odd\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\nx".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{many}\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(70_000)),
    ] {
        let shown = answer[..answer.len().min(40)].to_owned();
        let (reason, partial) = no_full_answer(exchange_with(answer).await);
        assert_eq!(reason, "the head of the answer is not HTTP/1.1, or too large", "{shown}");
        assert_eq!(partial, None, "{shown}");
    }
}

#[tokio::test]
async fn very_many_headers_are_read_as_long_as_the_head_is_not_too_large() {
    let different: String = (0..4_000).map(|number| format!("x-{number}: v\r\n")).collect();
    for (lines, count) in
        [("x-same: v\r\n".repeat(120), 120), ("a:\r\n".repeat(4_000), 4_000), (different, 4_000)]
    {
        let head = format!("HTTP/1.1 200 OK\r\n{lines}content-length: 2\r\n\r\n{{}}");
        let answer = answered(exchange_with(head).await);
        assert_eq!((answer.headers.len(), answer.body.as_slice()), (count + 1, b"{}".as_slice()));
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_is_cut_and_one_at_the_limit_is_not() {
    let of =
        |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", "x".repeat(bytes));
    let full = answered(exchange_with(of(1_000)).await);
    assert_eq!((full.body.len(), full.cut), (1_000, false));
    let cut = answered(exchange_with(of(1_001)).await);
    assert_eq!((cut.body.len(), cut.cut), (1_000, true));
}

#[tokio::test]
async fn a_slow_target_is_given_up_and_what_came_is_kept() {
    for (answer, stage, status) in [
        ("", "waiting for the answer", None),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20", "waiting for the answer", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "reading the answer", Some(200)),
    ] {
        let (port, served) = server(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.read_to_end(&mut Vec::new()).await
        })
        .await;
        let (reason, partial) = no_full_answer(call_port(port, IMPATIENT).await);
        assert_eq!(reason, format!("the limit of 100 ms passed while {stage}"));
        assert_eq!(partial.map(|partial| partial.status), status);
        // The server sees the end of the connection: nothing keeps it open behind our back.
        served.await.unwrap().ok();
    }
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let exchange = call_port(port, LIMITS).await;
    let reason = format!("No byte left: connection refused by 127.0.0.1:{port}.");
    assert_eq!(judge(&exchange).reason, reason);
    assert_eq!(judge(&exchange).outcome, AttemptOutcome::NotSent);
    not_sent(exchange);
}

#[tokio::test]
async fn a_call_that_can_t_be_sent_as_it_stands_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let header = |name: &str, value: &str| Call {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..post(format!("http://127.0.0.1:{port}/"))
    };
    for call in [
        header("host", "evil.test"),
        header("transfer-encoding", "chunked"),
        header("x-a", "a\r\nx-b: 1"),
        header("x a", "1"),
        Call { method: "POST /x HTTP/1.1".to_owned(), ..post(format!("http://127.0.0.1:{port}/")) },
        post(format!("http://127.0.0.1:{port}/a b")),
        post(format!("http://127.0.0.1:{port}/a#b")),
    ] {
        not_sent(exchange(target(Scheme::Http, "127.0.0.1", port), LIMITS, &call).await);
    }
    let visit = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
    assert!(visit.is_err(), "a connection was made");
}

#[tokio::test]
async fn only_the_call_that_was_cleared_is_sent() {
    let targets =
        Targets::of(vec![target(Scheme::Http, "127.0.0.1", 1), target(Scheme::Http, "127.0.0.1", 2)]);
    let egress = Egress::new(Arc::new(targets), LIMITS).unwrap();
    let cleared = egress.clear(&post("http://127.0.0.1:1/".to_owned())).await.unwrap();
    let exchange = egress.send(cleared, &post("http://127.0.0.1:2/".to_owned()), &[]).await.exchange;
    assert_eq!(not_sent(exchange), "the call is not the one that was cleared");
}

#[tokio::test]
async fn a_call_to_a_place_that_is_not_allowed_is_not_cleared() {
    let closed = |host: &str| Target { allow_cidrs: vec![], ..target(Scheme::Http, host, 80) };
    let open = |host: &str| Target {
        allow_cidrs: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
        ..target(Scheme::Http, host, 80)
    };
    let hosts = ["169.254.169.254", "0.0.0.0", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"].map(open);
    let mut targets = vec![closed("127.0.0.1"), closed("localhost"), closed("10.0.0.1"), closed("127.1")];
    targets.extend(hosts);
    let egress = Egress::new(Arc::new(Targets::of(targets)), LIMITS).unwrap();
    for (url, reason) in [
        ("http://127.0.0.1/", "127.0.0.1 has the address 127.0.0.1, of class loopback"),
        ("http://10.0.0.1/", "10.0.0.1 has the address 10.0.0.1, of class private"),
        ("http://169.254.169.254/", "169.254.169.254 has the address 169.254.169.254, of class link-local"),
        ("http://0.0.0.0/", "0.0.0.0 has the address 0.0.0.0, of class unspecified"),
        ("http://[fd00:ec2::254]/", "[fd00:ec2::254] has the address fd00:ec2::254, of class cloud metadata"),
        ("http://2130706433/", "http://2130706433 is not on the allow-list"),
        ("http://127.0.0.1:81/", "http://127.0.0.1:81 is not on the allow-list"),
        ("https://127.0.0.1/", "https://127.0.0.1 is not on the allow-list"),
        ("http://127.0.0.1", "the URL has no path"),
    ] {
        let refused = NotCleared::Refused(reason.to_owned());
        assert_eq!(egress.clear(&post(url.to_owned())).await.unwrap_err(), refused, "{url}");
    }
    for url in ["http://localhost/", "http://127.1/", "http://[::ffff:169.254.169.254]/"] {
        assert!(egress.clear(&post(url.to_owned())).await.is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_name_is_resolved_and_the_connection_goes_to_its_address() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let (port, served) = server(move |stream| async move { answer_with(stream, answer).await }).await;
    let call = post(format!("http://localhost:{port}/"));
    assert_eq!(answered(exchange(target(Scheme::Http, "localhost", port), LIMITS, &call).await).status, 200);
    assert!(served.await.unwrap().contains(&format!("\r\nhost: localhost:{port}\r\n")));
}

#[test]
fn a_url_parts_at_the_first_slash_after_the_host() {
    let call = post("https://api.example.com:8443/v2/x?y=http://z/".to_owned());
    let (origin, path) = call.split_url().unwrap();
    assert_eq!((origin.to_string().as_str(), path), ("https://api.example.com:8443", "/v2/x?y=http://z/"));
    for url in ["", "https://", "https://a.test", "https://a.test?x=/", "https://u@a.test/", "a.test/x", "/x"]
    {
        assert!(post(url.to_owned()).split_url().is_err(), "{url}");
    }
}

/// An authority of its own, its certificate in a file, and a server certificate for `name`.
struct Pki {
    folder: tempfile::TempDir,
    server: Arc<ServerConfig>,
}

impl Pki {
    fn new(name: &str) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(vec![]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), ca_certificate.pem()).unwrap();

        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let server =
            ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .unwrap();
        Self { folder, server: Arc::new(server) }
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// Calls a TLS server that has a certificate for `name` and answers `answer`, trusting the authority in
/// `ca_file`.
async fn exchange_over_tls(pki: &Pki, ca_file: PathBuf, answer: &'static [u8]) -> (Exchange, Option<String>) {
    let acceptor = TlsAcceptor::from(Arc::clone(&pki.server));
    let (port, served) = server(move |stream| async move {
        let stream = acceptor.accept(stream).await.ok()?;
        Some(answer_with(stream, answer).await)
    })
    .await;
    let call = post(format!("https://localhost:{port}/x"));
    let target = Target { ca_file: Some(ca_file), ..target(Scheme::Https, "localhost", port) };
    (exchange(target, LIMITS, &call).await, served.await.unwrap())
}

#[tokio::test]
async fn a_target_with_a_certificate_of_its_ca_file_is_called_over_tls() {
    let pki = Pki::new("localhost");
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let (exchange, request) = exchange_over_tls(&pki, pki.ca_file(), answer).await;
    assert_eq!(answered(exchange).body, b"{}");
    assert!(request.unwrap().starts_with("POST /x HTTP/1.1\r\nhost: localhost:"));
}

#[tokio::test]
async fn an_unknown_authority_or_another_name_means_that_nothing_was_sent() {
    let pki = Pki::new("localhost");
    let (exchange, request) = exchange_over_tls(&pki, Pki::new("localhost").ca_file(), b"").await;
    assert_eq!(request, None);
    assert!(not_sent(exchange).contains("invalid peer certificate"));

    let pki = Pki::new("other.test");
    let (exchange, request) = exchange_over_tls(&pki, pki.ca_file(), b"").await;
    assert_eq!(request, None);
    assert!(not_sent(exchange).contains("invalid peer certificate"));
}

#[tokio::test]
async fn a_tls_server_that_closes_before_answering_gave_no_full_answer() {
    let pki = Pki::new("localhost");
    let (exchange, request) = exchange_over_tls(&pki, pki.ca_file(), b"").await;
    assert!(request.unwrap().ends_with(r#"{"customers":[1]}"#));
    no_full_answer(exchange);
}

#[tokio::test]
async fn a_tls_handshake_that_hangs_means_that_nothing_was_sent() {
    let (port, served) = server(|mut stream| async move { stream.read_to_end(&mut Vec::new()).await }).await;
    let pki = Pki::new("localhost");
    let target = Target { ca_file: Some(pki.ca_file()), ..target(Scheme::Https, "localhost", port) };
    let call = post(format!("https://localhost:{port}/"));
    let reason = not_sent(exchange(target, IMPATIENT, &call).await);
    assert_eq!(reason, "the limit of 100 ms passed while setting up TLS");
    served.await.unwrap().ok();
}

#[test]
fn a_ca_file_must_hold_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    for path in [empty, folder.path().join("missing.pem")] {
        let target = Target { ca_file: Some(path), ..target(Scheme::Https, "localhost", 443) };
        let result = Egress::new(Arc::new(Targets::of(vec![target])), LIMITS);
        assert!(matches!(result, Err(EgressError::CaFile { .. })));
    }
}

#[test]
fn one_denied_address_refuses_the_whole_answer() {
    let target = target(Scheme::Http, "core.test", 80);
    let check = |ips: &[&str]| {
        let addresses = ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 80)).collect();
        super::egress::permitted(&target, addresses).map(|addresses| addresses.len())
    };
    assert_eq!(check(&["93.184.216.34", "127.0.0.1"]), Ok(2));
    assert_eq!(check(&["93.184.0.1", "93.184.0.2", "93.184.0.3", "93.184.0.4", "93.184.0.5"]), Ok(4));
    assert!(check(&["93.184.216.34", "10.0.0.1"]).is_err());
    assert!(check(&["93.184.0.1", "93.184.0.2", "93.184.0.3", "93.184.0.4", "169.254.169.254"]).is_err());
    assert!(check(&[]).is_err());
}

#[tokio::test]
async fn our_own_listener_is_never_called_under_any_name_of_this_machine() {
    let (port, served) =
        server(|stream| answer_with(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let own = |address: &str, port: u16| OwnListener(SocketAddr::new(address.parse().unwrap(), port));
    let egress = |host: &str, own| {
        let targets = Targets::of(vec![target(Scheme::Http, host, port)]);
        Egress::new(Arc::new(targets), LIMITS).unwrap().avoiding(own)
    };
    for host in ["localhost", "127.0.0.1", "127.3.2.1", "[::1]"] {
        for listening in ["0.0.0.0", "::"] {
            let call = post(format!("http://{host}:{port}/"));
            let cleared = egress(host, own(listening, port)).clear(&call).await;
            let NotCleared::Refused(reason) = cleared.unwrap_err() else { panic!("{host} was not refused") };
            assert!(reason.ends_with("where Countersign itself listens"), "{host}: {reason}");
        }
    }
    let call = post(format!("http://localhost:{port}/"));
    for elsewhere in [own("0.0.0.0", port ^ 1), own("127.0.0.9", port)] {
        assert!(egress("localhost", elsewhere).clear(&call).await.is_ok(), "{elsewhere:?}");
    }
    let neighbour = egress("localhost", own("::", port ^ 1));
    let cleared = neighbour.clear(&call).await.unwrap();
    assert_eq!(answered(neighbour.send(cleared, &call, &[]).await.exchange).status, 200);
    served.await.unwrap();
}

#[test]
fn whatever_a_submission_may_send_the_sender_can_send() {
    let fits = HEADER_BLOCK_BYTES_MAX / 2 - "x-a: \r\n".len();
    let headers = ["x-a", "x-b"].map(|name| (name.to_owned(), "v".repeat(fits)));
    let url = format!("http://a.example/{}", "p".repeat(URL_BYTES_MAX - "http://a.example/".len()));
    let call = Call { url, headers: headers.to_vec(), ..post(String::new()) };
    assert!(call.limit_faults().is_empty());
    let (origin, path) = call.split_url().unwrap();
    assert!(super::exchange::build_request(&call, (&origin.authority(), path), &[], None).is_ok());
}
