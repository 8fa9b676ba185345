//! Bodies of requests, and what is left of them when a request is answered.
//!
//! A request may be answered without its body having been read: nobody serves its path, or it is
//! refused by its headers. Its sender is still writing then, and counts on using the connection
//! again. So whatever a handler leaves is read before the answer goes out; and where that would take
//! too long, the answer says that the connection is closed.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::header::EXPECT;
use tokio::sync::oneshot;

/// Bytes of a body that are read and thrown away, so that its sender gets to read the answer instead
/// of a broken connection. Beyond that the connection is closed.
pub(crate) const DRAINED_MAX: usize = 64 * 1024 * 1024;

/// How long what a handler left is read.
const DRAINED_WITHIN: Duration = Duration::from_secs(5);

/// The body of a request, on its way to a handler. What is not read when it is dropped is [`Unread`].
pub(crate) struct RequestBody {
    incoming: Option<Incoming>,
    /// Whether its sender waits to be asked for it.
    is_held_back: bool,
    left: Option<oneshot::Sender<Left>>,
}

/// What becomes of a body after its request has been handled.
pub(crate) struct Unread(oneshot::Receiver<Left>);

/// What a handler left.
enum Left {
    /// Something that may be on its way already.
    Rest(Incoming),
    /// Something that nobody is to read.
    Unwanted,
}

impl RequestBody {
    pub fn new(incoming: Incoming, headers: &HeaderMap) -> (Self, Unread) {
        let (left, unread) = oneshot::channel();
        let body = Self {
            incoming: Some(incoming),
            is_held_back: headers.contains_key(EXPECT),
            left: Some(left),
        };
        (body, Unread(unread))
    }

    /// The next piece; none at the end.
    pub async fn piece(&mut self) -> Option<hyper::Result<Bytes>> {
        self.is_held_back = false;
        next_piece(self.incoming.as_mut()?).await
    }

    /// Gives up the rest: nobody is to read that either.
    pub fn give_up(mut self) {
        self.leave(Left::Unwanted);
    }

    fn leave(&mut self, left: Left) {
        if let Some(sender) = self.left.take() {
            // Nobody asks when the client has hung up.
            let _ = sender.send(left);
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(rest) = self.incoming.take().filter(|rest| !rest.is_end_stream()) else {
            return;
        };
        let left = if self.is_held_back {
            Left::Unwanted
        } else {
            Left::Rest(rest)
        };
        self.leave(left);
    }
}

impl Unread {
    /// Reads what the handler left. Returns whether the connection can be used again.
    pub async fn drain(mut self) -> bool {
        let mut rest = match self.0.try_recv() {
            Ok(Left::Rest(rest)) => rest,
            Ok(Left::Unwanted) => return false,
            // All of it was read.
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
            // Trailers, which nobody reads.
            Ok(Err(_)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}
