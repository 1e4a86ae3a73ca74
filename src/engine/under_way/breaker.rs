//! A circuit breaker for one host: after several calls in a row that it did not take or answer, others are held back
//! for a while, and then a single one tries whether it is there again.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::target_host::BreakerState;

/// Failures in a row that open the breaker.
const OPENS_AFTER: u32 = 5;
/// How long it stays open at first; this doubles each time that the trying call fails, up to the longest.
const OPEN_FIRST: Duration = Duration::from_secs(1);
const OPEN_LONGEST: Duration = Duration::from_secs(30);

/// What is known of one host.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    /// Since the breaker opened: until when no call goes out.
    open_until: Option<Instant>,
    opened: u32,
}

impl Breaker {
    /// The most calls to the host at one time, where that is less than for others.
    pub fn limit(&self, now: Instant) -> Option<usize> {
        match self.state(now) {
            BreakerState::Closed => None,
            BreakerState::Open => Some(0),
            BreakerState::Probing => Some(1),
        }
    }

    /// Its state at `now`.
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::Probing,
        }
    }

    /// Whether it is open, or tries with single calls.
    pub fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// The host answered, whatever it said.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// The host could not be reached, or did not answer in time.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        // Calls that were under way when it opened say nothing new.
        let is_news = self.open_until.is_none_or(|until| now >= until);
        if self.failures >= OPENS_AFTER && is_news {
            let pause = OPEN_FIRST.saturating_mul(2_u32.saturating_pow(self.opened));
            self.open_until = Some(now + pause.min(OPEN_LONGEST));
            self.opened = self.opened.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Breaker, Instant) {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..OPENS_AFTER {
            assert_eq!(breaker.state(now), BreakerState::Closed);
            breaker.failed(now);
        }
        (breaker, now)
    }

    #[test]
    fn failures_in_a_row_hold_calls_back_and_then_one_call_tries() {
        let (breaker, now) = opened();
        assert_eq!((breaker.state(now), breaker.limit(now)), (BreakerState::Open, Some(0)));
        let later = now + OPEN_FIRST;
        assert_eq!((breaker.state(later), breaker.limit(later)), (BreakerState::Probing, Some(1)));
    }

    #[test]
    fn an_answer_closes_it_and_a_failure_of_the_trying_call_doubles_the_pause() {
        let (mut breaker, now) = opened();
        let later = now + OPEN_FIRST;
        breaker.failed(later);
        assert_eq!(breaker.state(later + OPEN_FIRST), BreakerState::Open);
        assert_eq!(breaker.state(later + OPEN_FIRST * 2), BreakerState::Probing);
        breaker.answered();
        assert_eq!((breaker.state(later), breaker.limit(later)), (BreakerState::Closed, None));
    }

    #[test]
    fn an_answer_between_failures_keeps_it_closed() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..OPENS_AFTER * 3 {
            breaker.failed(now);
            breaker.answered();
        }
        assert!(!breaker.is_open());
    }

    #[test]
    fn it_never_stays_open_for_longer_than_the_longest_pause() {
        let (mut breaker, mut now) = opened();
        for _ in 0..100 {
            now += OPEN_LONGEST;
            breaker.failed(now);
            assert_eq!(breaker.state(now + OPEN_LONGEST), BreakerState::Probing);
        }
    }
}
