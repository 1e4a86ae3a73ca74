//! What 1,000 open pages cost the server: memory, statements to the database, and how soon all of them hear.
//!
//! Real HTTP on the loopback and real sessions; client and server are one process, so the clients' part of the
//! memory counts, too. `scripts/bench streams` runs it.

#[path = "../pages/browser.rs"]
mod browser;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use browser::Browser;
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::actor::{Actor, Permission, Person, Signer};
use countersign::domain::ids::OrgId;
use countersign::engine::sessions::SessionGrant;
use countersign::engine::{Engine, SubmissionInput};
use countersign::server::{ExecutorMode, Server, Startup};
use countersign::store::{Opener, Purpose, StoreUrl};
use countersign::web::session::DemoPerson;
use diesel::prelude::*;
use serde_json::json;

const ORG: &str = "90001";
const ISSUER: &str = "https://bench.example";
const CHECKER: &str = "400002";

const STREAMS: usize = 1_000;
/// As many as one session may open.
const PER_SESSION: usize = 20;
/// What all of them may cost.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A connection may tell so late what it has done.
const SETTLES: Duration = Duration::from_secs(15);
/// How long the database is watched.
const WATCHED: Duration = Duration::from_secs(10);

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut stores = vec![("SQLite", format!("sqlite://{}", folder.path().join("bench.db").display()))];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => stores.push(("PostgreSQL", url)),
        Err(_) => anyhow::bail!("TEST_POSTGRES_URL is not set; use scripts/bench"),
    }
    for (name, url) in stores {
        runtime.block_on(bench_store(name, &url, folder.path()))?;
    }
    Ok(())
}

async fn bench_store(name: &str, url: &str, folder: &Path) -> anyhow::Result<()> {
    println!("\n{name}");
    let config = config(url, folder)?;
    let startup = Startup { demo: vec![checker()], ..Startup::from(ExecutorMode::Stepped) };
    let server = Server::start(&config, Clock::system(), startup).await?;
    let (address, engine) = (server.address(), server.engine().clone());
    submit(&engine, 0).await?;
    let browsers = tokio::task::spawn_blocking(move || sign_in(address)).await??;
    let alone = statements(url).await?;
    let before = resident()?;
    let mut streams = tokio::task::spawn_blocking(move || open(address, &browsers)).await??;
    let cost = resident()?.saturating_sub(before);
    let each = cost / STREAMS as u64;
    println!("{STREAMS} open streams: {} KiB, {each} bytes each", cost / 1024);
    if let (Some(alone), Some(watched)) = (alone, statements(url).await?) {
        println!("transactions in {WATCHED:?}: {alone} with no page open, {watched} with {STREAMS}");
    }
    let began = Instant::now();
    submit(&engine, 1).await?;
    let committed = began.elapsed();
    streams = tokio::task::spawn_blocking(move || heard(streams)).await??;
    println!("all heard of a request {:.0?} after it was sent in ({committed:.0?})", began.elapsed());
    println!("afterwards: {} KiB", resident()?.saturating_sub(before) / 1024);
    ensure!(cost < BYTES_MAX, "{STREAMS} streams cost more than {} MiB", BYTES_MAX / 1024 / 1024);
    drop((streams, engine));
    server.stop().await
}

fn sign_in(address: SocketAddr) -> anyhow::Result<Vec<Browser>> {
    let one = |_| {
        let mut browser = Browser::new(address)?;
        browser.sign_in(CHECKER)?;
        let page = browser.get("/ui/needs-me")?;
        ensure!(page.status == 200, "the page: {}", page.status);
        Ok(browser)
    };
    (0..STREAMS / PER_SESSION).map(one).collect()
}

fn open(address: SocketAddr, browsers: &[Browser]) -> anyhow::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(STREAMS);
    for browser in browsers {
        for _ in 0..PER_SESSION {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            let cookies = browser.cookie_header();
            let call = format!("GET /ui/events HTTP/1.1\r\nhost: {address}\r\ncookie: {cookies}\r\n\r\n");
            stream.write_all(call.as_bytes())?;
            read_until(&mut stream, "event: here")?;
            streams.push(stream);
        }
    }
    Ok(streams)
}

