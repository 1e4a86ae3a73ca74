//! How many submissions and whole workflows a second, over HTTP with real tokens, on both stores.
//!
//! Beside the engine's group commit stands a variant that commits each submission in a transaction of
//! its own (`single.rs`): the same checks, the same rows, the same answer. Both are measured in turn,
//! round by round, so that a disk that changes its mood changes both. The rate of flushes to disk is
//! printed first, because it is what a transaction costs.
//!
//! `scripts/bench` runs it; `COUNTERSIGN_BENCH_SECONDS` and `COUNTERSIGN_BENCH_ROUNDS` make it longer.

mod dearest;
mod disk;
mod load;
mod setting;
mod single;
mod types;

use std::time::Duration;

use load::{Measured, Work};
use setting::Setting;
use types::{DEFAULT, STAGED};

const CLIENTS: [usize; 2] = [1, 64];
const WARM_UP: Duration = Duration::from_secs(3);

fn main() -> anyhow::Result<()> {
    let seconds = number("COUNTERSIGN_BENCH_SECONDS", 3)?;
    let rounds = number("COUNTERSIGN_BENCH_ROUNDS", 3)?;
    let folder = tempfile::tempdir()?;
    disk::print_flush_rate(folder.path())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut stores = vec![("SQLite", format!("sqlite://{}", folder.path().join("bench.db").display()))];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => stores.push(("PostgreSQL", url)),
        Err(_) => anyhow::bail!("TEST_POSTGRES_URL is not set; use scripts/bench"),
    }
    for (name, url) in stores {
        let span = Duration::from_secs(seconds);
        runtime.block_on(bench_store(name, &url, span, usize::try_from(rounds)?))?;
    }
    Ok(())
}

fn number(name: &str, default: u64) -> anyhow::Result<u64> {
    std::env::var(name).map_or(Ok(default), |text| Ok(text.parse()?))
}

async fn bench_store(name: &str, url: &str, span: Duration, rounds: usize) -> anyhow::Result<()> {
    let setting = Setting::start(url).await?;
    println!("\n{name}: {rounds} rounds of {} s, medians", span.as_secs());
    println!("{:<40} {:>7} {:>10} {:>9} {:>9}", "", "clients", "per second", "p50 ms", "p99 ms");
    let callers = &setting.callers;
    let to_engine = Work::Submit(setting.engine_address.clone(), DEFAULT);
    let to_single = Work::Submit(setting.single_address.clone(), DEFAULT);
    let workflows = Work::Whole(setting.engine_address.clone());
    load::run(callers, to_engine.clone(), 64, WARM_UP).await?;
    for clients in CLIENTS {
        let (mut engine, mut single, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            for (work, measured) in
                [(&to_engine, &mut engine), (&to_single, &mut single), (&workflows, &mut whole)]
            {
                setting.reuse_log(url)?;
                measured.push(load::run(callers, work.clone(), clients, span).await?);
            }
        }
        let (engine, single, whole) = (median(engine), median(single), median(whole));
        print_row("submissions, group commit", clients, &engine);
        print_row("submissions, one transaction each", clients, &single);
        println!("{:<40} {clients:>7} {:>10.2}", "  ratio", engine.rate / single.rate);
        print_row("workflows (submit, approve, execute)", clients, &whole);
    }
    bench_subscriber(&setting, url, span, rounds).await?;
    bench_policies(&setting, url, span, rounds).await?;
    setting.stop().await
}

/// What a subscriber costs that is told of every change, in turn with nobody.
async fn bench_subscriber(setting: &Setting, url: &str, span: Duration, rounds: usize) -> anyhow::Result<()> {
    let address = &setting.engine_address;
    for (name, work) in
        [("submissions", Work::Submit(address.clone(), DEFAULT)), ("workflows", Work::Whole(address.clone()))]
    {
        let (mut untold, mut told) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            for (is_told, measured) in [(false, &mut untold), (true, &mut told)] {
                setting.tell_subscriber(is_told).await?;
                setting.reuse_log(url)?;
                measured.push(load::run(&setting.callers, work.clone(), 64, span).await?);
            }
        }
        let (untold, told) = (median(untold), median(told));
        print_row(&format!("{name}, no subscriber"), 64, &untold);
        print_row(&format!("{name}, a subscriber"), 64, &told);
        println!("{:<40} {:>7} {:>10.2}", "  ratio", 64, told.rate / untold.rate);
    }
    setting.tell_subscriber(false).await
}

/// What three stages and a limit cost, beside one checker; and the dearest conditions that are allowed.
async fn bench_policies(setting: &Setting, url: &str, span: Duration, rounds: usize) -> anyhow::Result<()> {
    let address = &setting.engine_address;
    let submit = |type_name| Work::Submit(address.clone(), type_name);
    let decide = |type_name| Work::Decide(address.clone(), type_name);
    for (name, one, three) in [
        ("submissions", submit(DEFAULT), submit(STAGED)),
        ("submissions and decisions", decide(DEFAULT), decide(STAGED)),
    ] {
        let (mut by_one, mut by_three) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            for (work, measured) in [(&one, &mut by_one), (&three, &mut by_three)] {
                setting.reuse_log(url)?;
                measured.push(load::run(&setting.callers, work.clone(), 64, span).await?);
            }
        }
        let (by_one, by_three) = (median(by_one), median(by_three));
        print_row(&format!("{name}, one checker"), 64, &by_one);
        print_row(&format!("{name}, three stages"), 64, &by_three);
        println!("{:<40} {:>7} {:>10.2}", "  cost of one call, times", 64, by_one.rate / by_three.rate);
    }
    println!("dearest policies allowed, one submission");
    for dear in &dearest::KINDS {
        let (most, took) = dear.measure(setting.engine(), &setting.callers.sandbox)?;
        println!("  {:<38} {most:>7} {:>10.2} ms", dear.name, took.as_secs_f64() * 1e3);
    }
    Ok(())
}

fn median(mut rounds: Vec<Measured>) -> Measured {
    rounds.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    rounds.swap_remove(rounds.len() / 2)
}

fn print_row(name: &str, clients: usize, measured: &Measured) {
    let Measured { rate, p50_ms, p99_ms } = measured;
    println!("{name:<40} {clients:>7} {rate:>10.0} {p50_ms:>9.2} {p99_ms:>9.2}");
}
