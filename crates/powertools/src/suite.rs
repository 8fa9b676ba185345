//! The three tools together, in the order that an invocation needs them.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use crate::{Invocation, LineSink, Logger, Metrics, Settings, StdoutSink, Tracer};

/// Logger, Tracer and Metrics of one function.
///
/// Make it once per process, [`install`](Logger::install) its logger, and [`run`](Self::run) each invocation in it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Powertools {
    /// Structured log lines.
    pub logger: Logger,
    /// X-Ray subsegments.
    pub tracer: Tracer,
    /// CloudWatch metrics.
    pub metrics: Metrics,
}

impl Powertools {
    /// Reads the environment and writes to stdout.
    pub fn from_env() -> Self {
        Self::new(Settings::from_env(), StdoutSink)
    }

    /// Takes the caller's settings and sink.
    pub fn new(settings: Settings, sink: impl LineSink) -> Self {
        let (settings, sink): (Arc<Settings>, Arc<dyn LineSink>) =
            (Arc::new(settings), Arc::new(sink));
        Self {
            logger: Logger::with_sink(Arc::clone(&settings), Arc::clone(&sink)),
            tracer: Tracer::new(&settings),
            metrics: Metrics::with_sink(settings, sink),
        }
    }

    /// Runs the work of one invocation: with its facts in every log line, in a subsegment `## lambda_handler` with the
    /// annotations `ColdStart` and `Service`, and with the metrics flushed at the end, after success and error alike.
    ///
    /// Cancellation: dropping the future closes the subsegment as a fault; metrics stay for the next flush.
    pub async fn run<T, E: Display>(
        &self,
        invocation: Invocation,
        handler: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let work = async {
            let outcome = self
                .tracer
                .capture_lambda_handler(&invocation, handler)
                .await;
            if let Err(error) = &outcome {
                tracing::error!(error = %error, "invocation failed");
            }
            if let Err(error) = self.metrics.flush() {
                tracing::warn!(%error, "metrics are lost");
            }
            outcome
        };
        self.logger.run(invocation.clone(), work).await
    }
}