fn heard(mut streams: Vec<TcpStream>) -> anyhow::Result<Vec<TcpStream>> {
    for stream in &mut streams {
        read_until(stream, "event: new")?;
    }
    Ok(streams)
}

fn read_until(stream: &mut TcpStream, part: &str) -> anyhow::Result<()> {
    let mut text = String::new();
    let mut bytes = [0; 4_096];
    while !text.contains(part) {
        let read = stream.read(&mut bytes)?;
        ensure!(read > 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    Ok(())
}

/// The memory that this process has in use.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

#[derive(QueryableByName)]
struct Transactions {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// Transactions of the database while it is watched; only PostgreSQL counts them.
async fn statements(url: &str) -> anyhow::Result<Option<i64>> {
    if !url.starts_with("postgres") {
        return Ok(None);
    }
    tokio::time::sleep(SETTLES).await;
    let first = transactions(url.to_owned()).await?;
    tokio::time::sleep(WATCHED).await;
    Ok(Some(transactions(url.to_owned()).await? - first))
}

async fn transactions(url: String) -> anyhow::Result<i64> {
    let read = move || {
        let url = StoreUrl::parse(&url)?;
        let mut conn = Opener { url, purpose: Purpose::Read }.open()?;
        let query = "SELECT xact_commit + xact_rollback AS number FROM pg_stat_database \
                     WHERE datname = current_database()";
        Ok(diesel::sql_query(query).get_result::<Transactions>(&mut conn)?.number)
    };
    tokio::task::spawn_blocking(read).await?
}

async fn submit(engine: &Engine, number: usize) -> anyhow::Result<()> {
    let text = || "400001".to_owned();
    let maker = Actor {
        signer: Signer {
            person: Person { iss: ISSUER.to_owned(), sub: text(), user_id: text(), user_name: text() },
            org: OrgId::new(ORG),
            permissions: vec![Permission::Make],
            groups: Vec::new(),
            has_unread_groups: false,
            act: Vec::new(),
            signed_in_at: None,
        },
        token_id: None,
        source_address: None,
        via: None,
    };
    let body = json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "https://api.example.com", "path": "/stream", "method": "POST", "headers": {},
            "body": { "number": number },
        }},
    });
    let body = body.to_string();
    let submitting = SubmissionInput {
        actor: &maker,
        type_name: "STREAM",
        body: Ok(body.as_bytes()),
        idempotency_key: None,
        reference: "bench",
    };
    engine.submit(submitting).await?;
    Ok(())
}

fn checker() -> DemoPerson {
    let text = || CHECKER.to_owned();
    let granted = SessionGrant {
        person: Person { iss: ISSUER.to_owned(), sub: text(), user_id: text(), user_name: text() },
        orgs: vec![OrgId::new(ORG)],
        permissions: vec![Permission::Check],
        groups: Vec::new(),
        has_unread_groups: false,
        act: Vec::new(),
    };
    DemoPerson { name: "Chen".to_owned(), what: "checker".to_owned(), granted }
}

fn config(url: &str, folder: &Path) -> anyhow::Result<Config> {
    let types = folder.join("types");
    std::fs::create_dir_all(&types)?;
    std::fs::write(
        types.join("stream.toml"),
        "name = \"STREAM\"\n[call]\nmethod = \"POST\"\npath = \"/stream\"\n[body]\ntype = \"object\"\n",
    )?;
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"{url}\"\n[types]\ndir = \"{}\"\n\
         [auth]\nhs256_secret = \"{}\"\nissuer = \"{ISSUER}\"\naudience = \"bench\"\n\
         [log]\nlevel = \"warn\"\n\
         [[targets]]\nscheme = \"https\"\nhost = \"api.example.com\"\nlabel = \"Bench\"\n",
        types.display(),
        "x".repeat(32),
    );
    let file = folder.join("bench.toml");
    std::fs::write(&file, text)?;
    Ok(Config::load(Some(&file), std::iter::empty(), Flags::default())?)
}
