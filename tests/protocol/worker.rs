//! A worker: a process that claims one request at a time. What it knows is lost when it crashes; its claim is not.
//!
//! A worker may wait at any step while everything else goes on, so one that is halted and goes on much later needs no
//! step of its own.

use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::probe::ProbeVerdict;

use crate::time::Tick;

/// How far a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// It holds nothing.
    Idle,
    /// It has claimed a call.
    Claimed,
    /// The start of its attempt is committed.
    Begun,
    /// Bytes have left.
    Sent,
    /// It knows how the attempt ended, and has not recorded that.
    Answered(AttemptOutcome),
    /// It has claimed a probe.
    Probing,
    /// It knows what the target said, and has not recorded that.
    Told(ProbeVerdict),
}

/// A worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    /// How far it is.
    pub at: At,
    /// The request that it holds.
    pub case: u8,
    /// The fencing token of its claim.
    pub token: u8,
    /// Its attempt.
    pub attempt: u8,
    /// When that began.
    pub began: Tick,
}

impl Worker {
    /// One that holds nothing.
    pub const IDLE: Self = Self { at: At::Idle, case: 0, token: 0, attempt: 0, began: 0 };

    /// Whether it holds a request.
    pub fn has(&self, case: u8) -> bool {
        self.at != At::Idle && self.case == case
    }

    /// Everything about it in a number.
    pub fn code(&self) -> u32 {
        let at = match self.at {
            At::Idle => 0,
            At::Claimed => 1,
            At::Begun => 2,
            At::Sent => 3,
            At::Probing => 4,
            At::Answered(outcome) => 8 + outcome as u32,
            At::Told(verdict) => 16 + verdict as u32,
        };
        let [case, token] = [u32::from(self.case), u32::from(self.token)];
        let [attempt, began] = [u32::from(self.attempt), u32::from(self.began)];
        at << 20 | case << 16 | token << 10 | attempt << 5 | began
    }
}
