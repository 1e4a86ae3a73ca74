//! Which hosts may be called: the allow-list, the addresses behind a name, and the credentials that may go there.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use crate::domain::address::AddressClass;
use crate::domain::credential::Credential;
pub use crate::domain::origin::{Origin, Scheme};

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

/// The allow-list, and the credentials that may go to its targets. Empty means that nothing may be called.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// The targets.
    pub list: Vec<Target>,
    /// The credentials that calls may be sent with, each with its own origins out of the list.
    pub credentials: Vec<Credential>,
}

impl Targets {
    /// These targets, without credentials.
    pub fn of(list: impl IntoIterator<Item = Target>) -> Self {
        Self { list: list.into_iter().collect(), credentials: Vec::new() }
    }

    /// Every origin on the list, and its label.
    pub fn origins(&self) -> impl Iterator<Item = (Origin, &str)> {
        self.list.iter().flat_map(|target| {
            let origin =
                |port: &u16| Origin { scheme: target.scheme, host: target.host.clone(), port: *port };
            target.ports.iter().map(move |port| (origin(port), target.label.as_str()))
        })
    }

    /// The entry for exactly this scheme, host and port.
    pub fn find(&self, origin: &Origin) -> Option<&Target> {
        self.list.iter().find(|target| {
            target.scheme == origin.scheme
                && target.host == origin.host
                && target.ports.contains(&origin.port)
        })
    }

    /// The credential of this name.
    pub fn credential(&self, name: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.name == name)
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
    fn an_entry_is_found_by_scheme_exact_host_and_port() {
        let targets = Targets::of(vec![target("api.example.com", &[443, 8443], &[])]);
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
        let targets = Targets::of(vec![target("127.0.0.1", &[443], &[]), target("[fd00::a]", &[443], &[])]);
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
