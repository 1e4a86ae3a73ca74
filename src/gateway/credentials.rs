//! Clients' secrets: how they are made, kept and checked.
//!
//! A till sends the MD5 of its password, so that text is its secret; what is kept is the Argon2id hash of it. A check
//! costs the same work whether the client is known or not.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};
use tokio::sync::Semaphore;

/// The work that one hash costs. It is part of the hash, so a change holds for new secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

impl HashCost {
    /// As little as there is, for tests that check many.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// A secret in clear, for the moment in which it is shown or sent. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// 256 random bits as text.
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
    }

    /// A secret that somebody chose.
    pub fn chosen(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Call this only where it is shown or sent.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a till with this password sends: its MD5 in lower-case hex.
    #[must_use]
    pub fn md5(&self) -> Self {
        let digest = Md5::digest(self.0.as_bytes());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The Argon2id hash, as it is kept: with its salt and its cost in one text.
    ///
    /// # Errors
    /// If the cost is out of Argon2's range.
    pub fn hash(&self, cost: HashCost) -> Result<String, argon2::password_hash::Error> {
        let hash = argon2(cost)?.hash_password_with_salt(self.0.as_bytes(), &random_bytes::<16>())?;
        Ok(hash.to_string())
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The value of `Authorization` for a till of this name, whose password has this MD5.
pub fn basic(name: &str, password_md5: &ClientSecret) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{}", password_md5.expose())))
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

fn argon2(cost: HashCost) -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks at one time; each takes a processor and memory.
const CHECKS_AT_ONCE: usize = 2;

/// Checks that may wait besides.
const CHECKS_WAITING_MAX: usize = 64;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// The secret is the client's.
    Right,
    /// It is not, or there is no such client.
    Wrong,
    /// Too many wait.
    TooMany,
}

/// Checks secrets, a few at a time, off the threads that serve HTTP.
pub(super) struct Secrets {
    /// The hash that is checked for a client that does not exist.
    nobody: String,
    running: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

impl Secrets {
    /// Checks that cost as much as `cost` for unknown clients.
    pub(super) fn new(cost: HashCost) -> Self {
        let nobody = ClientSecret::random().hash(cost);
        let nobody = nobody.or_else(|_| ClientSecret::random().hash(HashCost::default()));
        Self {
            nobody: nobody.expect("the default cost is in Argon2's range"),
            running: Arc::new(Semaphore::new(CHECKS_AT_ONCE)),
            room: Arc::new(Semaphore::new(CHECKS_AT_ONCE + CHECKS_WAITING_MAX)),
        }
    }

    /// Checks `secret` against `hash`; against that of nobody, which never fits, if there is none. `note` is told of
    /// each check.
    pub(super) async fn check(&self, secret: &str, hash: Option<&str>, note: impl Fn()) -> Checked {
        let Ok(_room) = Arc::clone(&self.room).try_acquire_owned() else { return Checked::TooMany };
        let Ok(turn) = Arc::clone(&self.running).acquire_owned().await else { return Checked::TooMany };
        note();
        let (secret, is_known) = (secret.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let work = move || {
            // Kept to the end of the work, also if nobody waits for it any more.
            let _turn = turn;
            Argon2::default().verify_password(secret.as_bytes(), hash.as_str()).is_ok()
        };
        let is_right = tokio::task::spawn_blocking(work).await.unwrap_or(false);
        if is_right && is_known { Checked::Right } else { Checked::Wrong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_the_same_twice_and_never_printed() {
        let (one, other) = (ClientSecret::random(), ClientSecret::random());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 43);
        assert_eq!(format!("{one:?}"), "***");
    }

    #[test]
    fn a_till_sends_the_md5_of_its_password() {
        let sent = ClientSecret::chosen("demo").md5();
        assert_eq!(sent.expose(), "fe01ce2a7fbac8fafaed7c982a04e229");
        assert_eq!(
            basic("till.one", &sent),
            "Basic dGlsbC5vbmU6ZmUwMWNlMmE3ZmJhYzhmYWZhZWQ3Yzk4MmEwNGUyMjk="
        );
    }

    #[test]
    fn a_hash_names_its_cost_and_has_its_own_salt() {
        let secret = ClientSecret::chosen("s");
        let hash = secret.hash(HashCost::LEAST).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_ne!(hash, secret.hash(HashCost::LEAST).unwrap());
        assert!(secret.hash(HashCost { memory_kib: 0, passes: 0 }).is_err());
    }

    #[tokio::test]
    async fn only_the_right_secret_of_a_known_client_is_right() {
        let secrets = Secrets::new(HashCost::LEAST);
        let hash = ClientSecret::chosen("right").hash(HashCost::LEAST).unwrap();
        assert_eq!(secrets.check("right", Some(&hash), || ()).await, Checked::Right);
        for (secret, hash) in [("wrong", Some(hash.as_str())), ("right", None), ("right", Some("no hash"))] {
            assert_eq!(secrets.check(secret, hash, || ()).await, Checked::Wrong);
        }
    }

    #[tokio::test]
    async fn beyond_those_that_may_wait_nobody_is_checked() {
        let secrets = Secrets::new(HashCost::LEAST);
        let taken = u32::try_from(CHECKS_AT_ONCE + CHECKS_WAITING_MAX).unwrap();
        let room = secrets.room.acquire_many(taken).await.unwrap();
        assert_eq!(secrets.check("a", None, || panic!("checked")).await, Checked::TooMany);
        drop(room);
        assert_eq!(secrets.check("a", None, || ()).await, Checked::Wrong);
    }
}
