//! Configuration: defaults < file < environment < flags, read once at start and passed on by section.
//!
//! All faults are reported at once, each with its key and its source.

mod credentials;
mod gateway;
mod keys;
mod layers;
mod orgs;
mod parse;
mod render;
mod secret;
mod sections;
mod targets;
mod web;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use chrono::FixedOffset;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

pub use self::{
    gateway::{GatewayConfig, GatewayMode},
    keys::{CREDENTIAL_KEYS, GROUP_KEYS, KEYS, Key, Kind, ORG_KEYS, TARGET_KEYS},
    layers::Source,
    secret::StoreUrl,
    sections::{
        AuthConfig, ClaimNames, ExecutorConfig, LogConfig, LogFormat, PeopleConfig, RequestsConfig,
        ServerConfig, StoreConfig, SubscriptionsConfig, TypesConfig,
    },
    web::{OidcConfig, WebConfig, is_loopback},
};
use self::{layers::Layers, parse::Reader};
use crate::domain::allowed_targets::Targets;
use crate::domain::org_settings::OrgSettings;
pub use crate::domain::secret::Secret;

/// The effective configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Serving HTTP.
    pub server: ServerConfig,
    /// The database.
    pub store: StoreConfig,
    /// Which tokens are accepted.
    pub auth: AuthConfig,
    /// Through which programs API calls must come.
    pub gateway: GatewayConfig,
    /// Deadlines of requests.
    pub requests: RequestsConfig,
    /// Request types as files.
    pub types: TypesConfig,
    /// The people file.
    pub people: PeopleConfig,
    /// Who is told of changes.
    pub subscriptions: SubscriptionsConfig,
    /// The pages.
    pub web: WebConfig,
    /// Calling targets.
    pub executor: ExecutorConfig,
    /// Log lines.
    pub log: LogConfig,
    /// What is set for single orgs.
    pub orgs: OrgSettings,
    /// The hosts that may be called, and the credentials that may go there.
    pub targets: Targets,
}

/// Values from the command line, which override every other source. Not `Debug`: an address may contain a password.
#[derive(Clone, Default)]
pub struct Flags {
    /// `--listen`
    pub listen: Option<String>,
    /// `--database-url`
    pub database_url: Option<String>,
    /// `--log-format`
    pub log_format: Option<String>,
}

impl Config {
    /// Merges and parses all sources. Of the variables in `env` only `COUNTERSIGN__…` are read.
    ///
    /// # Errors
    /// Every fault in every source.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(Layers::merged(file, env, flags));
        let mut config = Self {
            server: ServerConfig::read(&mut reader),
            store: StoreConfig::read(&mut reader),
            auth: AuthConfig::read(&mut reader),
            gateway: GatewayConfig::read(&mut reader),
            requests: RequestsConfig {
                pending_ttl_seconds: reader.integer("requests.pending_ttl_seconds"),
                approval_ttl_seconds: reader.integer("requests.approval_ttl_seconds"),
            },
            types: TypesConfig { dir: reader.optional_text("types.dir").map(PathBuf::from) },
            people: PeopleConfig { file: reader.optional_text("people.file").map(PathBuf::from) },
            subscriptions: SubscriptionsConfig {
                file: reader.optional_text("subscriptions.file").map(PathBuf::from),
            },
            web: WebConfig::read(&mut reader),
            executor: ExecutorConfig::read(&mut reader),
            log: LogConfig::read(&mut reader),
            orgs: orgs::read(&mut reader),
            targets: targets::read(&mut reader),
        };
        config.targets.credentials = credentials::read(&mut reader, &config.targets);
        reader.finish().map(|()| config)
    }

    /// The effective values as TOML, secrets as `***`.
    pub fn render_effective(&self) -> String {
        render::effective(self)
    }
}

impl Default for Config {
    /// The defaults.
    fn default() -> Self {
        Self::load(None, std::iter::empty(), Flags::default()).expect("a test reads every default")
    }
}

/// This process's environment variables that configure it. Invalid Unicode becomes `U+FFFD`.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, _)| name.starts_with(keys::PREFIX))
}

impl ServerConfig {
    fn read(reader: &mut Reader) -> Self {
        Self {
            listen: reader.parsed("server.listen", "write ADDRESS:PORT", |text| text.parse().ok()),
            shutdown_ms: reader.integer("server.shutdown_ms"),
            body_timeout_ms: reader.integer("server.body_timeout_ms"),
            utc_offset: reader.parsed("server.utc_offset", "write an offset such as +05:30", utc_offset),
            workers: reader.integer("server.workers"),
        }
    }
}

impl StoreConfig {
    fn read(reader: &mut Reader) -> Self {
        let advice = "write sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE";
        let config = Self {
            url: reader.parsed("store.url", advice, StoreUrl::parse),
            read_connections: reader.integer("store.read_connections"),
            queue_max: reader.integer("store.queue_max"),
            batch_max: reader.integer("store.batch_max"),
            require_sync_standby: reader.flag("store.require_sync_standby"),
        };
        if config.require_sync_standby && config.url.expose().starts_with("sqlite://") {
            reader.fault(ConfigFault::new(
                "store.require_sync_standby: SQLite has no standby: use PostgreSQL, or leave the key out",
            ));
        }
        config
    }
}

