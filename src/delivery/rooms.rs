//! How many deliveries are under way to each subscription. Each has its own room, so that one that never answers
//! holds up nobody else; and one that fails is tried with a single delivery now and then.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use tokio::time::Instant;

use crate::domain::delivery::Taken;
use crate::domain::subscription::Subscriptions;
use crate::engine::deliveries::Room;
use crate::engine::under_way::breaker::Breaker;

/// Deliveries to one subscription at one time.
const ROOM: usize = 8;

#[derive(Debug, Default)]
struct Occupancy {
    under_way: usize,
    breaker: Breaker,
}

/// What is under way, by subscription.
#[derive(Debug, Default)]
pub(super) struct Rooms(Mutex<HashMap<String, Occupancy>>);

/// One delivery's place; it is free again when this is dropped.
pub(super) struct Place<'a> {
    rooms: &'a Rooms,
    subscription: String,
}

impl Rooms {
    /// How many deliveries could begin now to each subscription. What is known of others is forgotten.
    pub(super) fn free(&self, subscriptions: &Subscriptions) -> Vec<Room> {
        let (mut rooms, now) = (self.lock(), Instant::now());
        rooms.retain(|name, room| room.under_way > 0 || subscriptions.find(name).is_some());
        let free = |name: &String| {
            let (under_way, limit) = match rooms.get(name) {
                Some(room) => (room.under_way, room.breaker.limit(now).unwrap_or(ROOM).min(ROOM)),
                None => (0, ROOM),
            };
            let free = limit.saturating_sub(under_way);
            (free > 0).then(|| Room { subscription: name.clone(), free })
        };
        subscriptions.iter().filter_map(|subscription| free(&subscription.name)).collect()
    }

    /// Another delivery to it begins.
    pub(super) fn enter(&self, subscription: &str) {
        self.lock().entry(subscription.to_owned()).or_default().under_way += 1;
    }

    /// The place of a delivery that has entered.
    pub(super) fn place(&self, subscription: &str) -> Place<'_> {
        Place { rooms: self, subscription: subscription.to_owned() }
    }

    /// What an attempt says about the subscriber.
    pub(super) fn note(&self, subscription: &str, taken: Taken) {
        let mut rooms = self.lock();
        let Some(room) = rooms.get_mut(subscription) else { return };
        match taken {
            Taken::Yes => room.breaker.answered(),
            Taken::NotYet | Taken::NeverAgain => room.breaker.failed(Instant::now()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Occupancy>> {
        self.0.lock().expect("nobody panics while holding the rooms")
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(room) = self.rooms.lock().get_mut(&self.subscription) {
            room.under_way = room.under_way.saturating_sub(1);
        }
    }
}
