//! What a release build has of the fault points: nothing.

use chrono::TimeDelta;

use super::{FaultPoint, Sabotage};

/// Does nothing.
#[inline(always)]
pub const fn pass(_: FaultPoint) {}

/// `false`: a release build arms no point.
#[inline(always)]
pub const fn is_armed(_: FaultPoint) -> bool {
    false
}

/// `false`: a release build has no sabotage.
#[inline(always)]
pub const fn sabotage(_: Sabotage) -> bool {
    false
}

/// Zero: a release build shows the system's time.
#[inline(always)]
pub const fn clock_offset() -> TimeDelta {
    TimeDelta::zero()
}

/// How far the writing of one call came; a release build does not ask.
#[derive(Default)]
pub struct CallWrites {}

impl CallWrites {
    /// All of `bytes`.
    #[inline(always)]
    pub const fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes
    }

    /// Does nothing.
    #[inline(always)]
    pub const fn note_bytes(&mut self) {}

    /// Does nothing.
    #[inline(always)]
    pub const fn note_flush(&mut self) {}
}

// That these are constants proves that nothing is read when the program runs.
const _: () = {
    let mut at = 0;
    while at < Sabotage::ALL.len() {
        assert!(!sabotage(Sabotage::ALL[at]));
        at += 1;
    }
    let mut at = 0;
    while at < FaultPoint::ALL.len() {
        assert!(!is_armed(FaultPoint::ALL[at]));
        at += 1;
    }
    assert!(clock_offset().is_zero() && size_of::<CallWrites>() == 0);
};
