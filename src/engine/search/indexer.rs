//! The loop that indexes what changed. It keeps out of the way of whoever submits and decides.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::time::sleep;

use super::backlog::Unindexed;
use super::collect::collect;
use crate::engine::command::{WriteCommand, WriteReply};
use crate::engine::{Engine, EngineError};
use crate::store::claims::{self, NodeTime};
use crate::store::requests::Key;
use crate::store::search::backlogs;
use crate::store::search::changed::{Met, Walk};

/// Changes that are indexed at once: few while others wait for the writer, more while nobody does.
const SMALL_BATCH: usize = 64;
const LARGE_BATCH: usize = 256;

/// How often is looked for changes while there are none.
const POLL: Duration = Duration::from_millis(250);

/// How long a node waits that found another one at it.
const STAND_BY: Duration = Duration::from_millis(100);

/// How long the loop rests after the store failed.
const REST: Duration = Duration::from_secs(1);

/// While others write, the loop rests so many times as long as it worked, and as long as this.
const REST_TIMES: u32 = 30;
const BUSY_REST: Duration = Duration::from_millis(100);

/// Once search is so far behind, the loop rests no longer.
const LAG_MAX: TimeDelta = TimeDelta::seconds(60);

/// Requests that one part of a walk meets.
const WALK_MAX: usize = 1_000;

/// A backlog that its node has not renewed for so long is another node's. It is renewed every few seconds while the node
/// writes.
const ABANDONED_AFTER: TimeDelta = TimeDelta::seconds(60);

/// So many writes a second of others mean that they need the machine.
const BUSY_WRITES: u128 = 100;

/// So long after others wrote much, they may go on.
const BUSY_FOR: Duration = Duration::from_secs(2);

/// What the loop found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There is nothing left to do.
    Idle,
    /// Another node does it.
    Elsewhere,
    /// Requests were indexed, and there are more.
    HasMore,
}

impl Engine {
    /// Indexes what changes, until the server stops.
    pub async fn run_indexer(self, mut stopping: watch::Receiver<bool>) {
        let mut pace = Pace::new(self.written());
        loop {
            let began = Instant::now();
            // Those who write come first, but those who search wait for a minute at most, if the machine can do it.
            let is_busy = pace.is_busy(self.written()) && self.search_lag() < LAG_MAX;
            let turn = self.index_batch(if is_busy { SMALL_BATCH } else { LARGE_BATCH }).await;
            let took = began.elapsed();
            let rest = match turn {
                Ok(Turn::Idle) => POLL,
                Ok(Turn::Elsewhere) => STAND_BY,
                Ok(Turn::HasMore) if is_busy => (took * REST_TIMES).max(BUSY_REST),
                Ok(Turn::HasMore) => took.min(POLL) / 4,
                Err(error) => {
                    tracing::warn!(%error, "search could not be brought up to date");
                    REST
                }
            };
            pace.rests(self.written());
            tokio::select! {
                () = sleep(rest) => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
            }
        }
    }

    /// Indexes everything that waits: a test's step.
    ///
    /// # Errors
    /// Of the store.
    pub async fn index_all(&self) -> Result<(), EngineError> {
        while self.index_batch(LARGE_BATCH).await? == Turn::HasMore {}
        Ok(())
    }

    /// Indexes what has waited longest, `max` requests at most, in one write; where nothing waits, looks for what was left
    /// out. Measures how far search is behind.
    async fn index_batch(&self, max: usize) -> Result<Turn, EngineError> {
        let backlog = &self.inner.backlog;
        let taken = backlog.take(max);
        if taken.is_empty() {
            return match backlog.walk() {
                Some(walk) => self.walk_on(walk).await,
                None => self.take_abandoned().await,
            };
        }
        let indexed = self.index(&taken).await;
        match &indexed {
            Ok(true) => backlog.let_go(),
            Ok(false) | Err(_) => backlog.put_back(taken),
        }
        self.note_lag(self.inner.store.read(backlogs::waits_since).await?);
        Ok(match indexed? {
            false => Turn::Elsewhere,
            true if backlog.since(false).is_some() => Turn::HasMore,
            true => Turn::Idle,
        })
    }

