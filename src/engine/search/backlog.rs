//! What this node changed and has not indexed yet.
//!
//! It is kept in memory, so that a change costs the store nothing. The store only knows that this node has a backlog, and
//! since when (`decider/backlog`): if the node stops, another one, or this one after its start, walks over everything that
//! changed since then. **Invariant:** whatever is not indexed is here, or changed after the `since` of a stored row.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::requests::{Key, RequestRow};
use crate::store::search::changed::Walk;
use crate::store::to_micros;

/// So many requests wait in memory, some 10 MB; those that find no room are found by a walk later.
const WAITING_MAX: usize = 50_000;

/// A walk begins so much earlier: a request's time is that of its arrival, and a clock may be set back.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// A request that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Unindexed {
    key: Arc<Key>,
    /// When, in microseconds.
    at: i64,
}

impl Unindexed {
    pub(in crate::engine) fn new(key: Key, at: DateTime<Utc>) -> Self {
        Self { key: Arc::new(key), at: to_micros(at) }
    }

    /// A submission.
    pub(in crate::engine) fn submitted(row: &RequestRow) -> Self {
        Self { key: Arc::new(row.key()), at: row.started_at }
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }
}

/// The backlog of this node.
#[derive(Default)]
pub(in crate::engine) struct Backlog(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Unindexed>,
    /// The keys of those that wait: each waits once.
    known: HashSet<Arc<Key>>,
    /// Of what the indexer has taken, the time of the oldest.
    in_hand_since: Option<i64>,
    /// Since when there are changes that found no room, or that another node left.
    left_out_since: Option<i64>,
    /// The walk that looks for them.
    walk: Option<Walk>,
}

impl Backlog {
    /// Adds what changed. It may be added before its commit.
    pub(in crate::engine) fn add(&self, changed: impl IntoIterator<Item = Unindexed>) {
        let mut state = self.lock();
        for one in changed {
            if state.waiting.len() < WAITING_MAX {
                state.push(one);
            } else if !state.known.contains(&one.key) {
                state.leave_out(one.at);
            }
        }
    }

    /// Requests that changed since this instant are not indexed, and it is not known which.
    pub(in crate::engine) fn leave_out(&self, since: i64) {
        self.lock().leave_out(since);
    }

    /// Hands out what has waited longest, `max` requests at most, until [`Backlog::put_back`] or [`Backlog::let_go`].
    pub(super) fn take(&self, max: usize) -> Vec<Unindexed> {
        let mut state = self.lock();
        let count = max.min(state.waiting.len());
        let taken: Vec<Unindexed> = state.waiting.drain(..count).collect();
        for one in &taken {
            state.known.remove(&one.key);
        }
        state.in_hand_since = taken.iter().map(|one| one.at).min();
        taken
    }

    /// What was taken waits again, before everything else.
    pub(super) fn put_back(&self, taken: Vec<Unindexed>) {
        let mut state = self.lock();
        for one in taken.into_iter().rev() {
            if state.known.insert(Arc::clone(&one.key)) {
                state.waiting.push_front(one);
            }
        }
        state.in_hand_since = None;
    }

    /// Of what was taken, these wait again: they changed in between.
    pub(in crate::engine) fn add_changed(&self, keys: Vec<Key>) {
        let mut state = self.lock();
        let Some(at) = state.in_hand_since else { return };
        for key in keys {
            state.push(Unindexed { key: Arc::new(key), at });
        }
    }

    /// What was taken is done with.
    pub(super) fn let_go(&self) {
        self.lock().in_hand_since = None;
    }

    /// The walk to go on with, if there is one; begins one for what was left out.
    pub(super) fn walk(&self) -> Option<Walk> {
        let mut state = self.lock();
        if state.walk.is_none() {
            let since = state.left_out_since.take()?;
            state.walk = Some(Walk::new(since - MARGIN.num_microseconds().unwrap_or_default()));
        }
        state.walk.clone()
    }

    /// What a walk met waits, too, whether there is room or not; the walk goes on from `next`.
    pub(super) fn add_met(&self, walk: &Walk, keys: Vec<Key>, next: Option<Walk>) {
        let mut state = self.lock();
        for key in keys {
            state.push(Unindexed { key: Arc::new(key), at: walk.since() });
        }
        state.walk = next;
    }

