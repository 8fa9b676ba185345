//! The X-Ray daemon's stand-in: takes segment documents over UDP and stores them.
//!
//! A datagram is a header line `{"format": "json", "version": 1}` and a document.
//! Source: X-Ray developer guide, "Sending segment documents to the X-Ray daemon", read 2026-11.

use std::net::SocketAddr;
use std::sync::Arc;

use model::Timestamp;
use serde::Deserialize;
use store::{LogStore, Segment};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// Largest document that X-Ray takes, with room for its header.
const DATAGRAM_BYTES_MAX: usize = 64 * 1024 + 256;

#[derive(Deserialize)]
struct Header {
    format: String,
}

#[derive(Deserialize)]
struct Document {
    trace_id: String,
}

/// Binds a free port of the loopback interface.
pub(crate) async fn bind() -> std::io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Stores segments until the shutdown.
pub(crate) async fn receive(
    socket: UdpSocket,
    logs: Arc<dyn LogStore>,
    now: impl Fn() -> Timestamp,
    shutdown: CancellationToken,
) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let received = tokio::select! {
            received = socket.recv(&mut buffer) => received,
            () = shutdown.cancelled() => return,
        };
        match received {
            Ok(length) => match segment(&buffer[..length], now()) {
                Some(segment) => logs.append_segment(segment),
                None => tracing::warn!(
                    bytes = length,
                    "ignored a datagram that is no X-Ray segment"
                ),
            },
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "failed to receive an X-Ray segment");
            }
        }
    }
}

fn segment(datagram: &[u8], at: Timestamp) -> Option<Segment> {
    let text = std::str::from_utf8(datagram).ok()?;
    let (header, document) = text.split_once('\n')?;
    let header: Header = serde_json::from_str(header).ok()?;
    if header.format != "json" {
        return None;
    }
    let parsed: Document = serde_json::from_str(document).ok()?;
    Some(Segment {
        trace_id: parsed.trace_id,
        at,
        document: document.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_are_taken() {
        let at = Timestamp::from_millis(1);
        let good = b"{\"format\": \"json\", \"version\": 1}\n{\"trace_id\":\"1-a-b\",\"id\":\"1\"}";
        assert_eq!(segment(good, at).expect("a segment").trace_id, "1-a-b");
        for bad in [
            &b""[..],
            b"\n",
            b"{}\n{}",
            b"\xff\n",
            b"{\"format\":\"xml\"}\n{\"trace_id\":\"x\"}",
        ] {
            assert_eq!(segment(bad, at), None);
        }
    }
}
