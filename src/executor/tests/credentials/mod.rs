//! Calls with named credentials, over real sockets on loopback: what arrives, and what is said nowhere.

mod certificates;
mod tokens;

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::domain::allowed_targets::Origin;
use crate::domain::call::CREDENTIAL_HEADER;
use crate::domain::credential::{
    ClientCertificate, Credential, CredentialKind, OAuthClient, SecretSource, VALUE_BYTES_MAX,
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const UNAUTHORIZED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";

/// A server that keeps what arrives, and answers what a function of the number and the text of a request says.
struct Listening {
    port: u16,
    arrived: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Listening {
    async fn answering(answer: impl Fn(usize, &str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&arrived);
        let serving = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read_whole(&mut stream).await;
                let answer = answer(kept.lock().unwrap().len(), &request);
                kept.lock().unwrap().push(request);
                stream.write_all(answer.as_bytes()).await.ok();
                stream.shutdown().await.ok();
            }
        });
        Self { port, arrived, serving }
    }

    async fn always(answer: &'static str) -> Self {
        Self::answering(move |_, _| answer.to_owned()).await
    }

    /// A token endpoint: the tokens `t0`, `t1`, …, each good for so many seconds.
    async fn giving_tokens(seconds: f64) -> Self {
        Self::answering(move |number, _| {
            let body =
                format!(r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":{seconds}}}"#);
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        })
        .await
    }

    fn arrived(&self) -> Vec<String> {
        self.arrived.lock().unwrap().clone()
    }

    /// The values of this header, one for each request.
    fn values(&self, name: &str) -> Vec<String> {
        let value = |request: &String| {
            let line = request.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            line.unwrap_or("none").to_owned()
        };
        self.arrived().iter().map(value).collect()
    }
}

/// The head and as much of a body as it says.
async fn read_whole(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return text;
        }
    }
}

/// The usual call with this credential.
fn call_with(name: &str, origin: &str) -> Call {
    let mut call = post(format!("{origin}/pay"));
    call.headers.retain(|(name, _)| name != "authorization");
    call.headers.push((CREDENTIAL_HEADER.to_owned(), name.to_owned()));
    call
}

/// May call the listener with one credential of this kind, whose name is `core-banking`.
fn egress(listening: &Listening, kind: CredentialKind) -> (Egress, Call) {
    let origin = format!("http://127.0.0.1:{}", listening.port);
    let credential =
        Credential { name: "core-banking".to_owned(), targets: vec![Origin::parse(&origin).unwrap()], kind };
    let list = vec![target(Scheme::Http, "127.0.0.1", listening.port)];
    let targets = Targets { list, credentials: vec![credential] };
    (Egress::new(Arc::new(targets), LIMITS).unwrap(), call_with("core-banking", &origin))
}

fn header(name: &str, file: &Path) -> CredentialKind {
    CredentialKind::Header { name: name.to_owned(), value: SecretSource::File(file.to_owned()) }
}

fn oauth(endpoint: &Listening, secret: &Path) -> CredentialKind {
    CredentialKind::OAuth(OAuthClient {
        token_url: format!("http://127.0.0.1:{}/token", endpoint.port),
        client_id: "counter:sign".to_owned(),
        secret: SecretSource::File(secret.to_owned()),
        scope: Some("pay out".to_owned()),
    })
}

async fn send(egress: &Egress, call: &Call) -> Result<Exchange, NotCleared> {
    let cleared = egress.clear(call).await?;
    Ok(egress.send(cleared, call, &[]).await.exchange)
}

fn without_value(result: Result<Exchange, NotCleared>) -> String {
    let Err(NotCleared::NoCredential(reason)) = result else { panic!("it has a value: {result:?}") };
    reason
}

fn secret_file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

#[tokio::test]
async fn the_credential_takes_the_place_of_the_header_that_names_it() {
    let bank = Listening::always(OK).await;
    let (_folder, file) = secret_file("Bearer hunter2\n");
    let (egress, call) = egress(&bank, header("authorization", &file));
    assert_eq!(answered(send(&egress, &call).await.unwrap()).status, 200);
    let [request] = &bank.arrived()[..] else { panic!("not one request") };
    assert!(request.contains("\r\nauthorization: Bearer hunter2\r\n"), "{request}");
    assert!(!request.contains(CREDENTIAL_HEADER) && !request.contains("core-banking"), "{request}");
    // The call itself, its digest and whatever is stored of it stay as they were approved.
    assert_eq!(call.credential(), Some("core-banking"));
}

#[tokio::test]
async fn a_new_value_in_the_file_is_used_from_the_next_call_on() {
    let bank = Listening::always(OK).await;
    let (_folder, file) = secret_file("one");
    let (egress, call) = egress(&bank, header("x-bank-key", &file));
    for value in ["one", "two"] {
        std::fs::write(&file, value).unwrap();
        send(&egress, &call).await.unwrap();
    }
    assert_eq!(bank.values("x-bank-key"), ["one", "two"]);
}

