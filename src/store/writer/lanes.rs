//! The writer's queue: two lanes, one for clients and one for the engine's own work.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

use crate::store::StoreError;

/// Who waits for a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The executor and the sweep. Served first; clients can't fill it.
    Own,
    /// Everybody else.
    Clients,
}

/// Writes of the executor and the sweep that may wait. The executor has a few for each call under way, and
/// the sweep a thousand at most, so it is full only while the database is away.
const OWN_MAX: usize = 4_096;

/// A larger batch is hardly cheaper per write.
const GOOD_BATCH: usize = 32;

/// Both lanes.
pub(super) struct Lanes<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    clients_max: usize,
}

struct State<J> {
    own: VecDeque<J>,
    clients: VecDeque<J>,
    /// The thread waits, so that a write must wake it. Waking costs a system call.
    is_thread_idle: bool,
    is_closed: bool,
}

impl<J> State<J> {
    fn len(&self) -> usize {
        self.own.len() + self.clients.len()
    }

    /// Half of the waiting writes, but enough to be worth a flush; the engine's own first.
    fn take(&mut self, limit: usize) -> Vec<J> {
        let share = self.len().div_ceil(2).max(GOOD_BATCH).min(limit).min(self.len());
        let own = share.min(self.own.len());
        let mut jobs = Vec::with_capacity(share);
        jobs.extend(self.own.drain(..own));
        jobs.extend(self.clients.drain(..share - own));
        jobs
    }
}

impl<J> Lanes<J> {
    /// Empty lanes; `clients_max` writes of clients may wait.
    pub(super) fn new(clients_max: usize) -> Self {
        let (own, clients) = (VecDeque::new(), VecDeque::new());
        let state = State { own, clients, is_thread_idle: false, is_closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), clients_max }
    }

    /// Adds a write at the end of its lane.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if the lane is full, [`StoreError::Stopped`] if the thread ends.
    pub(super) fn push(&self, lane: Lane, job: J) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(StoreError::Stopped);
        }
        let (queue, max) = match lane {
            Lane::Own => (&mut state.own, OWN_MAX),
            Lane::Clients => (&mut state.clients, self.clients_max),
        };
        if queue.len() >= max {
            return Err(StoreError::Busy);
        }
        queue.push_back(job);
        if std::mem::take(&mut state.is_thread_idle) {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// The next writes, `limit` at most. Waits for one until `until`, then returns none; without `until` it
    /// waits for ever. `None` once the lanes are closed and empty, and there is nothing to wait for.
    pub(super) fn next(&self, limit: usize, until: Option<Instant>) -> Option<Vec<J>> {
        let mut state = self.lock();
        loop {
            if state.len() > 0 {
                return Some(state.take(limit));
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Some(Vec::new());
            }
            if state.is_closed && left.is_none() {
                return None;
            }
            state.is_thread_idle = true;
            state = match left {
                Some(left) => self.changed.wait_timeout(state, left).expect(UNPOISONED).0,
                None => self.changed.wait(state).expect(UNPOISONED),
            };
            state.is_thread_idle = false;
        }
    }

    /// No more writes come: the thread ends after those that wait.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// The thread has ended: what still waits is dropped, and its callers hear of it.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let left = (std::mem::take(&mut state.own), std::mem::take(&mut state.clients));
        drop(state);
        drop(left);
    }

    /// Whether no more writes come.
    pub(super) fn are_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Number of waiting writes of clients.
    pub(super) fn waiting_of_clients(&self) -> usize {
        self.lock().clients.len()
    }

    /// Number of waiting writes.
    pub(super) fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().expect(UNPOISONED)
    }
}

const UNPOISONED: &str = "nobody panics while holding the lanes";

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(own: usize, clients: usize) -> Lanes<(Lane, usize)> {
        let lanes = Lanes::new(100);
        for (lane, number) in [(Lane::Clients, clients), (Lane::Own, own)] {
            (0..number).for_each(|at| lanes.push(lane, (lane, at)).unwrap());
        }
        lanes
    }

    #[test]
    fn the_engines_own_writes_go_first_and_each_lane_keeps_its_order() {
        let lanes = filled(2, 3);
        let taken = lanes.next(100, None).unwrap();
        let expected = [(Lane::Own, 0), (Lane::Own, 1), (Lane::Clients, 0), (Lane::Clients, 1)];
        assert_eq!(taken[..4], expected);
        assert_eq!((taken.len(), lanes.waiting()), (5, 0));
    }

    #[test]
    fn clients_fill_their_own_lane_only() {
        let lanes = filled(0, 100);
        assert!(matches!(lanes.push(Lane::Clients, (Lane::Clients, 100)), Err(StoreError::Busy)));
        for at in 0..OWN_MAX {
            lanes.push(Lane::Own, (Lane::Own, at)).unwrap();
        }
        assert!(matches!(lanes.push(Lane::Own, (Lane::Own, OWN_MAX)), Err(StoreError::Busy)));
    }

    #[test]
    fn half_of_many_are_taken_a_good_batch_of_few_and_never_more_than_the_limit() {
        let lanes = filled(0, 100);
        let taken = [100, 100, 4, 100].map(|limit| lanes.next(limit, None).unwrap().len());
        assert_eq!(taken, [50, 32, 4, 14]);
    }

    #[test]
    fn closed_lanes_are_emptied_and_take_no_more() {
        let lanes = filled(0, 1);
        lanes.close();
        assert!(matches!(lanes.push(Lane::Own, (Lane::Own, 0)), Err(StoreError::Stopped)));
        assert_eq!(lanes.next(100, None).unwrap().len(), 1);
        assert_eq!(lanes.next(100, Some(Instant::now())), Some(Vec::new()));
        assert_eq!(lanes.next(100, None), None);
    }
}
