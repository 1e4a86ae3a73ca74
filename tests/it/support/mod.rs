//! What the tests share: real servers, people with tokens, browsers, targets that listen.

pub mod app;
pub mod browser;
pub mod claims;
pub mod client;
pub mod clients;
pub mod hook;
pub mod node;
pub mod openapi;
pub mod page;
pub mod pay_out;
pub mod payments;
pub mod people;
pub mod sandbox;
pub mod sending;
pub mod stores;
pub mod target;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// The database that a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// Lists journeys, each an `async fn(On)`, and runs every one on both databases.
macro_rules! journeys {
    ($($journey:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $journey() {
                crate::support::run(super::$journey(crate::support::On::Sqlite));
            })*
        }

        mod postgres {
            $(#[test]
            fn $journey() {
                crate::support::run(super::$journey(crate::support::On::Postgres));
            })*
        }
    };
}
pub(crate) use journeys;

/// Runs a journey to its end.
pub fn run(journey: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(journey);
}

/// A request as a list or an export shows it: without the members about its reader.
pub fn without_explanation(mut request: Value) -> Value {
    for name in [
        "canDecide",
        "whyNot",
        "canSubmitAgain",
        "myDecision",
        "freshSignIn",
        "stages",
        "findings",
        "canSettle",
        "whyNotSettle",
        "canProbe",
        "canSendBack",
        "canResubmit",
        "canComment",
    ] {
        assert!(request.as_object_mut().unwrap().remove(name).is_some(), "{name} is missing");
    }
    request
}

const TRIES_MAX: u32 = 2_000;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Polls until `look` finds something; gives up after [`TRIES_MAX`] tries.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(BETWEEN_TRIES);
    for _ in 0..TRIES_MAX {
        ticks.tick().await;
        if let Some(found) = look().await {
            return found;
        }
    }
    panic!("gave up waiting until {what}");
}

/// The root of the crate's sources.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of this crate as text.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One of the contract's examples, by its file name.
pub fn fixture(name: &str) -> Value {
    let text = read(format!("tests/it/fixtures/contract/{name}"));
    countersign::domain::json::read(text.as_bytes()).unwrap()
}

/// JSON for people, numbers digit by digit.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}
