//! X-Ray segments: those of functions, received over UDP as by the X-Ray daemon, and the server's own.
//!
//! A datagram is a header line `{"format": "json", "version": 1}` and a document.
//! Source: X-Ray developer guide, "Sending segment documents to the X-Ray daemon", read 2026-11.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::{ExecutionSpec, Timestamp};
use serde::Deserialize;
use serde_json::json;
use store::{LogStore, Segment};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use wire::trace;

use super::spans::execution_span;

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

/// Stores segments until the shutdown, and counts other datagrams.
pub(crate) async fn receive(
    socket: UdpSocket,
    logs: Arc<dyn LogStore>,
    ignored: Arc<AtomicU64>,
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
                // Any process on this machine can send as many as it likes, so only the first one is logged.
                None if ignored.fetch_add(1, Ordering::Relaxed) == 0 => tracing::warn!(
                    bytes = length,
                    "ignored a datagram that is not an X-Ray segment; the next ones are counted in /metrics"
                ),
                None => {}
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

/// The server's own segment of an execution whose trace is sampled: segments of its functions get it as parent, and its
/// own parent is the segment that the caller named.
pub(super) fn of_execution(spec: &ExecutionSpec, ended_at: Timestamp) -> Option<Segment> {
    let header = spec.trace_header.as_deref()?;
    if trace::field(header, "Sampled") != Some("1") {
        return None;
    }
    let trace_id = trace::field(header, "Root")?.to_owned();
    let seconds = |at: Timestamp| at.as_millis() as f64 / 1000.0;
    let id = u64::from_be_bytes(execution_span(&spec.arn.id));
    let mut document = json!({
        "id": format!("{id:016x}"),
        "trace_id": trace_id,
        "name": spec.arn.function.name.as_str(),
        "origin": "AWS::Lambda",
        "resource_arn": spec.arn.to_string(),
        "start_time": seconds(spec.started_at),
        "end_time": seconds(ended_at),
    });
    if let Some(parent) = trace::field(header, "Parent") {
        document["parent_id"] = parent.into();
    }
    Some(Segment {
        trace_id,
        at: ended_at,
        document: document.to_string(),
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

    #[tokio::test]
    async fn what_is_no_segment_is_counted_and_the_rest_is_stored() {
        let (socket, address) = bind().await.expect("a port");
        let logs: Arc<dyn LogStore> = Arc::new(store::MemoryLogs::new());
        let (ignored, shutdown) = (Arc::<AtomicU64>::default(), CancellationToken::new());
        let now = || Timestamp::from_millis(1);
        let (stored, counted) = (Arc::clone(&logs), Arc::clone(&ignored));
        let received = tokio::spawn(receive(socket, stored, counted, now, shutdown.clone()));
        let sender = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        for datagram in [
            &b"nonsense"[..],
            b"",
            b"\xff",
            b"{\"format\": \"json\", \"version\": 1}\n{\"trace_id\":\"1-a-b\"}",
        ] {
            sender.send_to(datagram, address).await.expect("it is sent");
        }
        // Datagrams arrive in order, so the others have been counted when the last one is there.
        while logs.segments(None, 1, 0).await.expect("works").is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ignored.load(Ordering::Relaxed), 3);
        shutdown.cancel();
        received.await.expect("it does not panic");
    }
}