/// Minimum length of an HS256 secret in bytes: the length of the hash (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;

impl AuthConfig {
    fn read(reader: &mut Reader) -> Self {
        reader.at_most_one("auth.hs256_secret", "auth.jwks_file");
        let long_enough = |text: &str| (text.len() >= SECRET_BYTES_MIN).then(|| Secret::new(text));
        Self {
            hs256_secret: reader.optional_parsed(
                "auth.hs256_secret",
                "write a text of at least 32 bytes",
                long_enough,
            ),
            jwks_file: reader.optional_text("auth.jwks_file").map(PathBuf::from),
            issuer: reader.optional_text("auth.issuer"),
            audience: reader.optional_text("auth.audience"),
            leeway_seconds: reader.integer("auth.leeway_seconds"),
            max_ttl_seconds: reader.integer("auth.max_ttl_seconds"),
            claims: ClaimNames {
                sub: reader.text("auth.claim_sub"),
                user_id: reader.text("auth.claim_user_id"),
                user_name: reader.text("auth.claim_user_name"),
                org_id: reader.text("auth.claim_org_id"),
                permissions: reader.text("auth.claim_permissions"),
                groups: reader.text("auth.claim_groups"),
            },
        }
    }

    /// The keys, issuer and audience that tokens are checked against. Required to serve.
    ///
    /// # Errors
    /// Names every key that is missing.
    pub fn require(&self) -> Result<Trust<'_>, AuthIncomplete> {
        let keys = match (&self.hs256_secret, &self.jwks_file) {
            (Some(secret), None) => Some(KeySource::Secret(secret)),
            (None, Some(path)) => Some(KeySource::JwksFile(path)),
            _ => None,
        };
        let (Some(keys), Some(issuer), Some(audience)) = (keys, &self.issuer, &self.audience) else {
            let needed = [
                (keys.is_some(), "one of auth.hs256_secret and auth.jwks_file"),
                (self.issuer.is_some(), "auth.issuer"),
                (self.audience.is_some(), "auth.audience"),
            ];
            return Err(AuthIncomplete(
                needed.into_iter().filter(|(is_set, _)| !is_set).map(|(_, name)| name).collect(),
            ));
        };
        Ok(Trust { keys, issuer, audience })
    }
}

/// The trusted issuer: the parts of `[auth]` that have no default.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The keys that sign tokens.
    pub keys: KeySource<'a>,
    /// The issuer of tokens.
    pub issuer: &'a str,
    /// The audience of tokens: this service.
    pub audience: &'a str,
}

/// Where the verification keys come from.
#[derive(Clone, Copy, Debug)]
pub enum KeySource<'a> {
    /// A shared secret (HS256).
    Secret(&'a Secret),
    /// A file with public keys.
    JwksFile(&'a Path),
}

/// The keys of `[auth]` that must be set before tokens can be checked.
#[derive(Debug, thiserror::Error)]
#[error("tokens can't be checked yet: set {}", .0.join(", "))]
pub struct AuthIncomplete(Vec<&'static str>);

impl ExecutorConfig {
    fn read(reader: &mut Reader) -> Self {
        Self {
            decision_wait_ms: reader.integer("executor.decision_wait_ms"),
            concurrency: reader.integer("executor.concurrency"),
            concurrency_per_host: reader.integer("executor.concurrency_per_host"),
            lease_ms: reader.integer("executor.lease_ms"),
            dns_timeout_ms: reader.integer("executor.dns_timeout_ms"),
            connect_timeout_ms: reader.integer("executor.connect_timeout_ms"),
            total_timeout_ms: reader.integer("executor.total_timeout_ms"),
            answer_bytes_max: reader.integer("executor.answer_bytes_max"),
        }
    }
}

impl LogConfig {
    fn read(reader: &mut Reader) -> Self {
        let advice =
            "write error, warn, info, debug, trace or off, or a filter such as info,countersign=debug";
        Self {
            format: reader.parsed("log.format", "write text or json", log_format),
            level: reader.parsed("log.level", advice, log_level),
        }
    }
}

fn log_format(text: &str) -> Option<LogFormat> {
    [LogFormat::Text, LogFormat::Json].into_iter().find(|format| format.name() == text)
}

/// A single word must be a level: `EnvFilter` would take a mistyped level for the name of a module.
fn log_level(text: &str) -> Option<String> {
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_level = !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    let is_filter = !is_word && EnvFilter::builder().parse(text).is_ok();
    (is_level || is_filter).then(|| text.to_owned())
}

/// Accepts only the form `+05:30`: chrono alone would accept others and ignore trailing text.
fn utc_offset(text: &str) -> Option<FixedOffset> {
    text.parse().ok().filter(|offset: &FixedOffset| offset.to_string() == text)
}

/// Every fault in the configuration; displays one line each.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<ConfigFault>);

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration can't be used:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

/// One fault: the key, its source, and what to write. Never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault(String);

impl ConfigFault {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn refused(name: &str, shown: &str, source: &Source, advice: &str) -> Self {
        Self(format!("{name} = {shown} (from {source}): {advice}"))
    }

    /// Leaves the value out: it may be a secret under a mistyped name.
    fn unknown_key(name: &str, source: &Source) -> Self {
        Self(format!("{name} (from {source}): there is no such key"))
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
