//! The clock of the model: a few ticks. It only goes forward, and nobody has to do anything before it does, so any
//! number of ticks in a row is a jump past whatever was due.

use chrono::{DateTime, TimeDelta, Utc};

/// An instant, counted from the submission.
pub type Tick = u8;

/// The length of a tick. The first delay between two probes is as long.
const TICK: TimeDelta = TimeDelta::seconds(10);

/// How long a lease lasts.
pub const LEASE: Tick = 2;
/// How long a call may take, from the beginning of its attempt until its target is done with it.
pub const CALL_LIMIT: Tick = 1;
/// How long after a failed attempt the next one is due.
pub const RETRY_DELAY: Tick = 1;

/// So many ticks.
pub fn ticks(number: Tick) -> TimeDelta {
    TICK * i32::from(number)
}

/// The instant of a tick.
pub fn at(tick: Tick) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + ticks(tick)
}

/// The first tick that is not before an instant.
pub fn tick_from(instant: DateTime<Utc>) -> Tick {
    let past = (instant - DateTime::UNIX_EPOCH).num_milliseconds();
    let length = TICK.num_milliseconds();
    Tick::try_from((past + length - 1) / length).expect("the clock has few ticks")
}
