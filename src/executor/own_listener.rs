//! The engine's own listener is never a target: a call to it would let a request act on the engine itself.

use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Where this process listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnListener(pub SocketAddr);

impl OwnListener {
    /// Whether a connection to `address` would end at this listener, under whichever of this machine's addresses.
    pub fn is_at(self, address: SocketAddr) -> bool {
        if address.port() != self.0.port() {
            return false;
        }
        let (own, ip) = (self.0.ip().to_canonical(), address.ip().to_canonical());
        own == ip || own.is_unspecified() && is_of_this_machine(ip)
    }
}

/// Only an address of this machine can be bound. Nothing is sent. Anything unclear counts as this machine's.
fn is_of_this_machine(ip: IpAddr) -> bool {
    if ip.is_loopback() || ip.is_unspecified() {
        return true;
    }
    match UdpSocket::bind((ip, 0)) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::AddrNotAvailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_at(own: &str, address: &str) -> bool {
        OwnListener(own.parse().unwrap()).is_at(address.parse().unwrap())
    }

    #[test]
    fn a_listener_on_every_address_is_at_each_of_the_machines() {
        for own in ["0.0.0.0:8080", "[::]:8080"] {
            for address in ["127.0.0.1:8080", "127.9.9.9:8080", "[::1]:8080", "[::ffff:127.0.0.1]:8080"] {
                assert!(is_at(own, address), "{own} {address}");
            }
            for address in ["127.0.0.1:8081", "[::1]:80", "192.0.2.1:8080", "198.51.100.7:8080"] {
                assert!(!is_at(own, address), "{own} {address}");
            }
        }
    }

    #[test]
    fn a_listener_on_one_address_is_there_only() {
        assert!(is_at("127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(is_at("127.0.0.1:8080", "[::ffff:127.0.0.1]:8080"));
        assert!(is_at("[::ffff:127.0.0.1]:8080", "127.0.0.1:8080"));
        assert!(is_at("192.0.2.1:8080", "192.0.2.1:8080"));
        for other in ["127.0.0.2:8080", "[::1]:8080", "127.0.0.1:8081", "192.0.2.1:8080"] {
            assert!(!is_at("127.0.0.1:8080", other), "{other}");
        }
    }
}
