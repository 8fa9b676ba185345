//! Whose turn it is on a connection of HTTP/2, where one that gets on and one that is stalled look alike from outside:
//! a client may open no window for its answers and still exchange pings for ever.
//!
//! A connection is given up that has had no request for a while, and one of whose answers the client has taken nothing for
//! as long. While a function works or a live view has nothing to say, it is the server's turn, for which nobody is blamed.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use super::{Body, BrokenOff};

/// Bytes of an answer that are handed on at a time. What was handed on is kept by the connection and seen no more: it is
/// little, and a client that takes some of it is seen to.
const PIECE_MAX: usize = 16 * 1024;

/// The requests of a connection.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Mutex<Requests>>);

#[derive(Debug)]
struct Requests {
    next: u64,
    /// Since when it is the client's turn, by the numbers of those that are not answered to the end.
    open: HashMap<u64, Option<Instant>>,
    /// Since when there is none.
    none_since: Instant,
}

/// A request, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    number: u64,
}

impl Turns {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Requests {
            next: 0,
            open: HashMap::new(),
            none_since: Instant::now(),
        })))
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has come; it is the server's turn.
    pub fn begin(&self) -> Turn {
        let mut requests = self.requests();
        let number = requests.next;
        requests.next += 1;
        requests.open.insert(number, None);
        Turn {
            turns: self.clone(),
            number,
        }
    }

    /// Returns when the client has done nothing for so long, where it is its turn.
    pub async fn client_is_gone(self, patience: Duration) {
        loop {
            let since = {
                let requests = self.requests();
                match requests.open.is_empty() {
                    true => Some(requests.none_since),
                    false => requests.open.values().flatten().min().copied(),
                }
            };
            match since {
                Some(since) if since.elapsed() >= patience => return,
                Some(since) => tokio::time::sleep_until(since + patience).await,
                // Whatever begins meanwhile is not over before that.
                None => tokio::time::sleep(patience).await,
            }
        }
    }
}

impl Turn {
    fn is_of_client(&self, is: bool) {
        let since = is.then(Instant::now);
        self.turns.requests().open.insert(self.number, since);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut requests = self.turns.requests();
        requests.open.remove(&self.number);
        if requests.open.is_empty() {
            requests.none_since = Instant::now();
        }
    }
}

/// An answer that tells whose turn it is.
pub(super) struct WatchedBody {
    inner: Body,
    /// What is left of a piece.
    rest: Bytes,
    turn: Turn,
}

impl WatchedBody {
    pub fn new(inner: Body, turn: Turn) -> Self {
        // Nothing is asked of it before the client has room for it.
        turn.is_of_client(true);
        Self {
            inner,
            rest: Bytes::new(),
            turn,
        }
    }
}

impl hyper::body::Body for WatchedBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.rest.is_empty() {
            self.turn.is_of_client(false);
            let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(frame))) => return Poll::Ready(Some(Ok(frame))),
                Some(Err(broken)) => return Poll::Ready(Some(Err(broken))),
                None => return Poll::Ready(None),
            }
        }
        self.turn.is_of_client(true);
        let length = self.rest.len().min(PIECE_MAX);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.size_hint();
        let rest = self.rest.len() as u64;
        let mut all = SizeHint::new();
        all.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            all.set_upper(upper + rest);
        }
        all
    }
}
