//! Bodies of requests, and their unread rest when a request is answered.
//!
//! A request may be answered before its body was read to the end: its path has no handler, its headers are refused, or
//! the body is too large. Its sender is still writing then, and counts on using the connection again. So the rest is
//! read before the answer goes out; and where that would take too long, the answer says that the connection is closed.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::header::EXPECT;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::BodyError;

/// The most unread bytes that are read and thrown away. Beyond that the connection is closed.
const DRAINED_MAX: usize = 64 * 1024 * 1024;

/// How long they are read.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);

/// How long a sender may pause within a body.
const PIECE_WITHIN: Duration = Duration::from_secs(30);

/// How much longer it may be silent in all, by the bytes that it has sent: it has 30 seconds, and one more for every 10
/// kB. Otherwise a byte now and then would hold the connection for ever.
const BYTES_A_SECOND_MIN: u64 = 10_000;

/// The body of a request, on its way to a handler. Its unread rest goes to [`Unread`] when it is dropped.
pub(crate) struct RequestBody {
    /// The body, and the receiver of its rest; `None` once it is dropped, and for a body that was read before.
    incoming: Option<(Incoming, oneshot::Sender<Left>)>,
    /// A body that was read before.
    read: Option<Bytes>,
    /// Whether its sender waits for `100 Continue`, or was too slow.
    is_held_back: bool,
    pace: Pace,
}

/// How long the server waited for the sender, and the bytes received. The handler's own time between pieces does not
/// count.
#[derive(Debug, Default)]
struct Pace {
    waited: Duration,
    received: u64,
}

impl Pace {
    /// How long to wait for the next piece.
    fn patience(&self) -> Duration {
        let earned =
            Duration::from_millis(self.received.saturating_mul(1_000) / BYTES_A_SECOND_MIN);
        let left = (PIECE_WITHIN + earned).saturating_sub(self.waited);
        left.min(PIECE_WITHIN)
    }

    /// The next piece of a body.
    async fn next(&mut self, incoming: &mut Incoming) -> Option<Result<Bytes, BodyError>> {
        let began = Instant::now();
        let piece = tokio::time::timeout(self.patience(), next_piece(incoming)).await;
        self.waited += began.elapsed();
        match piece {
            Ok(Some(Ok(piece))) => {
                self.received += piece.len() as u64;
                Some(Ok(piece))
            }
            Ok(Some(Err(_))) => Some(Err(BodyError::Broken)),
            Ok(None) => None,
            Err(_) => Some(Err(BodyError::Slow)),
        }
    }
}

/// The rest of a body after its request has been handled.
pub(crate) struct Unread(oneshot::Receiver<Left>);

/// The part that a handler did not read.
enum Left {
    /// Bytes that are on their way already.
    Rest(Incoming),
    /// Bytes that the sender holds back.
    HeldBack,
}

impl RequestBody {
    pub fn new(incoming: Incoming, headers: &HeaderMap) -> (Self, Unread) {
        let (left, unread) = oneshot::channel();
        let body = Self {
            incoming: Some((incoming, left)),
            read: None,
            is_held_back: headers.contains_key(EXPECT),
            pace: Pace::default(),
        };
        (body, Unread(unread))
    }

    /// A body that was read already.
    pub fn whole(bytes: Bytes) -> Self {
        Self {
            incoming: None,
            read: Some(bytes).filter(|bytes| !bytes.is_empty()),
            is_held_back: false,
            pace: Pace::default(),
        }
    }

    /// The next piece; `None` at the end.
    pub async fn piece(&mut self) -> Option<Result<Bytes, BodyError>> {
        self.is_held_back = false;
        if let Some(read) = self.read.take() {
            return Some(Ok(read));
        }
        let (incoming, _) = self.incoming.as_mut()?;
        let piece = self.pace.next(incoming).await;
        if let Some(Err(BodyError::Slow)) = &piece {
            // Further pieces are not waited for: the connection is closed with the answer.
            self.is_held_back = true;
        }
        piece
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some((incoming, left)) = self.incoming.take() else {
            return;
        };
        if incoming.is_end_stream() {
            return;
        }
        // The receiver is gone when the client has hung up.
        let _ = left.send(if self.is_held_back {
            Left::HeldBack
        } else {
            Left::Rest(incoming)
        });
    }
}

impl Unread {
    /// Reads the rest. Returns whether the connection can be used again.
    pub async fn drain(mut self) -> bool {
        let mut rest = match self.0.try_recv() {
            Ok(Left::Rest(rest)) => rest,
            Ok(Left::HeldBack) => return false,
            // The handler read all of it.
            Err(_) => return true,
        };
        let drained = async {
            let mut read = 0;
            while let Some(piece) = next_piece(&mut rest).await {
                let Ok(piece) = piece else { return false };
                read += piece.len();
                if read > DRAINED_MAX {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(DRAINED_WITHIN, drained)
            .await
            .unwrap_or(false)
    }
}

async fn next_piece(incoming: &mut Incoming) -> Option<hyper::Result<Bytes>> {
    loop {
        match incoming.frame().await?.map(Frame::into_data) {
            Ok(Ok(data)) => return Some(Ok(data)),
            // Trailers are skipped.
            Ok(Err(_)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}
