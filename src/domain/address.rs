//! Classes of IP addresses. `is_global` of std would do for most of it, but is not stable yet.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use AddressClass as Class;

/// The class of an IP address, after IANA's registries of special-purpose addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// An ordinary address of the internet.
    Public,
    /// This machine: `127.0.0.0/8`, `::1`.
    Loopback,
    /// `0.0.0.0`, `::`; connecting to them reaches this machine.
    Unspecified,
    /// The rest of `0.0.0.0/8`.
    ThisNetwork,
    /// `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`.
    Private,
    /// `100.64.0.0/10`, shared behind a carrier's address translation.
    CarrierGradeNat,
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// Metadata services of clouds outside the link-local range: they hand out the machine's credentials.
    CloudMetadata,
    /// IETF protocol assignments: `192.0.0.0/24`, `2001::/23`.
    IetfProtocol,
    /// For examples in documents.
    Documentation,
    /// For measuring network equipment.
    Benchmarking,
    /// `192.88.99.0/24`, once the relays of 6to4.
    SixToFourRelay,
    /// Sinks for reverse look-ups of private addresses.
    As112,
    /// Automatic multicast tunnelling.
    Amt,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// Not assigned: `240.0.0.0/4`, and all of IPv6 outside `2000::/3`.
    Reserved,
    /// `255.255.255.255`.
    Broadcast,
    /// `fc00::/7`, the private addresses of IPv6.
    UniqueLocal,
    /// `fec0::/10`, the private addresses of IPv6 before `fc00::/7`.
    SiteLocal,
    /// `100::/64`, discarded by routers.
    DiscardOnly,
    /// An IPv4 address behind a translator: `64:ff9b::/96`, `64:ff9b:1::/48`, `::ffff:0:0:0/96`.
    Nat64,
    /// An IPv4 address in the compatible form, `::a.b.c.d`.
    V4Compatible,
    /// `2001::/32`, tunnels to IPv4.
    Teredo,
    /// `2002::/16`, tunnels to IPv4.
    SixToFour,
    /// Identifiers that look like addresses: `2001:10::/28`, `2001:20::/28`, `2001:30::/28`.
    Orchid,
    /// `5f00::/16`, identifiers of segment routing.
    SegmentRouting,
}

impl AddressClass {
    /// Classifies an address. An IPv4-mapped one is what the IPv4 address inside it is; one that embeds
    /// IPv4 in another way keeps its own class, unless the inner address is never allowed.
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => class_of_v4(ip),
            IpAddr::V6(ip) => {
                let class = class_of_v6(ip);
                let inner = embedded_v4(class, ip).map(class_of_v4);
                inner.filter(|inner| inner.is_never_allowed()).unwrap_or(class)
            }
        }
    }

    /// Whether no configuration can open addresses of this class.
    pub fn is_never_allowed(self) -> bool {
        matches!(
            self,
            Class::LinkLocal
                | Class::CloudMetadata
                | Class::Unspecified
                | Class::ThisNetwork
                | Class::Multicast
                | Class::Broadcast
        )
    }

    /// The class in words, as in "10.0.0.1 is a private address".
    fn words(self) -> &'static str {
        match self {
            Class::Public => "public",
            Class::Loopback => "loopback",
            Class::Unspecified => "unspecified",
            Class::ThisNetwork => "this-network",
            Class::Private => "private",
            Class::CarrierGradeNat => "carrier-grade NAT",
            Class::LinkLocal => "link-local",
            Class::CloudMetadata => "cloud metadata",
            Class::IetfProtocol => "IETF protocol",
            Class::Documentation => "documentation",
            Class::Benchmarking => "benchmarking",
            Class::SixToFourRelay => "6to4 relay",
            Class::As112 => "AS112",
            Class::Amt => "AMT",
            Class::Multicast => "multicast",
            Class::Reserved => "reserved",
            Class::Broadcast => "broadcast",
            Class::UniqueLocal => "unique-local",
            Class::SiteLocal => "site-local",
            Class::DiscardOnly => "discard-only",
            Class::Nat64 => "NAT64",
            Class::V4Compatible => "IPv4-compatible",
            Class::Teredo => "Teredo",
            Class::SixToFour => "6to4",
            Class::Orchid => "ORCHID",
            Class::SegmentRouting => "segment routing",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// The first network that contains the address decides, so narrow networks come before wide ones.
const V4_NETWORKS: [(Ipv4Net, Class); 23] = [
    (v4(0, 0, 0, 0, 32), Class::Unspecified),
    (v4(0, 0, 0, 0, 8), Class::ThisNetwork),
    (v4(10, 0, 0, 0, 8), Class::Private),
    (v4(100, 100, 100, 200, 32), Class::CloudMetadata),
    (v4(100, 64, 0, 0, 10), Class::CarrierGradeNat),
    (v4(127, 0, 0, 0, 8), Class::Loopback),
    (v4(168, 63, 129, 16, 32), Class::CloudMetadata),
    (v4(169, 254, 0, 0, 16), Class::LinkLocal),
    (v4(172, 16, 0, 0, 12), Class::Private),
    (v4(192, 0, 0, 192, 32), Class::CloudMetadata),
    (v4(192, 0, 0, 0, 24), Class::IetfProtocol),
    (v4(192, 0, 2, 0, 24), Class::Documentation),
    (v4(192, 31, 196, 0, 24), Class::As112),
    (v4(192, 52, 193, 0, 24), Class::Amt),
    (v4(192, 88, 99, 0, 24), Class::SixToFourRelay),
    (v4(192, 168, 0, 0, 16), Class::Private),
    (v4(192, 175, 48, 0, 24), Class::As112),
    (v4(198, 18, 0, 0, 15), Class::Benchmarking),
    (v4(198, 51, 100, 0, 24), Class::Documentation),
    (v4(203, 0, 113, 0, 24), Class::Documentation),
    (v4(224, 0, 0, 0, 4), Class::Multicast),
    (v4(255, 255, 255, 255, 32), Class::Broadcast),
    (v4(240, 0, 0, 0, 4), Class::Reserved),
];

const V6_NETWORKS: [(Ipv6Net, Class); 28] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Class::Unspecified),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Class::Loopback),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), Class::V4Compatible),
    (v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), Class::Nat64),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), Class::Nat64),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Class::Nat64),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), Class::DiscardOnly),
    (v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), Class::DiscardOnly),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Class::Teredo),
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), Class::Benchmarking),
    (v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32), Class::Amt),
    (v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48), Class::As112),
    (v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28), Class::Orchid),
    (v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28), Class::Orchid),
    (v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28), Class::Orchid),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Class::IetfProtocol),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Class::Documentation),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Class::SixToFour),
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), Class::As112),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Class::Documentation),
    (v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3), Class::Public),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Class::SegmentRouting),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), Class::CloudMetadata),
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), Class::CloudMetadata),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Class::UniqueLocal),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Class::LinkLocal),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Class::SiteLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Class::Multicast),
];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}