    /// Whether they are indexed, or wait again because they changed in between; not while another node indexes.
    async fn index(&self, taken: &[Unindexed]) -> Result<bool, EngineError> {
        let (book, rules) = (self.inner.book.clone(), self.inner.book.current());
        let keys: Vec<Key> = taken.iter().map(|one| one.key().clone()).collect();
        let read = move |conn: &mut _| collect(conn, (&book, &rules.people), &keys);
        let documents = self.inner.store.read(read).await?;
        // What did not fit into the memory of one batch waits on.
        let read: HashSet<&Key> = documents.iter().map(|document| &document.key).collect();
        let rest = taken.iter().map(Unindexed::key).filter(|key| !read.contains(key)).cloned().collect();
        self.inner.backlog.add_changed(rest);
        let reply = self.inner.writer.write_own(WriteCommand::Index(documents)).await?;
        let WriteReply::Indexed(is_done) = reply else { return Err(WriteReply::unexpected().into()) };
        Ok(is_done)
    }

    /// One part of a walk over what changed and was left out.
    async fn walk_on(&self, walk: Walk) -> Result<Turn, EngineError> {
        let began = walk.clone();
        let Met { keys, next } = self.inner.store.read(move |conn| walk.go_on(conn, WALK_MAX)).await?;
        let is_at_end = next.is_none() && keys.is_empty();
        self.inner.backlog.add_met(&began, keys, next);
        if is_at_end {
            self.inner.writer.write_own(WriteCommand::Index(Vec::new())).await?;
        }
        Ok(Turn::HasMore)
    }

    /// Takes over what a node had to index that is gone.
    async fn take_abandoned(&self) -> Result<Turn, EngineError> {
        let clock = &self.inner.clock;
        let time = NodeTime { now: clock.now(), injected: clock.injected() };
        let look = move |conn: &mut _| {
            let now = claims::database_now(conn, time)?;
            Ok((backlogs::abandoned(conn, now - ABANDONED_AFTER)?, backlogs::waits_since(conn)?))
        };
        let (abandoned, since) = self.inner.store.read(look).await?;
        self.note_lag(since);
        let Some(row) = abandoned else { return Ok(Turn::Idle) };
        self.inner.writer.write_own(WriteCommand::TakeBacklog(row)).await?;
        Ok(Turn::HasMore)
    }

    fn note_lag(&self, since: Option<DateTime<Utc>>) {
        let lag =
            since.map_or(TimeDelta::zero(), |since| (self.inner.clock.now() - since).max(TimeDelta::zero()));
        self.inner.metrics.set_search_lag(lag);
        self.inner.search_lag.store(lag.num_microseconds().unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// How far search was behind when this node last looked.
    pub fn search_lag(&self) -> TimeDelta {
        TimeDelta::microseconds(self.inner.search_lag.load(Ordering::Relaxed))
    }

    /// How many writes were recorded since the start. The loop's own are few.
    fn written(&self) -> u64 {
        self.inner.metrics.written()
    }
}

/// Whether others write, by what they wrote while the loop rested.
struct Pace {
    rests_since: Instant,
    written: u64,
    /// When others were last seen to write much.
    busy_at: Option<Instant>,
}

impl Pace {
    fn new(written: u64) -> Self {
        Self { rests_since: Instant::now(), written, busy_at: None }
    }

    /// The rest begins.
    fn rests(&mut self, written: u64) {
        (self.rests_since, self.written) = (Instant::now(), written);
    }

    fn is_busy(&mut self, written: u64) -> bool {
        let now = Instant::now();
        let rested = (now - self.rests_since).max(POLL).as_millis();
        if u128::from(written.saturating_sub(self.written)) * 1_000 > BUSY_WRITES * rested {
            self.busy_at = Some(now);
        }
        self.busy_at.is_some_and(|at| now - at < BUSY_FOR)
    }
}
