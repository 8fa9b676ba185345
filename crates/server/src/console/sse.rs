//! Server-sent events: an answer that goes on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{Response, StatusCode};
use lambda_api::ErrorCode;
use runtime::ChangeListener;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use wire::ApiError;

use crate::app::App;
use crate::http::Body;

/// Streams at the same time: more tabs than people open, few enough to read for.
pub(crate) const STREAMS_MAX: usize = 256;

/// Messages that may wait for a slow client; then the stream waits too.
const MESSAGES_WAITING: usize = 4;

/// Sent when nothing else is, so that both ends know that the other is there.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(15);
const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// The server's end of a stream.
pub(super) struct Stream {
    messages: mpsc::Sender<Bytes>,
    shutdown: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// That nobody listens any more, or nobody shall.
pub(super) struct Closed;

/// Opens a stream: the answer for the client, and the end to write to.
pub(super) fn open(app: &App) -> Result<(Response<Body>, Stream), ApiError> {
    let permit = Arc::clone(&app.streams).try_acquire_owned();
    let permit = permit.map_err(|_| {
        let message = format!("{STREAMS_MAX} live views are open; close one.");
        ApiError::new(ErrorCode::TooManyRequests, message)
    })?;
    let (messages, body) = mpsc::channel(MESSAGES_WAITING);
    let answer = Response::builder()
        .status(StatusCode::OK)
        .header(CONTENT_TYPE, "text/event-stream")
        .header(CACHE_CONTROL, "no-store")
        .body(Body::Stream(body))
        .expect("the parts are all valid");
    let stream = Stream {
        messages,
        shutdown: app.shutdown.clone(),
        _permit: permit,
    };
    Ok((answer, stream))
}

impl Stream {
    /// Sends an event; waits while the client is slow.
    pub async fn send(&self, event: &str, data: &impl Serialize) -> Result<(), Closed> {
        let data = serde_json::to_string(data).expect("our own types are always JSON");
        self.write(format!("event: {event}\ndata: {data}\n\n"))
            .await
    }

    async fn write(&self, text: String) -> Result<(), Closed> {
        tokio::select! {
            sent = self.messages.send(text.into()) => sent.map_err(|_| Closed),
            () = self.shutdown.cancelled() => Err(Closed),
        }
    }

    /// Waits until something changed that `concerns` the view, and then for the rest of `pause` since
    /// `last`, so that a burst makes one message. Keeps the connection alive meanwhile.
    pub async fn changed(
        &self,
        changes: &mut ChangeListener,
        concerns: impl Fn(&runtime::Change) -> bool,
        last: Instant,
        pause: Duration,
    ) -> Result<(), Closed> {
        loop {
            let next = timeout_at(Instant::now() + KEEP_ALIVE_AFTER, changes.next());
            tokio::select! {
                change = next => match change {
                    Ok(Some(change)) if concerns(&change) => break,
                    Ok(Some(_)) => {}
                    Ok(None) => return Err(Closed),
                    Err(_) => self.write(KEEP_ALIVE.to_owned()).await?,
                },
                () = self.messages.closed() => return Err(Closed),
                () = self.shutdown.cancelled() => return Err(Closed),
            }
        }
        tokio::select! {
            () = sleep_until(last + pause) => {}
            () = self.messages.closed() => return Err(Closed),
            () = self.shutdown.cancelled() => return Err(Closed),
        }
        // What is read next has all of these.
        while changes.try_next().is_some() {}
        Ok(())
    }
}
