//! Tells stalled connections of HTTP/2 from working ones, which look alike from outside: a client may open no window
//! for its answers and still exchange pings for ever.
//!
//! A connection is closed when it had no request for a while, or when the client took no bytes of one of its answers
//! for as long. While a function works or a live view has no news, it is the server's turn, and the client's time does
//! not run.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use super::{Body, BrokenOff};

/// Bytes of an answer that are handed to hyper at a time. Its buffered bytes are not observed: they are few, and a
/// client that takes some of them is noticed.
const PIECE_MAX: usize = 16 * 1024;

/// The requests of a connection.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Mutex<Requests>>);

#[derive(Debug)]
struct Requests {
    next: u64,
    /// Unanswered requests by number, each with the time since when it is the client's turn.
    open: HashMap<u64, Option<Instant>>,
    /// The time since when there is no open request.
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

    /// Notes a new request; it is the server's turn.
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

    /// Returns when the client has done nothing for so long although it was its turn.
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
                // A client's turn that begins meanwhile ends later than this pause.
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

/// The body of an answer; it notes whose turn it is.
pub(super) struct WatchedBody {
    inner: Body,
    /// The rest of a piece.
    rest: Bytes,
    turn: Turn,
}

impl WatchedBody {
    pub fn new(inner: Body, turn: Turn) -> Self {
        // hyper polls the body only when the client has room for it.
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
