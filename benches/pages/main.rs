//! What a page costs the server with 100,000 requests in the store, over real HTTP and a real session.
//!
//! One browser asks for page after page; the time is from the first byte of the question to the last of the
//! answer. `scripts/bench pages` runs it; `COUNTERSIGN_BENCH_REQUESTS` makes the store smaller.

mod browser;
mod filling;
mod timing;

use std::path::Path;
use std::time::{Duration, Instant};

use browser::Browser;
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::actor::{Permission, Person};
use countersign::domain::ids::OrgId;
use countersign::engine::sessions::SessionGrant;
use countersign::server::{ExecutorMode, Server, Startup};
use countersign::web::session::DemoPerson;
use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;

const ORG: &str = "90001";
const ISSUER: &str = "https://bench.example";
const CHECKER: &str = "400002";

/// Pages of each kind that are measured.
const PAGES: usize = 2_000;
/// What an inbox and the page of a request must keep to.
const P99_MAX: Duration = Duration::from_millis(10);

fn main() -> anyhow::Result<()> {
    let requests = std::env::var("COUNTERSIGN_BENCH_REQUESTS").map_or(Ok(100_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut stores = vec![("SQLite", format!("sqlite://{}", folder.path().join("bench.db").display()))];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => stores.push(("PostgreSQL", url)),
        Err(_) => anyhow::bail!("TEST_POSTGRES_URL is not set; use scripts/bench"),
    }
    for (name, url) in stores {
        runtime.block_on(bench_store(name, &url, folder.path(), requests))?;
    }
    Ok(())
}

/// One of so many requests waits: 1,000 of 100,000.
const WAITING_OF: usize = 100;

async fn bench_store(name: &str, url: &str, folder: &Path, requests: usize) -> anyhow::Result<()> {
    let config = config(url, folder)?;
    let startup = Startup { demo: vec![checker()], ..Startup::from(ExecutorMode::Stepped) };
    let server = Server::start(&config, Clock::system(), startup).await?;
    let began = Instant::now();
    let ids = filling::fill(server.engine(), requests, WAITING_OF).await?;
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || settle(&url)).await??;
    println!(
        "\n{name}: {requests} requests, {} of them waiting, filled in {:.0?}",
        ids.waiting.len(),
        began.elapsed()
    );
    println!("{:<44} {:>9} {:>9} {:>9} {:>9}", "", "bytes", "p50 ms", "p99 ms", "max ms");
    let address = server.address();
    let measured = tokio::task::spawn_blocking(move || measure(address, &ids));
    measured.await??;
    server.stop().await
}

/// Lets PostgreSQL do at once what so many rows in so short a time leave for it to do beside the measuring.
fn settle(url: &str) -> anyhow::Result<()> {
    if url.starts_with("postgres") {
        let mut conn = PgConnection::establish(url)?;
        conn.batch_execute("VACUUM ANALYZE")?;
        conn.batch_execute("CHECKPOINT")?;
    }
    Ok(())
}

fn measure(address: std::net::SocketAddr, ids: &filling::Ids) -> anyhow::Result<()> {
    let mut browser = Browser::new(address)?;
    browser.sign_in(CHECKER)?;
    let every = |ids: &[String], path: &str| -> Vec<String> {
        (0..PAGES).map(|at| format!("/ui/requests/{}{path}", ids[at * 7919 % ids.len()])).collect()
    };
    let same = |path: &str| vec![path.to_owned(); PAGES];
    let kinds = [
        ("what needs me", true, same("/ui/needs-me")),
        ("what needs me, of one type", true, same("/ui/needs-me?type=GOODWILL-POINTS")),
        ("what needs me, the largest first", true, same("/ui/needs-me?order=largest")),
        ("what needs me, from 60 on, by maker", true, same("/ui/needs-me?min=60&order=maker")),
        ("my groups", true, same("/ui/my-groups")),
        ("my groups, the largest first", true, same("/ui/my-groups?order=largest")),
        ("a request that waits", true, every(&ids.waiting, "")),
        (
            "the same, opened from the largest first",
            true,
            every(&ids.waiting, "?from=needs-me%3Forder%3Dlargest"),
        ),
        ("a request that has ended", true, every(&ids.ended, "")),
        ("the step to approve", false, every(&ids.waiting, "/approve")),
        ("a trail", false, every(&ids.ended, "/trail")),
        ("history", false, same("/ui/history")),
    ];
    for (name, has_limit, paths) in kinds {
        // The first ones warm up.
        timing::print(&mut browser, (name, &paths), 100, has_limit.then_some(P99_MAX))?;
    }
    Ok(())
}

fn checker() -> DemoPerson {
    let person = Person {
        iss: ISSUER.to_owned(),
        sub: CHECKER.to_owned(),
        user_id: CHECKER.to_owned(),
        user_name: "checker@example.com".to_owned(),
    };
    let granted = SessionGrant {
        person,
        orgs: vec![OrgId::new(ORG)],
        permissions: vec![Permission::Check],
        groups: Vec::new(),
        has_unread_groups: false,
        act: Vec::new(),
    };
    DemoPerson { name: "Chen".to_owned(), what: "checker".to_owned(), granted }
}

fn config(url: &str, folder: &Path) -> anyhow::Result<Config> {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"{url}\"\n\
         [auth]\nhs256_secret = \"{}\"\nissuer = \"{ISSUER}\"\naudience = \"bench\"\n\
         [log]\nlevel = \"warn\"\n\
         [[targets]]\nscheme = \"https\"\nhost = \"api.example.com\"\nlabel = \"Bench\"\n",
        "x".repeat(32),
    );
    let file = folder.join("bench.toml");
    std::fs::write(&file, text)?;
    Ok(Config::load(Some(&file), std::iter::empty(), Flags::default())?)
}