fn class_of_v4(ip: Ipv4Addr) -> Class {
    V4_NETWORKS.iter().find(|(net, _)| net.contains(&ip)).map_or(Class::Public, |(_, class)| *class)
}

fn class_of_v6(ip: Ipv6Addr) -> Class {
    V6_NETWORKS.iter().find(|(net, _)| net.contains(&ip)).map_or(Class::Reserved, |(_, class)| *class)
}

/// The IPv4 address to which a translator or tunnel would pass a packet on.
fn embedded_v4(class: Class, ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, _, a, b, c, d, ..] = ip.octets();
    let [.., w, x, y, z] = ip.octets();
    if class == Class::SixToFour {
        Some(Ipv4Addr::new(a, b, c, d))
    } else if class == Class::Teredo {
        // Teredo keeps the address of the client inverted.
        Some(Ipv4Addr::new(!w, !x, !y, !z))
    } else {
        let holds_v4 = matches!(class, Class::Nat64 | Class::V4Compatible);
        holds_v4.then(|| Ipv4Addr::new(w, x, y, z))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edges of the networks, and the first address outside them.
    const TABLE: &[(&str, Class)] = &[
        ("0.0.0.0", Class::Unspecified),
        ("0.0.0.1 0.255.255.255", Class::ThisNetwork),
        ("10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255", Class::Private),
        ("100.64.0.0 100.127.255.254", Class::CarrierGradeNat),
        ("100.100.100.200 168.63.129.16 192.0.0.192", Class::CloudMetadata),
        ("fd00:ec2::254 fd20:ce::254", Class::CloudMetadata),
        ("127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1", Class::Loopback),
        ("169.254.0.1 169.254.169.254 169.254.170.2 fe80::1 febf::1", Class::LinkLocal),
        ("::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::a9fe:a9fe 64:ff9b::a9fe:a9fe", Class::LinkLocal),
        ("::ffff:0:169.254.169.254 2002:a9fe:a9fe:: 2001::5601:5601", Class::LinkLocal),
        ("192.0.0.1 2001:1::1 2001:1ff::1", Class::IetfProtocol),
        ("192.0.2.1 198.51.100.255 203.0.113.1 2001:db8::1 3fff::1 3fff:fff::1", Class::Documentation),
        ("192.52.193.1 2001:3::1", Class::Amt),
        ("192.31.196.1 192.175.48.1 2001:4:112::1 2620:4f:8000::1", Class::As112),
        ("192.88.99.1", Class::SixToFourRelay),
        ("198.18.0.1 198.19.255.255 2001:2::1", Class::Benchmarking),
        ("224.0.0.1 239.255.255.255 ff02::1 ffff::1", Class::Multicast),
        ("240.0.0.1 255.255.255.254 1::1 4000::1 fbff::1 fe00::1", Class::Reserved),
        ("255.255.255.255", Class::Broadcast),
        ("::", Class::Unspecified),
        ("::7f00:1 ::8.8.8.8", Class::V4Compatible),
        ("::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::7f00:1", Class::Nat64),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Class::Teredo),
        ("2001:10::1 2001:20::1 2001:3f::1", Class::Orchid),
        ("2002:808:808::1", Class::SixToFour),
        ("100::1 100:0:0:1::1", Class::DiscardOnly),
        ("5f00::1", Class::SegmentRouting),
        ("fc00::1 fd00::1 fdff::1", Class::UniqueLocal),
        ("fec0::1 feff::1", Class::SiteLocal),
        ("1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0", Class::Public),
        ("126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255", Class::Public),
        ("172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0", Class::Public),
        ("223.255.255.255 168.63.129.15 168.63.129.17 ::ffff:8.8.8.8", Class::Public),
        ("2001:4860:4860::8888 2001:200::1 2606:4700::1111 2003::1", Class::Public),
    ];

    #[test]
    fn every_address_has_its_class() {
        for (addresses, class) in TABLE {
            for address in addresses.split(' ') {
                assert_eq!(AddressClass::of(address.parse().unwrap()), *class, "{address}");
            }
        }
    }
}
