//! What the server does a second, over HTTP with real tokens and durable settings, on both stores; and what one
//! operation costs it.
//!
//! The server is a process of its own; this one is the load, the target and the subscriber. Beside its rates stand
//! those of the database alone with the same rows (`limit`), measured in turn, round by round, so that a disk that
//! changes its mood changes both. The rate of flushes to disk is printed first, because it is what a transaction
//! costs.
//!
//! `scripts/bench` runs it; `COUNTERSIGN_BENCH_SECONDS` and `COUNTERSIGN_BENCH_ROUNDS` make it longer.

mod dearest;
mod disk;
mod footprint;
mod limit;
mod load;
mod postgres_limit;
mod process;
mod report;
mod rounds;
mod setting;
mod sqlite_limit;
mod target;
mod types;

use std::time::Duration;

use limit::Limit;
use rounds::Rounds;
use setting::Setting;

fn main() -> anyhow::Result<()> {
    let span = Duration::from_secs(number("COUNTERSIGN_BENCH_SECONDS", 3)?);
    let count = usize::try_from(number("COUNTERSIGN_BENCH_ROUNDS", 3)?)?;
    let Ok(postgres) = std::env::var("TEST_POSTGRES_URL") else {
        anyhow::bail!("TEST_POSTGRES_URL is not set; use scripts/bench");
    };
    let folder = tempfile::tempdir()?;
    disk::print_flush_rate(folder.path())?;
    let rounds = Rounds { count, span, folder: folder.path().to_owned() };
    println!("body of a call: {} bytes", load::body(1_000_000).len());
    let sqlite = format!("sqlite://{}", folder.path().join("bench.db").display());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for (name, url) in [("SQLite", &sqlite), ("PostgreSQL", &postgres)] {
        println!("\n{name}: medians of {count}, {} s each", span.as_secs());
        runtime.block_on(bench_store(url, &rounds))?;
    }
    runtime.block_on(dearest::print(folder.path()))
}

fn number(name: &str, default: u64) -> anyhow::Result<u64> {
    std::env::var(name).map_or(Ok(default), |text| Ok(text.parse()?))
}

async fn bench_store(url: &str, rounds: &Rounds) -> anyhow::Result<()> {
    let setting = Setting::start(url)?;
    // First: it needs a database that holds nothing else.
    footprint::print(&setting).await?;
    let limit = Limit::prepare(&setting, url, &rounds.folder).await?;
    report::print_head();
    rounds.operations(&setting, limit).await?;
    rounds.subscriber(&setting).await?;
    rounds.policies(&setting).await?;
    println!("memory of the server: {:.1} MiB", setting.process.memory_mib()?);
    setting.stop().await
}
