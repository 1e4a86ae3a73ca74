//! What a flush to disk costs here and now.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const FLUSHES: u32 = 500;

/// How long it takes to write a page and flush it where the SQLite file is: of many, the mean.
pub fn flush_time(folder: &Path) -> anyhow::Result<Duration> {
    let mut file = File::create(folder.join("flush"))?;
    let page = [0u8; 4096];
    let began = Instant::now();
    for _ in 0..FLUSHES {
        file.write_all(&page)?;
        file.sync_data()?;
    }
    Ok(began.elapsed() / FLUSHES)
}

pub fn print_flush_rate(folder: &Path) -> anyhow::Result<()> {
    let each = flush_time(folder)?.as_secs_f64();
    let rate = 1.0 / each;
    println!("disk: {rate:.0} flushes (4 KiB, fdatasync) per second, {:.3} ms each", each * 1e3);
    Ok(())
}
