//! The event stream: what an open page receives, and what it must not.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::signed_in;
use crate::support::app::{App, AppOptions};
use crate::support::browser::Browser;
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::Person;
use crate::support::{On, eventually, journeys};

journeys![
    a_checker_receives_new_requests_and_the_decisions_of_others,
    the_stream_says_whether_a_request_still_waits_for_the_reader,
    somebody_who_is_switched_off_is_told_of_nothing_that_waits,
    a_maker_receives_only_their_own_requests,
    no_one_receives_another_orgs_requests,
    a_page_resumes_from_its_position_or_is_told_to_reload,
    a_stream_ends_with_its_session_and_with_the_server,
    the_stream_needs_a_session_and_our_own_page,
    the_number_of_streams_per_session_is_limited,
];

const MAKER: &str = "400001";
const CHEN: &str = "400002";
const STRANGER: &str = "400009";

fn people() -> Vec<Person> {
    let mut stranger = Person::new(400_009, "stranger@example.com", &["CanCheckRequest"]);
    stranger.orgs = json!("90002");
    vec![
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_002, "chen\u{202e}@example.com", &["CanCheckRequest"]),
        stranger,
    ]
}

async fn start(on: On, policy: &str) -> App {
    App::with(on, AppOptions::stepped().with_pages(&people()).with_type(&type_file("", policy))).await
}

