//! Requests whose rows can't be read: each is left alone for a while, so that it does not keep others waiting.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::requests::Key;

/// How long a request is left alone that can't be read, or whose sending failed here before its attempt began.
pub const LEFT_ALONE_FOR: TimeDelta = TimeDelta::minutes(1);

/// The requests that are left alone, and until when.
#[derive(Default)]
pub(super) struct SetAside(Mutex<HashMap<Key, DateTime<Utc>>>);

impl SetAside {
    /// Leaves a request alone from `now` on.
    pub(super) fn add(&self, key: &Key, now: DateTime<Utc>) {
        self.lock().insert(key.clone(), now + LEFT_ALONE_FOR);
    }

    /// How many are left alone at `now`.
    pub(super) fn count(&self, now: DateTime<Utc>) -> usize {
        let mut left_alone = self.lock();
        left_alone.retain(|_, until| *until > now);
        left_alone.len()
    }

    /// The others.
    pub(super) fn without(&self, mut keys: Vec<Key>) -> Vec<Key> {
        let left_alone = self.lock();
        keys.retain(|key| !left_alone.contains_key(key));
        keys
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, DateTime<Utc>>> {
        self.0.lock().expect("nobody panics while holding the list")
    }
}
