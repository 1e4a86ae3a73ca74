//! Which hosts may be called: the allow-list, and the addresses behind a name.

use std::path::PathBuf;

use ipnet::IpNet;

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

/// Where a call goes: what a payload's `hostname` says, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host: a lower-case ASCII name, or an IP literal as the allow-list writes it.
    pub host: String,
    /// The port, the scheme's default filled in.
    pub port: u16,
}

/// One entry of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The scheme that may be used.
    pub scheme: Scheme,
    /// The exact host.
    pub host: String,
    /// The ports that may be used; never empty.
    pub ports: Vec<u16>,
    /// A word for people, such as `Production`.
    pub label: String,
    /// Private and loopback addresses that this host may have.
    pub allow_cidrs: Vec<IpNet>,
    /// The only authorities trusted for this host, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// The allow-list. Empty means that nothing may be called.
#[derive(Clone, Debug, Default)]
pub struct Targets(pub Vec<Target>);
