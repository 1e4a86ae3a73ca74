//! From a name to its addresses: always the name as the list of targets has it.
//!
//! The C library's resolver tries a name with each domain of a search list, and the list can come from
//! `/etc/resolv.conf` or from a variable of whoever started the process (`LOCALDOMAIN`, with `RES_OPTIONS` even before
//! the name itself): `api.example.com` would become `api.example.com.elsewhere.test`. A dot at the end turns that off.
//! Only the resolver sees the dot; the `Host` header and the name of the certificate are without it. `/etc/hosts` has
//! names without it, too, so that it is read here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// Where the machine has names that need no DNS.
const HOSTS_FILE: &str = "/etc/hosts";

/// Maximum size of the file.
const HOSTS_BYTES_MAX: u64 = 1024 * 1024;

/// The addresses of this name, with this port.
pub(super) async fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let name = host.to_owned();
    let listed = tokio::task::spawn_blocking(move || in_hosts_file(&name, Path::new(HOSTS_FILE)));
    let listed = listed.await.map_err(io::Error::other)??;
    if !listed.is_empty() {
        return Ok(listed.into_iter().map(|ip| SocketAddr::new(ip, port)).collect());
    }
    Ok(tokio::net::lookup_host((absolute(host).as_str(), port)).await?.collect())
}

/// The name as a resolver takes it that must not add anything.
fn absolute(host: &str) -> String {
    format!("{host}.")
}

fn in_hosts_file(host: &str, file: &Path) -> io::Result<Vec<IpAddr>> {
    let bytes = match std::fs::metadata(file) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if bytes > HOSTS_BYTES_MAX {
        return Err(io::Error::other("the file of host names is too large"));
    }
    Ok(listed(host, &String::from_utf8_lossy(&std::fs::read(file)?)))
}

/// The addresses of `host` in the text of a hosts file: an address and its names on each line, `#` begins a comment.
fn listed(host: &str, text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(ip) = words.next().and_then(|ip| ip.parse().ok()) else { continue };
        let names_it = words.any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(host));
        if names_it && !found.contains(&ip) {
            found.push(ip);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# 10.0.0.9 commented\n127.0.0.1\tlocalhost Box.Example # api\n::1 localhost\n\
                        10.0.0.1 localhost.evil.test\nnonsense api\n10.0.0.2 box.example.\n127.0.0.1 localhost\n";

    fn addresses(host: &str) -> Vec<String> {
        listed(host, FILE).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_hosts_file_gives_every_address_of_exactly_this_name() {
        assert_eq!(addresses("localhost"), ["127.0.0.1", "::1"]);
        assert_eq!(addresses("box.example"), ["127.0.0.1", "10.0.0.2"]);
        for absent in ["commented", "api", "evil.test", "local", "example", "127.0.0.1"] {
            assert!(addresses(absent).is_empty(), "{absent}");
        }
    }

    #[test]
    fn a_machine_without_a_hosts_file_lists_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(in_hosts_file("localhost", &folder.path().join("hosts")).unwrap().is_empty());
        let file = folder.path().join("large");
        std::fs::write(&file, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert!(in_hosts_file("localhost", &file).is_err());
    }

    #[test]
    fn the_resolver_gets_a_name_that_it_does_not_complete() {
        assert_eq!(absolute("api.example.com"), "api.example.com.");
        assert_eq!(absolute("box"), "box.");
        for host in ["localhost", "a.b", "xn--mller-kva.example", "10.example", "api.svc.cluster.local"] {
            let name = absolute(host);
            assert!(name.strip_suffix('.').is_some_and(|rest| rest == host), "{name}");
        }
    }
}
