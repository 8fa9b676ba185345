//! Sends the traces of executions that have ended.
//!
//! It hears of them by the driver's notices, reads their histories, and sends a batch at a time. What
//! a collector does not take within a few tries is dropped and said. A server that dies between the
//! end of an execution and the sending loses that trace: traces are for looking at.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use model::ExecutionId;
use runtime::{Change, Driver};
use store::EventPage;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::config::OtlpConfig;
use super::otlp;
use super::spans::{Trace, trace};

/// Traces of one request, and how long the first of them waits for others.
const BATCH_MAX: usize = 64;
const BATCH_WAITS: Duration = Duration::from_secs(1);

/// Events of one history that become spans; a longer one is cut.
const EVENTS_MAX: usize = 20_000;
const EVENTS_PAGE: usize = 1_000;

/// Tries of one request, the pause after the first, doubled each time, and how long one may take.
const TRIES_MAX: u32 = 5;
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How long a shutdown waits for the last batch.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// Sends traces until the server shuts down.
pub(crate) struct Exporter {
    config: OtlpConfig,
    driver: Driver,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Why a request was not taken.
enum Refused {
    /// It would not be taken at another time either.
    ForGood(String),
    /// It may be; the collector may say when.
    ForNow(String, Option<Duration>),
}

impl Exporter {
    pub fn new(config: OtlpConfig, driver: Driver) -> Self {
        Self {
            config,
            driver,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Runs until the shutdown, and then sends what it has.
    pub async fn run(self, shutdown: CancellationToken) {
        let exporter = self;
        let mut changes = exporter.driver.changes();
        let mut batch: Vec<Trace> = Vec::new();
        let mut send_at = None;
        loop {
            let full = batch.len() >= BATCH_MAX;
            let due = send_at.filter(|_| !batch.is_empty());
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = wait_until(due), if !full && due.is_some() => {}
                change = changes.next(), if !full => {
                    let Some(change) = change else { break };
                    match change {
                        Change::Execution { id, ended: true } => {
                            if let Some(trace) = exporter.read(&id).await {
                                send_at.get_or_insert(Instant::now() + BATCH_WAITS);
                                batch.push(trace);
                            }
                        }
                        Change::Execution { ended: false, .. } => {}
                        Change::Many => tracing::warn!(
                            "executions ended faster than their traces were read: some are not exported"
                        ),
                    }
                    continue;
                }
                () = std::future::ready(()), if full => {}
            }
            send_at = None;
            exporter
                .send_until(std::mem::take(&mut batch), &shutdown)
                .await;
        }
        if !batch.is_empty() {
            exporter.send_until(batch, &shutdown).await;
        }
    }

    /// Sends, and gives up soon after a shutdown: nobody shall wait for a collector that is away.
    async fn send_until(&self, batch: Vec<Trace>, shutdown: &CancellationToken) {
        let too_late = async {
            shutdown.cancelled().await;
            sleep(FLUSH_WITHIN).await;
        };
        tokio::select! {
            () = self.send(batch) => {}
            () = too_late => tracing::warn!("the last traces were not taken before the end"),
        }
    }

    async fn read(&self, id: &ExecutionId) -> Option<Trace> {
        let store = self.driver.store();
        let read = async {
            let Some(execution) = store.summary(id).await? else {
                return Ok(None);
            };
            let mut events = Vec::new();
            while events.len() < EVENTS_MAX {
                let page = EventPage {
                    after: events.last().map(|event: &model::Event| event.id),
                    newest_first: false,
                    limit: EVENTS_PAGE,
                    bytes_max: usize::MAX,
                };
                let page = store.event_heads(id, page).await?;
                let is_last = page.len() < EVENTS_PAGE;
                events.extend(page);
                if is_last {
                    break;
                }
            }
            Ok::<_, store::StoreFault>(Some(trace(&execution, &events)))
        };
        match read.await {
            Ok(trace) => trace,
            Err(fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::warn!(execution = %id, error, "a trace could not be read");
                None
            }
        }
    }

    async fn send(&self, traces: Vec<Trace>) {
        let (body, content_type) = otlp::body(&self.config, &traces);
        let body = Bytes::from(body);
        let mut pause = PAUSE_FIRST;
        for attempt in 1..=TRIES_MAX {
            match self.try_send(body.clone(), content_type).await {
                Ok(()) => return,
                Err(Refused::ForGood(why)) => {
                    tracing::warn!(traces = traces.len(), endpoint = %self.config.endpoint, why, "traces were refused");
                    return;
                }
                Err(Refused::ForNow(why, _)) if attempt == TRIES_MAX => {
                    tracing::warn!(traces = traces.len(), endpoint = %self.config.endpoint, why, "traces were not taken and are dropped");
                }
                Err(Refused::ForNow(_, after)) => {
                    sleep(after.unwrap_or(pause).min(PAUSE_MAX)).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    async fn try_send(&self, body: Bytes, content_type: &str) -> Result<(), Refused> {
        let mut request = Request::post(&self.config.endpoint).header(CONTENT_TYPE, content_type);
        for (name, value) in &self.config.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| Refused::ForGood(format!("OTEL_EXPORTER_OTLP_HEADERS: {error}")))?;
        let answer = timeout(ANSWERS_WITHIN, self.client.request(request)).await;
        let answer = answer
            .map_err(|_| Refused::ForNow("no answer in time".to_owned(), None))?
            .map_err(|error| Refused::ForNow(stdx::error_chain(&error), None))?;
        let status = answer.status();
        let after = answer.headers().get(RETRY_AFTER);
        let after = after
            .and_then(|after| after.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        // Read to its end, so that the connection can be used again.
        let _ = answer.into_body().collect().await;
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(Refused::ForNow(status.to_string(), after)),
            status => Err(Refused::ForGood(status.to_string())),
        }
    }
}

async fn wait_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
