//! Scheme, host and port: where a call goes.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_literal_is_an_address_only_in_its_plain_spelling() {
        let literal = |hostname: &str| Origin::parse(hostname).unwrap().literal().map(|ip| ip.to_string());
        assert_eq!(literal("http://127.0.0.1").as_deref(), Some("127.0.0.1"));
        assert_eq!(literal("http://[::1]").as_deref(), Some("::1"));
        for name in ["http://127.1", "http://2130706433", "http://0x7f.1", "http://127.000.000.001"] {
            assert_eq!(literal(name), None, "{name}");
        }
    }
}
