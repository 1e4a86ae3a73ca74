//! The change feed: what has just happened to requests, for the pages that are open.
//!
//! Changes are published after the commit, so never what was rolled back, and from memory: no page asks the
//! database whether something is new. An org without subscribers has no replay buffer, and costs the writer
//! nothing. On a shared database each process polls once a second for what the others did.

mod change;
mod foreign;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::Engine;
use crate::domain::ids::{OrgId, RequestId};
use crate::store::event_summaries::EventSummary;
use change::EventKey;
pub use change::{Change, ChangeKind, WaitedFor};

/// Capacity of the replay buffer and of each subscriber's queue.
const REPLAY_MAX: usize = 1_024;

/// How long an org stays active after its last subscriber has left, so that a hidden tab can resume.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// What subscribers are sent.
#[derive(Clone, Debug)]
pub enum FeedItem {
    /// Something happened.
    Change(Arc<Change>),
    /// Changes were left out: read everything again.
    Reset,
}

/// The changes after a position are no longer known: read everything again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionLost;

/// One subscriber of an org's changes; leaves when it is dropped.
pub struct Subscription {
    feed: Arc<Feed>,
    org: OrgId,
    items: broadcast::Receiver<FeedItem>,
    /// The changes after the position that was asked for.
    pub replay: Result<Vec<Arc<Change>>, PositionLost>,
    /// The position at which the subscription begins, after what is in `replay`.
    pub position: String,
}

