//! The gate: with `gateway.mode = "required"`, an API call must come through a program that is known, a client.
//!
//! A client proves who it is by name and password (a till) or by a token (OAuth), belongs to one org, and may make the
//! calls of its access groups. **Invariant:** the gate says who is calling, never who decides: rights come from the
//! person's token alone. What it answers never tells which half of a credential was wrong, and takes the same work
//! whether the client exists or not.

mod attempt_limit;
mod check;
pub mod credentials;
mod known_clients;
mod token;
mod uses;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::FixedOffset;
use tokio::sync::watch;

pub use self::check::OAUTH_HEADER;
pub use self::known_clients::KnownClient;

use self::attempt_limit::Attempts;
use self::credentials::{HashCost, Secrets};
use self::known_clients::KnownClients;
use self::uses::Uses;
use crate::domain::client::AccessGroups;
use crate::engine::{Engine, EngineError};

/// What the gate needs to know beyond the engine.
pub struct GateSettings {
    /// Every access group.
    pub groups: AccessGroups,
    /// How many seconds a token is good.
    pub token_ttl_seconds: u32,
    /// The offset of times in answers.
    pub offset: FixedOffset,
    /// The work that a try with an unknown name costs, as the secrets that are stored cost it.
    pub cost: HashCost,
}

/// The gate; cheap to clone.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    groups: AccessGroups,
    token_ttl_seconds: u32,
    offset: FixedOffset,
    known: KnownClients,
    secrets: Secrets,
    attempts: Attempts,
    uses: Uses,
    are_clients_stale: AtomicBool,
}

/// How often a server looks whether clients have changed: a change holds everywhere within a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Uses and refusals are written every so many looks.
const LOOKS_PER_WRITE: u32 = 10;

impl Gate {
    /// Reads every client.
    ///
    /// # Errors
    /// If the database can't be read: a gate that knows nobody would refuse everybody.
    pub async fn open(engine: Engine, settings: GateSettings) -> Result<Self, EngineError> {
        let GateSettings { groups, token_ttl_seconds, offset, cost } = settings;
        let known = KnownClients::of(engine.live_clients().await?);
        let secrets = Secrets::new(cost);
        let inner = Inner {
            engine,
            groups,
            token_ttl_seconds,
            offset,
            known,
            secrets,
            attempts: Attempts::default(),
            uses: Uses::default(),
            are_clients_stale: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Follows the changes of clients, and writes down their uses, until the server stops.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut looks: u32 = 0;
        loop {
            let is_over = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = stopping.wait_for(|is_stopping| *is_stopping) => true,
            };
            looks = looks.wrapping_add(1);
            if is_over || looks.is_multiple_of(LOOKS_PER_WRITE) {
                self.write_uses().await;
            }
            if is_over {
                return;
            }
            self.look().await;
        }
    }

    /// Reads the clients again if one has changed. Those that are known stay known until the database can be read.
    async fn look(&self) {
        let read = self.read_changes().await;
        let are_stale = read.is_err();
        let were_stale = self.inner.are_clients_stale.swap(are_stale, Ordering::Relaxed);
        self.inner.engine.metrics().set_clients_stale(are_stale);
        match read {
            Ok(()) if were_stale => tracing::info!("the clients can be read again"),
            Err(error) if !were_stale => {
                tracing::error!(%error, "the clients can't be read; those that are known stay known until they can");
            }
            Ok(()) | Err(_) => {}
        }
    }

    async fn read_changes(&self) -> Result<(), EngineError> {
        if self.inner.engine.last_client_change().await? != self.inner.known.changed() {
            self.inner.known.replace(self.inner.engine.live_clients().await?);
        }
        Ok(())
    }

    async fn write_uses(&self) {
        let uses = self.inner.uses.take();
        if uses.is_empty() {
            return;
        }
        if let Err(error) = self.inner.engine.record_client_uses(uses.clone()).await {
            tracing::warn!(%error, "the uses of clients could not be recorded; the next write has them, too");
            self.inner.uses.put_back(uses);
        }
    }
}
