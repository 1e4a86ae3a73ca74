//! When clients were last let through, and how often they were refused, until it is written down.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, Utc};

use crate::engine::clients::ClientUse;

/// By the id of the client. Only known clients are noted, so it is as small as their number.
#[derive(Default)]
pub(super) struct Uses(Mutex<HashMap<String, ClientUse>>);

impl Uses {
    /// The client was let through.
    pub(super) fn note_use(&self, client_id: &str, at: DateTime<Utc>) {
        self.add(ClientUse {
            client_id: client_id.to_owned(),
            last_used_at: Some(at.timestamp_micros()),
            refusals: 0,
        });
    }

    /// A call of the client was refused.
    pub(super) fn note_refusal(&self, client_id: &str) {
        self.add(ClientUse { client_id: client_id.to_owned(), last_used_at: None, refusals: 1 });
    }

    /// Everything noted so far; it is forgotten here.
    pub(super) fn take(&self) -> Vec<ClientUse> {
        self.lock().drain().map(|(_, one)| one).collect()
    }

    /// What was taken and could not be written.
    pub(super) fn put_back(&self, uses: Vec<ClientUse>) {
        uses.into_iter().for_each(|one| self.add(one));
    }

    fn add(&self, one: ClientUse) {
        match self.lock().entry(one.client_id.clone()) {
            Entry::Occupied(mut noted) => {
                let noted = noted.get_mut();
                noted.last_used_at = noted.last_used_at.max(one.last_used_at);
                noted.refusals += one.refusals;
            }
            Entry::Vacant(free) => drop(free.insert(one)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, ClientUse>> {
        self.0.lock().expect("no code panics while it holds the uses")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_add_up_until_they_are_taken() {
        let (uses, at) = (Uses::default(), DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        uses.note_use("a", at);
        uses.note_refusal("a");
        uses.note_refusal("a");
        let taken = uses.take();
        assert!(uses.take().is_empty());
        uses.note_refusal("a");
        uses.put_back(taken);
        let all = uses.take();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].last_used_at, all[0].refusals), (Some(at.timestamp_micros()), 3));
    }
}
