//! In which rows of the counters a request counts, and which rows say how much its maker has used.
//!
//! A person is counted under one key: their entry's, or their account's. Two accounts with one subject are one person,
//! too, so each request counts a second time under its subject, unless the first key says it already. Either way a
//! request is in each total once, and the larger total is compared with the limit.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::actor::Person;
use crate::domain::person_key::PersonKey;
use crate::domain::policy::people::People;
use crate::domain::policy::usage::Usage;
use crate::domain::request::Counted;
use crate::domain::request_type::{CountBy, Counter};

/// The keys of a maker.
pub(super) struct MakerKeys {
    /// Under which their requests are counted.
    own: Vec<String>,
    /// Under which their requests may be counted: by entry or user id, and while the people file was another.
    accounts: BTreeSet<String>,
    /// The same by subject.
    subjects: BTreeSet<String>,
}

impl MakerKeys {
    pub(super) fn of((maker, act): (&Person, &[Person]), people: &People) -> Self {
        let behind = people.behind(maker, act);
        let first = people.entries_behind(&behind).find(|entry| !entry.is_service());
        let key = first.map_or_else(|| maker.key(), |entry| PersonKey::of_entry(&entry.name));
        let mut accounts: BTreeSet<PersonKey> = people.keys_of(maker).into_iter().collect();
        let mut ids = BTreeSet::from([maker.sub.as_str()]);
        for entry in people.entries_behind(&behind) {
            accounts.insert(PersonKey::of_entry(&entry.name));
            accounts.extend(entry.accounts.iter().map(|account| PersonKey::of_account(&maker.iss, account)));
            ids.extend(entry.accounts.iter().map(String::as_str));
        }
        accounts.insert(key.clone());
        let of_id = |id: &&str| {
            [PersonKey::of_subject(&maker.iss, id), PersonKey::of_account(&maker.iss, id)]
                .map(PersonKey::into_text)
        };
        // An entry's key does not say it: what was counted before the people file joined them is found by subject only.
        let says_it = PersonKey::of_account(&maker.iss, &maker.sub) == key;
        let second = (!says_it).then(|| PersonKey::of_subject(&maker.iss, &maker.sub));
        Self {
            own: std::iter::once(key).chain(second).map(PersonKey::into_text).collect(),
            accounts: accounts.into_iter().map(PersonKey::into_text).collect(),
            subjects: ids.iter().flat_map(of_id).collect(),
        }
    }
}

/// One counter of a submission: the rows in which it counts, and those that are compared with the limit.
pub(super) struct CounterRows {
    counter: String,
    own: Vec<Counted>,
    /// Each total is the sum of its rows.
    totals: Vec<Vec<Counted>>,
}

impl CounterRows {
    /// The rows of one counter in one window; `None` if it counts by a subject and there is none.
    pub(super) fn of(
        counter: &Counter,
        window_start: i64,
        (keys, subject): (&MakerKeys, Option<&str>),
    ) -> Option<Self> {
        match counter.by {
            CountBy::Maker => Some(Self::of_maker(&counter.name, window_start, keys)),
            CountBy::Subject => Some(Self::of_subject(&counter.name, window_start, subject?)),
        }
    }

    fn of_maker(counter: &str, window_start: i64, keys: &MakerKeys) -> Self {
        let row = |who: &String| Counted { counter: counter.to_owned(), who: who.clone(), window_start };
        Self {
            counter: counter.to_owned(),
            own: keys.own.iter().map(row).collect(),
            totals: [&keys.accounts, &keys.subjects].map(|keys| keys.iter().map(row).collect()).into(),
        }
    }

    fn of_subject(counter: &str, window_start: i64, subject: &str) -> Self {
        let row = Counted { counter: counter.to_owned(), who: subject.to_owned(), window_start };
        Self { counter: counter.to_owned(), own: vec![row.clone()], totals: vec![vec![row]] }
    }

    /// The rows in which it counts.
    pub(super) fn own(&self) -> impl Iterator<Item = &Counted> {
        self.own.iter()
    }

    /// Every row that is read.
    pub(super) fn all(&self) -> impl Iterator<Item = &Counted> {
        self.own.iter().chain(self.totals.iter().flatten())
    }

    /// The larger total. `find` gives a row's usage, nothing for a row that is not there; `None` if one can't be read.
    fn usage(&self, find: &impl Fn(&Counted) -> Option<Usage>) -> Option<Usage> {
        let mut most = Usage::default();
        for rows in &self.totals {
            let total = rows.iter().try_fold(Usage::default(), |sum, row| sum.with(find(row)?))?;
            most = Usage { count: most.count.max(total.count), sum: most.sum.max(total.sum) };
        }
        Some(most)
    }
}

/// What every counter contains, by name. A counter of which a row can't be read is left out.
pub(super) fn usage_of(
    counters: &[CounterRows],
    find: impl Fn(&Counted) -> Option<Usage>,
) -> BTreeMap<String, Usage> {
    let of = |rows: &CounterRows| Some((rows.counter.clone(), rows.usage(&find)?));
    counters.iter().filter_map(of).collect()
}
