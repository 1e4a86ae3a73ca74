//! A probe: the engine asks a target what became of a call of which nobody knows the outcome.

use chrono::{DateTime, TimeDelta, Utc};

/// The delay between two probes doubles from the first to the longest.
const FIRST_DELAY: TimeDelta = TimeDelta::seconds(10);
const LONGEST_DELAY: TimeDelta = TimeDelta::minutes(5);

/// What a target said about an earlier call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeVerdict {
    /// It was carried out.
    Happened,
    /// It was not.
    DidNotHappen,
    /// The answer does not say, or there is none.
    CannotTell,
}

impl ProbeVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Happened, Self::DidNotHappen, Self::CannotTell];

    /// The word in the table and in the trail.
    pub fn name(self) -> &'static str {
        match self {
            Self::Happened => "happened",
            Self::DidNotHappen => "did_not_happen",
            Self::CannotTell => "cannot_tell",
        }
    }

    /// Reads [`ProbeVerdict::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == text)
    }
}

/// How a probe ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeEnd {
    /// What the target said.
    pub verdict: ProbeVerdict,
    /// A sentence for people.
    pub reason: String,
    /// Whether it makes no sense to ask again.
    pub is_last: bool,
}

/// When the next probe is due after `probes` of them; `None` if that is past `until`. `jitter` goes from 0 to 1000.
pub fn next_probe_at(
    probes: i64,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    jitter: u16,
) -> Option<DateTime<Utc>> {
    let doublings = u32::try_from((probes - 1).clamp(0, 20)).unwrap_or(0);
    let whole = FIRST_DELAY.checked_mul(2_i32.saturating_pow(doublings)).unwrap_or(LONGEST_DELAY);
    let whole = whole.min(LONGEST_DELAY);
    let random = whole.num_milliseconds() / 2 * i64::from(jitter.min(1000)) / 1000;
    let at = now + whole / 2 + TimeDelta::milliseconds(random);
    (at <= until).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn the_delay_doubles_up_to_the_longest_and_ends_with_the_time_for_it() {
        let until = NOW + TimeDelta::hours(1);
        let after = |probes| next_probe_at(probes, until, NOW, 1000).map(|at| (at - NOW).num_seconds());
        assert_eq!([1, 2, 3, 9].map(after), [Some(10), Some(20), Some(40), Some(300)]);
        assert_eq!(next_probe_at(i64::MAX, NOW + TimeDelta::minutes(1), NOW, 0), None);
        assert_eq!(next_probe_at(1, NOW + TimeDelta::seconds(5), NOW, 0), Some(NOW + TimeDelta::seconds(5)));
    }

    #[test]
    fn every_verdict_has_its_own_name_and_is_read_back() {
        for verdict in ProbeVerdict::ALL {
            assert_eq!(ProbeVerdict::parse(verdict.name()), Some(verdict));
        }
        assert_eq!(ProbeVerdict::parse("happend"), None);
    }
}
