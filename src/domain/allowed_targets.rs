//! Which hosts may be called: the allow-list, and the addresses behind a name.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

use ipnet::IpNet;

use crate::domain::address::AddressClass;

/// The longest host name that DNS carries, and the longest label in it.
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The origin of a call: scheme, host and port of a payload's `hostname`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host: an ASCII name in lower case, or an IP literal as it was written (IPv6 in brackets).
    pub host: String,
    /// The port, the scheme's default filled in.
    pub port: u16,
}

impl Origin {
    /// Reads `scheme://host[:port]` and nothing else: no path, no user, not even a trailing slash.
    ///
    /// Numbers that some resolvers read as IPv4 addresses (`127.1`, `0x7f.1`) are names like any other.
    /// The error is a sentence for the maker.
    pub fn parse(hostname: &str) -> Result<Self, String> {
        let (scheme, rest) = split_scheme(hostname)?;
        let (host, port) = split_port(rest)?;
        let host = if host.starts_with('[') { check_ipv6(host)? } else { check_name(host)? };
        let port = port.map_or(Ok(scheme.default_port()), parse_port)?;
        Ok(Self { scheme, host, port })
    }

    /// `host[:port]`, without the scheme's default port: the value of the `Host` header.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The address, when the host is a literal in its plain spelling rather than a name.
    pub fn literal(&self) -> Option<IpAddr> {
        match self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => self.host.parse().ok(),
        }
    }
}

/// `https://host[:port]`, without the scheme's default port.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

fn split_scheme(hostname: &str) -> Result<(Scheme, &str), String> {
    let (scheme, rest) = hostname.split_once("://").ok_or("must begin with http:// or https://")?;
    if scheme.eq_ignore_ascii_case("https") {
        Ok((Scheme::Https, rest))
    } else if scheme.eq_ignore_ascii_case("http") {
        Ok((Scheme::Http, rest))
    } else {
        Err("must begin with http:// or https://".to_owned())
    }
}

/// Splits `host[:port]`. Colons inside the brackets of an IPv6 literal do not begin a port.
fn split_port(rest: &str) -> Result<(&str, Option<&str>), String> {
    let host_end = match rest.find(']') {
        Some(bracket) if rest.starts_with('[') => bracket + 1,
        Some(_) | None => rest.find(':').unwrap_or(rest.len()),
    };
    let (host, port) = rest.split_at(host_end);
    match port.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if port.is_empty() => Ok((host, None)),
        None => Err("must end after the host and an optional port".to_owned()),
    }
}

fn parse_port(port: &str) -> Result<u16, String> {
    let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    let number = if plain { port.parse().ok() } else { None };
    number.ok_or_else(|| "must have a port from 1 to 65535, or none, and nothing after it".to_owned())
}

/// Keeps the literal as it is written, because it is compared character for character.
fn check_ipv6(host: &str) -> Result<String, String> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner.map(str::parse::<Ipv6Addr>) {
        Some(Ok(_)) => Ok(host.to_owned()),
        Some(Err(_)) | None => Err("must have an IPv6 address, and only that, in the brackets".to_owned()),
    }
}

