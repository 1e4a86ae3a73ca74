//! How long pages take, one after the other.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::browser::Browser;

/// Gets each page once, after the first `warm_up` of them, and prints what they took: in bytes the last one, in
/// milliseconds the median, the 99th percentile and the slowest. A 99th percentile over `limit` is said.
pub fn print(
    browser: &mut Browser,
    (name, paths): (&str, &[String]),
    warm_up: usize,
    limit: Option<Duration>,
) -> Result<()> {
    let (mut times, mut bytes) = (Vec::with_capacity(paths.len()), 0);
    for path in paths.iter().take(warm_up).chain(paths) {
        let began = Instant::now();
        let reply = browser.get(path)?;
        times.push(began.elapsed());
        ensure!(reply.status == 200, "{path}: {}", reply.status);
        bytes = reply.body.len();
    }
    times.drain(..warm_up.min(paths.len()));
    times.sort_unstable();
    let ms = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1e3;
    let (p50, p99) = (ms(times.len() / 2), ms(times.len() * 99 / 100));
    let late = limit.filter(|limit| p99 > limit.as_secs_f64() * 1e3);
    let note =
        late.map_or_else(String::new, |limit| format!("  later than {limit:?} at the 99th percentile"));
    println!("{name:<44} {bytes:>9} {p50:>9.2} {p99:>9.2} {:>9.2}{note}", ms(times.len()));
    Ok(())
}
