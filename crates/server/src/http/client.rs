//! Which addresses belong to one client.

use std::net::{IpAddr, Ipv6Addr};

/// The bits of an IPv6 address that name its network: a client with one address has all the others of its network.
/// Source: RFC 6177, section 2; RFC 4291, section 2.5.4.
const NETWORK_BITS: u32 = 64;

/// The address that limits count: the address itself, or its network.
pub(crate) fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let network = address.to_bits() & (u128::MAX << (128 - NETWORK_BITS));
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_counts_as_one() {
        let counted = |text: &str| client(text.parse().expect("it is one")).to_string();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(counted("2001:db8:1:2:ffff::"), "2001:db8:1:2::");
        assert_eq!(counted("2001:db8:1:3::1"), "2001:db8:1:3::");
        assert_eq!(counted("203.0.113.7"), "203.0.113.7");
        assert_eq!(counted("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(counted("::1"), "::1");
    }
}
