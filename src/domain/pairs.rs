//! How often one person decided the requests of another, and how.

use chrono::TimeDelta;

use super::conduct::Oddity;
use super::state::Verdict;

/// What a checker decided of what a maker submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairTally {
    /// How often they approved.
    pub approved: usize,
    /// How often they rejected.
    pub rejected: usize,
    /// How often they decided within seconds of opening it.
    pub at_once: usize,
    /// How often they decided together with others what they had not opened.
    pub not_opened: usize,
    /// How often both acted from one address.
    pub same_address: usize,
    /// How often both acted by one token.
    pub same_token: usize,
    /// How long each decision took, in milliseconds.
    took: Vec<i64>,
}

impl PairTally {
    /// Counts one decision that came this long after what it is about was submitted.
    pub fn add(&mut self, verdict: Verdict, took: TimeDelta, odd: &[Oddity]) {
        match verdict {
            Verdict::Approved => self.approved += 1,
            Verdict::Rejected => self.rejected += 1,
        }
        for oddity in odd {
            match oddity {
                Oddity::AtOnce(_) => self.at_once += 1,
                Oddity::NotOpened => self.not_opened += 1,
                Oddity::SameAddress(_) => self.same_address += 1,
                Oddity::SameToken => self.same_token += 1,
            }
        }
        self.took.push(took.num_milliseconds().max(0));
    }

    /// How often they decided.
    pub fn decisions(&self) -> usize {
        self.approved + self.rejected
    }

    /// How long it took in the middle: half of the decisions took no longer.
    pub fn median(&self) -> TimeDelta {
        let mut took = self.took.clone();
        let middle = took.len().saturating_sub(1) / 2;
        let at_middle = if took.is_empty() { 0 } else { *took.select_nth_unstable(middle).1 };
        TimeDelta::milliseconds(at_middle)
    }

    /// How long the slowest took.
    pub fn slowest(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.took.iter().copied().max().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_decision_is_counted_by_what_it_was_and_by_what_is_odd_about_it() {
        let mut tally = PairTally::default();
        let odd = [Oddity::AtOnce(TimeDelta::zero()), Oddity::SameAddress("10.0.0.7".to_owned())];
        tally.add(Verdict::Approved, TimeDelta::seconds(5), &odd);
        tally.add(Verdict::Rejected, TimeDelta::seconds(90), &[Oddity::NotOpened, Oddity::SameToken]);
        assert_eq!((tally.approved, tally.rejected, tally.decisions()), (1, 1, 2));
        let odd = [tally.at_once, tally.not_opened, tally.same_address, tally.same_token];
        assert_eq!(odd, [1; 4]);
        assert_eq!((tally.median(), tally.slowest()), (TimeDelta::seconds(5), TimeDelta::seconds(90)));
        assert_eq!(PairTally::default().median(), TimeDelta::zero());
    }

    proptest! {
        #[test]
        fn at_least_half_took_no_longer_than_the_median_and_none_longer_than_the_slowest(
            took in proptest::collection::vec(-5_i64..5_000, 1..40),
        ) {
            let mut tally = PairTally::default();
            took.iter().for_each(|one| tally.add(Verdict::Approved, TimeDelta::milliseconds(*one), &[]));
            let (median, slowest) = (tally.median(), tally.slowest());
            let no_longer = |than: TimeDelta| took.iter().filter(|one| TimeDelta::milliseconds(**one) <= than).count();
            prop_assert!(no_longer(median) * 2 >= took.len());
            prop_assert!(no_longer(slowest) == took.len() && median <= slowest);
        }
    }
}
