//! The way to the X-Ray daemon: datagrams over UDP, each a header line and a document.
//! Source: X-Ray Developer Guide, "Sending segment documents to the X-Ray daemon" (read 2026-11-23).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// The header line before every document.
pub(super) const HEADER: &[u8] = b"{\"format\": \"json\", \"version\": 1}\n";

/// An open socket towards the daemon.
pub(super) struct Daemon {
    socket: UdpSocket,
    address: SocketAddr,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum OpenDaemonError {
    #[error("use `host:port` or `tcp:host:port udp:host:port`")]
    Form,
    #[error("find or open the address")]
    Io(#[from] io::Error),
}

impl Daemon {
    pub(super) fn open(address: &str) -> Result<Self, OpenDaemonError> {
        let address = udp_address(address).ok_or(OpenDaemonError::Form)?;
        let address = address
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?;
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        // If the buffer is full, the trace is lost; the function does not wait.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address })
    }

    /// Sends one document. The socket is not connected, so that an absent daemon is not an error either.
    pub(super) fn send(&self, document: &[u8]) {
        let mut datagram = Vec::with_capacity(HEADER.len() + document.len());
        datagram.extend_from_slice(HEADER);
        datagram.extend_from_slice(document);
        if let Err(error) = self.socket.send_to(&datagram, self.address) {
            tracing::debug!(%error, daemon = %self.address, "a trace document was not sent");
        }
    }
}

/// Picks the UDP address out of either form of the variable.
fn udp_address(variable: &str) -> Option<&str> {
    let mut parts = variable.split_whitespace();
    let first = parts.next()?;
    match parts.next() {
        None => Some(first.strip_prefix("udp:").unwrap_or(first)),
        Some(second) => [first, second]
            .into_iter()
            .find_map(|part| part.strip_prefix("udp:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_address() {
        assert_eq!(
            udp_address("169.254.79.129:2000"),
            Some("169.254.79.129:2000")
        );
        assert_eq!(
            udp_address("tcp:127.0.0.1:2000 udp:127.0.0.2:2001"),
            Some("127.0.0.2:2001")
        );
        assert_eq!(
            udp_address("udp:127.0.0.2:2001 tcp:127.0.0.1:2000"),
            Some("127.0.0.2:2001")
        );
        assert_eq!(udp_address("tcp:127.0.0.1:2000 tcp:127.0.0.2:2001"), None);
        assert_eq!(udp_address("  "), None);
    }
}