    /// Since when something waits; `None` if nothing does. `but_in_hand` leaves out what the indexer has taken.
    pub(in crate::engine) fn since(&self, but_in_hand: bool) -> Option<i64> {
        let state = self.lock();
        let waiting = state.waiting.iter().map(|one| one.at).min();
        let in_hand = state.in_hand_since.filter(|_| !but_in_hand);
        let walk = state.walk.as_ref().map(Walk::since);
        [waiting, in_hand, state.left_out_since, walk].into_iter().flatten().min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding the backlog")
    }
}

impl State {
    fn push(&mut self, one: Unindexed) {
        if self.known.insert(Arc::clone(&one.key)) {
            self.waiting.push_back(one);
        }
    }

    fn leave_out(&mut self, since: i64) {
        self.left_out_since = Some(self.left_out_since.map_or(since, |known| known.min(since)));
    }
}
#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{OrgId, RequestId};

    fn changed(number: u128, at: i64) -> Unindexed {
        let key = (OrgId::new("100"), RequestId::new(Uuid::from_u128(number)));
        Unindexed { key: Arc::new(key), at }
    }

    #[test]
    fn a_request_that_changes_several_times_waits_once_and_again_once_it_was_taken() {
        let backlog = Backlog::default();
        backlog.add([changed(1, 10), changed(2, 11), changed(1, 12)]);
        assert_eq!(backlog.take(9), [changed(1, 10), changed(2, 11)]);
        backlog.add([changed(1, 13)]);
        assert_eq!(backlog.take(9), [changed(1, 13)]);
        assert_eq!(backlog.take(9), []);
    }

    #[test]
    fn what_is_in_hand_counts_until_it_is_let_go() {
        let backlog = Backlog::default();
        assert_eq!(backlog.since(false), None);
        backlog.add([changed(1, 10), changed(2, 20), changed(3, 30)]);
        let taken = backlog.take(2);
        assert_eq!((backlog.since(false), backlog.since(true)), (Some(10), Some(30)));
        // One of them changed while it was read, and is as old as what was taken with it.
        backlog.add_changed(vec![taken[1].key().clone()]);
        assert_eq!(backlog.since(true), Some(10));
        backlog.let_go();
        assert_eq!(backlog.take(9), [changed(3, 30), changed(2, 10)]);
    }

    #[test]
    fn what_could_not_be_indexed_goes_first_the_next_time() {
        let backlog = Backlog::default();
        backlog.add([changed(1, 10), changed(2, 20), changed(3, 30)]);
        let taken = backlog.take(2);
        backlog.add([changed(2, 40)]);
        backlog.put_back(taken);
        assert_eq!(backlog.since(false), Some(10));
        assert_eq!(backlog.take(9), [changed(1, 10), changed(3, 30), changed(2, 40)]);
    }

    #[test]
    fn what_finds_no_room_is_looked_for_by_a_walk_that_begins_earlier() {
        let backlog = Backlog::default();
        let begin = MARGIN.num_microseconds().unwrap();
        for number in 0..WAITING_MAX {
            backlog.add([changed(u128::try_from(number).unwrap(), begin + 500)]);
        }
        assert_eq!(backlog.walk(), None);
        // One that waits needs no more room.
        backlog.add([changed(0, begin + 600)]);
        assert_eq!(backlog.walk(), None);
        backlog.add([changed(u128::MAX, begin + 700), changed(u128::MAX - 1, begin + 800)]);
        assert_eq!(backlog.take(WAITING_MAX + 1).len(), WAITING_MAX);
        backlog.let_go();
        assert_eq!(backlog.since(false), Some(begin + 700));
        let walk = backlog.walk().unwrap();
        assert_eq!(
            (walk.since(), backlog.walk(), backlog.since(false)),
            (700, Some(walk.clone()), Some(700))
        );
        // What it met counts as old as the walk, until it is indexed.
        backlog.add_met(&walk, vec![changed(u128::MAX, 0).key().clone()], None);
        assert_eq!((backlog.walk(), backlog.since(false)), (None, Some(700)));
    }
}
