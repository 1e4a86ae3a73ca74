//! What a search costs with 300,000 requests in the store, over real HTTP and a real session; and what the index costs
//! those who submit.
//!
//! `scripts/bench search` runs it; `COUNTERSIGN_BENCH_REQUESTS` makes the store smaller, `COUNTERSIGN_BENCH_SECONDS` and
//! `COUNTERSIGN_BENCH_ROUNDS` say how long, and how often in turn, submissions are measured.

#[path = "../pages/browser.rs"]
mod browser;
#[path = "../pages/filling.rs"]
mod filling;
mod submitting;
#[path = "../pages/timing.rs"]
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
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use countersign::web::session::DemoPerson;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

const ORG: &str = "90001";
const ISSUER: &str = "https://bench.example";
const CHECKER: &str = "400002";
const MAKER: &str = "400001";

/// Searches of each kind that are measured.
const SEARCHES: usize = 400;
/// What every one of them must keep to.
const P99_MAX: Duration = Duration::from_millis(50);

fn main() -> anyhow::Result<()> {
    let number = |name: &str, usual| std::env::var(name).map_or(Ok(usual), |text| text.parse());
    let requests = number("COUNTERSIGN_BENCH_REQUESTS", 300_000)?;
    let turns = submitting::Turns {
        span: Duration::from_secs(u64::try_from(number("COUNTERSIGN_BENCH_SECONDS", 5)?)?),
        count: number("COUNTERSIGN_BENCH_ROUNDS", 5)?,
    };
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut stores = vec![("SQLite", format!("sqlite://{}", folder.path().join("bench.db").display()))];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => stores.push(("PostgreSQL", url)),
        Err(_) => anyhow::bail!("TEST_POSTGRES_URL is not set; use scripts/bench"),
    }
    for (name, url) in stores {
        runtime.block_on(bench_store((name, &url), folder.path(), requests, &turns))?;
    }
    Ok(())
}

/// One of so many requests waits.
const WAITING_OF: usize = 20;

async fn bench_store(
    (name, url): (&str, &str),
    folder: &Path,
    requests: usize,
    turns: &submitting::Turns,
) -> anyhow::Result<()> {
    let config = config(url, folder)?;
    let people = vec![person(CHECKER, Permission::Check), person(MAKER, Permission::Make)];
    let startup = Startup { demo: people, ..Startup::from(ExecutorMode::Stepped) };
    let server = Server::start(&config, Clock::system(), startup).await?;
    let began = Instant::now();
    let ids = filling::fill(server.engine(), requests, WAITING_OF).await?;
    println!(
        "\n{name}: {} requests, {} of them waiting, filled in {:.0?}",
        ids.waiting.len() + ids.ended.len(),
        ids.waiting.len(),
        began.elapsed()
    );
    let began = Instant::now();
    server.engine().index_all().await?;
    let took = began.elapsed();
    println!("indexed in {took:.0?}: {:.0} a second", requests as f64 / took.as_secs_f64());
    let store = url.to_owned();
    tokio::task::spawn_blocking(move || settle(&store, requests)).await??;
    println!("{:<44} {:>9} {:>9} {:>9} {:>9}", "", "bytes", "p50 ms", "p99 ms", "max ms");
    let address = server.address();
    tokio::task::spawn_blocking(move || measure(address)).await??;
    submitting::print(server.engine(), turns).await?;
    server.stop().await
}

/// Prints how much the index takes, and lets PostgreSQL do at once what so many rows leave for it to do beside the
/// measuring.
fn settle(url: &str, requests: usize) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        bytes: i64,
    }
    let mut conn = Opener { url: StoreUrl::parse(url)?, purpose: Purpose::Write }.open()?;
    let sizes = match &mut conn {
        AnyConnection::Postgres(conn) => {
            conn.batch_execute("VACUUM ANALYZE")?;
            conn.batch_execute("CHECKPOINT")?;
            "SELECT CAST(sum(pg_total_relation_size(oid)) AS BIGINT) AS bytes FROM pg_class \
             WHERE relkind = 'r' AND relname LIKE 'search%'"
        }
        AnyConnection::Sqlite(_) => "SELECT sum(pgsize) AS bytes FROM dbstat WHERE name LIKE '%search%'",
    };
    let size: Size = diesel::sql_query(sizes).get_result(&mut conn)?;
    println!("bytes of the index for a request: {:.0}", size.bytes as f64 / requests as f64);
    Ok(())
}

fn measure(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let each = |path: &dyn Fn(usize) -> String| -> Vec<String> {
        (0..SEARCHES).map(|at| format!("/ui/search?q={}", path(at))).collect()
    };
    let same = |words: &'static str| each(&|_| words.to_owned());
    let kinds = [
        ("one of all: a reference", CHECKER, each(&|at| format!("ref-{}", 1_000 + at * 7))),
        ("fifteen of all: a customer", CHECKER, each(&|at| format!("{}", 100_000 + at * 3))),
        ("one in fifty: an amount", CHECKER, each(&|at| format!("{}", 20 + at % 50))),
        ("all but the waiting: a word of the checker", CHECKER, same("list")),
        ("all: a word of the body", CHECKER, same("queue+till")),
        ("all: six words", CHECKER, same("queue+at+the+till+points+api.example.com")),
        ("all: the beginning of a word", CHECKER, same("que")),
        ("many words: a beginning of references", CHECKER, each(&|at| format!("ref-{}", 10 + at % 90))),
        ("many words: a beginning of numbers", CHECKER, each(&|at| format!("{}", 10 + at % 90))),
        ("all, but none in this state", CHECKER, same("queue&states=failed")),
        ("all, one in twenty in this state", CHECKER, same("queue&states=AdminTask")),
        ("all, of a type", CHECKER, same("queue&requestType=GOODWILL-POINTS")),
        ("nothing", CHECKER, each(&|at| format!("nowhere{at}"))),
        (
            "nothing: two words that never meet",
            CHECKER,
            each(&|at| format!("ref-{} ref-{}", 50 + at, 1_000 + at).replace(' ', "+")),
        ),
        ("a maker: all of theirs", MAKER, same("queue")),
        ("a maker: one", MAKER, each(&|at| format!("ref-{}", 1_000 + at * 7))),
    ];
    for (name, person, paths) in kinds {
        let mut browser = Browser::new(address)?;
        browser.sign_in(person)?;
        // The first ones warm up.
        timing::print(&mut browser, (name, &paths), 20, Some(P99_MAX))?;
    }
    Ok(())
}

fn person(id: &str, permission: Permission) -> DemoPerson {
    let person = Person {
        iss: ISSUER.to_owned(),
        sub: id.to_owned(),
        user_id: id.to_owned(),
        user_name: id.to_owned(),
    };
    let granted = SessionGrant {
        person,
        orgs: vec![OrgId::new(ORG)],
        permissions: vec![permission],
        groups: Vec::new(),
        has_unread_groups: false,
        act: Vec::new(),
    };
    DemoPerson { name: id.to_owned(), what: "bench".to_owned(), granted }
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
