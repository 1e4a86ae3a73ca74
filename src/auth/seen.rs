//! A cache of tokens with a checked signature: a person sends the same token with every API call.
//!
//! It saves only the signature check and the parsing. Every check of the claims, above all of times, runs again for
//! every API call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use crate::domain::digest::Digest;

/// Cache size; the cache is cleared when full.
const TOKENS_MAX: usize = 4_096;

/// The claims of tokens by the digest of their whole text.
#[derive(Default)]
pub(super) struct Seen {
    claims: Mutex<HashMap<Digest, Arc<Map<String, Value>>>>,
}

impl Seen {
    /// The claims of a token whose signature was checked before.
    pub fn find(&self, token: &Digest) -> Option<Arc<Map<String, Value>>> {
        self.lock().get(token).cloned()
    }

    /// Keeps the claims of a token with a valid signature.
    pub fn keep(&self, token: Digest, claims: &Arc<Map<String, Value>>) {
        let mut kept = self.lock();
        if kept.len() >= TOKENS_MAX {
            kept.clear();
        }
        kept.insert(token, Arc::clone(claims));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Map<String, Value>>>> {
        self.claims.lock().expect("no code panics while it holds the list")
    }
}

/// Leaves the claims out: they name people.
impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_never_grows_past_its_end() {
        let seen = Seen::default();
        let claims = Arc::new(Map::new());
        for number in 0..=TOKENS_MAX {
            seen.keep(Digest::of(&number.to_be_bytes()), &claims);
        }
        assert_eq!(seen.lock().len(), 1);
        assert!(seen.find(&Digest::of(&TOKENS_MAX.to_be_bytes())).is_some());
    }
}
