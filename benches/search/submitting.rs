//! Submissions a second, while the index follows them and while nobody indexes, in turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign::engine::Engine;
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::filling;

/// How long, and how often.
pub struct Turns {
    pub span: Duration,
    pub count: usize,
}

const CLIENTS: usize = 64;

pub async fn print(engine: &Engine, turns: &Turns) -> anyhow::Result<()> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let number = AtomicUsize::new(10_000_000);
    for _ in 0..turns.count {
        without.push(rate(engine, turns.span, &number).await?);
        let (stop, stopping) = watch::channel(false);
        let indexing = tokio::spawn(engine.clone().run_indexer(stopping));
        with.push(rate(engine, turns.span, &number).await?);
        stop.send(true)?;
        indexing.await?;
        // What is left is not measured again.
        engine.index_all().await?;
    }
    let (without, with) = (median(without), median(with));
    println!(
        "submissions a second, {CLIENTS} at once: {without:.0} alone, {with:.0} while indexed, ratio {:.3}",
        with / without
    );
    Ok(())
}

/// One after the other in each of many tasks.
async fn rate(engine: &Engine, span: Duration, number: &AtomicUsize) -> anyhow::Result<f64> {
    let began = Instant::now();
    let client = async || -> anyhow::Result<usize> {
        let mut submitted = 0;
        while began.elapsed() < span {
            filling::submit(engine, number.fetch_add(1, Ordering::Relaxed)).await?;
            submitted += 1;
        }
        Ok(submitted)
    };
    let clients = (0..CLIENTS).map(|_| client());
    let submitted: anyhow::Result<Vec<usize>> = join_all(clients).await.into_iter().collect();
    Ok(submitted?.iter().sum::<usize>() as f64 / began.elapsed().as_secs_f64())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