impl Subscription {
    /// The org's next item. `None` if there will be none any more.
    pub async fn next(&mut self) -> Option<FeedItem> {
        loop {
            match self.items.recv().await {
                Ok(FeedItem::Change(change)) if change.org != self.org => {}
                Ok(item) => return Some(item),
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(FeedItem::Reset),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The org's next item, if one is queued already.
    pub fn take_ready(&mut self) -> Option<FeedItem> {
        loop {
            match self.items.try_recv() {
                Ok(FeedItem::Change(change)) if change.org != self.org => {}
                Ok(item) => return Some(item),
                Err(broadcast::error::TryRecvError::Lagged(_)) => return Some(FeedItem::Reset),
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => {
                    return None;
                }
            }
        }
    }

    /// The position after `change`.
    pub fn position_after(&self, change: &Change) -> String {
        self.feed.position(change.seq)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.feed.unsubscribe(&self.org);
    }
}

/// The feed of this process.
pub(super) struct Feed {
    /// Names this process: another one, or a later one, has positions of its own.
    boot: Uuid,
    sender: broadcast::Sender<FeedItem>,
    /// Whether any org is active: the writer asks here first.
    is_wanted: AtomicBool,
    /// Other processes write into the same database.
    is_shared: bool,
    state: Mutex<FeedState>,
}

#[derive(Default)]
struct FeedState {
    last: u64,
    replay: VecDeque<Arc<Change>>,
    orgs: HashMap<OrgId, OrgState>,
    /// What was published lately, so that polling does not publish it a second time.
    published: HashMap<EventKey, DateTime<Utc>>,
}

/// An org that has subscribers, or had some lately.
struct OrgState {
    subscribers: usize,
    /// Everything of the org after this position is published.
    from: u64,
    since: DateTime<Utc>,
    left: Option<Instant>,
}

impl OrgState {
    fn new(from: u64, since: DateTime<Utc>) -> Self {
        Self { subscribers: 0, from, since, left: Some(Instant::now()) }
    }

    fn is_over(&self) -> bool {
        self.subscribers == 0 && self.left.is_some_and(|left| left.elapsed() > IDLE_MAX)
    }
}

/// An active org, and since when.
pub(super) struct ActiveOrg {
    org: OrgId,
    since: DateTime<Utc>,
}

impl Feed {
    pub(super) fn new(boot: Uuid, is_shared: bool) -> Self {
        let (sender, _) = broadcast::channel(REPLAY_MAX);
        Self { boot, sender, is_wanted: AtomicBool::new(false), is_shared, state: Mutex::default() }
    }

    /// Whether any org has subscribers, so that changes are worth making.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    /// Publishes what was committed, to the orgs that are active.
    pub(super) fn publish(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut state = self.state();
        state.orgs.retain(|_, org| !org.is_over());
        self.is_wanted.store(!state.orgs.is_empty(), Ordering::Relaxed);
        for change in changes {
            self.publish_one(&mut state, change);
        }
    }

    fn publish_one(&self, state: &mut FeedState, mut change: Change) {
        let is_new = !self.is_shared || state.published.insert(change.key(), change.at).is_none();
        if !is_new || !state.orgs.contains_key(&change.org) {
            return;
        }
        state.last += 1;
        change.seq = state.last;
        let change = Arc::new(change);
        if state.replay.len() == REPLAY_MAX {
            state.replay.pop_front();
        }
        state.replay.push_back(Arc::clone(&change));
        // An error only says that there is no subscriber right now.
        let _ = self.sender.send(FeedItem::Change(change));
    }

    /// Changes are left out: subscribers read everything again.
    fn reset(&self) {
        let mut state = self.state();
        state.last += 1;
        state.replay.clear();
        let _ = self.sender.send(FeedItem::Reset);
    }

    /// The position before an org's next change; the org is active from now on.
    fn current_position(&self, org: &OrgId, now: DateTime<Utc>) -> String {
        let mut state = self.state();
        let last = state.last;
        self.activate(&mut state, org, now).left = Some(Instant::now());
        self.position(last)
    }

    fn subscribe(self: &Arc<Self>, org: &OrgId, after: Option<&str>, now: DateTime<Utc>) -> Subscription {
        let mut state = self.state();
        let position = self.position(state.last);
        let active = self.activate(&mut state, org, now);
        active.subscribers += 1;
        let from = active.from;
        let replay = match after.map(|after| self.seq_of(after)) {
            None => Ok(Vec::new()),
            Some(Some(seq)) if (from..=state.last).contains(&seq) => state.replay_after(seq, org),
            Some(_) => Err(PositionLost),
        };
        // Under the lock, so that no change is lost between the replay and the queue.
        let items = self.sender.subscribe();
        Subscription { feed: Arc::clone(self), org: org.clone(), items, replay, position }
    }

    fn activate<'s>(&self, state: &'s mut FeedState, org: &OrgId, now: DateTime<Utc>) -> &'s mut OrgState {
        let from = state.last;
        self.is_wanted.store(true, Ordering::Relaxed);
        let active = state.orgs.entry(org.clone()).or_insert_with(|| OrgState::new(from, now));
        if active.is_over() {
            // Changes since it was over may not have been published.
            *active = OrgState::new(from, now);
        }
        active
    }

    fn unsubscribe(&self, org: &OrgId) {
        if let Some(active) = self.state().orgs.get_mut(org) {
            active.subscribers = active.subscribers.saturating_sub(1);
            active.left = Some(Instant::now());
        }
    }

    /// A position, as clients are given it.
    fn position(&self, seq: u64) -> String {
        format!("{}-{seq}", self.boot.simple())
    }

    /// The number in a position of this process.
    fn seq_of(&self, position: &str) -> Option<u64> {
        let (boot, seq) = position.rsplit_once('-')?;
        seq.parse().ok().filter(|_| boot == self.boot.simple().to_string())
    }

    fn active_orgs(&self) -> Vec<ActiveOrg> {
        let mut state = self.state();
        state.orgs.retain(|_, org| !org.is_over());
        let orgs = state.orgs.iter();
        orgs.map(|(org, active)| ActiveOrg { org: org.clone(), since: active.since }).collect()
    }

    /// The events that this process has not published; keys of older ones are forgotten.
    fn unpublished(&self, events: Vec<EventSummary>, forget_before: DateTime<Utc>) -> Vec<EventSummary> {
        let mut state = self.state();
        state.published.retain(|_, at| *at >= forget_before);
        let is_new = |event: &EventSummary| {
            let id = event.request_id.map(RequestId::from);
            id.zip(event.seq).is_some_and(|key| !state.published.contains_key(&key))
        };
        events.into_iter().filter(is_new).collect()
    }

    fn state(&self) -> MutexGuard<'_, FeedState> {
        self.state.lock().expect("nobody panics while holding the feed")
    }
}

impl FeedState {
    /// The org's changes after a position, if the replay buffer still has all of them.
    fn replay_after(&self, seq: u64, org: &OrgId) -> Result<Vec<Arc<Change>>, PositionLost> {
        let first_kept = self.replay.front().map_or(self.last + 1, |change| change.seq);
        if seq + 1 < first_kept {
            return Err(PositionLost);
        }
        let later = self.replay.iter().filter(|change| change.seq > seq && change.org == *org);
        Ok(later.cloned().collect())
    }
}

impl Engine {
    /// Subscribes to an org's changes from now on; those after the position `after` are replayed first.
    pub fn subscribe(&self, org: &OrgId, after: Option<&str>) -> Subscription {
        self.inner.feed.subscribe(org, after, self.inner.clock.now())
    }

    /// The position before an org's next change; a subscription can begin there for ten minutes.
    pub fn current_position(&self, org: &OrgId) -> String {
        self.inner.feed.current_position(org, self.inner.clock.now())
    }
}
