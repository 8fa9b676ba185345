//! Logger, Tracer and Metrics for AWS Lambda functions written in Rust.
//!
//! The three tools follow the concepts and the `POWERTOOLS_*` environment variables of Powertools for AWS Lambda:
//!
//! * [`Logger`]: one JSON object per line on stdout, fed by `tracing`, with the invocation's facts in each line.
//! * [`Tracer`]: X-Ray subsegments for the handler and for methods, sent over UDP to the X-Ray daemon.
//! * [`Metrics`]: CloudWatch metrics in the embedded metric format (EMF), also lines on stdout.
//!
//! None of them ever fails the function: output that cannot be written is dropped, with a log line where that is still
//! possible. [`Powertools`] bundles them, as most functions need:
//!
//! ```
//! use powertools::{Invocation, Powertools, Settings, Unit};
//! # use powertools::MemorySink;
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! # let sink = MemorySink::new();
//! # let settings = Settings::from_lookup(|name| match name {
//! #     "POWERTOOLS_SERVICE_NAME" => Some("LoanApi".to_owned()),
//! #     "POWERTOOLS_METRICS_NAMESPACE" => Some("Loans".to_owned()),
//! #     _ => None,
//! # });
//! # let tools = Powertools::new(settings, sink.clone());
//! # #[cfg(any())]
//! let tools = Powertools::from_env();
//! tools.logger.install().expect("no other subscriber is installed yet");
//!
//! // Per invocation; with the feature `lambda-runtime`, `Invocation::from(&event.context)` fills all of it.
//! let invocation = Invocation::new("8e5c0a4e-request").correlation_id("api-gateway-request");
//! let answer: Result<u32, std::io::Error> = tools
//!     .run(invocation, async {
//!         powertools::append_key("application_id", "LOAN-1700000000-AB12");
//!         tracing::info!(amount = 25_000, "application received");
//!         tools.metrics.add_metric("ApplicationsSubmitted", Unit::Count, 1.0);
//!         tools.tracer.capture_method("apply", async { Ok(200) }).await
//!     })
//!     .await;
//! assert_eq!(answer.unwrap(), 200);
//! # let lines = sink.lines();
//! # assert!(lines.iter().any(|line| line["message"] == "application received" && line["application_id"] == "LOAN-1700000000-AB12"), "{lines:?}");
//! # assert!(lines.iter().any(|line| line["ApplicationsSubmitted"] == serde_json::json!([1.0])), "{lines:?}");
//! # });
//! ```
#![deny(missing_docs)]

mod settings;
mod suite;

mod invocation;
mod logger;
mod metrics;
mod sink;
mod text;
mod tracer;

pub use invocation::{Invocation, append_key, carry, set_correlation_id};
pub use logger::{InstallLoggerError, LogLayer, Logger};
pub use metrics::{FlushMetricsError, Metrics, Unit};
pub use settings::Settings;
pub use sink::{LineSink, MemorySink, StdoutSink};
pub use suite::Powertools;
pub use tracer::{
    Annotation, DOCUMENT_BYTES_MAX, Subsegment, TraceHeader, Tracer, put_annotation, put_metadata,
};

/// The programs of the README are compiled and run.
#[cfg(all(doctest, feature = "lambda-runtime"))]
#[doc = include_str!("../README.md")]
struct Readme;
