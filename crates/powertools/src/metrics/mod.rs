//! Metrics in CloudWatch's embedded metric format: lines on stdout that CloudWatch turns into metrics.
//!
//! Values gather in the process and leave at the end of an invocation. `document.rs` has the format of a line.

mod document;
mod unit;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::{Invocation, LineSink, Settings, StdoutSink};
use document::Gathered;
pub use unit::Unit;

/// Longest name of a metric. Source: CloudWatch EMF specification, "MetricDefinition" (read 2026-11-23).
const NAME_BYTES_MAX: usize = 1024;

/// Gathers metrics and writes them; cheap to clone, clones share the gathered metrics.
///
/// All metrics carry the dimension `service`.
///
/// ```
/// use std::sync::Arc;
/// use powertools::{Invocation, MemorySink, Metrics, Settings, Unit};
///
/// let namespace = |name: &str| (name == "POWERTOOLS_METRICS_NAMESPACE").then(|| "Orders".to_owned());
/// let sink = MemorySink::new();
/// let metrics = Metrics::with_sink(Arc::new(Settings::from_lookup(namespace)), Arc::new(sink.clone()));
/// metrics.capture_cold_start(&Invocation::new("8e5c0a4e-request"))?;
/// metrics.add_metric("OrdersReceived", Unit::Count, 1.0);
/// metrics.flush()?;
/// let last = sink.lines().pop().expect("a line was flushed");
/// assert_eq!(last["OrdersReceived"], serde_json::json!([1.0]));
/// # Ok::<(), powertools::FlushMetricsError>(())
/// ```
#[derive(Clone)]
pub struct Metrics {
    settings: Arc<Settings>,
    sink: Arc<dyn LineSink>,
    gathered: Arc<Mutex<Gathered>>,
}

/// Metrics were gathered and could not be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushMetricsError {
    /// No namespace is set; CloudWatch files every metric under one.
    #[error("flush metrics: they have no namespace; set POWERTOOLS_METRICS_NAMESPACE")]
    NoNamespace,
}

impl Metrics {
    /// Metrics that are written to stdout.
    pub fn new(settings: Settings) -> Self {
        Self::with_sink(Arc::new(settings), Arc::new(StdoutSink))
    }

    /// Metrics that are written to a sink of the caller's.
    pub fn with_sink(settings: Arc<Settings>, sink: Arc<dyn LineSink>) -> Self {
        Self {
            settings,
            sink,
            gathered: Arc::default(),
        }
    }

    /// Adds a value to a metric. A value that is not finite, or a name that the format cannot carry, is refused with a
    /// warning in the log: a metric is never worth failing the function.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use powertools::{MemorySink, Metrics, Settings, Unit};
    /// # let settings = Settings::from_lookup(|name| (name == "POWERTOOLS_METRICS_NAMESPACE").then(|| "Loans".to_owned()));
    /// # let sink = MemorySink::new();
    /// # let metrics = Metrics::with_sink(Arc::new(settings), Arc::new(sink.clone()));
    /// metrics.add_metric("ApplicationsSubmitted", Unit::Count, 1.0);
    /// metrics.flush().unwrap();
    /// # assert_eq!(sink.lines()[0]["ApplicationsSubmitted"], serde_json::json!([1.0]));
    /// ```
    pub fn add_metric(&self, name: &str, unit: Unit, value: f64) {
        if !value.is_finite() || !is_metric_name(name) {
            tracing::warn!(
                metric = name,
                value,
                "a metric with this name and value cannot be written"
            );
            return;
        }
        // Checked under the same lock as the value is added, so that no other thread adds one too many.
        let full = {
            let mut gathered = self.gathered();
            gathered.add(name, unit, value);
            gathered.is_full().then(|| std::mem::take(&mut *gathered))
        };
        if let Some(full) = full
            && let Err(error) = self.write(&full, &[("service", &self.settings.service)])
        {
            tracing::warn!(%error, "metrics are lost");
        }
    }

    /// Writes the metric `ColdStart`, with the dimensions `function_name` and `service`, for a cold start.
    ///
    /// # Errors
    ///
    /// When there is no namespace.
    pub fn capture_cold_start(&self, invocation: &Invocation) -> Result<(), FlushMetricsError> {
        if !invocation.cold_start {
            return Ok(());
        }
        let mut cold_start = Gathered::default();
        cold_start.add("ColdStart", Unit::Count, 1.0);
        let function_name = self.settings.function_name.as_deref().unwrap_or("unknown");
        self.write(
            &cold_start,
            &[
                ("function_name", function_name),
                ("service", &self.settings.service),
            ],
        )
    }

    /// Writes the gathered metrics and forgets them. Writes nothing if there are none.
    ///
    /// # Errors
    ///
    /// When there is no namespace; the gathered metrics are lost, so that they cannot grow without bound.
    pub fn flush(&self) -> Result<(), FlushMetricsError> {
        let gathered = std::mem::take(&mut *self.gathered());
        self.write(&gathered, &[("service", &self.settings.service)])
    }

    fn write(
        &self,
        gathered: &Gathered,
        dimensions: &[(&str, &str)],
    ) -> Result<(), FlushMetricsError> {
        if gathered.is_empty() || !self.settings.metrics_enabled {
            return Ok(());
        }
        let namespace = self
            .settings
            .metrics_namespace
            .as_deref()
            .ok_or(FlushMetricsError::NoNamespace)?;
        self.sink
            .write_line(&gathered.to_line(Timestamp::now(), namespace, dimensions));
        Ok(())
    }

    fn gathered(&self) -> std::sync::MutexGuard<'_, Gathered> {
        // The data is plain: it stays usable after a panic of another holder.
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A metric's name is also the name of a member, next to the members that the format itself needs.
fn is_metric_name(name: &str) -> bool {
    !matches!(name, "_aws" | "service" | "function_name")
        && !name.trim().is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
