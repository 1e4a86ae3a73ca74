//! The only source of time and of new ids. Tests stop it and move it by hand.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

use crate::fault_points;

/// The database's clock is read at least this exactly.
const READ_WITHIN: TimeDelta = TimeDelta::milliseconds(100);

/// The system clock, or a fixed clock that only a test advances.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    ids: Arc<Mutex<ContextV7>>,
    /// `None` as long as the database's clock is this one.
    database: Arc<Mutex<Option<DatabaseTime>>>,
}

/// What the database's clock showed, and when that was. It goes on from there however the system's time is set.
#[derive(Clone, Copy, Debug)]
struct DatabaseTime {
    showed: DateTime<Utc>,
    read_at: Instant,
}

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that follows the system's time.
    pub fn system() -> Self {
        Self::with(Source::System)
    }

    /// A clock that shows `now` until [`Clock::advance`] is called.
    pub fn fixed(now: DateTime<Utc>) -> Self {
        Self::with(Source::Fixed(Arc::new(Mutex::new(now))))
    }

    fn with(source: Source) -> Self {
        Self { source, ids: Arc::new(Mutex::new(ContextV7::new())), database: Arc::default() }
    }

    /// The current time, truncated to microseconds: the precision that both databases keep.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.source {
            Source::System => Utc::now() + fault_points::clock_offset(),
            Source::Fixed(at) => *at.lock().expect("no code panics while it holds the time"),
        };
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }

    /// The time of a fixed clock, which then stands for the database's clock as well; `None` for the system's.
    pub fn injected(&self) -> Option<DateTime<Utc>> {
        match &self.source {
            Source::System => None,
            Source::Fixed(_) => Some(self.now()),
        }
    }

    /// Notes what the clock of a database of its own shows now.
    pub fn note_database_time(&self, showed: DateTime<Utc>) {
        let reading = DatabaseTime { showed, read_at: Instant::now() };
        *self.database.lock().expect("no code panics while it holds the reading") = Some(reading);
    }

    /// An instant that is past by the database's clock, as it was read last: what is due now.
    pub fn due_now(&self) -> DateTime<Utc> {
        let reading = *self.database.lock().expect("no code panics while it holds the reading");
        match reading.filter(|_| self.injected().is_none()) {
            Some(reading) => {
                let elapsed = TimeDelta::from_std(reading.read_at.elapsed()).unwrap_or_default();
                reading.showed + elapsed - READ_WITHIN
            }
            None => self.now(),
        }
    }

    /// Advances a fixed clock. Does nothing to a system clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Fixed(at) = &self.source {
            *at.lock().expect("no code panics while it holds the time") += by;
        }
    }

    /// A new UUID (version 7). Ids made by one process sort in the order of their creation.
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let ids = self.ids.lock().expect("no code panics while it makes an id");
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
    fn what_is_due_now_goes_by_the_databases_clock_once_that_was_read() {
        let clock = Clock::system();
        let before = clock.now();
        assert!(clock.due_now() >= before, "its own clock is the only one");
        let behind = TimeDelta::minutes(1);
        clock.note_database_time(clock.now() - behind);
        let due = clock.due_now();
        assert!(due < clock.now() - behind, "{due}");
        assert!(due >= before - behind - READ_WITHIN, "{due}");
    }

    #[test]
    fn time_is_cut_to_microseconds() {
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
    }
}
