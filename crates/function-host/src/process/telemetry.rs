//! Sends the log lines of a process and the events of the platform to extensions that have subscribed.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::runtime_api::{Destination, Subscription};

/// Events that wait to be sent to one extension; further ones are lost, and counted.
const EVENTS_MAX: usize = 1024;

/// How long an extension may take to accept a batch.
const POST_LIMIT: Duration = Duration::from_secs(1);

/// The stream that an event is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TelemetryType {
    Platform,
    Function,
    Extension,
}

/// An extension that has subscribed. Dropping it sends the waiting events, and then no more.
#[derive(Debug)]
pub(super) struct Subscriber {
    subscription: Subscription,
    events: mpsc::Sender<Value>,
    dropped: u64,
}

impl Subscriber {
    pub(super) fn new(subscription: Subscription, tasks: &TaskTracker) -> Subscriber {
        let (events, received) = mpsc::channel(EVENTS_MAX);
        tasks.spawn(deliver(received, subscription.clone()));
        Subscriber {
            subscription,
            events,
            dropped: 0,
        }
    }

    /// Whether it has subscribed to events of this type.
    pub(super) fn wants(&self, kind: TelemetryType) -> bool {
        let types = self.subscription.types;
        match kind {
            TelemetryType::Platform => types.platform,
            TelemetryType::Function => types.function,
            TelemetryType::Extension => types.extension,
        }
    }

    /// Sends it an event. Never waits: a slow listener must not slow down the function.
    pub(super) fn tell(&mut self, event: Value) {
        match self.events.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped += 1;
                if self.dropped == 1 {
                    tracing::warn!(
                        destination = self.subscription.destination.authority,
                        "an extension does not keep up with its telemetry: events are lost"
                    );
                }
            }
            // The host has ended, and the task with it.
            Err(TrySendError::Closed(_)) => {}
        }
    }
}

async fn deliver(mut events: mpsc::Receiver<Value>, subscription: Subscription) {
    while let Some(first) = events.recv().await {
        let mut bytes = text_length(&first);
        let mut batch = vec![first];
        let until = Instant::now() + subscription.wait;
        while batch.len() < subscription.items_max && bytes < subscription.bytes_max {
            match tokio::time::timeout_at(until, events.recv()).await {
                Ok(Some(event)) => {
                    bytes += text_length(&event);
                    batch.push(event);
                }
                // The process is being ended, or the batch's time is over.
                Ok(None) | Err(_) => break,
            }
        }
        let posted = post(&subscription.destination, &batch);
        match tokio::time::timeout(POST_LIMIT, posted).await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => {
                tracing::debug!(destination = subscription.destination.authority, %cause, "an extension does not take its telemetry");
            }
            Err(_) => {
                tracing::debug!(
                    destination = subscription.destination.authority,
                    "an extension is too slow to take its telemetry"
                );
            }
        }
    }
}

/// The approximate length of an event as JSON: its record is the large part.
fn text_length(event: &Value) -> usize {
    match &event["record"] {
        Value::String(text) => text.len() + 100,
        other => other.to_string().len() + 100,
    }
}

async fn post(destination: &Destination, batch: &[Value]) -> io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", destination.port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let body = serde_json::to_vec(batch)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(&destination.path)
        .header(HOST, &destination.authority)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let answered = sender.send_request(request);
    tokio::pin!(connection, answered);
    // Polling the connection sends the request; it is dropped with the answer, which is ignored.
    tokio::select! {
        answer = &mut answered => answer.map(drop).map_err(io::Error::other),
        ended = &mut connection => ended.map_err(io::Error::other),
    }
}
