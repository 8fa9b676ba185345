//! Traces for others: each execution that has ended is one trace, sent as OpenTelemetry's collectors
//! take it (OTLP over HTTP). Switched on by the standard variables.
//!
//! [`config`] reads the variables, [`spans`] makes spans of a history, [`otlp`] writes them,
//! [`exporter`] sends. An execution never waits for any of it.

mod config;
mod exporter;
mod otlp;
mod spans;

pub use config::{OtlpConfig, Protocol, TelemetryError};
pub(crate) use exporter::Exporter;