#[tokio::test]
async fn without_a_value_nothing_is_sent_until_there_is_one() {
    let bank = Listening::always(OK).await;
    let (_folder, file) = secret_file("one");
    let (egress, call) = egress(&bank, header("x-bank-key", &file));
    std::fs::remove_file(&file).unwrap();
    let reason = without_value(send(&egress, &call).await);
    assert_eq!(reason, "the credential core-banking has no value right now; the log says why");
    for unfit in ["", "hunter2\nx: y", "hunter2 ", &"x".repeat(VALUE_BYTES_MAX + 1)] {
        std::fs::write(&file, unfit).unwrap();
        assert_eq!(without_value(send(&egress, &call).await), reason);
    }
    std::fs::write(&file, "two").unwrap();
    send(&egress, &call).await.unwrap();
    assert_eq!(bank.values("x-bank-key"), ["two"]);
}

#[tokio::test]
async fn a_credential_that_is_not_configured_or_may_not_go_there_is_refused() {
    let (bank, other) = (Listening::always(OK).await, Listening::always(OK).await);
    let (_folder, file) = secret_file("hunter2");
    let (allowed, _) = egress(&bank, header("x-bank-key", &file));
    let refused = |result: Result<_, NotCleared>| match result {
        Err(NotCleared::Refused(reason)) => reason,
        Ok(_) | Err(_) => panic!("it was not refused"),
    };
    let here = format!("http://127.0.0.1:{}", bank.port);
    let reason = refused(allowed.clear(&call_with("other", &here)).await);
    assert_eq!(reason, "the credential other is not configured");
    let credential = Credential {
        name: "core-banking".to_owned(),
        targets: vec![Origin::parse(&here).unwrap()],
        kind: header("x-bank-key", &file),
    };
    let list = [bank.port, other.port].map(|port| target(Scheme::Http, "127.0.0.1", port)).to_vec();
    let both = Egress::new(Arc::new(Targets { list, credentials: vec![credential] }), LIMITS).unwrap();
    let there = format!("http://127.0.0.1:{}", other.port);
    let reason = refused(both.clear(&call_with("core-banking", &there)).await);
    assert_eq!(reason, format!("the credential core-banking may not go to {there}"));
    assert!(bank.arrived().is_empty() && other.arrived().is_empty());
}

#[tokio::test]
async fn a_call_with_the_header_that_its_credential_sets_is_not_sent() {
    let bank = Listening::always(OK).await;
    let (_folder, file) = secret_file("hunter2");
    let (egress, mut call) = egress(&bank, header("x-bank-key", &file));
    call.headers.push(("x_bank_key".to_owned(), "mine".to_owned()));
    let reason = not_sent(send(&egress, &call).await.unwrap());
    assert_eq!(reason, "the call has the header x-bank-key, which its credential sets");
    assert!(bank.arrived().is_empty());
}

/// Everything that is logged, whatever its level.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_line_of_any_level_and_no_debug_shows_a_value() {
    let lines = Lines::default();
    let logging = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone());
    let _logging = tracing::subscriber::set_default(logging.finish());
    let bank = Listening::answering(|number, _| if number == 0 { UNAUTHORIZED } else { OK }.to_owned()).await;
    let endpoint = Listening::answering(|number, _| match number {
        0 | 1 => {
            let body = r#"{"access_token":"canary-token","expires_in":3600}"#;
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        _ => UNAUTHORIZED.to_owned(),
    })
    .await;
    let (_folder, file) = secret_file("canary-secret");
    let (with_token, call) = egress(&bank, oauth(&endpoint, &file));
    let (with_header, _) = egress(&bank, header("x-bank-key", &file));
    let mut shown = String::new();
    for egress in [&with_token, &with_token, &with_header] {
        let cleared = egress.clear(&call).await.unwrap();
        shown += &format!("{cleared:?}");
        shown += &format!("{:?}", egress.send(cleared, &call, &[]).await.exchange);
    }
    std::fs::write(&file, "canary-secret\ncanary-secret").unwrap();
    shown += &without_value(send(&with_header, &call).await);
    let (untokened, call) = egress(&bank, oauth(&endpoint, &file));
    shown += &without_value(send(&untokened, &call).await);
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("core-banking") && shown.contains("core-banking"), "{logged}");
    let basic = "Y291bnRlciUzQXNpZ246";
    for told in [&logged, &shown] {
        assert!(!told.contains("canary") && !told.contains(basic), "{told}");
    }
    assert_eq!(bank.arrived().len(), 3);
}
