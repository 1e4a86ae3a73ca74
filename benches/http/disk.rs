//! What a flush to disk costs here and now.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const FLUSHES: u32 = 500;

/// Writes a page and flushes it, many times, where the SQLite file will be: how long one takes.
pub fn print_flush_rate(folder: &Path) -> anyhow::Result<Duration> {
    let mut file = File::create(folder.join("flush"))?;
    let page = [0u8; 4096];
    let began = Instant::now();
    for _ in 0..FLUSHES {
        file.write_all(&page)?;
        file.sync_data()?;
    }
    let each = began.elapsed() / FLUSHES;
    let rate = 1.0 / each.as_secs_f64();
    println!(
        "disk: {rate:.0} flushes (4 KiB, fdatasync) per second, {:.3} ms each",
        each.as_secs_f64() * 1e3
    );
    Ok(each)
}
