//! Structured logs: one JSON object per line, with the facts of the invocation in each.
//!
//! Lines come from `tracing`: an event's fields become members, so do the fields of the spans around it.
//! `line.rs` has the format and the maximum size of a line.

mod layer;
mod line;

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use crate::invocation::{self, Invocation};
use crate::{LineSink, Settings, StdoutSink};
pub use layer::LogLayer;
use line::Line;

/// Client libraries whose debug output is unwanted when a function's own debug output is enabled.
const QUIET_TARGETS: [&str; 8] = [
    "aws_config",
    "aws_runtime",
    "aws_sdk_dynamodb",
    "aws_sdk_lambda",
    "aws_smithy_runtime",
    "h2",
    "hyper",
    "hyper_util",
];

/// Writes log lines; cheap to clone.
///
/// Members of a line: `timestamp` (RFC 3339, UTC), `level`, `location`, `message`, `service`, and within an invocation
/// `cold_start`, `function_name`, `function_version`, `function_memory_size`, `function_arn`, `function_request_id`,
/// `correlation_id`, `xray_trace_id`, then appended keys, then fields. A field that takes one of these names is written
/// with an underscore behind it.
///
/// ```
/// use std::sync::Arc;
/// use powertools::{Invocation, Logger, MemorySink, Settings, set_correlation_id};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let logs_events = |name: &str| (name == "POWERTOOLS_LOGGER_LOG_EVENT").then(|| "true".to_owned());
/// let sink = MemorySink::new();
/// let logger = Logger::with_sink(Arc::new(Settings::from_lookup(logs_events)), Arc::new(sink.clone()));
/// logger
///     .run(Invocation::new("8e5c0a4e-request"), async {
///         // Where the event itself says what it belongs to.
///         set_correlation_id("order-17");
///         logger.log_event(&serde_json::json!({"item": "lamp"}));
///     })
///     .await;
/// let lines = sink.lines();
/// assert_eq!(lines[0]["event"]["item"], "lamp");
/// assert_eq!(lines[0]["correlation_id"], "order-17");
/// # }
/// ```
#[derive(Clone)]
pub struct Logger {
    pub(crate) settings: Arc<Settings>,
    pub(crate) sink: Arc<dyn LineSink>,
}

/// The logger could not become the process's subscriber.
#[derive(Debug, thiserror::Error)]
#[error("install the logger: another tracing subscriber was installed before it")]
pub struct InstallLoggerError(#[source] tracing::subscriber::SetGlobalDefaultError);

impl Logger {
    /// A logger that writes to stdout.
    pub fn new(settings: Settings) -> Self {
        Self::with_sink(Arc::new(settings), Arc::new(StdoutSink))
    }

    /// A logger that writes to the caller's sink.
    pub fn with_sink(settings: Arc<Settings>, sink: Arc<dyn LineSink>) -> Self {
        Self { settings, sink }
    }

    /// Makes this logger the one that `tracing`'s macros write to, for the whole process.
    ///
    /// # Errors
    ///
    /// When another subscriber is already installed. Use [`layer`](Self::layer) to combine several.
    pub fn install(&self) -> Result<(), InstallLoggerError> {
        let subscriber = Registry::default().with(self.layer().with_filter(self.filter()));
        tracing::subscriber::set_global_default(subscriber).map_err(InstallLoggerError)?;
        for complaint in &self.settings.complaints {
            tracing::warn!("{complaint}");
        }
        Ok(())
    }

    /// The layer alone, for a subscriber of the caller's.
    pub fn layer(&self) -> LogLayer {
        LogLayer::new(self.clone())
    }

    /// The filter of [`install`](Self::install): the configured level, client libraries at info at the most.
    pub fn filter(&self) -> Targets {
        let quiet = self.settings.log_level.min(LevelFilter::INFO);
        Targets::new()
            .with_default(self.settings.log_level)
            .with_targets(QUIET_TARGETS.map(|target| (target, quiet)))
    }

    /// Runs a future as the work of an invocation: its log lines carry the invocation's facts.
    pub async fn run<F: Future>(&self, invocation: Invocation, future: F) -> F::Output {
        invocation::scope(invocation, future).await
    }

    /// Writes the incoming event at level info, if `POWERTOOLS_LOGGER_LOG_EVENT` enables it.
    pub fn log_event(&self, event: &Value) {
        if self.settings.log_event && self.settings.log_level >= LevelFilter::INFO {
            let mut line = self.begin_line(Level::INFO, "log_event", "incoming event");
            line.set("event", event.clone());
            self.sink.write_line(&line.finish());
        }
    }

    /// A line with the members that all lines of an invocation share.
    fn begin_line(&self, level: Level, location: &str, message: &str) -> Line {
        let settings = &self.settings;
        let mut line = Line::new(
            Timestamp::now(),
            level,
            location,
            message,
            &settings.service,
        );
        invocation::with_current(|current| {
            let invocation = &current.invocation;
            line.fact("cold_start", Some(invocation.cold_start));
            line.fact("function_name", settings.function_name.as_deref());
            line.fact("function_version", settings.function_version.as_deref());
            line.fact("function_memory_size", settings.function_memory_size);
            line.fact("function_arn", invocation.function_arn.as_deref());
            line.fact("function_request_id", Some(invocation.request_id.as_str()));
            let changing = current.changing();
            line.fact("correlation_id", changing.correlation_id.as_deref());
            line.fact(
                "xray_trace_id",
                invocation
                    .trace_header
                    .as_ref()
                    .map(|header| header.root.as_str()),
            );
            for (name, value) in &changing.keys {
                line.set(name, value.clone());
            }
        });
        line
    }
}
