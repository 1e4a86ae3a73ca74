//! The sections of the configuration, as the parts of the program get them.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::FixedOffset;

use super::{Secret, StoreUrl};

/// `[server]`: serving HTTP.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Address and port to listen on; port 0 picks a free port.
    pub listen: SocketAddr,
    /// How long calls under way may take to finish after SIGTERM or SIGINT.
    pub shutdown_ms: u64,
    /// How long the body of one call may take to come.
    pub body_timeout_ms: u64,
    /// The offset of `startTime`, `endTime` and of the days of date filters.
    pub utc_offset: FixedOffset,
    /// Threads that serve HTTP.
    pub workers: usize,
}

/// `[store]`: the database.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The database's address.
    pub url: StoreUrl,
    /// Connections for reading.
    pub read_connections: u32,
    /// Writes that may wait before the answer is `busy`.
    pub queue_max: usize,
    /// Most writes that are committed together.
    pub batch_max: usize,
    /// Whether a start without a synchronous standby is refused.
    pub require_sync_standby: bool,
}

/// `[auth]`: which tokens are accepted.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// The secret that signs tokens; at least 32 bytes.
    pub hs256_secret: Option<Secret>,
    /// The file with the public keys of tokens.
    pub jwks_file: Option<PathBuf>,
    /// The `iss` that every token must have.
    pub issuer: Option<String>,
    /// The `aud` that every token must have.
    pub audience: Option<String>,
    /// By how much the issuer's clock may differ.
    pub leeway_seconds: u32,
    /// The longest time between `iat` and `exp`.
    pub max_ttl_seconds: u32,
    /// The names of the claims.
    pub claims: ClaimNames,
}

/// The names of the claims that say who is asking.
#[derive(Clone, Debug)]
pub struct ClaimNames {
    /// The subject.
    pub sub: String,
    /// The user id; the subject where a token has none.
    pub user_id: String,
    /// The user name; the subject where a token has none.
    pub user_name: String,
    /// The org, or the list of orgs.
    pub org_id: String,
    /// The list of permissions.
    pub permissions: String,
    /// The list of groups.
    pub groups: String,
}

/// `[requests]`: deadlines of requests.
#[derive(Clone, Debug)]
pub struct RequestsConfig {
    /// How long a request waits for a decision before it expires.
    pub pending_ttl_seconds: u32,
    /// How long an approved request waits for its execution before it expires.
    pub approval_ttl_seconds: u32,
}

/// `[types]`: request types as files.
#[derive(Clone, Debug)]
pub struct TypesConfig {
    /// The folder with one file for each type.
    pub dir: Option<PathBuf>,
}

/// `[people]`: the people file.
#[derive(Clone, Debug)]
pub struct PeopleConfig {
    /// The file with people, their accounts and groups.
    pub file: Option<PathBuf>,
}

/// `[subscriptions]`: who is told of changes.
#[derive(Clone, Debug)]
pub struct SubscriptionsConfig {
    /// The file with the subscriptions.
    pub file: Option<PathBuf>,
}

/// `[executor]`: calling targets.
#[derive(Clone, Debug)]
pub struct ExecutorConfig {
    /// How long the answer to a decision waits for the outcome of the call.
    pub decision_wait_ms: u64,
    /// Calls at one time.
    pub concurrency: usize,
    /// Calls to one host at one time.
    pub concurrency_per_host: usize,
    /// How long a claim lasts without a renewal.
    pub lease_ms: u64,
    /// Time to look up a target's addresses.
    pub dns_timeout_ms: u64,
    /// Time to connect to one address; TLS counts in `total_timeout_ms`.
    pub connect_timeout_ms: u64,
    /// Time for a whole call, after the look-up of addresses.
    pub total_timeout_ms: u64,
    /// Bytes kept of a target's answer.
    pub answer_bytes_max: usize,
}

/// `[log]`: log lines.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Text or JSON.
    pub format: LogFormat,
    /// An `EnvFilter` directive that has been checked.
    pub level: String,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people to read.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    /// The value in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}
