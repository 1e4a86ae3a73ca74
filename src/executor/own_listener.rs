//! The engine's own listener is never a target: a call to it would let a request act on the engine itself.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Where this process listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnListener(pub SocketAddr);

impl OwnListener {
    /// Whether a connection to `address` would end at this listener, under whichever of this machine's addresses.
    ///
    /// # Errors
    /// It can't be found out, for want of a descriptor or of memory.
    pub fn is_at(self, address: SocketAddr) -> io::Result<bool> {
        if address.port() != self.0.port() {
            return Ok(false);
        }
        let (own, ip) = (self.0.ip().to_canonical(), address.ip().to_canonical());
        if own == ip {
            return Ok(true);
        }
        if own.is_unspecified() { is_of_this_machine(ip) } else { Ok(false) }
    }
}

/// Only an address of this machine can be bound. Nothing is sent.
fn is_of_this_machine(ip: IpAddr) -> io::Result<bool> {
    if ip.is_loopback() || ip.is_unspecified() {
        return Ok(true);
    }
    could_be_bound(UdpSocket::bind((ip, 0)).map(drop))
}

/// What trying to bind an address says about whose it is. What is unclear counts as this machine's.
fn could_be_bound(tried: io::Result<()>) -> io::Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(error) if is_lack_here(&error) => Err(error),
        // A machine that does not speak the protocol at all has none of its addresses.
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable || is_unspoken(&error) => Ok(false),
        Err(_) => Ok(true),
    }
}

fn is_unspoken(error: &io::Error) -> bool {
    /// Linux, and the systems that descend from BSD: EAFNOSUPPORT. The standard library has no kind for it.
    const NO_FAMILY: [i32; 2] = [97, 47];
    error.raw_os_error().is_some_and(|code| NO_FAMILY.contains(&code))
}

/// Whether it is this process that lacks something: descriptors (its own, or the system's), or memory.
pub(super) fn is_lack_here(error: &io::Error) -> bool {
    /// POSIX: EMFILE and ENFILE. The standard library has no kind for them.
    const NO_DESCRIPTOR: [i32; 2] = [24, 23];
    error.kind() == ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(|code| NO_DESCRIPTOR.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_at(own: &str, address: &str) -> bool {
        OwnListener(own.parse().unwrap()).is_at(address.parse().unwrap()).unwrap()
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
    fn what_this_process_lacks_says_nothing_about_an_address() {
        let tried = |code: i32| could_be_bound(Err(io::Error::from_raw_os_error(code))).ok();
        // EMFILE, ENFILE, ENOMEM: not found out. EADDRNOTAVAIL, EAFNOSUPPORT: not ours. EACCES: unclear.
        for (code, is_ours) in
            [(24, None), (23, None), (12, None), (99, Some(false)), (97, Some(false)), (13, Some(true))]
        {
            assert_eq!(tried(code), is_ours, "{code}");
        }
        assert!(could_be_bound(Ok(())).unwrap());
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
