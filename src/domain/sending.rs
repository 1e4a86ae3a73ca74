//! How far the sending of an approved call has come: the fold of its attempts.

use chrono::{DateTime, TimeDelta, Utc};

use super::attempt::AttemptOutcome;
use super::outcome::Outcome;
use super::probe::ProbeVerdict;
use super::request_type::RetryRules;

/// The attempts of a request so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// Attempts that began.
    pub attempts: i64,
    /// Whether the last one is under way.
    pub is_open: bool,
    /// Attempts that are over and of which nobody knows whether the target did the work.
    pub ambiguous: i64,
    /// When the next attempt is due, if one is to come after another.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why another attempt is to come: a sentence about the last one.
    pub next_attempt_reason: Option<String>,
    /// The attempt that decided the outcome.
    pub outcome_attempt: Option<i64>,
    /// Whether only the answer to a repeat or to a probe shows that the work was done.
    pub inferred: bool,
    /// Probes that were made.
    pub probes: i64,
    /// What the last one said.
    pub last_probe: Option<ProbeVerdict>,
}

impl Sending {
    /// Whether the call certainly was not carried out and is not under way.
    pub fn is_certainly_undone(&self) -> bool {
        !self.is_open && self.ambiguous == 0
    }

    /// The number of the attempt that is under way.
    pub fn attempt_under_way(&self) -> Option<i64> {
        self.is_open.then_some(self.attempts)
    }

    /// How the execution ends if no further attempt is made.
    pub fn outcome_without_success(&self) -> Outcome {
        if self.ambiguous == 0 { Outcome::Failed } else { Outcome::Unknown }
    }
}

/// How an attempt ended, and what its target asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    /// Its number, from 1.
    pub attempt: i64,
    /// What it came to.
    pub outcome: AttemptOutcome,
    /// A sentence for people.
    pub reason: String,
    /// How long the target asks to be left alone.
    pub retry_after: Option<TimeDelta>,
}

/// What decides whether another attempt follows one that brought no certain end.
#[derive(Clone, Copy, Debug)]
pub struct SendingRules<'a> {
    /// How the type wants a call tried again.
    pub retry: &'a RetryRules,
    /// Whether the target recognises a repeat of this very call.
    pub recognises_repeat: bool,
    /// Whether no other request with the same id can have made the target say that it had the call.
    pub is_only_user: bool,
    /// How long the target may still work on a call that was cut off: no repeat goes out before.
    pub call_limit: TimeDelta,
    /// A random number from 0 to 1000, so that calls which failed together don't come back together.
    pub jitter: u16,
}

impl SendingRules<'_> {
    /// The instant of the next attempt after the one that ended at `now`; `None` if there is to be none.
    ///
    /// The delay doubles with every attempt; half of it is random. A delay that would pass the deadline is cut
    /// to half of the time that is left, as long as that is no shorter than the first delay: so the last
    /// minutes before the deadline are used, too.
    pub fn next_attempt_at(
        &self,
        end: &AttemptEnd,
        execute_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        if self.retry.attempts.is_some_and(|most| end.attempt >= most) {
            return None;
        }
        let left = execute_before - now;
        let wanted = self.delay(end.attempt);
        let least = self.least_delay(end);
        let delay = if wanted < left { wanted } else { left / 2 };
        let delay = delay.max(least);
        (delay < left && delay >= wanted.min(self.retry.first_delay / 2)).then(|| now + delay)
    }

    fn delay(&self, attempts: i64) -> TimeDelta {
        let doublings = u32::try_from((attempts - 1).clamp(0, 30)).unwrap_or(0);
        let factor = 2_i32.saturating_pow(doublings);
        let whole = self.retry.first_delay.checked_mul(factor).unwrap_or(self.retry.longest_delay);
        let whole = whole.min(self.retry.longest_delay);
        let random = whole.num_milliseconds() / 2 * i64::from(self.jitter.min(1000)) / 1000;
        whole / 2 + TimeDelta::milliseconds(random)
    }

    /// What must pass in any case: what the target asks for, and the time that it may still be at work.
    fn least_delay(&self, end: &AttemptEnd) -> TimeDelta {
        let asked = end.retry_after.unwrap_or_default();
        match end.outcome {
            AttemptOutcome::Ambiguous => asked.max(self.call_limit),
            AttemptOutcome::Executed
            | AttemptOutcome::Failed
            | AttemptOutcome::NotSent
            | AttemptOutcome::NotDone
            | AttemptOutcome::AlreadyDone => asked,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(retry: &RetryRules, jitter: u16) -> SendingRules<'_> {
        let call_limit = TimeDelta::seconds(30);
        SendingRules { retry, recognises_repeat: true, is_only_user: true, call_limit, jitter }
    }

    fn ended(attempt: i64, outcome: AttemptOutcome) -> AttemptEnd {
        AttemptEnd { attempt, outcome, reason: "It ended.".to_owned(), retry_after: None }
    }

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn the_delay_doubles_up_to_the_longest_and_half_of_it_is_random() {
        let retry = RetryRules::default();
        let after = |attempt, jitter| {
            let at = rules(&retry, jitter).next_attempt_at(
                &ended(attempt, AttemptOutcome::NotSent),
                NOW + TimeDelta::days(1),
                NOW,
            );
            (at.unwrap() - NOW).num_milliseconds()
        };
        assert_eq!([1, 2, 3, 4].map(|attempt| after(attempt, 1000)), [1000, 2000, 4000, 8000]);
        assert_eq!([1, 2, 3, 4].map(|attempt| after(attempt, 0)), [500, 1000, 2000, 4000]);
        assert_eq!((after(40, 1000), after(i64::MAX, 0)), (300_000, 150_000));
    }

    #[test]
    fn no_attempt_follows_the_last_that_the_type_allows() {
        let retry = RetryRules { attempts: Some(3), ..RetryRules::default() };
        let after = |attempt| {
            let end = ended(attempt, AttemptOutcome::NotDone);
            rules(&retry, 0).next_attempt_at(&end, NOW + TimeDelta::days(1), NOW).is_some()
        };
        assert_eq!([1, 2, 3, 4].map(after), [true, true, false, false]);
    }

    #[test]
    fn a_repeat_waits_until_the_target_can_not_be_at_work_any_more() {
        let retry = RetryRules::default();
        let end = ended(1, AttemptOutcome::Ambiguous);
        let next = |left| rules(&retry, 0).next_attempt_at(&end, NOW + left, NOW);
        assert_eq!(next(TimeDelta::hours(1)), Some(NOW + TimeDelta::seconds(30)));
        assert_eq!(next(TimeDelta::seconds(30)), None, "there would be no time left for it");
    }

    proptest! {
        #[test]
        fn the_next_attempt_comes_after_what_was_asked_for_and_before_the_deadline(
            attempt in 1..100_i64,
            jitter in 0..=1000_u16,
            left in 0..7200_i64,
            asked in proptest::option::of(0..3600_i64),
        ) {
            let retry = RetryRules::default();
            let end = AttemptEnd {
                retry_after: asked.map(TimeDelta::seconds),
                ..ended(attempt, AttemptOutcome::NotDone)
            };
            let deadline = NOW + TimeDelta::seconds(left);
            match rules(&retry, jitter).next_attempt_at(&end, deadline, NOW) {
                Some(at) => {
                    prop_assert!(at < deadline && at > NOW);
                    prop_assert!(asked.is_none_or(|asked| at >= NOW + TimeDelta::seconds(asked)));
                }
                None => prop_assert!(left < 2 || asked.is_some_and(|asked| asked >= left)),
            }
        }
    }
}
