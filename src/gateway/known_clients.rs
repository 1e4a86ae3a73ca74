//! The clients that this server knows: all that are not revoked, in memory.
//!
//! A secret that was accepted once is remembered by its digest, so that the next call costs microseconds. A change of
//! the client makes a new entry, which remembers nothing.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use aws_lc_rs::constant_time;

use crate::domain::client::{Client, ClientKind};
use crate::domain::digest::Digest;
use crate::engine::clients::{ClientToken, LiveClients, StoredClient};

/// Tokens that are remembered; all are forgotten when there are more.
const TOKENS_MAX: usize = 10_000;

/// A client as one change left it.
pub struct KnownClient {
    client: Client,
    hash: String,
    changed: i64,
    /// The digest of the secret that was accepted.
    accepted: Mutex<Option<Digest>>,
}

/// Without the hash.
impl fmt::Debug for KnownClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownClient").field("client", &self.client).field("changed", &self.changed).finish()
    }
}

impl From<StoredClient> for KnownClient {
    fn from(stored: StoredClient) -> Self {
        let StoredClient { client, secret, changed } = stored;
        Self { client, hash: secret, changed, accepted: Mutex::new(None) }
    }
}

impl KnownClient {
    /// Who it is.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What its secret is checked against.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// The number of its last change.
    pub(super) fn changed(&self) -> i64 {
        self.changed
    }

    /// Whether the secret with this digest was accepted before.
    pub(super) fn has_accepted(&self, secret: &Digest) -> bool {
        let is_same = |known: &Digest| {
            constant_time::verify_slices_are_equal(known.as_bytes(), secret.as_bytes()).is_ok()
        };
        self.lock().as_ref().is_some_and(is_same)
    }

    /// The secret with this digest is right.
    pub(super) fn accept(&self, secret: Digest) {
        *self.lock() = Some(secret);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Digest>> {
        self.accepted.lock().expect("no code panics while it holds the digest")
    }
}

/// All clients at one instant.
struct Snapshot {
    changed: i64,
    by_id: HashMap<String, Arc<KnownClient>>,
    by_name: HashMap<String, Arc<KnownClient>>,
}

/// Every client that is not revoked, and the tokens that were seen.
pub(super) struct KnownClients {
    snapshot: RwLock<Arc<Snapshot>>,
    tokens: Mutex<HashMap<Digest, Arc<ClientToken>>>,
}

impl KnownClients {
    /// These clients.
    pub(super) fn of(live: LiveClients) -> Self {
        Self { snapshot: RwLock::new(Arc::new(snapshot(live, None))), tokens: Mutex::default() }
    }

    /// From now on these; one that has not changed keeps what it accepted.
    pub(super) fn replace(&self, live: LiveClients) {
        let new = snapshot(live, Some(&self.current()));
        *self.snapshot.write().expect("no code panics while it replaces the clients") = Arc::new(new);
    }

    /// The number of the last change that is known.
    pub(super) fn changed(&self) -> i64 {
        self.current().changed
    }

    /// The till of this name.
    pub(super) fn till(&self, name: &str) -> Option<Arc<KnownClient>> {
        self.current().by_name.get(name).filter(|known| known.client.kind == ClientKind::Till).cloned()
    }

    /// The OAuth client with this id.
    pub(super) fn oauth(&self, id: &str) -> Option<Arc<KnownClient>> {
        self.current().by_id.get(id).filter(|known| known.client.kind == ClientKind::Oauth).cloned()
    }

    /// The token with this digest, if it was seen before.
    pub(super) fn token(&self, digest: &Digest) -> Option<Arc<ClientToken>> {
        self.tokens().get(digest).cloned()
    }

    /// Remembers a token.
    pub(super) fn remember(&self, token: ClientToken) -> Arc<ClientToken> {
        let token = Arc::new(token);
        let mut tokens = self.tokens();
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(token.digest, Arc::clone(&token));
        token
    }

    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().expect("no code panics while it replaces the clients"))
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<Digest, Arc<ClientToken>>> {
        self.tokens.lock().expect("no code panics while it holds the tokens")
    }
}

fn snapshot(live: LiveClients, before: Option<&Snapshot>) -> Snapshot {
    let LiveClients { changed, clients } = live;
    let known = |stored: StoredClient| {
        let same = before.and_then(|before| before.by_id.get(&stored.client.id));
        let same = same.filter(|known| known.changed == stored.changed).cloned();
        same.unwrap_or_else(|| Arc::new(KnownClient::from(stored)))
    };
    let by_id: HashMap<_, _> =
        clients.into_iter().map(known).map(|known| (known.client.id.clone(), known)).collect();
    let by_name = by_id.values().map(|known| (known.client.name.clone(), Arc::clone(known))).collect();
    Snapshot { changed, by_id, by_name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OrgId;

    fn live(changed: i64, clients: &[(&str, i64)]) -> LiveClients {
        let stored = |(name, changed): &(&str, i64)| StoredClient {
            client: Client {
                id: format!("id of {name}"),
                org: OrgId::new("90001"),
                name: (*name).to_owned(),
                kind: ClientKind::Till,
                groups: Vec::new(),
            },
            secret: "hash-of-the-secret".to_owned(),
            changed: *changed,
        };
        LiveClients { changed, clients: clients.iter().map(stored).collect() }
    }

    #[test]
    fn what_was_accepted_is_forgotten_when_the_client_changes_and_only_then() {
        let known = KnownClients::of(live(2, &[("one", 1), ("two", 2)]));
        let secret = Digest::of(b"secret");
        for name in ["one", "two"] {
            known.till(name).unwrap().accept(secret);
        }
        known.replace(live(3, &[("one", 1), ("two", 3)]));
        assert!(known.till("one").unwrap().has_accepted(&secret));
        assert!(!known.till("one").unwrap().has_accepted(&Digest::of(b"another")));
        assert!(!known.till("two").unwrap().has_accepted(&secret));
        known.replace(live(4, &[("two", 3)]));
        assert!(known.till("one").is_none());
    }

    #[test]
    fn a_till_is_no_oauth_client_and_prints_no_hash() {
        let known = KnownClients::of(live(1, &[("one", 1)]));
        assert!(known.oauth("id of one").is_none());
        assert!(!format!("{:?}", known.till("one").unwrap()).contains("hash-of-the-secret"));
    }
}