fn check_name(host: &str) -> Result<String, String> {
    if host.len() > HOST_BYTES_MAX {
        return Err(format!("must have a host of at most {HOST_BYTES_MAX} characters"));
    }
    if !host.split('.').all(is_label) {
        return Err(
            "must have a host of ASCII letters, digits, '-' and '.', and nothing after it but a port"
                .to_owned(),
        );
    }
    Ok(host.to_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// One entry of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The scheme that may be used.
    pub scheme: Scheme,
    /// The exact host, in lower case; an IPv6 literal in brackets, as makers must write it.
    pub host: String,
    /// The ports that may be used; never empty.
    pub ports: Vec<u16>,
    /// A label for people, such as `Production`.
    pub label: String,
    /// Private, loopback and other special addresses that this host may have.
    pub allow_cidrs: Vec<IpNet>,
    /// The only authorities trusted for this host, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl Target {
    /// Whether a call to this target may connect to `ip`.
    ///
    /// Public addresses may be used. Special ones may be used inside `allow_cidrs`, except those that
    /// are [never allowed](AddressClass::is_never_allowed). The error names the class of the address.
    pub fn permits(&self, ip: IpAddr) -> Result<(), AddressClass> {
        let ip = ip.to_canonical();
        let class = AddressClass::of(ip);
        let listed = || self.allow_cidrs.iter().any(|net| net.contains(&ip));
        if class == AddressClass::Public || (!class.is_never_allowed() && listed()) {
            Ok(())
        } else {
            Err(class)
        }
    }
}

/// The allow-list. Empty means that nothing may be called.
#[derive(Clone, Debug, Default)]
pub struct Targets(pub Vec<Target>);

impl Targets {
    /// Every origin on the list, and its label.
    pub fn origins(&self) -> impl Iterator<Item = (Origin, &str)> {
        self.0.iter().flat_map(|target| {
            let origin =
                |port: &u16| Origin { scheme: target.scheme, host: target.host.clone(), port: *port };
            target.ports.iter().map(move |port| (origin(port), target.label.as_str()))
        })
    }

    /// The entry for exactly this scheme, host and port.
    pub fn find(&self, origin: &Origin) -> Option<&Target> {
        self.0.iter().find(|target| {
            target.scheme == origin.scheme
                && target.host == origin.host
                && target.ports.contains(&origin.port)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, ports: &[u16], cidrs: &[&str]) -> Target {
        Target {
            scheme: Scheme::Https,
            host: host.to_owned(),
            ports: ports.to_vec(),
            label: "Test".to_owned(),
            allow_cidrs: cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect(),
            ca_file: None,
        }
    }

    fn finds(targets: &Targets, hostname: &str) -> bool {
        Origin::parse(hostname).is_ok_and(|origin| targets.find(&origin).is_some())
    }

    #[test]
    fn a_hostname_is_scheme_host_and_optional_port() {
        for (hostname, shown, port) in [
            ("https://api.example.com", "https://api.example.com", 443),
            ("HTTPS://API.Example.com:443", "https://api.example.com", 443),
            ("http://api.example.com:443", "http://api.example.com:443", 443),
            ("http://localhost:80", "http://localhost", 80),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081", 8081),
            ("http://[::1]:65535", "http://[::1]:65535", 65535),
            ("https://[FE80::1]", "https://[FE80::1]", 443),
        ] {
            let origin = Origin::parse(hostname).unwrap();
            assert_eq!((origin.to_string().as_str(), origin.port), (shown, port), "{hostname}");
        }
    }

    #[test]
    fn anything_else_is_no_hostname() {
        let long = format!("https://{}.com", "a".repeat(64));
        let longer = format!("https://{}", ["abcdefg"; 32].join("."));
        for hostname in [
            "",
            "api.example.com",
            "//api.example.com",
            "https:api.example.com",
            "ftp://api.example.com",
            " https://api.example.com",
            "https://api.example.com ",
            "https://api.example.com\t",
            "https://",
            "https://:443",
            "https://api.example.com/",
            "https://api.example.com/x",
            "https://api.example.com?x",
            "https://api.example.com#x",
            "https://u@api.example.com",
            "https://u:p@api.example.com",
            "https://evil.test\\@api.example.com",
            "https://api.example.com%2eevil.test",
            "https://api.example.com:",
            "https://api.example.com:0",
            "https://api.example.com:0443",
            "https://api.example.com:+443",
            "https://api.example.com:65536",
            "https://api.example.com:65979",
            "https://api.example.com:443:80",
            "https://api.example.com:443/",
            "https://api.example.com.",
            "https://.example.com",
            "https://api..com",
            "https://..",
            "https://-api.example.com",
            "https://api-.example.com",
            "https://a_b.example.com",
            "https://*",
            "https://api.example.com,evil.test",
            "https://api.example.com\r\nHost: evil.test",
            "https://\u{430}pi.example.com",
            "https://api\u{3002}example.com",
            "https://api.exam\u{ad}ple.com",
            "https://\u{ff11}27.0.0.1",
            "https://::1",
            "https://[::1",
            "https://[::1]x",
            "https://[::1]]",
            "https://[]",
            "https://[fe80::1%eth0]",
            "https://[fe80::1%25eth0]",
            "https://[127.0.0.1]",
            "https://x[::1]",
            &long,
            &longer,
        ] {
            assert!(Origin::parse(hostname).is_err(), "{hostname:?} was taken");
        }
    }

    #[test]
    fn an_entry_is_found_by_scheme_exact_host_and_port() {
        let targets = Targets(vec![target("api.example.com", &[443, 8443], &[])]);
        assert!(finds(&targets, "https://api.example.com"));
        assert!(finds(&targets, "https://API.example.com:8443"));
        for hostname in [
            "http://api.example.com",
            "https://api.example.com:80",
            "http://api.example.com:443",
            "https://x.api.example.com",
            "https://evilapi.example.com",
            "https://example.com",
        ] {
            assert!(!finds(&targets, hostname), "{hostname} was found");
        }
        assert!(!finds(&Targets::default(), "https://api.example.com"));
    }

    #[test]
    fn an_ip_literal_must_be_written_as_the_entry_writes_it() {
        let targets = Targets(vec![target("127.0.0.1", &[443], &[]), target("[fd00::a]", &[443], &[])]);
        assert!(finds(&targets, "https://127.0.0.1"));
        assert!(finds(&targets, "https://[fd00::a]"));
        for hostname in [
            "https://127.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0177.0.0.1",
            "https://017700000001",
            "https://127.000.000.001",
            "https://[::ffff:127.0.0.1]",
            "https://[::1]",
            "https://[fd00::A]",
            "https://[fd00:0::a]",
            "https://[fd00::000a]",
        ] {
            assert!(!finds(&targets, hostname), "{hostname} was found");
        }
    }

    #[test]
    fn a_literal_is_an_address_only_in_its_plain_spelling() {
        let literal = |hostname: &str| Origin::parse(hostname).unwrap().literal().map(|ip| ip.to_string());
        assert_eq!(literal("http://127.0.0.1").as_deref(), Some("127.0.0.1"));
        assert_eq!(literal("http://[::1]").as_deref(), Some("::1"));
        for name in ["http://127.1", "http://2130706433", "http://0x7f.1", "http://127.000.000.001"] {
            assert_eq!(literal(name), None, "{name}");
        }
    }

    #[test]
    fn special_addresses_are_permitted_only_inside_the_entry_s_networks() {
        let permits = |cidrs: &[&str], ip: &str| target("x", &[443], cidrs).permits(ip.parse().unwrap());
        assert_eq!(permits(&[], "93.184.216.34"), Ok(()));
        assert_eq!(permits(&[], "10.20.1.5"), Err(AddressClass::Private));
        assert_eq!(permits(&["10.20.0.0/16"], "10.20.1.5"), Ok(()));
        assert_eq!(permits(&["10.20.0.0/16"], "::ffff:10.20.1.5"), Ok(()));
        assert_eq!(permits(&["10.20.0.0/16"], "10.21.0.1"), Err(AddressClass::Private));
        assert_eq!(permits(&["127.0.0.0/8"], "127.0.0.1"), Ok(()));
        assert_eq!(permits(&["127.0.0.0/8"], "::1"), Err(AddressClass::Loopback));
        assert_eq!(permits(&["100.64.0.0/10"], "100.64.0.1"), Ok(()));
        assert_eq!(permits(&["fd00::/8"], "fd00::1"), Ok(()));
    }

    #[test]
    fn some_addresses_are_never_permitted() {
        let open = target("x", &[443], &["0.0.0.0/0", "::/0"]);
        for ip in [
            "169.254.169.254",
            "169.254.0.1",
            "168.63.129.16",
            "fd00:ec2::254",
            "fe80::1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "::ffff:0:169.254.169.254",
        ] {
            assert!(open.permits(ip.parse().unwrap()).is_err(), "{ip} was permitted");
        }
    }
}
