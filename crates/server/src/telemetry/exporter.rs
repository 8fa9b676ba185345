//! Sends the traces of executions that have ended.
//!
//! The driver notifies it of them; it reads their histories, and sends them in batches. If a collector does
//! not accept a batch within a few tries, the batch is dropped and the log says so. A server that dies between the
//! end of an execution and the sending loses that trace, which is acceptable for traces.

use std::time::Duration;

use model::ExecutionId;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::trace::SpanExporter as _;
use runtime::Driver;
use store::EventPage;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::config::OtlpConfig;
use super::otlp;
use super::spans::{Trace, trace};

/// The most traces of one request, and how long the first of them waits for others.
const BATCH_MAX: usize = 64;
const BATCH_WAITS: Duration = Duration::from_secs(1);

/// Events of one history that become spans; a longer one is cut.
const EVENTS_MAX: usize = 20_000;
const EVENTS_PAGE: usize = 1_000;

/// How long a shutdown waits for the last batch.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// Sends traces until the server shuts down.
pub(crate) struct Exporter {
    config: OtlpConfig,
    driver: Driver,
    exporter: SpanExporter,
}

impl Exporter {
    /// # Errors
    /// When OpenTelemetry's variables ask for an export that is not supported.
    pub fn new(config: OtlpConfig, driver: Driver) -> Result<Self, ExporterBuildError> {
        Ok(Self {
            exporter: otlp::exporter(&config)?,
            config,
            driver,
        })
    }

    /// Runs until the shutdown, and then sends the last batch.
    pub async fn run(self, shutdown: CancellationToken) {
        let exporter = self;
        let mut ends = exporter.driver.ends();
        let mut batch: Vec<Trace> = Vec::new();
        let mut send_at = None;
        loop {
            let full = batch.len() >= BATCH_MAX;
            let due = send_at.filter(|_| !batch.is_empty());
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = wait_until(due), if !full && due.is_some() => {}
                ended = ends.next(), if !full => {
                    let Some(id) = ended else { break };
                    if let Some(trace) = exporter.read(&id).await {
                        send_at.get_or_insert(Instant::now() + BATCH_WAITS);
                        batch.push(trace);
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

    /// Sends a batch, and gives up soon after a shutdown, so that the server does not wait for a missing collector.
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
            let invoked_by = match execution.spec.trigger.parent() {
                Some(link) => store.summary(&link.execution_id).await?,
                None => None,
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
            Ok::<_, store::StoreFault>(Some(trace(&execution, invoked_by.as_ref(), &events)))
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
        if let Err(error) = self.exporter.export(otlp::span_data(&traces)).await {
            let endpoint = &self.config.endpoint;
            tracing::warn!(traces = traces.len(), %endpoint, %error, "traces were not taken and are dropped");
        }
    }
}

async fn wait_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