/// An open stream, and what was received so far.
struct Stream {
    connection: TcpStream,
    text: String,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Stream {
    /// Asks for a stream; it may be refused.
    async fn ask(app: &App, browser: &Browser<'_>, query: &str, headers: &str) -> Self {
        let address = app.server().address();
        let mut connection = TcpStream::connect(address).await.unwrap();
        let cookies: Vec<String> =
            browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = format!(
            "GET /ui/events{query} HTTP/1.1\r\nhost: {address}\r\ncookie: {}\r\n{headers}\r\n",
            cookies.join("; ")
        );
        connection.write_all(call.as_bytes()).await.unwrap();
        Self { connection, text: String::new() }
    }

    async fn open(app: &App, browser: &Browser<'_>) -> Self {
        let mut stream = Self::ask(app, browser, "", "").await;
        stream.receives("event: here").await;
        stream
    }

    /// Reads on until this was received.
    async fn receives(&mut self, part: &str) {
        while !self.text.contains(part) {
            let read = self.read().await;
            assert_ne!(read, Some(0), "it ended before {part}: {}", self.text);
            assert!(read.is_some(), "no {part}: {}", self.text);
        }
    }

    /// Reads the next part; `None` if there is none in time.
    async fn read(&mut self) -> Option<usize> {
        let mut part = [0; 4_096];
        let read = timeout(PATIENCE, self.connection.read(&mut part)).await.ok()?.unwrap_or(0);
        self.text.push_str(std::str::from_utf8(&part[..read]).unwrap());
        Some(read)
    }

    /// Reads to the end.
    async fn ends(&mut self) {
        loop {
            let read = self.read().await.expect("it ends");
            if read == 0 || self.text.ends_with("0\r\n\r\n") {
                return;
            }
        }
    }
}

async fn a_checker_receives_new_requests_and_the_decisions_of_others(on: On) {
    let app = start(on, "").await;
    let mut stream = Stream::open(&app, &signed_in(&app, CHEN).await).await;
    let head = stream.text.to_ascii_lowercase();
    for part in ["content-type: text/event-stream", "cache-control: no-store", "retry: 3000"] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let read = app.maker().pays(&body(&app, "payee-one", 10)).await;
    stream.receives("event: new").await;
    stream.receives(&format!("\"id\":\"{}\"", read.id)).await;
    app.other_checker().says(&read.id, "rejected").await.data();
    stream.receives("event: change").await;
    stream.receives("\"text\":\"Rejected by second.checker@example.com just now\"").await;
    stream.receives("\"word\":\"Rejected\"").await;
    let silent = app.maker().pays(&body(&app, "payee-two", 10)).await;
    app.maker().withdraw(&silent.id, "a secret reason").await.data();
    stream.receives("Withdrawn by maker@example.com just now").await;
    let again = app.maker().call("POST", &format!("/requests/{}/submit-again", silent.id)).text("{}");
    again.send().await.data();
    stream.receives("Submitted again by maker@example.com just now").await;
    // None of these could be part of an id by chance.
    for never in ["payee-one", "payee-two", "a secret reason", "as agreed"] {
        assert!(!stream.text.contains(never), "{never}: {}", stream.text);
    }
}

async fn the_stream_says_whether_a_request_still_waits_for_the_reader(on: On) {
    let app = start(on, TWO_CHECKERS).await;
    let chen = signed_in(&app, CHEN).await;
    let read = app.maker().pays(&body(&app, "c-1", 10)).await;
    let mut stream = Stream::open(&app, &chen).await;
    app.other_checker().says(&read.id, "approved").await.data();
    stream.receives("Approved by second.checker@example.com just now; it waits for others").await;
    stream.receives("\"waits\":true").await;
    app.checker().says(&read.id, "approved").await.data();
    stream.receives("\"state\":\"approved\"").await;
    stream.receives("\"waits\":false").await;
    app.run_due_executions().await;
    stream.receives("Done just now").await;
}

async fn somebody_who_is_switched_off_is_told_of_nothing_that_waits(on: On) {
    let off = "[[people]]\nname = \"Chen\"\naccounts = [\"sub-400002\"]\nactive = false\n";
    let options = AppOptions::stepped().with_pages(&people()).with_type(&type_file("", TWO_CHECKERS));
    let app = App::with(on, options.with_people(off)).await;
    let chen = signed_in(&app, CHEN).await;
    let mut stream = Stream::open(&app, &chen).await;
    let read = app.maker().pays(&body(&app, "c-1", 10)).await;
    app.other_checker().says(&read.id, "approved").await.data();
    stream.receives("Approved by second.checker@example.com just now").await;
    stream.receives("\"waits\":false").await;
    assert!(
        !stream.text.contains("event: new") && !stream.text.contains("\"waits\":true"),
        "{}",
        stream.text
    );
}

async fn a_maker_receives_only_their_own_requests(on: On) {
    let app = start(on, "").await;
    let mut stream = Stream::open(&app, &signed_in(&app, MAKER).await).await;
    let others = app.other_maker().pays(&body(&app, "c-1", 10)).await;
    app.checker().says(&others.id, "rejected").await.data();
    let own = app.maker().pays(&body(&app, "c-2", 10)).await;
    app.checker().says(&own.id, "rejected").await.data();
    stream.receives(&format!("\"id\":\"{}\"", own.id)).await;
    assert!(!stream.text.contains(&others.id), "{}", stream.text);
}

async fn no_one_receives_another_orgs_requests(on: On) {
    let app = start(on, "").await;
    let mut stream = Stream::open(&app, &signed_in(&app, STRANGER).await).await;
    let ours = app.maker().pays(&body(&app, "c-1", 10)).await;
    let theirs = app.stranger().pays(&body(&app, "c-2", 10)).await;
    stream.receives(&theirs.id).await;
    assert!(!stream.text.contains(&ours.id), "{}", stream.text);
}

async fn a_page_resumes_from_its_position_or_is_told_to_reload(on: On) {
    let app = start(on, "").await;
    let chen = signed_in(&app, CHEN).await;
    let place = chen.page("/ui/needs-me").await.attribute("body", "data-after");
    let read = app.maker().pays(&body(&app, "c-1", 10)).await;
    app.other_checker().says(&read.id, "rejected").await.data();
    for (query, header) in [
        (format!("?after={place}"), String::new()),
        (String::new(), format!("last-event-id: {place}\r\n")),
        ("?after=older".to_owned(), format!("last-event-id: {place}\r\n")),
    ] {
        let mut stream = Stream::ask(&app, &chen, &query, &header).await;
        stream.receives("event: here").await;
        assert!(stream.text.contains("event: new"), "{}", stream.text);
        assert!(stream.text.contains("Rejected by"), "{}", stream.text);
        assert!(!stream.text.contains("event: reset"), "{}", stream.text);
    }
    for place in ["?after=another-1", "?after=%F0%9F%92%A5", "?after=-"] {
        let mut stream = Stream::ask(&app, &chen, place, "").await;
        stream.receives("event: reset").await;
    }
}

async fn a_stream_ends_with_its_session_and_with_the_server(on: On) {
    let mut app = start(on, "").await;
    {
        let (chen, other) = (signed_in(&app, CHEN).await, signed_in(&app, CHEN).await);
        let (mut of_chen, mut of_other) = (Stream::open(&app, &chen).await, Stream::open(&app, &other).await);
        let csrf = chen.csrf().await;
        chen.post("/ui/sign-out", &[("csrf", &csrf)]).await.leads_to();
        of_chen.ends().await;
        let read = app.maker().pays(&body(&app, "c-1", 10)).await;
        of_other.receives(&read.id).await;
        assert!(!of_chen.text.contains(&read.id));
    }
    let chen = signed_in(&app, CHEN).await;
    let mut stream = Stream::open(&app, &chen).await;
    drop(chen);
    let server = app.take_server();
    let (stopped, ()) = tokio::join!(server.stop(), stream.ends());
    stopped.unwrap();
}

async fn the_stream_needs_a_session_and_our_own_page(on: On) {
    let app = start(on, "").await;
    let anonymous = app.browser();
    let mut stream = Stream::ask(&app, &anonymous, "", "").await;
    stream.receives("HTTP/1.1 401").await;
    let chen = signed_in(&app, CHEN).await;
    for site in ["cross-site", "same-site"] {
        let mut stream = Stream::ask(&app, &chen, "", &format!("sec-fetch-site: {site}\r\n")).await;
        stream.receives("HTTP/1.1 403").await;
    }
    let mut stream = Stream::ask(&app, &chen, "?more=1", "").await;
    stream.receives("HTTP/1.1 400").await;
}

async fn the_number_of_streams_per_session_is_limited(on: On) {
    let app = start(on, "").await;
    let chen = signed_in(&app, CHEN).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        streams.push(Stream::open(&app, &chen).await);
    }
    assert_eq!(app.metric("countersign_open_streams").await.as_deref(), Some("50"));
    let mut one_more = Stream::ask(&app, &chen, "", "").await;
    one_more.receives("HTTP/1.1 503").await;
    one_more.receives("Too many pages are open.").await;
    let other = signed_in(&app, CHEN).await;
    streams.push(Stream::open(&app, &other).await);
    drop(streams);
    // The server notices at its next write that a browser has gone.
    app.maker().pays(&body(&app, "c-1", 10)).await;
    let mut number = 0;
    eventually("the places are free again", async || {
        number += 1;
        app.maker().pays(&body(&app, &format!("c-{number}"), 10)).await;
        (app.metric("countersign_open_streams").await.as_deref() == Some("0")).then_some(())
    })
    .await;
}
