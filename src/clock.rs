//! The only source of time and of new ids. Tests stop it and move it by hand.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// The system's clock, or one that stands still until a test moves it.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    ids: Arc<Mutex<ContextV7>>,
}

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// Real time.
    pub fn system() -> Self {
        Self::with(Source::System)
    }

    /// Time that stands at `now` until [`Clock::advance`].
    pub fn fixed(now: DateTime<Utc>) -> Self {
        Self::with(Source::Fixed(Arc::new(Mutex::new(now))))
    }

    fn with(source: Source) -> Self {
        Self { source, ids: Arc::new(Mutex::new(ContextV7::new())) }
    }

    /// The time, cut to microseconds: what both databases keep.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.source {
            Source::System => Utc::now(),
            Source::Fixed(at) => *at.lock().expect("nobody panics while holding the time"),
        };
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }

    /// Moves a fixed clock; a system clock can't be moved and stays.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Fixed(at) = &self.source {
            *at.lock().expect("nobody panics while holding the time") += by;
        }
    }

    /// A new UUID version 7: ids of one process sort in the order in which they were made.
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let ids = self.ids.lock().expect("nobody panics while making an id");
        Uuid::new_v7(Timestamp::from_unix(&*ids, seconds, now.timestamp_subsec_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_while_time_stands_still_keep_their_order() {
        let clock = Clock::fixed(DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        let ids: Vec<Uuid> = (0..100).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn time_is_cut_to_microseconds() {
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
    }
}
