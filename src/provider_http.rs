//! HTTP to services that the operators name: identity providers and token endpoints. Calls of requests go another way.

use std::time::Duration;

use reqwest::Response;
use reqwest::redirect::Policy;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE_CALL: Duration = Duration::from_secs(10);

/// A client that follows no redirect, knows no proxy, and has limits of time.
///
/// # Errors
/// If TLS can't be set up.
pub fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(WHOLE_CALL)
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Why there is no whole answer. It never has the address: that may name a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It took too long.
    Late,
    /// No connection could be made.
    NoConnection,
    /// The connection broke.
    BrokenOff,
    /// It is longer than it may be.
    TooLong,
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Late
        } else if error.is_connect() {
            Self::NoConnection
        } else {
            Self::BrokenOff
        }
    }
}

/// The body of an answer, of at most `max` bytes.
pub async fn body(mut answer: Response, max: usize) -> Result<Vec<u8>, NoAnswer> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > max {
            return Err(NoAnswer::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
