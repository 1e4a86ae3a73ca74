//! How the counters of a type count: exactly, or not at all.

use crate::domain::amount::Amount;

/// What a counter contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of requests.
    pub count: i64,
    /// The sum of their amounts.
    pub sum: Amount,
}

impl Usage {
    /// Reads a stored counter; `None` if its sum is no amount.
    pub fn parse(count: i64, sum: &str) -> Option<Self> {
        Some(Self { count, sum: Amount::parse(sum).ok()? })
    }

    /// With one request of this amount more; `None` if the counter can't hold it exactly.
    ///
    /// A negative amount counts with its size: it must not make room for others.
    #[expect(clippy::should_implement_trait, reason = "it counts a request, and may have no result")]
    pub fn add(self, amount: Option<Amount>) -> Option<Self> {
        Some(Self { count: self.count.checked_add(1)?, sum: self.sum.checked_add(size(amount)?)? })
    }

    /// Without one request of this amount: the reverse of [`Usage::add`].
    pub fn remove(self, amount: Option<Amount>) -> Option<Self> {
        let count = self.count.saturating_sub(1).max(0);
        Some(Self { count, sum: self.sum.checked_sub(size(amount)?)? })
    }

    /// Both together; `None` if that can't be held exactly.
    pub fn with(self, other: Self) -> Option<Self> {
        Some(Self { count: self.count.checked_add(other.count)?, sum: self.sum.checked_add(other.sum)? })
    }

    /// Whether the counter can hold a request of this amount exactly.
    pub fn can_hold(self, amount: Option<Amount>) -> bool {
        self.add(amount).is_some()
    }
}

fn size(amount: Option<Amount>) -> Option<Amount> {
    amount.map_or(Some(Amount::ZERO), Amount::size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Amounts of every length up to the most digits that there are, with and without a fraction.
    fn amounts() -> impl Strategy<Value = Amount> {
        "-?[0-9]{1,28}|-?[0-9]{1,14}\\.[0-9]{1,14}"
            .prop_filter_map("no amount", |text| Amount::parse(&text).ok())
    }

    fn usages() -> impl Strategy<Value = Usage> {
        let sums = amounts().prop_filter_map("no size", Amount::size);
        (0..i64::MAX, sums).prop_map(|(count, sum)| Usage { count, sum })
    }

    proptest! {
        #[test]
        fn adding_and_removing_leaves_a_counter_as_it_was(
            usage in usages(),
            amount in proptest::option::of(amounts()),
        ) {
            if let Some(more) = usage.add(amount) {
                prop_assert_eq!(more.count, usage.count + 1);
                prop_assert!(more.sum >= usage.sum, "an amount makes room for others");
                prop_assert_eq!(more.remove(amount), Some(usage));
            }
        }

        #[test]
        fn a_sum_is_exact_or_refused(usage in usages(), amount in amounts()) {
            let cents = |amount: Amount| amount.to_string().parse::<rust_decimal::Decimal>().unwrap();
            match usage.add(Some(amount)) {
                Some(more) => prop_assert_eq!(cents(more.sum) - cents(usage.sum), cents(amount).abs()),
                None => prop_assert!(!usage.can_hold(Some(amount))),
            }
        }
    }

    #[test]
    fn a_request_without_an_amount_is_counted_and_a_counter_never_goes_below_nothing() {
        let one = Usage::default().add(None).unwrap();
        assert_eq!(one, Usage { count: 1, sum: Amount::ZERO });
        assert_eq!(one.remove(None).unwrap().remove(None), Some(Usage::default()));
    }

    #[test]
    fn what_can_not_be_held_exactly_is_refused() {
        let full = Usage::parse(1, &"9".repeat(28)).unwrap();
        assert!(full.can_hold(None));
        assert!(!full.can_hold(Amount::parse("0.1").ok()));
        assert_eq!(Usage::parse(1, "many"), None);
    }
}
