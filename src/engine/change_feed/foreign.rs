//! What other processes write into a shared database is found by polling, and published here, too.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::change::{Change, ChangeKind, StoredEvent};
use super::{ActiveOrg, Feed};
use crate::domain::ids::{OrgId, RequestId};
use crate::engine::{Engine, EngineError};
use crate::store::event_summaries::{self, EventSummary};
use crate::store::{AnyConnection, StoreError, events, requests};

/// How often the database is polled.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Longest delay until another process's commit becomes visible.
const LATE_MAX: TimeDelta = TimeDelta::seconds(5);

/// The same for a submission, whose time is that of its arrival: it may wait in the queue, and be put off.
const SUBMISSION_LATE_MAX: TimeDelta = TimeDelta::seconds(15);

/// If a poll returns this many events of one org, subscribers get a reset instead of single changes.
const EVENTS_MAX: i64 = 5_000;

/// The same for events that are new to this process: each costs one read.
const UNPUBLISHED_MAX: usize = 200;

impl Engine {
    /// Publishes what other processes do to a shared database, until the server stops.
    pub async fn follow_others(self, mut stopping: watch::Receiver<bool>) {
        if !self.inner.feed.is_shared {
            return;
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(POLL_EVERY) => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
            }
            if let Err(error) = self.poll_others().await {
                tracing::warn!(%error, "the changes of other processes could not be read");
            }
        }
    }

    /// Publishes what other processes did since the last poll. Reads nothing while there are no
    /// subscribers.
    ///
    /// # Errors
    /// If the database does not answer; the next poll finds the same.
    pub async fn poll_others(&self) -> Result<(), EngineError> {
        let orgs = self.inner.feed.active_orgs();
        if !self.inner.feed.is_shared || orgs.is_empty() {
            return Ok(());
        }
        let now = self.inner.clock.now();
        let feed = Arc::clone(&self.inner.feed);
        let read = move |conn: &mut AnyConnection| poll(conn, &feed, &orgs, now);
        match self.inner.store.read(read).await? {
            Some(changes) => self.inner.feed.publish(changes),
            None => self.inner.feed.reset(),
        }
        Ok(())
    }
}

/// What happened in these orgs and was not published yet; `None` if it is too much.
fn poll(
    conn: &mut AnyConnection,
    feed: &Feed,
    orgs: &[ActiveOrg],
    now: DateTime<Utc>,
) -> Result<Option<Vec<Change>>, StoreError> {
    let mut changes = Vec::new();
    for ActiveOrg { org, since } in orgs {
        let from = (now - LATE_MAX).max(*since);
        let submitted_from = (now - SUBMISSION_LATE_MAX).max(*since);
        let mut found = event_summaries::glance_submissions(conn, org, submitted_from, EVENTS_MAX)?;
        found.extend(event_summaries::glance(conn, org, (from, &ChangeKind::types()), EVENTS_MAX)?);
        found.sort_by_key(|event| event.at);
        let is_too_much = i64::try_from(found.len()).is_ok_and(|number| number >= EVENTS_MAX);
        // Keys are kept for twice as long as their events can be found again.
        let unpublished = feed.unpublished(found, now - SUBMISSION_LATE_MAX * 2);
        if is_too_much || unpublished.len() > UNPUBLISHED_MAX {
            return Ok(None);
        }
        for event in unpublished {
            changes.extend(read_change(conn, org, event)?);
        }
    }
    Ok(Some(changes))
}

fn read_change(
    conn: &mut AnyConnection,
    org: &OrgId,
    event: EventSummary,
) -> Result<Option<Change>, StoreError> {
    let Some(id) = event.request_id.map(RequestId::from) else { return Ok(None) };
    let event_type = events::parse_event_type(&event.event_type)?;
    let Some(kind) = ChangeKind::of(event_type) else { return Ok(None) };
    let Some(row) = requests::find(conn, org, id)? else { return Ok(None) };
    let by = event.actor();
    // The row may be newer than the event; a page that compares versions then reads again, which is right.
    let version = if kind == ChangeKind::Submitted { row.version } else { event.seq.unwrap_or(row.version) };
    Change::of_row(&row, StoredEvent { kind, by, version, at: event.at }).map(Some)
}
