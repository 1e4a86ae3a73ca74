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

/// The most bytes of all tokens whose claims are cached: some are long.
const BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// The claims of tokens by the digest of their whole text.
#[derive(Default)]
pub(super) struct Seen {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    claims: HashMap<Digest, Arc<Map<String, Value>>>,
    /// The length of their tokens.
    bytes: usize,
}

impl Seen {
    /// The claims of a token whose signature was checked before.
    pub fn find(&self, token: &Digest) -> Option<Arc<Map<String, Value>>> {
        self.lock().claims.get(token).cloned()
    }

    /// Keeps the claims of a token with a valid signature and this number of bytes.
    pub fn keep(&self, token: Digest, claims: &Arc<Map<String, Value>>, bytes: usize) {
        let mut kept = self.lock();
        if kept.claims.len() >= TOKENS_MAX || kept.bytes + bytes > BYTES_MAX {
            *kept = Kept::default();
        }
        if kept.claims.insert(token, Arc::clone(claims)).is_none() {
            kept.bytes += bytes;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().expect("no code panics while it holds the list")
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
            seen.keep(Digest::of(&number.to_be_bytes()), &claims, 500);
        }
        assert_eq!(seen.lock().claims.len(), 1);
        assert!(seen.find(&Digest::of(&TOKENS_MAX.to_be_bytes())).is_some());
    }

    #[test]
    fn long_tokens_leave_room_for_fewer() {
        let seen = Seen::default();
        let claims = Arc::new(Map::new());
        for number in 0..=BYTES_MAX / 65_536 {
            seen.keep(Digest::of(&number.to_be_bytes()), &claims, 65_536);
        }
        let kept = seen.lock();
        assert_eq!((kept.claims.len(), kept.bytes), (1, 65_536));
    }
}
