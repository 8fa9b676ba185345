//! Reads request bodies of untrusted size.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::response_stream::{ResponsePiece, ResponseSink};

/// Largest response of a function, in bytes: 6 MiB and 100 bytes.
/// Source: Lambda's error for larger ones, "Response payload size exceeded maximum allowed payload size (6291556
/// bytes)".
pub(crate) const RESPONSE_BYTES_MAX: usize = 6 * 1024 * 1024 + 100;

/// Largest streamed response, in bytes: 200 MiB.
/// Source: Lambda quotas page, "Synchronous payload for streamed responses", read 2026-11.
const STREAMED_BYTES_MAX: usize = 200 * 1024 * 1024;

/// How much of a body that is too large is read and thrown away, so that the runtime can read the answer 413 instead of
/// failing at the write. Beyond it the connection is closed.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A request body, read to its end.
#[derive(Debug)]
pub(crate) struct ReadBody {
    /// `None` when it was larger than [`RESPONSE_BYTES_MAX`].
    pub(crate) bytes: Option<Bytes>,
    pub(crate) trailers: HeaderMap,
}

/// Reads a body to its end.
///
/// # Errors
/// When the connection ends before the body does; then no answer is possible.
pub(crate) async fn read(mut body: Incoming) -> Result<ReadBody, hyper::Error> {
    let announced = body.size_hint().exact().unwrap_or(0);
    let mut collected = Collected::Empty;
    let mut length = 0;
    let mut trailers = HeaderMap::new();
    while length <= DISCARDED_BYTES_MAX {
        let Some(frame) = body.frame().await else {
            break;
        };
        match frame?.into_data() {
            Ok(chunk) => {
                length += chunk.len();
                collected.push(chunk, length, announced);
            }
            Err(frame) => {
                if let Ok(last) = frame.into_trailers() {
                    trailers = last;
                }
            }
        }
    }
    Ok(ReadBody {
        bytes: (length <= RESPONSE_BYTES_MAX).then(|| collected.into_bytes()),
        trailers,
    })
}

/// How a body that was handed on ended.
#[derive(Debug)]
pub(crate) enum HandedOn {
    Whole {
        trailers: HeaderMap,
    },
    /// It was larger than [`STREAMED_BYTES_MAX`]; the rest was not read.
    TooLarge,
}

/// Passes a body on as it arrives, as fast as the receiver takes it.
///
/// # Errors
/// When the connection ends before the body does.
pub(crate) async fn hand_on(
    mut body: Incoming,
    sink: &ResponseSink,
) -> Result<HandedOn, hyper::Error> {
    let mut length = 0;
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(chunk) => {
                length += chunk.len();
                if length > STREAMED_BYTES_MAX {
                    return Ok(HandedOn::TooLarge);
                }
                if !chunk.is_empty() {
                    sink.send(ResponsePiece::Chunk(chunk)).await;
                }
            }
            Err(frame) => {
                if let Ok(last) = frame.into_trailers() {
                    trailers = last;
                }
            }
        }
    }
    Ok(HandedOn::Whole { trailers })
}

/// Most bodies consist of one chunk, which then need not be copied.
#[derive(Debug)]
enum Collected {
    Empty,
    One(Bytes),
    Many(BytesMut),
}

impl Collected {
    fn push(&mut self, chunk: Bytes, length: usize, announced: u64) {
        if length > RESPONSE_BYTES_MAX {
            *self = Collected::Empty;
            return;
        }
        *self = match std::mem::replace(self, Collected::Empty) {
            Collected::Empty => Collected::One(chunk),
            Collected::One(first) => {
                let capacity = usize::try_from(announced)
                    .unwrap_or(0)
                    .clamp(length, RESPONSE_BYTES_MAX);
                let mut many = BytesMut::with_capacity(capacity);
                many.extend_from_slice(&first);
                many.extend_from_slice(&chunk);
                Collected::Many(many)
            }
            Collected::Many(mut many) => {
                many.extend_from_slice(&chunk);
                Collected::Many(many)
            }
        };
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Collected::Empty => Bytes::new(),
            Collected::One(bytes) => bytes,
            Collected::Many(bytes) => bytes.freeze(),
        }
    }
}
