//! Server-sent events: a response that stays open.

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
use tokio_util::sync::{CancellationToken, DropGuard};
use wire::ApiError;

use crate::app::App;
use crate::http::Body;

/// Streams at the same time: more than users open tabs, and few enough to read for.
pub(crate) const STREAMS_MAX: usize = 256;

/// Messages that may wait for a slow client; then the sender waits, too.
const MESSAGES_WAITING: usize = 4;

/// Sent when there are no other messages, so that each end knows that the other is alive.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(15);
const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// How often the listener's session is checked.
const SIGNED_IN_LOOK: Duration = Duration::from_secs(1);

/// The server's end of a stream.
pub(super) struct Stream {
    messages: mpsc::Sender<Bytes>,
    /// Cancelled at the shutdown, or when the listener's session has ended.
    ended: CancellationToken,
    _ends: DropGuard,
    _permit: OwnedSemaphorePermit,
}

/// The client is gone, or its session has ended.
pub(super) struct Closed;

/// Opens a stream, which ends with the session if one is given: the answer for the client, and the end to write to.
pub(super) fn open(
    app: &Arc<App>,
    session: Option<String>,
) -> Result<(Response<Body>, Stream), ApiError> {
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
    let ended = app.shutdown.child_token();
    if let Some(session) = session {
        let watching = end_with(Arc::clone(app), session, ended.clone());
        app.tasks.spawn(watching);
    }
    let stream = Stream {
        messages,
        _ends: ended.clone().drop_guard(),
        ended,
        _permit: permit,
    };
    Ok((answer, stream))
}

/// Ends a stream when its session has ended, on any server, or is no longer valid.
async fn end_with(app: Arc<App>, session: String, ended: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SIGNED_IN_LOOK) => {}
            () = ended.cancelled() => return,
        }
        // While the store does not answer, the stream has no news to send.
        if let Ok(true) = app.access.has_ended(&session, app.machine_now()).await {
            ended.cancel();
            return;
        }
    }
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
            () = self.ended.cancelled() => Err(Closed),
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
                () = self.ended.cancelled() => return Err(Closed),
            }
        }
        tokio::select! {
            () = sleep_until(last + pause) => {}
            () = self.messages.closed() => return Err(Closed),
            () = self.ended.cancelled() => return Err(Closed),
        }
        // The next read includes all of these changes.
        while changes.try_next().is_some() {}
        Ok(())
    }
}
