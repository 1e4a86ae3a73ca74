//! The figures of a measurement, their medians, and how they are printed.

use anyhow::ensure;

use crate::load::Times;
use crate::process::Spent;

/// What one measurement came to; server's time and commits are for one operation.
pub struct Measured {
    pub rate: f64,
    pub p50_ms: f64,
    p99_ms: f64,
    cpu_ms: f64,
    commits: f64,
}

impl Measured {
    pub fn new(mut times: Times, spent: &Spent) -> anyhow::Result<Self> {
        ensure!(!times.each.is_empty(), "nothing was done in {:?}", times.all);
        times.each.sort_unstable();
        let at = |percent: usize| times.each[(times.each.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let count = f64::from(u32::try_from(times.each.len())?);
        Ok(Self {
            rate: count / times.all.as_secs_f64(),
            p50_ms: at(50),
            p99_ms: at(99),
            cpu_ms: spent.cpu_ms / count,
            commits: spent.commits / count,
        })
    }

    /// The median of each figure.
    pub fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            rate: of(|round| round.rate),
            p50_ms: of(|round| round.p50_ms),
            p99_ms: of(|round| round.p99_ms),
            cpu_ms: of(|round| round.cpu_ms),
            commits: of(|round| round.commits),
        }
    }

    pub fn print(&self, name: &str, clients: usize) {
        let Self { rate, p50_ms, p99_ms, cpu_ms, commits } = self;
        println!(
            "{name:<44} {clients:>7} {rate:>10.0} {p50_ms:>9.2} {p99_ms:>9.2} {cpu_ms:>8.3} {commits:>8.3}"
        );
    }
}

pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

pub fn print_head() {
    println!(
        "{:<44} {:>7} {:>10} {:>9} {:>9} {:>8} {:>8}",
        "", "clients", "per second", "p50 ms", "p99 ms", "CPU ms", "commits"
    );
}

/// A rate that nothing else is known of.
pub fn print_rate(name: &str, rate: f64) {
    println!("{name:<44} {:>7} {rate:>10.0}", "");
}

pub fn print_ratio(name: &str, ratio: f64) {
    println!("{:<44} {:>7} {ratio:>10.2}", format!("  {name}"), "");
}
