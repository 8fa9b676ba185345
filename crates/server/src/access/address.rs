//! Where requests come from, and how many one address may send.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use lambda_api::ErrorCode;
use model::Timestamp;
use wire::ApiError;

use super::gate::{Access, too_many};
use crate::http::client;

impl Access {
    /// Where a request comes from: the address that the proxy says last, if there is a proxy. A request without the
    /// header comes from this side of the proxy, such as a probe.
    ///
    /// # Errors
    /// When there is a proxy, and its entry is not an address: limits and conditions must not use the proxy's own
    /// address.
    pub fn address(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<IpAddr, ApiError> {
        let said = headers.get_all("x-forwarded-for").iter().next_back();
        let Some(said) = said.filter(|_| self.config.behind_proxy) else {
            return Ok(peer.ip().to_canonical());
        };
        // Clients can write every entry but the last one.
        let last = said.to_str().ok();
        let last = last.and_then(|value| value.rsplit(',').next());
        let last = last.and_then(|text| forwarded(text.trim()));
        let last = last.ok_or_else(|| {
            tracing::warn!(%peer, "the last entry of `X-Forwarded-For` is not an address: the request is refused");
            let message = "The last entry of X-Forwarded-For is not an address.";
            ApiError::new(ErrorCode::InvalidRequestContent, message)
        })?;
        Ok(last.to_canonical())
    }

    /// Counts a request from an address.
    pub fn count_address(&self, address: IpAddr, now: Timestamp) -> Result<(), ApiError> {
        // Function processes are on this machine. A local user who floods the server could do far worse.
        if address.is_loopback() || self.by_address.take(client(address), now.as_millis()) {
            return Ok(());
        }
        Err(too_many("This address sends more requests than it may."))
    }
}

/// An address as proxies write it: some add the port.
fn forwarded(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok();
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    address.or_else(bare).or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_write_addresses_in_several_ways() {
        let read = |text: &str| forwarded(text).map(|it| it.to_string());
        for text in ["203.0.113.7", "203.0.113.7:443"] {
            assert_eq!(read(text).as_deref(), Some("203.0.113.7"), "{text}");
        }
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(read(text).as_deref(), Some("2001:db8::1"), "{text}");
        }
        for text in ["", "unknown", "_hidden", "203.0.113.7, 1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
