//! How often somebody may be wrong: failed tries per address and per name in the last minute.
//!
//! A try is counted before its work begins, and given back if it succeeds, so that many at one time can't get past
//! the limit.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};

/// The time in which tries are counted.
const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// Failed tries of one address in the window.
const PER_ADDRESS_MAX: usize = 30;

/// Failed tries for one name in the window.
const PER_NAME_MAX: usize = 10;

/// Addresses, and names, that are remembered; beyond that the one that tried longest ago is forgotten.
const KEYS_MAX: usize = 10_000;

/// Who tries.
#[derive(Clone, Debug)]
pub(super) struct Trier {
    /// Where the call came from.
    address: String,
    /// The name or key that it gave; none with a token.
    name: Option<String>,
}

impl Trier {
    /// A try from `address` under `name`.
    pub(super) fn new(address: Option<IpAddr>, name: Option<&str>) -> Self {
        Self { address: network(address), name: name.map(str::to_owned) }
    }
}

/// One host has a whole /64 of IPv6.
fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(IpAddr::V4(v4)) => v4.to_string(),
        None => String::new(),
    }
}

/// The failed tries of the last minute.
pub(super) struct Attempts {
    addresses: Tries,
    names: Tries,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { addresses: Tries::new(PER_ADDRESS_MAX), names: Tries::new(PER_NAME_MAX) }
    }
}

impl Attempts {
    /// Counts a try.
    ///
    /// # Errors
    /// How long to wait, if there were too many; then it is not counted.
    pub(super) fn take(&self, trier: &Trier, now: DateTime<Utc>) -> Result<(), TimeDelta> {
        self.addresses.take(&trier.address, now)?;
        if let Some(name) = &trier.name
            && let Err(wait) = self.names.take(name, now)
        {
            self.addresses.give_back(&trier.address);
            return Err(wait);
        }
        Ok(())
    }

    /// The try was no failure.
    pub(super) fn give_back(&self, trier: &Trier) {
        self.addresses.give_back(&trier.address);
        if let Some(name) = &trier.name {
            self.names.give_back(name);
        }
    }
}

/// The times of failed tries by key, oldest first.
struct Tries {
    most: usize,
    by_key: Mutex<HashMap<String, VecDeque<DateTime<Utc>>>>,
}

impl Tries {
    fn new(most: usize) -> Self {
        Self { most, by_key: Mutex::default() }
    }

    fn take(&self, key: &str, now: DateTime<Utc>) -> Result<(), TimeDelta> {
        let mut by_key = self.lock();
        if !by_key.contains_key(key) {
            make_room(&mut by_key, now);
        }
        let tries = by_key.entry(key.to_owned()).or_default();
        while tries.front().is_some_and(|first| *first + WINDOW <= now) {
            tries.pop_front();
        }
        match tries.front() {
            Some(first) if tries.len() >= self.most => Err(*first + WINDOW - now),
            Some(_) | None => {
                tries.push_back(now);
                Ok(())
            }
        }
    }

    fn give_back(&self, key: &str) {
        let mut by_key = self.lock();
        if let Some(tries) = by_key.get_mut(key) {
            tries.pop_back();
            if tries.is_empty() {
                by_key.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<DateTime<Utc>>>> {
        self.by_key.lock().expect("no code panics while it holds the tries")
    }
}

fn make_room(by_key: &mut HashMap<String, VecDeque<DateTime<Utc>>>, now: DateTime<Utc>) {
    if by_key.len() < KEYS_MAX {
        return;
    }
    by_key.retain(|_, tries| tries.back().is_some_and(|last| *last + WINDOW > now));
    if by_key.len() >= KEYS_MAX {
        let oldest = by_key.iter().min_by_key(|(_, tries)| tries.back().copied());
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            by_key.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn trier(address: &str, name: &str) -> Trier {
        Trier::new(Some(address.parse().unwrap()), Some(name))
    }

    #[test]
    fn a_name_may_be_wrong_ten_times_a_minute_from_all_addresses_together() {
        let attempts = Attempts::default();
        for number in 0..PER_NAME_MAX {
            attempts.take(&trier(&format!("192.0.2.{number}"), "till.one"), noon()).unwrap();
        }
        let later = noon() + TimeDelta::seconds(10);
        let wait = attempts.take(&trier("192.0.2.99", "till.one"), later).unwrap_err();
        assert_eq!(wait, TimeDelta::seconds(50));
        attempts.take(&trier("192.0.2.99", "till.two"), later).unwrap();
        attempts.take(&trier("192.0.2.99", "till.one"), noon() + WINDOW).unwrap();
    }

    #[test]
    fn an_address_may_be_wrong_thirty_times_a_minute_under_all_names_together() {
        let attempts = Attempts::default();
        for number in 0..PER_ADDRESS_MAX {
            attempts.take(&trier("2001:db8::1", &format!("till.{number}")), noon()).unwrap();
        }
        // The same network.
        assert!(attempts.take(&trier("2001:db8::2", "another"), noon()).is_err());
        attempts.take(&trier("2001:db8:1::1", "another"), noon()).unwrap();
    }

    #[test]
    fn what_succeeds_is_given_back() {
        let (attempts, till) = (Attempts::default(), trier("192.0.2.1", "till.one"));
        for _ in 0..100 {
            attempts.take(&till, noon()).unwrap();
            attempts.give_back(&till);
        }
        assert!(attempts.names.lock().is_empty() && attempts.addresses.lock().is_empty());
    }

    #[test]
    fn the_list_never_grows_past_its_end() {
        let tries = Tries::new(1);
        for number in 0..=KEYS_MAX {
            let at = noon() + TimeDelta::microseconds(i64::try_from(number).unwrap());
            tries.take(&number.to_string(), at).unwrap();
        }
        let by_key = tries.lock();
        assert_eq!(by_key.len(), KEYS_MAX);
        assert!(!by_key.contains_key("0") && by_key.contains_key("1"));
    }
}
